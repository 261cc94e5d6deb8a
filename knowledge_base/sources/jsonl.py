"""A JSONL file: one article a line, {"id", "title", "text"} with optional "url" and "updated_at"."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from knowledge_base.freshness import FRESHNESS_KEYS
from knowledge_base.model import Article
from knowledge_base.sources.markdown_folder import first_heading
from knowledge_base.sources.memory import Memory
from knowledge_base.sources.source import (
    MAX_ARTICLE_BYTES,
    MAX_ID,
    NOT_UTF8,
    TOO_LARGE,
    Field,
    InvalidSource,
    Reading,
    Skipped,
    SourceKind,
    article_id,
    clean,
    decode,
    described,
    location_of,
)

_OWN_KEYS: Final = frozenset({"id", "title", "text", "url", "updated_at"}) | FRESHNESS_KEYS
_UTF8_MARK: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonLines:
    path: Path

    def articles(self, memory: Memory, reading: Reading) -> Iterator[Article | Skipped]:
        try:
            with self.path.open("rb") as stream:
                for done, found in enumerate(_read(stream, self.path.name), start=1):
                    yield found
                    reading(done, 0)
        except OSError as failure:
            raise InvalidSource(
                f"{self.path} cannot be read: {failure.strerror or failure}. Check the path and its permissions."
            ) from failure


def _read(stream: BinaryIO, name: str) -> Iterator[Article | Skipped]:
    number = 0
    while line := stream.readline(MAX_ARTICLE_BYTES + 1):
        number += 1
        where = f"{name} line {number}"
        if len(line) > MAX_ARTICLE_BYTES:
            _finish_line(stream, line)
            yield Skipped(where=where, why=TOO_LARGE)
        elif line.strip():
            yield from _line(line.removeprefix(_UTF8_MARK), where)


def _finish_line(stream: BinaryIO, start: bytes) -> None:
    while start and not start.endswith(b"\n"):
        start = stream.readline(1_000_000)


def _line(line: bytes, where: str) -> Iterator[Article | Skipped]:
    decoded = decode(line)
    if decoded is None:
        yield Skipped(where=where, why="is not text")
        return
    try:
        record = json.loads(decoded.text)
    except (ValueError, RecursionError):
        cut = "" if line.endswith(b"\n") else " (the file seems to be cut off here)"
        yield Skipped(where=where, why=f"is not valid JSON{cut}")
        return
    if not isinstance(record, dict):
        yield Skipped(where=where, why='is not an object like {"id": "1", "title": "…", "text": "…"}')
        return
    article = _article({str(key): value for key, value in record.items()}, where)
    if isinstance(article, Article) and not decoded.exact:
        yield Skipped(where=where, why=NOT_UTF8, kept=True)
    yield article


def _article(record: dict[str, object], where: str) -> Article | Skipped:
    identity = article_id(record.get("id"))
    if identity is None:
        return Skipped(where=where, why=f'needs an "id" of at most {MAX_ID} characters')
    text, title = record.get("text"), record.get("title")
    if not isinstance(text, str):
        return Skipped(where=where, why=f'article {identity!r} needs its "text" in Markdown')
    text = clean(text)
    if not text.strip():
        return Skipped(where=where, why=f"article {identity!r} has no text")
    named = clean(title).strip() if isinstance(title, str) else ""
    titled = " ".join(named.split()) or first_heading(text) or identity
    article = described(record, identity=identity, title=titled, text=text, own=_OWN_KEYS)
    return Skipped(where=where, why=f"article {identity!r}: {article}") if isinstance(article, str) else article


def _open(options: Mapping[str, str]) -> JsonLines:
    return JsonLines(path=location_of(options))


KIND: Final = SourceKind(
    name="jsonl",
    words="JSON Lines file",
    fields=(Field(name="location", words="File", hint="/srv/articles.jsonl", required=True),),
    open=_open,
)
