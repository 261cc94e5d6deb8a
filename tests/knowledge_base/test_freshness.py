from datetime import UTC, datetime, timedelta

import pytest

from knowledge_base.freshness import ArticleState, Freshness, freshness_of, readable, state_of
from knowledge_base.model import ANYBODY, EVERYONE, Article, ArticleId, Audience, Viewer

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
SIGNED_IN = Viewer(signed_in=True)


def an_article(**fields: object) -> Article:
    return Article(id=ArticleId("returns"), title="Returns", text="30 days.", **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({}, ArticleState.LIVE),
        ({"published": False}, ArticleState.DRAFT),
        ({"effective_at": NOW + DAY}, ArticleState.SCHEDULED),
        ({"effective_at": NOW}, ArticleState.LIVE),
        ({"expires_at": NOW}, ArticleState.EXPIRED),
        ({"expires_at": NOW + DAY}, ArticleState.LIVE),
        ({"published": False, "expires_at": NOW - DAY}, ArticleState.DRAFT),
    ],
)
def test_an_article_is_live_only_between_its_dates_and_once_published(
    fields: dict[str, object], state: ArticleState
) -> None:
    assert state_of(an_article(**fields), NOW) is state


@pytest.mark.parametrize(
    ("audience", "viewer", "seen"),
    [
        (EVERYONE, ANYBODY, True),
        (Audience(signed_in=True), ANYBODY, False),
        (Audience(signed_in=True), SIGNED_IN, True),
        (Audience(signed_in=True, segments=frozenset({"pro"})), SIGNED_IN, False),
        (
            Audience(signed_in=True, segments=frozenset({"pro", "team"})),
            Viewer(signed_in=True, segments=frozenset({"pro"})),
            True,
        ),
        (Audience(segments=frozenset({"pro"})), Viewer(segments=frozenset({"pro"})), False),
    ],
)
def test_only_its_audience_reads_an_article(audience: Audience, viewer: Viewer, *, seen: bool) -> None:
    assert readable(an_article(audience=audience), viewer, NOW) is seen


def test_the_keys_of_a_source_are_understood_in_the_forms_people_write_them() -> None:
    assert freshness_of({}) == Freshness()
    assert freshness_of(
        {"draft": "false", "effective_at": "2026-05-01", "expires_at": "2026-06-01T09:00+02:00", "lang": "de_at"}
    ) == Freshness(
        language="de-AT",
        effective_at=datetime(2026, 5, 1, tzinfo=UTC),
        expires_at=datetime(2026, 6, 1, 7, tzinfo=UTC),
    )
    assert freshness_of({"audience": "signed-in"}) == Freshness(audience=Audience(signed_in=True))
    pro = Audience(signed_in=True, segments=frozenset({"pro", "team"}))
    assert freshness_of({"audience": ["pro", "team"]}) == freshness_of({"audience": "pro, team"})
    assert freshness_of({"audience": "pro, team"}) == Freshness(audience=pro)


@pytest.mark.parametrize("values", [{"status": "Draft"}, {"status": "archived"}, {"draft": True}, {"published": "no"}])
def test_a_source_hides_an_article_in_several_ways(values: dict[str, object]) -> None:
    found = freshness_of(values)
    assert isinstance(found, Freshness)
    assert not found.published


def test_a_date_of_publication_is_when_the_article_takes_effect() -> None:
    assert freshness_of({"published": "2026-07-01"}) == Freshness(effective_at=datetime(2026, 7, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"expires_at": "soon"}, "expires_at 'soon' is no date"),
        ({"effective_at": "32.13.2026"}, "effective_at"),
        ({"draft": "perhaps"}, "neither true nor false"),
        ({"audience": "everyone, pro"}, "audience"),
        ({"audience": "<b>"}, "audience"),
    ],
)
def test_what_cannot_be_understood_leaves_the_article_out_with_a_reason(values: dict[str, object], word: str) -> None:
    assert word in str(freshness_of(values))


def test_a_source_may_name_languages_and_statuses_of_its_own() -> None:
    assert freshness_of({"language": "English", "status": "active"}) == Freshness()
