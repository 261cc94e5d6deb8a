"""A Zendesk article as its Help Center API gives it, as an article of ours.

The fields are those of developer.zendesk.com, "Help Center API: Articles, Sections, Categories, User segments".
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from conversations.model import JsonObject
from knowledge_base.freshness import instant, language_tag
from knowledge_base.model import EVERYONE, Article, ArticleId, Audience
from knowledge_base.sources.converting import Converter
from knowledge_base.sources.json_stream import TOO_LONG
from knowledge_base.sources.memory import Memory
from knowledge_base.sources.source import MAX_ARTICLE_BYTES, TOO_LARGE, Skipped, article_id, clean, link, words_of

_ARTICLE: Final = "article "
_READING: Final = 1
"""Raised when bodies are read better than before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpCenter:
    """What an article refers to by id: `sections` and `categories` by name, the category of a section, and the segments
    that hold everyone who signed in."""

    sections: Mapping[str, str] = field(default_factory=dict)
    categories: Mapping[str, str] = field(default_factory=dict)
    category_of: Mapping[str, str] = field(default_factory=dict)
    signed_in: frozenset[str] = frozenset()


def help_center_of(
    sections: list[Mapping[str, object]], categories: list[Mapping[str, object]], segments: list[Mapping[str, object]]
) -> HelpCenter:
    return HelpCenter(
        sections={_text(one.get("id")): _text(one.get("name")) for one in sections},
        categories={_text(one.get("id")): _text(one.get("name")) for one in categories},
        category_of={_text(one.get("id")): _text(one.get("category_id")) for one in sections},
        signed_in=frozenset(_text(one.get("id")) for one in segments if _holds_all_customers(one)),
    )


def _holds_all_customers(segment: Mapping[str, object]) -> bool:
    narrowed = ("tags", "or_tags", "organization_ids", "group_ids", "added_user_ids")
    return segment.get("user_type") == "signed_in_users" and not any(segment.get(name) for name in narrowed)


@dataclass(slots=True, kw_only=True)
class ArticleReader:
    """Converts a body once, and again only when it changed."""

    converter: Converter
    memory: Memory
    sync: int
    seen: set[str] = field(default_factory=set)

    def take(self, given: object, where: str) -> Skipped | None:
        """Remember an article as it is in this sync, or say why it is none."""
        if given is TOO_LONG:
            return Skipped(where=where, why=TOO_LARGE)
        if not isinstance(given, dict):
            return Skipped(where=where, why='is no article like {"id": 1, "title": "…", "body": "…"}')
        identity = _identity(given)
        if identity is None:
            return Skipped(where=where, why='has no usable "id"')
        where = f"Article {identity}"
        body = given.get("body")
        if not isinstance(body, str) or not body.strip():
            return Skipped(where=where, why="has no text")
        if len(body) > MAX_ARTICLE_BYTES:
            return Skipped(where=where, why=TOO_LARGE)
        digest = hashlib.sha256(json.dumps([body, given.get("html_url"), _READING]).encode()).hexdigest()
        known = self.memory.get(_ARTICLE + identity)
        text = known.get("text") if known is not None and known.get("digest") == digest else None
        if not isinstance(text, str):
            converted = self.converter.convert("html_fragment", clean(body).encode(), _text(given.get("html_url")))
            if isinstance(converted, Skipped):
                self.memory.forget(_ARTICLE + identity)
                return Skipped(where=where, why=converted.why)
            text = converted.text
        rest = {key: value for key, value in given.items() if key in _KEPT}
        record: JsonObject = {"digest": digest, "text": text, "sync": self.sync, "given": rest}
        self.memory.put(_ARTICLE + identity, record)
        self.seen.add(identity)
        return None


_KEPT: Final = frozenset(
    {"title", "name", "html_url", "updated_at", "edited_at", "locale", "source_locale", "draft", "outdated",
     "user_segment_id", "user_segment_ids", "section_id", "label_names"}
)  # fmt: skip


def remembered(memory: Memory) -> list[str]:
    """The ids of remembered articles, in order."""
    return [key.removeprefix(_ARTICLE) for key in memory.keys() if key.startswith(_ARTICLE)]  # noqa: SIM118 - a port


def recall(memory: Memory, identity: str, center: HelpCenter) -> Article | None:
    record = memory.get(_ARTICLE + identity)
    given = record.get("given") if record is not None else None
    if record is None or not isinstance(given, dict):
        return None
    updated = [at for name in ("edited_at", "updated_at") if (at := instant(given.get(name))) is not None]
    return Article(
        id=ArticleId(identity),
        title=" ".join(clean(_text(given.get("title")) or _text(given.get("name"))).split()) or identity,
        text=str(record.get("text", "")),
        url=link(given.get("html_url")),
        updated_at=updated[0] if updated else None,
        metadata=_metadata(given, center),
        language=language_tag(given.get("locale")),
        published=given.get("draft") is not True,
        audience=_audience(given, center),
    )


def synced(memory: Memory, identity: str) -> int:
    """The number of the sync that saw the article last."""
    record = memory.get(_ARTICLE + identity) or {}
    number = record.get("sync")
    return number if isinstance(number, int) else 0


def forget(memory: Memory, identity: str) -> None:
    memory.forget(_ARTICLE + identity)


def is_outdated(memory: Memory, identity: str) -> bool:
    """Whether the translation is marked as older than what it was made from."""
    record = memory.get(_ARTICLE + identity) or {}
    given = record.get("given")
    return isinstance(given, dict) and given.get("outdated") is True


def _identity(given: Mapping[str, object]) -> str | None:
    """The id of the article; a translation's has its language added."""
    identity = article_id(given.get("id"))
    locale, source = given.get("locale"), given.get("source_locale")
    translated = isinstance(locale, str) and isinstance(source, str) and locale != source
    return article_id(f"{identity}-{locale}") if identity and translated else identity


def _audience(given: Mapping[str, object], center: HelpCenter) -> Audience:
    """No segment: everyone. A segment that is not known to hold all who signed in is one that customers must be in."""
    several = given.get("user_segment_ids")
    ids = [_text(one) for one in several] if isinstance(several, list) and several else []
    ids = ids or [text for text in [_text(given.get("user_segment_id"))] if text]
    if not ids:
        return EVERYONE
    if center.signed_in.intersection(ids):
        return Audience(signed_in=True)
    return Audience(signed_in=True, segments=frozenset(ids))


def _metadata(given: Mapping[str, object], center: HelpCenter) -> dict[str, str]:
    section = _text(given.get("section_id"))
    return words_of(
        {
            "category": center.categories.get(center.category_of.get(section, ""), ""),
            "section": center.sections.get(section, ""),
            "labels": given.get("label_names"),
            "outdated": "true" if given.get("outdated") is True else None,
        }
    )


def _text(value: object) -> str:
    return "" if value is None else str(value).strip()
