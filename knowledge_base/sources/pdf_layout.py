"""Lines of a PDF to Markdown, by what their place and size give away. Pure.

Larger or bold lines are headings, a bullet or number with text beside it is a list item, rows of cells that line up are
a table, a fixed-width face is code; the rest is joined to paragraphs across lines, columns and pages.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from statistics import median
from typing import Final

from knowledge_base.sources.pdf_lines import Cell, Line, without_edges

_BULLET: Final = re.compile(r"[•‣◦⁃∙·▪▫●○■□➢►✓➔*+–—\-\uf0a7\uf0b7\uf0d8\uf0fcØüoŁ](?=\s|$)|§(?=\s+\D|$)")
_NUMBER: Final = re.compile(r"\(?(\d{1,2}|[a-z])[.)](?=\s|$)")
_CHAPTER: Final = re.compile(r"(?:\d{1,2}\.){0,4}\d{1,2}\.?")
_LEADERS: Final = re.compile(r"(?:\s?[.…·_]){4,}\s*\w{0,5}$")
_LARGER: Final = 1.12
"""A heading's size over that of the text. 11 point over 10 is emphasis, 12 over 10.5 a heading."""
_MAX_HEADING: Final = 150
_MAX_LEVEL: Final = 6
_SENTENCE_END: Final = (".", "!", "?", ":", "…", "。", "！", "？")
_MIN_COLUMNS: Final = 2


@dataclass(slots=True)
class _Block:
    kind: str
    lines: list[Line] = field(default_factory=list)
    mark: str = ""
    depth: int = 0


def markdown_of(lines: Sequence[Line]) -> str:
    """The Markdown of a document whose lines are in reading order, page by page."""
    kept = [line for line in without_edges(lines) if not _LEADERS.search(line.text)]
    if not kept:
        return ""
    return _Layout(kept).markdown()


