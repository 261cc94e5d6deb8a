from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from knowledge_base.embedding import HashingEmbedder
from knowledge_base.model import Article, ArticleId, Audience
from knowledge_base.overlaps import Material, Overlap, OverlapKind, find_overlaps
from knowledge_base.splitting import split, spoken

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def article_of(identity: str, title: str, text: str) -> Article:
    return Article(id=ArticleId(identity), title=title, text=text)


def overlaps_of(articles: Sequence[Article], limit: int = 200) -> list[Overlap]:
    embedder = HashingEmbedder()
    prepared = [one for each in articles for one in split(each, embedder.count_tokens)]
    starts = [0]
    for one in prepared:
        starts.append(starts[-1] + len(one.passage.quotes))
    quotes = [spoken(quote) for one in prepared for quote in one.passage.quotes]
    material = Material(
        passages=[one.passage for one in prepared],
        passage_vectors=embedder.encode([one.embedded for one in prepared]),
        quote_vectors=embedder.encode(quotes).astype(np.float16),
        quote_starts=starts,
        articles={each.id: each for each in articles},
    )
    return find_overlaps(material, NOW, limit)


RETURNS = article_of("returns", "Return an item", "You can return most unused items within 30 days of delivery.")
OTHER = article_of("window", "The return window", "Most unused items can be returned within 14 days of delivery.")


def test_different_amounts_for_the_same_thing_are_a_contradiction() -> None:
    (found,) = overlaps_of([RETURNS, OTHER])
    assert found.kind is OverlapKind.CONTRADICTION
    assert (found.first.article_id, found.second.article_id) == ("returns", "window")
    assert found.differing == (("30 days", "14 days"),)
    assert "“30 days”" in found.why
    assert "“14 days”" in found.why
    assert 0.4 < found.similarity < 1


@pytest.mark.parametrize(
    ("first", "second", "differing"),
    [
        ("The gift card costs a fee of €4.90.", "The gift card costs a fee of €9.90.", ("€4.90", "€9.90")),
        ("The return label is free for you.", "The return label is €4.90 for you.", ("free", "€4.90")),
        (
            "Sale ends on 5 May 2026 in all shops.",
            "Sale ends on 7 May 2026 in all shops.",
            ("5 May 2026", "7 May 2026"),
        ),
        ("You get 10% off your first order.", "You get 15% off your first order.", ("10%", "15%")),
        ("Tents can always be washed in machines.", "Tents can never be washed in machines.", ("always", "never")),
        (
            "Gift cards can be returned to any of our shops.",
            "Gift cards cannot be returned to any of our shops.",
            ("Gift cards can be returned to any of our shops.", "cannot be returned to"),
        ),
    ],
)
def test_money_dates_shares_and_denials_contradict_each_other(
    first: str, second: str, differing: tuple[str, str]
) -> None:
    (found,) = overlaps_of([article_of("a", "Good to know", first), article_of("b", "Good to know", second)])
    assert found.kind is OverlapKind.CONTRADICTION
    assert found.differing == (differing,)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("You can return unused items within 14 days.", "You can return unused items within two weeks."),
        ("You can return unused items within 3–5 days.", "You can return unused items within 4 days."),
        ("A parcel to Canada takes 5 days by post.", "A parcel to Australia takes 9 days by post."),
        ("The UNO R3 needs 5 days of charging.", "The UNO R4 needs 9 days of charging."),
        ("Items can be returned to our shops.", "Items cannot be returned to our shops if they are worn."),
    ],
)
def test_the_same_amount_otherwise_another_thing_and_a_condition_do_not(first: str, second: str) -> None:
    found = overlaps_of([article_of("a", "Good to know", first), article_of("b", "Good to know", second)])
    assert not [one for one in found if one.kind is OverlapKind.CONTRADICTION]


LONG = (
    "Look in the spam folder of the person who should have received the card. The buyer can send it again from the "
    "account. A lost or stolen code can be blocked while there is money on it."
)
AGAIN = (
    "Look in the spam folder of the person who should have got the card. The buyer can send it again from the "
    "account page. A stolen or lost code can be blocked while there is money left on it."
)


def test_nearly_the_same_text_under_another_title_is_a_duplicate() -> None:
    (found,) = overlaps_of([article_of("a", "Gift cards", LONG), article_of("b", "My voucher is missing", AGAIN)])
    assert found.kind is OverlapKind.DUPLICATE
    assert found.differing == ()


def test_what_every_article_repeats_is_no_finding() -> None:
    same = [article_of(f"a{n}", f"Topic {'abcdefgh'[n]}", LONG) for n in range(5)]
    assert not overlaps_of(same)
    assert len(overlaps_of(same[:2])) == 1


def test_links_alone_are_no_duplicates() -> None:
    text = "\n".join(f"- [Read about the returns of item number {n}](https://a.example/{n})" for n in range(5))
    assert not overlaps_of([article_of("a", "Further reading", text), article_of("b", "Further reading", text)])


@pytest.mark.parametrize(
    "changed",
    [
        replace(OTHER, published=False),
        replace(OTHER, expires_at=datetime(2026, 2, 1, tzinfo=UTC)),
        replace(OTHER, effective_at=datetime(2026, 4, 1, tzinfo=UTC)),
        replace(OTHER, language="de"),
    ],
)
def test_what_is_not_live_or_in_another_language_is_not_compared(changed: Article) -> None:
    assert not overlaps_of([replace(RETURNS, language="en"), changed])
    assert overlaps_of([replace(RETURNS, language="en"), replace(OTHER, language="en-GB")])


def test_segments_without_a_common_member_may_be_told_different_things() -> None:
    dealers = replace(RETURNS, audience=Audience(signed_in=True, segments=frozenset({"dealers"})))
    members = replace(OTHER, audience=Audience(signed_in=True, segments=frozenset({"members"})))
    assert not overlaps_of([dealers, members])
    assert overlaps_of([dealers, OTHER])


def test_the_likeliest_come_first_and_the_list_is_bounded() -> None:
    vague = article_of("vague", "Parcels", "Somewhat later, about 20 days on, unused items may go back to us for some.")
    articles = [vague, RETURNS, OTHER]
    found = overlaps_of(articles)
    assert {found[0].first.article_id, found[0].second.article_id} == {"returns", "window"}
    assert overlaps_of(articles, limit=1) == found[:1]


def test_a_pair_is_found_among_many_blocks_and_nothing_in_none() -> None:
    topics = [article_of(f"t{n}", f"Subject {n * 7919}", f"Word{n} other{n} third{n} thing{n}.") for n in range(700)]
    found = overlaps_of([*topics, RETURNS, OTHER])
    assert [(one.first.article_id, one.second.article_id) for one in found] == [("returns", "window")]
    assert overlaps_of([]) == []
    assert overlaps_of([RETURNS]) == []


def test_an_article_that_repeats_itself_is_no_finding() -> None:
    assert not overlaps_of([article_of("a", "Cards", f"## One\n\n{LONG}\n\n## Two\n\n{AGAIN}")])


def test_an_article_may_contradict_itself() -> None:
    text = f"## One\n\n{LONG}\n\n{RETURNS.text}\n\n## Two\n\n{LONG}\n\n{RETURNS.text.replace('30', '14')}"
    (found,) = overlaps_of([article_of("a", "Cards", text)])
    assert found.kind is OverlapKind.CONTRADICTION
    assert found.differing == (("30 days", "14 days"),)
