"""The grid of an HTML table, and which of its rows names the columns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from knowledge_base.sources.html_tree import Element

_MAX_SPAN: Final = 100
_MAX_CELLS: Final = 50_000
_HEADING: Final = re.compile(r"h[1-6]|table")
_MAX_NAME: Final = 60

Row = list[Element | None]


def grid_of(table: Element) -> list[Row] | None:
    """Its cells in rows of one length, a cell that spans several repeated in each; None for a table that only arranges
    what is on the page."""
    rows = [one for one in table.elements() if one.tag == "tr" and _table_of(one) is table]
    cells = [[one for one in row.children if isinstance(one, Element) and one.tag in ("td", "th")] for row in rows]
    if table.get("role") in ("presentation", "none") or max((len(row) for row in cells), default=0) < 2:
        return None
    if any(_HEADING.fullmatch(one.tag) for one in table.elements() if one is not table):
        return None
    return _grid(cells)


def header_of(rows: Sequence[Row], cells: Sequence[list[str]]) -> tuple[list[str], list[list[str]]]:
    """The names of the columns ("" where there are none), and the other rows."""
    first = [one for one in rows[0] if one is not None]
    named = all(one.tag == "th" or _in_head(one) for one in first)
    if named or _looks_like_names(rows, cells):
        return cells[0], list(cells[1:])
    return [""] * len(cells[0]), list(cells)


def _grid(cells: Sequence[Sequence[Element]]) -> list[Row]:
    grid: list[Row] = []
    hanging: dict[int, tuple[Element, int]] = {}
    total = 0
    for row in cells:
        line: Row = []
        waiting = list(row)
        while (waiting or len(line) in hanging) and total < _MAX_CELLS:
            if len(line) in hanging:
                cell, left = hanging.pop(len(line))
                down, across = left, 1
            else:
                cell = waiting.pop(0)
                down, across = _span(cell, "rowspan"), _span(cell, "colspan")
            for _ in range(across):
                if down > 1:
                    hanging[len(line)] = (cell, down - 1)
                line.append(cell)
                total += 1
        if line:
            grid.append(line)
    width = max((len(row) for row in grid), default=0)
    return [row + [None] * (width - len(row)) for row in grid]


def _span(cell: Element, name: str) -> int:
    given = cell.get(name)
    return max(1, min(_MAX_SPAN, int(given))) if re.fullmatch(r"\d{1,6}", given) else 1


def _looks_like_names(rows: Sequence[Row], cells: Sequence[list[str]]) -> bool:
    """Whether an unmarked first row names the columns: all in bold, or short words above rows with figures."""
    first = [one for one in rows[0] if one is not None]
    if any(one.tag == "th" for row in rows for one in row if one is not None):
        return False  # its rows have names, and it says so
    if all(text.startswith("**") and text.endswith("**") for text in cells[0]):
        return True
    words = all(text and len(text) <= _MAX_NAME and not any(c.isdigit() for c in text) for text in cells[0])
    figures = sum(any(c.isdigit() for c in text) for row in cells[1:] for text in row)
    return words and len(first) == len(rows[0]) and len(rows) >= 3 and figures >= len(rows) - 1


def _in_head(cell: Element) -> bool:
    return any(one.tag == "thead" for one in list(cell.above())[:2])


def _table_of(element: Element) -> Element | None:
    return next((one for one in element.above() if one.tag == "table"), None)