class _Layout:
    def __init__(self, lines: Sequence[Line]) -> None:
        self._lines = [_with_mark_joined(line) for line in lines]
        sizes: Counter[float] = Counter()
        for line in lines:
            sizes[_half(line.size)] += len(line.text)
        self._body = sizes.most_common(1)[0][0]
        self._mono_body = sum(len(line.text) for line in lines if line.mono) * 2 > sum(len(x.text) for x in lines)
        self._leading = _leading(self._lines, self._body)
        self._right = _right_edge(self._lines)
        # "e-mail" at the end of a line keeps its hyphen where the document writes it so elsewhere.
        self._hyphenated = set(re.findall(r"\w+-\w+", " ".join(line.text for line in lines).lower()))

    def markdown(self) -> str:
        blocks = self._blocks()
        levels = self._levels(blocks)
        parts: list[str] = []
        for before, block in zip([None, *blocks], blocks, strict=False):
            text = self._rendered(block, levels)
            tight = before is not None and before.kind == block.kind == "item"
            parts.append(("\n" if tight else "\n\n") + text)
        return "".join(parts).strip() + "\n"

    def _blocks(self) -> list[_Block]:
        blocks: list[_Block] = []
        position = 0
        while position < len(self._lines):
            rows = self._table_at(position)
            if rows:
                blocks.append(_Block("table", rows))
                position += len(rows)
                continue
            self._place(self._lines[position], blocks)
            position += 1
        return [self._demoted(block) for block in blocks]

    def _place(self, line: Line, blocks: list[_Block]) -> None:
        last = blocks[-1] if blocks else None
        kind = self._kind(line)
        if last is not None and self._goes_on(last, line, kind):
            last.lines.append(line)
        elif kind == "item":
            blocks.append(_Block(kind, [line], _mark(line.text), self._depth(line, blocks)))
        else:
            blocks.append(_Block(kind, [line]))

    def _kind(self, line: Line) -> str:
        if line.mono and not self._mono_body:
            return "code"
        words = re.search(r"[^\W\d_]{2}", line.text)
        if words and line.size >= self._body * _LARGER:
            return "heading"
        bold = line.bold and len(line.text) <= _MAX_HEADING // 2 and not line.text.endswith((".", ",", ";", ":"))
        if words and bold and line.size >= self._body * 0.95 and len(line.cells) == 1 and not _BULLET.match(line.text):
            return "heading"
        return "item" if _mark(line.text) else "text"

    def _goes_on(self, block: _Block, line: Line, kind: str) -> bool:
        before = block.lines[-1]
        same_page = before.page == line.page and before.y >= line.y
        gap = before.y - line.y
        if block.kind == "code" or kind == "code":
            return block.kind == kind and before.page == line.page and 0 <= gap <= 3 * line.size
        if block.kind == "heading" or kind == "heading":
            close = same_page and gap <= 1.6 * line.size and abs(before.size - line.size) < 1
            return block.kind == kind and close and before.bold == line.bold
        if block.kind == "table" or kind == "item":
            return False
        if not same_page:
            # A page or column ends in mid-sentence.
            return not before.text.endswith(_SENTENCE_END) and line.text[:1].islower()
        if gap > max(1.35 * self._leading, 1.2 * line.size) or abs(before.size - line.size) > 1.5:
            return False
        if block.kind == "item":
            return line.x > block.lines[0].x + 0.3 * line.size or not before.text.endswith(_SENTENCE_END)
        return not self._paragraph_ends(before, line)

    def _paragraph_ends(self, before: Line, line: Line) -> bool:
        if not before.text.endswith(_SENTENCE_END):
            return False
        indented = line.x > before.x + 0.8 * line.size
        return indented or before.end < self._right * 0.75

    def _depth(self, line: Line, blocks: Sequence[_Block]) -> int:
        for block in reversed(blocks):
            if block.kind != "item":
                return 0
            offset = line.x - block.lines[0].x
            if offset > 0.8 * line.size:
                return min(block.depth + 1, 4)
            if offset > -0.8 * line.size:
                return block.depth
        return 0

    def _demoted(self, block: _Block) -> _Block:
        """What is too long for a heading is a paragraph in large or bold print."""
        text = sum(len(line.text) for line in block.lines)
        return replace(block, kind="text") if block.kind == "heading" and text > _MAX_HEADING else block

    def _levels(self, blocks: Sequence[_Block]) -> dict[float, int]:
        sizes = {self._heading_size(block) for block in blocks if block.kind == "heading"}
        return {size: min(level, _MAX_LEVEL) for level, size in enumerate(sorted(sizes, reverse=True), start=1)}

    def _heading_size(self, block: _Block) -> float:
        size = _half(block.lines[0].size)
        return size if size >= self._body * _LARGER else self._body

    def _rendered(self, block: _Block, levels: dict[float, int]) -> str:
        if block.kind == "code":
            return _code(block.lines)
        if block.kind == "table":
            return _table(block.lines)
        text = _escaped(self._joined(block.lines))
        if block.kind == "heading":
            return "#" * levels[self._heading_size(block)] + " " + text
        if block.kind == "item":
            return "  " * block.depth + block.mark + text
        return text

    def _joined(self, lines: Sequence[Line]) -> str:
        text = ""
        for line in lines:
            words = line.text if text else _without_mark(line.text)
            text = self._with_line(text, words)
        return text.replace("\u00ad", "")

    def _with_line(self, text: str, words: str) -> str:
        if text.endswith("\u00ad"):
            return text[:-1] + words
        broken = re.search(r"(\w+)-$", text)
        rest = re.match(r"\w+", words)
        if broken and rest and words[0].islower():
            compound = f"{broken[1]}-{rest[0]}".lower()
            return (text if compound in self._hyphenated else text[:-1]) + words
        if _unspaced(text[-1:]) and _unspaced(words[:1]):
            return text + words
        return f"{text} {words}".strip()

    def _table_at(self, start: int) -> list[Line]:
        """The rows of the table that begins at a line, or none."""
        rows: list[Line] = []
        for line in self._lines[start:]:
            before = rows[-1] if rows else None
            if before is not None and not 0 < before.y - line.y <= 3.5 * line.size:
                break
            if before is not None and before.page != line.page:
                break
            if len(line.cells) < _MIN_COLUMNS and not (before and _below_last_column(rows, line)):
                break
            rows.append(line)
        full = [row for row in rows if len(row.cells) >= _MIN_COLUMNS]
        if len(full) < 2 or (all(row.mono for row in rows) and not self._mono_body):
            return []
        return rows if len(_columns(full)) >= _MIN_COLUMNS and _fits(full) else []


def _below_last_column(rows: Sequence[Line], line: Line) -> bool:
    """Whether a lone cell goes on with one above it, right of the first column."""
    above = rows[-1]
    return above.y - line.y <= 1.5 * line.size and any(abs(cell.x - line.x) < line.size for cell in above.cells[1:])


def _columns(rows: Sequence[Line]) -> list[tuple[float, float]]:
    """The spans on the page that cells of `rows` fall into."""
    spans = sorted((cell.x, cell.end) for row in rows for cell in row.cells)
    columns: list[tuple[float, float]] = []
    for x, end in spans:
        if columns and x < columns[-1][1]:
            columns[-1] = (columns[-1][0], max(columns[-1][1], end))
        else:
            columns.append((x, end))
    return columns


