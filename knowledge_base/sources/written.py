"""Articles written in the console: one Markdown file each, in a folder that belongs to the knowledge base."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

import yaml

from knowledge_base.atomic_file import replace_text, sync_folder
from knowledge_base.model import EVERYONE, Article, Audience
from knowledge_base.sources.markdown_folder import OWN_KEYS, MarkdownFolder, article_in, slug
from knowledge_base.sources.memory import Memory
from knowledge_base.sources.source import MAX_ARTICLE_BYTES, MAX_ID, Reading, Skipped, article_id, clean, link

WRITTEN: Final = "written"
"""The id and the kind of this source. It comes first: its articles replace those of other sources with the same id."""
_MAX_TITLE: Final = 500


class InvalidArticle(ValueError):
    """An article cannot be kept as it was written. The message says what to change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenArticle:
    """An article as somebody wrote it; `text` is Markdown, the other fields as in Article."""

    id: str
    title: str
    text: str
    url: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    language: str | None = None
    published: bool = True
    effective_at: datetime | None = None
    expires_at: datetime | None = None
    audience: Audience = EVERYONE


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenFolder:
    """The folder; it may be empty or missing."""

    path: Path

    def articles(self, memory: Memory, reading: Reading) -> Iterator[Article | Skipped]:
        if self.path.is_dir() and any(self.path.glob("*.md")):
            yield from MarkdownFolder(path=self.path).articles(memory, reading)

    def write(self, article: WrittenArticle, *, at: datetime) -> None:
        """Keep it, in place of an earlier one with its id. Raises InvalidArticle and OSError."""
        text = _file_text(article, at)
        self.path.mkdir(parents=True, exist_ok=True)
        replace_text(self._file(article.id), text)

    def holds(self, identity: str) -> bool:
        return self._file(identity).exists()

    def delete(self, identity: str) -> None:
        self._file(identity).unlink(missing_ok=True)
        sync_folder(self.path)

    def _file(self, identity: str) -> Path:
        # The hash keeps apart what has the same letters ("a b", "a-b"), the letters tell a person what is in it.
        name = f"{slug(identity)[:60]}-{hashlib.sha256(identity.encode()).hexdigest()[:12]}.md"
        return self.path / name.lstrip("-")


def _file_text(article: WrittenArticle, at: datetime) -> str:
    """Front matter and text, as `MarkdownFolder` reads them back."""
    if article_id(article.id) != article.id:
        raise InvalidArticle(f"The id must be a printable text of 1 to {MAX_ID} characters.")
    title = " ".join(article.title.split())
    if not title or len(title) > _MAX_TITLE:
        raise InvalidArticle(f"Give the article a title of at most {_MAX_TITLE} characters.")
    if not article.text.strip():
        raise InvalidArticle("The article has no text yet.")
    if article.url is not None and link(article.url) is None:
        raise InvalidArticle("The address must begin with https://, http:// or /.")
    keys = yaml.safe_dump(_front_matter(article, title, at), allow_unicode=True, width=100_000, sort_keys=False)
    text = clean(f"---\n{keys}---\n{article.text}")
    if len(text.encode()) > MAX_ARTICLE_BYTES:
        raise InvalidArticle(f"The article is larger than {MAX_ARTICLE_BYTES // 1_000_000} MB; split it.")
    read = article_in(text, "written")
    if isinstance(read, Skipped):  # else it would be kept here and never be seen again
        raise InvalidArticle(f"The article cannot be kept: {read.why}.")
    return text


def _front_matter(article: WrittenArticle, title: str, at: datetime) -> dict[str, object]:
    keys: dict[str, object] = {key: value for key, value in article.metadata.items() if key not in OWN_KEYS}
    keys |= {
        "id": article.id,
        "title": title,
        "url": article.url,
        "updated_at": at.isoformat(),
        "language": article.language,
        "status": None if article.published else "draft",
        "effective_at": _iso(article.effective_at),
        "expires_at": _iso(article.expires_at),
        "audience": _audience(article.audience),
    }
    return {clean(key): clean(value) if isinstance(value, str) else value for key, value in keys.items() if value}


def _iso(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant is not None else None


def _audience(audience: Audience) -> str | list[str] | None:
    if audience.segments:
        return sorted(audience.segments)
    return "signed_in" if audience.signed_in else None
