"""Articles on their way into a version: they wait on disk, and only what tells them apart is in memory."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from knowledge_base.atomic_file import replace_text
from knowledge_base.model import Article, ArticleId
from knowledge_base.records import StoredArticle, stored_from, stored_record
from knowledge_base.stored import StoredArticles


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An article that is not in memory: `load` reads it."""

    id: ArticleId
    source: str
    content_hash: str
    load: Callable[[], StoredArticle]


class Wanted:
    """The articles of entries, read one at a time."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._entries = entries

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[StoredArticle]:
        for entry in self._entries:
            yield replace(entry.load(), source=entry.source)


class TakenArticles:
    """Articles that were read and wait for their version, in a file that goes with the process."""

    def __init__(self, folder: Path) -> None:
        self._stream = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed with the last entry that reads it

    def add(self, stored: StoredArticle) -> Callable[[], StoredArticle]:
        line = json.dumps(stored_record(stored)).encode()
        start = self._stream.seek(0, 2)
        self._stream.write(line)
        return partial(self._read, start, len(line))

    def _read(self, start: int, size: int) -> StoredArticle:
        self._stream.seek(start)
        return stored_from(json.loads(self._stream.read(size)))


def entries_of(articles: StoredArticles, owner: Callable[[str], str]) -> list[Entry]:
    """The articles of a version; `owner` gives the id of the source that one names."""
    return [
        Entry(
            id=key,
            source=owner(articles.source(key)),
            content_hash=articles.content_hash(key),
            load=partial(articles.__getitem__, key),
        )
        for key in articles
    ]


def read_shadowed(path: Path) -> list[Entry]:
    """None where the file is missing or damaged: the next sync of each source brings them again."""
    try:
        with path.open(encoding="utf-8") as stream:
            found = [stored_from(json.loads(line)) for line in stream]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    return [
        Entry(id=one.article.id, source=one.source, content_hash=one.content_hash, load=partial(_same, one))
        for one in found
    ]


def keep_shadowed(path: Path, shadowed: Sequence[Entry]) -> None:
    replace_text(path, "".join(json.dumps(stored_record(one)) + "\n" for one in Wanted(shadowed)))


def content_hash(article: Article) -> str:
    """Equal for articles that give equal passages, pages and readers."""
    record = [
        article.title,
        article.text,
        article.url,
        article.updated_at.isoformat() if article.updated_at else None,
        sorted(article.metadata.items()),
        article.language,
        article.published,
        article.effective_at.isoformat() if article.effective_at else None,
        article.expires_at.isoformat() if article.expires_at else None,
        [article.audience.signed_in, sorted(article.audience.segments)],
    ]
    return hashlib.sha256(json.dumps(record).encode()).hexdigest()


def _same(stored: StoredArticle) -> StoredArticle:
    return stored