def _fits(rows: Sequence[Line]) -> bool:
    columns = _columns(rows)
    return all(len({_column(columns, cell) for cell in row.cells}) == len(row.cells) for row in rows)


def _column(columns: Sequence[tuple[float, float]], cell: Cell) -> int:
    return min(range(len(columns)), key=lambda at: max(columns[at][0] - cell.end, cell.x - columns[at][1]))


def _table(rows: Sequence[Line]) -> str:
    columns = _columns([row for row in rows if len(row.cells) >= _MIN_COLUMNS])
    table: list[list[str]] = []
    wrapped = _wrapped_rows(rows)
    for row, goes_on in zip(rows, wrapped, strict=True):
        if not goes_on:
            table.append([""] * len(columns))
        for cell in row.cells:
            at = _column(columns, cell)
            table[-1][at] = f"{table[-1][at]} {cell.text}".strip()
    lines = ["| " + " | ".join(_escaped(cell).replace("|", "\\|") for cell in row) + " |" for row in table]
    return "\n".join([lines[0], "|" + " --- |" * len(columns), *lines[1:]])


def _wrapped_rows(rows: Sequence[Line]) -> list[bool]:
    """Which lines go on with the row above: a lone cell, or all that stand close where rows stand apart."""
    gaps = [above.y - below.y for above, below in zip(rows, rows[1:], strict=False)]
    size = rows[0].size
    apart = max(gaps) > 1.5 * size
    tight = [apart and gap <= 1.3 * size for gap in gaps]
    return [False, *(close or len(row.cells) == 1 for close, row in zip(tight, rows[1:], strict=True))]


def _code(lines: Sequence[Line]) -> str:
    left = min(line.x for line in lines)
    width = max(0.6 * lines[0].size, 1.0)
    texts: list[str] = []
    for line in lines:
        text = ""
        for cell in line.cells:
            text = text.ljust(min(round((cell.x - left) / width), 200)) + (" " if text else "") + cell.text
        texts.append(text)
    return "\n".join(["```", *texts, "```"])


def _with_mark_joined(line: Line) -> Line:
    """A bullet or number stands apart from its text: one cell, not a table of two columns."""
    first, *rest = line.cells
    if not rest or not (_is_mark(first.text) or (_CHAPTER.fullmatch(first.text) and line.bold)):
        return line
    joined = Cell(text=f"{first.text} {rest[0].text}", x=first.x, end=rest[0].end)
    return replace(line, cells=(joined, *rest[1:]))


def _is_mark(text: str) -> bool:
    return bool(_BULLET.fullmatch(text) or _NUMBER.fullmatch(text))


def _mark(text: str) -> str:
    """The Markdown for the bullet or number that `text` begins with, or "" (also where nothing follows it)."""
    if _is_mark(text):
        return ""
    if _BULLET.match(text):
        return "- "
    number = _NUMBER.match(text)
    if number is None:
        return ""
    return f"{number[1]}. " if number[1].isdigit() else "- "


def _without_mark(text: str) -> str:
    bullet = _BULLET.match(text)
    number = _NUMBER.match(text)
    if bullet:
        return text[bullet.end() :].strip()
    if number and number[1].isdigit():
        return text[number.end() :].strip()
    return text


def _leading(lines: Sequence[Line], body: float) -> float:
    """The usual distance of two lines of a paragraph, in points."""
    gaps = [
        above.y - below.y
        for above, below in zip(lines, lines[1:], strict=False)
        if above.page == below.page and 0 < above.y - below.y < 2.2 * body and _half(below.size) == body
    ]
    return median(gaps) if gaps else 1.2 * body


def _right_edge(lines: Sequence[Line]) -> float:
    ends = sorted(line.end for line in lines)
    return ends[len(ends) * 9 // 10]


def _half(size: float) -> float:
    return round(size * 2) / 2


def _unspaced(character: str) -> bool:
    return "\u3040" <= character <= "\u30ff" or "\u4e00" <= character <= "\u9fff"


def _escaped(text: str) -> str:
    """Plain text as Markdown that reads the same."""
    text = re.sub(r"([\\`*<])", r"\\\1", text)
    return re.sub(r"^(?=[#>+-](?:\s|$)|\d{1,9}[.)]\s)", r"\\", text) if text[:1] in "#>+-" else text
