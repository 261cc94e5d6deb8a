"""A folder of files, one article each: PDF, Word, HTML and Markdown alike; or a single such file.

A converted file is remembered with its size, time and hash: the next sync converts only what changed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from conversations.model import JsonObject
from knowledge_base.freshness import instant, language_tag
from knowledge_base.model import Article, ArticleId
from knowledge_base.sources import markdown_folder
from knowledge_base.sources.converting import MAX_FILE_BYTES, TOO_LARGE, Converted, Converter
from knowledge_base.sources.markdown_folder import (
    files_below,
    first_heading,
    name_of,
    nothing_in,
    read_file,
    slug,
)
from knowledge_base.sources.memory import Memory
from knowledge_base.sources.source import (
    Field,
    InvalidSource,
    Reading,
    Skipped,
    SourceKind,
    clean,
    location_of,
)

CONVERTED: Final = {".pdf": "pdf", ".docx": "docx", ".html": "html", ".htm": "html"}
"""The kind of file by the end of its name."""
_SUFFIXES: Final = (*markdown_folder.SUFFIXES, *CONVERTED)
_READING: Final = 1
"""Raised when files are read better than before, so that remembered ones are converted anew."""
_WANTED: Final = "Markdown files (*.md), HTML pages, PDF or Word documents (*.docx)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    path: Path

    def articles(self, memory: Memory, reading: Reading) -> Iterator[Article | Skipped]:
        files = [self.path] if self.path.is_file() else sorted(files_below(self.path, _SUFFIXES))
        if not files:
            raise InvalidSource(nothing_in(self.path, _WANTED))
        root = self.path.parent if self.path.is_file() else self.path
        seen: set[str] = set()
        with Converter() as converter:
            for done, file in enumerate(files, start=1):
                if file.suffix.lower() in CONVERTED:
                    where = clean(str(file.relative_to(root)))
                    seen.add(where)
                    yield from _File(file, where, root).articles(memory, converter)
                else:
                    yield from read_file(file, root)
                reading(done, len(files))
        for gone in set(memory.keys()) - seen:
            memory.forget(gone)


@dataclass(frozen=True, slots=True)
class _File:
    file: Path
    where: str
    root: Path

    def articles(self, memory: Memory, converter: Converter) -> Iterator[Article | Skipped]:
        if self.file.is_symlink() and not self.file.resolve().is_relative_to(self.root.resolve()):
            yield Skipped(where=self.where, why="is a link to a file outside the folder")
            return
        known = memory.get(self.where)
        try:
            record = self._record(known, converter)
        except OSError as failure:
            record = known if known is not None and "text" in known else {}
            why = f"cannot be read: {failure.strerror or failure}"
            yield Skipped(where=self.where, why=why, kept=bool(record))
        if record and record != known:
            memory.put(self.where, record)
        yield from _told(record, self.where)

    def _record(self, known: JsonObject | None, converter: Converter) -> JsonObject:
        """What the file holds, from memory if it is the same. Raises OSError."""
        if not self.file.is_file():
            return {"skipped": "is not a file"}  # a pipe would be waited for, for ever
        status = self.file.stat()
        if status.st_size > MAX_FILE_BYTES:
            return {"skipped": TOO_LARGE}
        stamp: JsonObject = {"size": status.st_size, "mtime": status.st_mtime_ns, "reading": _READING}
        same = known is not None and known.get("reading") == _READING
        if known is not None and same and stamp.items() <= known.items():
            return known
        digest = _digest(self.file)
        if known is not None and same and known.get("sha256") == digest:
            return known | stamp
        converted = converter.convert(CONVERTED[self.file.suffix.lower()], self.file, self.where)
        return stamp | {"sha256": digest} | _remembered(converted)


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _remembered(converted: Converted | Skipped) -> JsonObject:
    if isinstance(converted, Skipped):
        return {"skipped": converted.why}
    record: JsonObject = asdict(converted)
    return record | {"updated_at": converted.updated_at.isoformat() if converted.updated_at else None}


def _told(record: JsonObject, where: str) -> Iterator[Article | Skipped]:
    """The article of a record, with a line about what is missing from it."""
    if "skipped" in record:
        yield Skipped(where=where, why=str(record["skipped"]))
    if "text" not in record:
        return
    details = record.get("details")
    unread = details.get("unread_pages") if isinstance(details, dict) else None
    if isinstance(unread, list) and unread:
        pages = ", ".join(str(number) for number in unread[:10])
        yield Skipped(where=where, why=f"page {pages} is damaged and was left out", kept=True)
    text = clean(str(record["text"]))
    yield Article(
        # With its ending: guide.md and guide.pdf are two articles.
        id=ArticleId(slug(f"{where}.") or "file"),
        title=clean(str(record.get("title") or "")) or first_heading(text) or name_of(where),
        text=text,
        updated_at=instant(record.get("updated_at")),
        language=language_tag(record.get("language")),
    )


def _open(options: Mapping[str, str]) -> Files:
    path = location_of(options)
    if path.is_file() and not path.name.lower().endswith(_SUFFIXES):
        raise InvalidSource(f"{path} is none of {', '.join(_SUFFIXES)}: name such a file, or a folder of them.")
    return Files(path=path)


KIND: Final = SourceKind(
    name="files",
    words="Files: Markdown, HTML, PDF, Word",
    fields=(Field(name="location", words="Folder or file", hint="/srv/help-center", required=True),),
    open=_open,
)
