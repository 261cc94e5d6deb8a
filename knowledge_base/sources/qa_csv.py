"""A CSV or TSV file of questions with their answers, one article a row; the question is its title."""

from __future__ import annotations

import codecs
import csv
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TextIO

from knowledge_base.freshness import FRESHNESS_KEYS
from knowledge_base.model import Article
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
    described,
    location_of,
)

SUFFIXES: Final = (".csv", ".tsv")
_NAMES: Final = {
    "title": ("question", "q", "questions", "title", "frage", "titel", "pregunta", "titre", "domanda", "subject"),
    "text": ("answer", "a", "answers", "text", "body", "content", "antwort", "respuesta", "réponse", "risposta"),
    "id": ("id", "key", "article id", "external id", "slug"),
    "url": ("url", "link", "source", "source url"),
    "updated_at": ("updated at", "updated", "last updated", "modified", "last modified", "updated on"),
}
"""What columns are called, the likeliest first, in lower case; spaces, hyphens and underscores are the same."""
_SAMPLE: Final = 1 << 16
_MAX_COLUMNS: Final = 500
_DELIMITERS: Final = (",", ";", "\t", "|")
_EXCEL_HINT: Final = re.compile(r"sep=(.)[\r\n]*")
"""The line that some programs put above the header."""
_WORKBOOK: Final = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_NEEDS: Final = 'Its first row must name the columns, one "question" and one "answer" (or "title" and "text").'


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionsAndAnswers:
    path: Path

    def articles(self, memory: Memory, reading: Reading) -> Iterator[Article | Skipped]:
        try:
            encoding, doubt = _encoding(self.path)
            if doubt:
                yield Skipped(where=self.path.name, why=doubt, kept=True)
            with self.path.open(encoding=encoding, errors="replace", newline="") as stream:
                for done, found in enumerate(_Table(self.path, stream).articles(), start=1):
                    yield found
                    reading(done, 0)
        except OSError as failure:
            why = failure.strerror or failure
            raise InvalidSource(f"{self.path} cannot be read: {why}. Check the path and its permissions.") from failure


class _Table:
    """A file of rows below a header, read one by one."""

    def __init__(self, path: Path, stream: TextIO) -> None:
        self._path = path
        sample = stream.read(_SAMPLE)
        stream.seek(0)
        hint = _EXCEL_HINT.match(sample)
        self._lines = _Lines(stream)
        if hint:
            next(self._lines)
        delimiter = hint[1] if hint else _delimiter(sample)
        csv.field_size_limit(2 * MAX_ARTICLE_BYTES)  # the whole row is held against the limit of an article instead
        self._rows = csv.reader(self._lines, delimiter=delimiter)
        self._begins = 0
        """The line of the file that the row at hand begins in."""

    def articles(self) -> Iterator[Article | Skipped]:
        columns = self._columns()
        seen: dict[str, int] = {}
        while (row := self._next()) is not None:
            found = row if isinstance(row, str) else _article(row, columns)
            if isinstance(found, Article) and seen.setdefault(found.id, self._begins) != self._begins:
                same = "id" if "id" in columns else "question"
                found = f"has the {same} of line {seen[found.id]}; each {same} may occur once"
            if isinstance(found, str):
                yield Skipped(where=f"{self._path.name} line {self._begins}", why=found)
            elif found is not None:
                yield found

    def _columns(self) -> list[str]:
        """What each column is: a field of the article, or its own name. Raises InvalidSource."""
        header = self._next()
        while header is not None and not any(cell.strip() for cell in header):
            header = self._next()
        if header is None:
            raise InvalidSource(f"{self._path} is empty. {_NEEDS}")
        if isinstance(header, str):
            raise InvalidSource(f"The first row of {self._path} {header}. {_NEEDS}")
        columns = _named(header)
        for field, word in (("title", "question"), ("text", "answer")):
            if field not in columns:
                names = ", ".join(cell.strip()[:40] for cell in header[:12])
                raise InvalidSource(f"{self._path} has no column for the {word}, only: {names}. {_NEEDS}")
        return columns

    def _next(self) -> list[str] | str | None:
        """The cells of the next row, why it is none, or None at the end of the file."""
        self._begins = self._lines.begin_row()
        try:
            row = next(self._rows)
        except StopIteration:
            return TOO_LARGE if self._lines.cut else None
        except csv.Error as failure:
            return f"is no row of a table: {failure}"
        if self._lines.cut:
            return f"{TOO_LARGE} (is a quotation mark in it never closed?)"
        if self._lines.ended:
            return f"opens a quotation mark that nothing closes: all lines down to {self._lines.number} were left out"
        return row


