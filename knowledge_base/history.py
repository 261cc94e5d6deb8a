"""Versions as people see them: when and why each was made, and what differs between two."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from knowledge_base.atomic_file import replace_text
from knowledge_base.model import ArticleId, Passage
from knowledge_base.version import Version


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionSummary:
    """A version that is kept. `rolled_back_at` is when somebody last went back, or forward, to it."""

    number: int
    made_at: datetime
    cause: str
    articles: int
    passages: int
    live: bool
    rolled_back_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleChange:
    """An article that differs between two versions, with the passages only the first or only the second has."""

    id: ArticleId
    title: str
    went: tuple[Passage, ...]
    came: tuple[Passage, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionDiff:
    """What `after` has that `before` has not, and the other way round; equal passages are not listed."""

    before: int
    after: int
    added: tuple[ArticleChange, ...]
    removed: tuple[ArticleChange, ...]
    changed: tuple[ArticleChange, ...]


def describe(folder: Path, summary: VersionSummary) -> None:
    """Write what people want to know of a version into its folder."""
    record = {
        "cause": summary.cause,
        "made_at": summary.made_at.isoformat(),
        "articles": summary.articles,
        "passages": summary.passages,
        "rolled_back_at": summary.rolled_back_at.isoformat() if summary.rolled_back_at else None,
    }
    replace_text(folder / "about.json", json.dumps(record, ensure_ascii=False))


def described(folder: Path) -> VersionSummary | None:
    """What was written there, for a version taken not to be live; None where there is nothing."""
    try:
        record = json.loads((folder / "about.json").read_text(encoding="utf-8"))
        back = record["rolled_back_at"]
        return VersionSummary(
            number=int(folder.name),
            made_at=datetime.fromisoformat(record["made_at"]),
            cause=str(record["cause"]),
            articles=int(record["articles"]),
            passages=int(record["passages"]),
            live=False,
            rolled_back_at=datetime.fromisoformat(back) if back else None,
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def difference(before: Version, after: Version) -> VersionDiff:
    """Articles by id, passages by heading and text."""
    kept = before.articles.keys() & after.articles.keys()
    changed = [key for key in after.articles if key in kept and _differ(key, before, after)]
    return VersionDiff(
        before=before.number,
        after=after.number,
        added=tuple(_change(key, before, after) for key in after.articles if key not in kept),
        removed=tuple(_change(key, before, after) for key in before.articles if key not in kept),
        changed=tuple(_change(key, before, after) for key in changed),
    )


def _differ(key: ArticleId, old: Version, new: Version) -> bool:
    return old.articles.content_hash(key) != new.articles.content_hash(key)


def _change(key: ArticleId, old: Version, new: Version) -> ArticleChange:
    """An article that is in one of them, or in both."""
    went, came = _passages(key, old), _passages(key, new)
    named = new if key in new.articles else old
    title = named.articles[key].article.title
    return ArticleChange(id=key, title=title, went=_only_in(went, came), came=_only_in(came, went))


def _passages(key: ArticleId, version: Version) -> Sequence[Passage]:
    rows = version.articles.rows(key) if key in version.articles else range(0)
    return version.passages[rows.start : rows.stop]


def _only_in(some: Sequence[Passage], others: Sequence[Passage]) -> tuple[Passage, ...]:
    there = {(one.heading, one.text) for one in others}
    return tuple(one for one in some if (one.heading, one.text) not in there)
