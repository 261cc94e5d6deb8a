"""Pieces of text to lines with cells, without what repeats at the edges of the pages. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from knowledge_base.sources.pdf_text import Piece

_WORD_GAP: Final = 0.15
"""Of the font size. A space is 0.25; kerning stays below 0.1."""
_CELL_GAP: Final = 1.2
"""Of the font size. Justified text spreads its spaces to about 0.8."""
_LOOK_BACK: Final = 6
"""Lines of a cell: where cells are drawn one after the other, the next one begins that many lines up."""
_EDGE_LINES: Final = 3
_PAGE_NUMBER: Final = re.compile(r"[-–—\s]*(?:\w{1,10}\.?\s+)?#(?:\s*(?:/|\||of|von|de|di|van)\s*#)?[-–—\s]*", re.I)
_ROMAN: Final = re.compile(r"[ivxlc]{1,7}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    text: str
    x: float
    end: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One baseline of a page, cut into cells at its wide gaps."""

    cells: tuple[Cell, ...]
    y: float
    size: float
    bold: bool
    mono: bool
    page: int

    @property
    def text(self) -> str:
        return " ".join(cell.text for cell in self.cells)

    @property
    def x(self) -> float:
        return self.cells[0].x

    @property
    def end(self) -> float:
        return self.cells[-1].end


def lines_of(pieces: Iterable[Piece], page: int) -> list[Line]:
    """The lines of a page in the order they were drawn: columns come one after the other, as they are read."""
    lines: list[Line] = []
    for piece in pieces:
        for back, line in enumerate(reversed(lines[-_LOOK_BACK:])):
            if _continues(line, piece, nearest=back == 0):
                lines[len(lines) - 1 - back] = _joined(line, piece)
                break
        else:
            lines.append(_line(piece, page))
    return [line for line in (_tidy(line) for line in lines) if line.cells]


def without_edges(lines: Sequence[Line]) -> list[Line]:
    """`lines` of a document without running headers, footers and page numbers."""
    edges = _edges(lines)
    pages = len({line.page for line in lines})
    seen = Counter(_edge_key(line) for line in edges)
    repeated = 2 if pages == 2 else 3
    gone = {
        id(line) for line in edges if pages > 1 and (seen[_edge_key(line)] >= repeated or _is_page_number(line, seen))
    }
    return [line for line in lines if id(line) not in gone]


def _edges(lines: Sequence[Line]) -> list[Line]:
    by_page: dict[int, list[Line]] = {}
    for line in lines:
        by_page.setdefault(line.page, []).append(line)
    found: list[Line] = []
    for of_page in by_page.values():
        ordered = sorted(of_page, key=lambda line: line.y)
        found += ordered[:_EDGE_LINES] + ordered[max(_EDGE_LINES, len(ordered) - _EDGE_LINES) :]
    return found


def _edge_key(line: Line) -> tuple[str, int, int]:
    return re.sub(r"\d+", "#", line.text), round(line.y / 3), round(line.size)


def _is_page_number(line: Line, seen: Counter[tuple[str, int, int]]) -> bool:
    """A lone year or price at an edge is none: a page number stands where other pages have a line too."""
    _, y, size = _edge_key(line)
    shared = sum(count for (_, at, high), count in seen.items() if abs(at - y) <= 1 and high == size)
    outer = {re.sub(r"\d+", "#", cell.text) for cell in (line.cells[0], line.cells[-1])}
    numbered = any(_PAGE_NUMBER.fullmatch(text) or _ROMAN.fullmatch(text) for text in outer)
    return numbered and shared >= (2 if len(line.cells) == 1 else 3)


def _continues(line: Line, piece: Piece, *, nearest: bool) -> bool:
    size = max(line.size, piece.size)
    if abs(line.y - piece.y) > (0.5 if nearest else 0.1) * size:
        return False
    gap = piece.x - line.end
    return gap > -0.5 * size if nearest else gap > 0


def _line(piece: Piece, page: int) -> Line:
    cell = Cell(text=piece.text, x=piece.x, end=piece.end)
    return Line(cells=(cell,), y=piece.y, size=piece.size, bold=piece.bold, mono=piece.mono, page=page)


def _joined(line: Line, piece: Piece) -> Line:
    *before, last = line.cells
    gap = (piece.x - last.end) / max(piece.size, 1.0)
    if gap > _CELL_GAP:
        cells = (*line.cells, Cell(text=piece.text, x=piece.x, end=piece.end))
    else:
        space = " " if gap > _WORD_GAP else ""
        cells = (*before, Cell(text=last.text + space + piece.text, x=last.x, end=piece.end))
    return replace(
        line,
        cells=cells,
        size=max(line.size, piece.size),
        bold=line.bold and piece.bold,
        mono=line.mono and piece.mono,
    )


def _tidy(line: Line) -> Line:
    cells = tuple(replace(cell, text=" ".join(cell.text.split())) for cell in line.cells)
    return replace(line, cells=tuple(cell for cell in cells if cell.text))