class _Lines:
    """The lines of a file for the reader of rows. What is longer than an article is cut there, and not held."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._room = MAX_ARTICLE_BYTES
        self.number = 0
        self.ended = False
        """The file ended inside a row: behind a quotation mark."""
        self.cut = False

    def begin_row(self) -> int:
        self._room = MAX_ARTICLE_BYTES
        self.cut = False
        return self.number + 1

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._stream.readline(self._room)
        if not line:
            self.ended = True
            raise StopIteration
        self.number += 1
        self._room -= len(line)
        if self._room <= 0:
            self.cut = True
            self._finish(line)
            raise StopIteration  # of this row: the reader of rows begins the next one where we stopped
        return line

    def _finish(self, line: str) -> None:
        while line and not line.endswith("\n"):
            line = self._stream.readline(1_000_000)


def _named(header: Sequence[str]) -> list[str]:
    names = [re.sub(r"[\s_-]+", " ", clean(cell).strip().lower()) for cell in header[:_MAX_COLUMNS]]
    columns = [_shared(name) or clean(cell).strip() for name, cell in zip(names, header, strict=False)]
    for field, known in _NAMES.items():
        taken = min((name for name in names if name in known), key=known.index, default=None)
        if taken is not None:
            columns[names.index(taken)] = field
    return columns


def _shared(name: str) -> str:
    key = name.replace(" ", "_")
    return key if key in FRESHNESS_KEYS else ""


def _article(row: Sequence[str], columns: Sequence[str]) -> Article | str | None:
    """The article of a row, why there is none, or None for an empty row."""
    cells = [clean(cell).strip() for cell in row]
    if not any(cells):
        return None
    if any(cells[len(columns) :]):
        return f"has {len(cells)} cells, the header only {len(columns)}; put quotes around texts with delimiters"
    values = {name: cell for name, cell in zip(columns, cells, strict=False) if name and cell}
    question, answer = " ".join(values.get("title", "").split()), values.get("text", "")
    if not question or not answer:
        return f"has no {'answer' if question else 'question'}"
    identity = article_id(values["id"]) if "id" in values else _id_of(question)
    if identity is None:
        return f"its id must be a short text of at most {MAX_ID} characters"
    return described(values, identity=identity, title=question, text=answer, own=_OWN_KEYS)


_OWN_KEYS: Final = frozenset(_NAMES) | FRESHNESS_KEYS


def _id_of(question: str) -> str:
    """The same for the same question, whatever its row, spaces and capitals."""
    return "qa-" + hashlib.sha256(question.casefold().encode()).hexdigest()[:16]


def _delimiter(sample: str) -> str:
    """The one that makes a question and an answer of the first row; else the one that cuts it into most cells."""
    first = next((line for line in sample.splitlines() if line.strip()), "")
    headers = {mark: next(csv.reader([first], delimiter=mark), []) for mark in _DELIMITERS}
    return max(_DELIMITERS, key=lambda mark: ({"title", "text"} <= set(_named(headers[mark])), len(headers[mark])))


def _encoding(path: Path) -> tuple[str, str]:
    """The file's encoding, and what a person should know about it, or "". Raises InvalidSource, OSError."""
    with path.open("rb") as stream:
        start = stream.read(_SAMPLE)
    if start.startswith(_WORKBOOK):
        raise InvalidSource(f"{path} is a workbook, not a CSV file: save its sheet as CSV UTF-8.")
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16", ""
    zeros = start.count(b"\x00")
    if zeros * 3 > len(start):
        return ("utf-16-le" if start[1::2].count(b"\x00") > start[::2].count(b"\x00") else "utf-16-be"), ""
    if zeros * 20 > len(start):
        raise InvalidSource(f"{path} is no text: save it as CSV UTF-8.")
    broken, proper = _utf8(path)
    if not broken:
        return "utf-8-sig", ""
    # One bad byte in a file of umlauts is damage; bytes that never make a letter are another encoding.
    return ("utf-8-sig", NOT_UTF8) if proper > broken else ("cp1252", _WINDOWS)


def _utf8(path: Path) -> tuple[int, int]:
    """How many bytes of a file are no UTF-8, and how many letters beyond ASCII are."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    broken = proper = 0
    with path.open("rb") as stream:
        while part := stream.read(1 << 20):
            text = decoder.decode(part)
            broken += text.count("�")
            proper += sum(not character.isascii() for character in text) - text.count("�")
    return broken, proper


_WINDOWS: Final = "is not UTF-8 and was read as Windows-1252; check its special characters, or save it as CSV UTF-8"


def _open(options: Mapping[str, str]) -> QuestionsAndAnswers:
    path = location_of(options)
    if not path.is_file():
        raise InvalidSource(f"{path} is no file: name a CSV file of questions and answers.")
    return QuestionsAndAnswers(path=path)


KIND: Final = SourceKind(
    name="qa",
    words="Questions and answers (CSV)",
    fields=(Field(name="location", words="File", hint="/srv/questions.csv", required=True),),
    open=_open,
)
