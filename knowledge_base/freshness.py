"""Whether an article may be read now, by whom, and how sources say so."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from enum import StrEnum
from typing import Final, Protocol

from knowledge_base.model import EVERYONE, Audience, Viewer

FRESHNESS_KEYS: Final = frozenset(
    {"status", "draft", "published", "effective_at", "expires_at", "audience", "language", "lang", "locale"}
)
"""The keys of a source's record that `freshness_of` reads."""
_YES: Final = frozenset({"true", "yes", "on", "1"})
_NO: Final = frozenset({"false", "no", "off", "0"})
_HIDDEN: Final = frozenset({"draft", "unpublished", "archived", "hidden", "private", "internal", "deleted"})
"""Statuses that keep an article from customers; every other one is the source's own business."""
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,3}")
_SEGMENT: Final = re.compile(r"[\w.-]{1,64}")


class ArticleState(StrEnum):
    """LIVE articles are cited; a DRAFT, SCHEDULED or EXPIRED one is not, whoever asks."""

    LIVE = "live"
    DRAFT = "draft"
    SCHEDULED = "scheduled"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    """What a source says about when, to whom and in which language an article applies."""

    language: str | None = None
    published: bool = True
    effective_at: datetime | None = None
    expires_at: datetime | None = None
    audience: Audience = EVERYONE


class Dated(Protocol):
    """What decides who may read an article when: an Article has it, and so has a Freshness."""

    @property
    def published(self) -> bool: ...

    @property
    def effective_at(self) -> datetime | None: ...

    @property
    def expires_at(self) -> datetime | None: ...

    @property
    def audience(self) -> Audience: ...


def state_of(article: Dated, now: datetime) -> ArticleState:
    if not article.published:
        return ArticleState.DRAFT
    if article.expires_at is not None and now >= article.expires_at:
        return ArticleState.EXPIRED
    if article.effective_at is not None and now < article.effective_at:
        return ArticleState.SCHEDULED
    return ArticleState.LIVE


def readable(article: Dated, viewer: Viewer, now: datetime) -> bool:
    return state_of(article, now) is ArticleState.LIVE and article.audience.includes(viewer)


def freshness_of(values: Mapping[str, object]) -> Freshness | str:
    """What the shared keys of a source's record say, or why they cannot be understood.

    An article whose expiry or audience is unreadable must be left out: it would be shown to everyone for ever.
    """
    try:
        return Freshness(
            language=next(
                (tag for key in ("language", "lang", "locale") if (tag := language_tag(values.get(key)))), None
            ),
            published=_published(values),
            effective_at=_instant(values, "effective_at") or instant(values.get("published")),
            expires_at=_instant(values, "expires_at"),
            audience=_audience(values.get("audience")),
        )
    except ValueError as reason:
        return str(reason)


def instant(value: object) -> datetime | None:
    """An ISO date or instant as aware UTC time; None for anything else. Without a zone it is taken as UTC."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            return None
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time(), tzinfo=UTC)
    if not isinstance(value, datetime):
        return None
    try:
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except OverflowError:
        return None


def _instant(values: Mapping[str, object], key: str) -> datetime | None:
    given = values.get(key)
    if given is None or given == "":
        return None
    found = instant(given)
    if found is None:
        raise ValueError(f"its {key} {_short(given)} is no date; write it like 2026-05-31 or 2026-05-31T09:00Z")
    return found


def _published(values: Mapping[str, object]) -> bool:
    if _text(values.get("status")).lower() in _HIDDEN or _flag(values, "draft", default=False):
        return False
    dated = instant(values.get("published")) is not None
    return dated or _flag(values, "published", default=True)


def _flag(values: Mapping[str, object], key: str, *, default: bool) -> bool:
    given = _text(values.get(key)).lower()
    if not given:
        return default
    if given not in _YES | _NO:
        raise ValueError(f"its {key} {_short(given)} is neither true nor false")
    return given in _YES


def _audience(value: object) -> Audience:
    names = [name for name in _names(value) if name]
    lower = [name.lower().replace("-", "_").replace(" ", "_") for name in names]
    if not names or lower == ["everyone"]:
        return EVERYONE
    if lower == ["signed_in"]:
        return Audience(signed_in=True)
    if not all(_SEGMENT.fullmatch(name) for name in names) or {"everyone", "signed_in"} & set(lower):
        raise ValueError(f"its audience {_short(value)} is none of: everyone, signed_in, names of segments")
    return Audience(signed_in=True, segments=frozenset(names))


def _names(value: object) -> Iterator[str]:
    items = value if isinstance(value, list | tuple) else _text(value).split(",")
    for item in items:
        yield _text(item)


def language_tag(value: object) -> str | None:
    """A BCP 47 tag, or None where the source's own word for a language ("English") is none."""
    given = _text(value)
    if not _LANGUAGE.fullmatch(given):
        return None
    first, *rest = given.replace("_", "-").split("-")
    return "-".join([first.lower(), *(part.upper() if len(part) == 2 else part.title() for part in rest)])


def _text(value: object) -> str:
    return "" if value is None else str(value).strip()


def _short(value: object) -> str:
    text = " ".join(str(value).split())
    return repr(text if len(text) <= 40 else text[:40] + "…")
