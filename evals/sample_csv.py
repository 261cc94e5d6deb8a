"""A table of questions as samples: what a team has in a spreadsheet, one question a row.

The first row names the columns: `question` must be there, `id` (else row-2, row-3, …), `customer`, `language`, `group`,
`tags`, `decision`, and the articles and words that are expected (`relevant`, `cites`, `says`, `never_says`, `reasons`)
may be. Several tags, articles or words in one cell are parted by semicolons. Commas, semicolons and tabs between the
cells are told apart by the first row.
"""

from __future__ import annotations

import codecs
import csv
import difflib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Final

MAX_BYTES: Final = 20_000_000
"""A larger table is no list of questions that a team wrote; as JSON lines it may be of any length."""
_SAMPLE: Final = ("id", "question", "customer", "language", "group", "tags")
_EXPECT: Final = ("relevant", "cites", "says", "never_says", "decision", "reasons")
_LISTS: Final = frozenset({"tags", "relevant", "cites", "says", "never_says", "reasons"})
COLUMNS: Final = _SAMPLE + _EXPECT


class BadTable(ValueError):
    """What is wrong with a table or a row of it, in words; `line` is where, counted from 1."""

    def __init__(self, line: int, words: str) -> None:
        super().__init__(words)
        self.line = line


def bodies(path: Path) -> Iterator[tuple[int, dict[str, object] | BadTable]]:
    """The line of each row and the sample's JSON body, or what is wrong with that row. Raises BadTable, OSError."""
    text = _text(path)
    first = text.split("\n", 1)[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count), strict=True)
    columns: list[str] = []
    begins = 1
    try:
        for cells in reader:
            line, begins = begins, reader.line_num + 1
            if not any(cell.strip() for cell in cells):
                continue
            if not columns:
                columns = _columns(line, cells)
            elif len(cells) > len(columns) and any(cell.strip() for cell in cells[len(columns) :]):
                yield line, BadTable(line, f"has {len(cells)} cells, and the first row names {len(columns)} columns")
            else:
                yield line, _body(line, dict(zip(columns, cells, strict=False)))
    except csv.Error as failure:
        raise BadTable(begins, f"is no row of a table ({failure}): is a quotation mark not closed?") from None


def _text(path: Path) -> str:
    with path.open("rb") as stream:
        content = stream.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise BadTable(1, f"the table is larger than {MAX_BYTES:,} bytes: write JSON lines instead")
    utf16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return content.decode("utf-16" if utf16 else "utf-8-sig")
    except UnicodeDecodeError as failure:
        line = content.count(b"\n", 0, failure.start) + 1
        raise BadTable(line, "is not UTF-8: save the table as “CSV UTF-8”") from None


def _columns(line: int, cells: list[str]) -> list[str]:
    names = [cell.strip().lower().replace(" ", "_") for cell in cells]
    while names and not names[-1]:
        names.pop()
    for name in names:
        if name not in COLUMNS:
            close = difflib.get_close_matches(name, COLUMNS, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"the columns are {', '.join(COLUMNS)}"
            raise BadTable(line, f"{name or 'an empty cell'!r} is no column of a table of samples; {hint}")
        if names.count(name) > 1:
            raise BadTable(line, f"the column {name!r} stands there twice")
    if "question" not in names:
        raise BadTable(line, 'the first row must name the columns, and "question" among them')
    return names


def _body(line: int, row: dict[str, str]) -> dict[str, object]:
    given: dict[str, object] = {"id": f"row-{line}"}
    for name, cell in row.items():
        value = cell.strip()
        if value:
            given[name] = [part.strip() for part in value.split(";") if part.strip()] if name in _LISTS else value
    expect = {name: given.pop(name) for name in _EXPECT if name in given}
    return {**given, "expect": expect}
