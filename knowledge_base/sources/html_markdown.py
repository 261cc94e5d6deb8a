"""A tree of HTML to Markdown that splits well: headings, nested lists, tables, code, questions with their answers."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from knowledge_base.sources.html_code import code_span, fence
from knowledge_base.sources.html_links import absolute
from knowledge_base.sources.html_roles import (
    HEADINGS,
    alert_in,
    alert_of,
    asks,
    bold_headings,
    is_bold,
    is_question,
    list_of,
)
from knowledge_base.sources.html_tables import grid_of, header_of
from knowledge_base.sources.html_tree import INLINE, Element
from knowledge_base.sources.html_words import (
    BREAK,
    CONTROLS,
    cell_lines,
    escaped,
    indented,
    item_of,
    paragraphs,
    raised,
    wrapped,
)

_MAX_DEPTH: Final = 120
"""Below this only the words are kept: Python itself stops at 1,000 calls, some four to a level."""
_MARKS: Final = {"b": "**", "strong": "**", "i": "*", "em": "*", "del": "~~", "s": "~~", "strike": "~~"}
_CODE: Final = frozenset({"code", "kbd", "samp", "tt"})
_FILE_NAME: Final = re.compile(
    r"\S+\.(?:png|jpe?g|gif|webp|svg|avif|bmp)|(?:image|screenshot|img|photo|icon)[\s_-]*\d*", re.I
)


def markdown_of(root: Element, base: str) -> str:
    """What `root` says, as Markdown; links are made absolute by `base`, those a page must not follow become words."""
    return "\n\n".join(_Writer(base=base, bold_headings=bold_headings(root)).blocks(root)).strip()


@dataclass(slots=True)
class _Writer:
    base: str
    bold_headings: bool
    level: int = 1
    """Of the heading above."""
    flat: int = 0
    """Lists, quotations and cells around: a heading in them is a paragraph in bold."""
    plain: int = 0
    """Headings and emphasis around: nothing is emphasised twice."""
    depth: int = 0
    _holders: dict[Element, bool] = field(default_factory=dict)

    def blocks(self, element: Element) -> list[str]:
        if self.depth > _MAX_DEPTH:
            return paragraphs(escaped(element.text()))
        self.depth += 1
        found: list[str] = []
        line: list[str] = []
        for child in element.children:
            if isinstance(child, Element) and self._is_block(child):
                found += paragraphs("".join(line))
                line = []
                found += self._block(child)
            else:
                line.append(self._inline(child))
        self.depth -= 1
        return found + paragraphs("".join(line))

    def _is_block(self, element: Element) -> bool:
        """Whether it begins a line of its own: all but words in a line, unless those hold blocks themselves."""
        if element.tag in CONTROLS or element.tag == "br":
            return asks(element)
        if element.tag not in INLINE:
            return True
        known = self._holders.get(element)
        if known is None:
            known = any(one.tag not in INLINE | CONTROLS | {"br"} for one in element.elements())
            self._holders[element] = known
        return known or asks(element)

    def _block(self, element: Element) -> list[str]:
        tag = element.tag
        if tag in HEADINGS:
            return self._heading(element, int(tag[1]))
        if tag in ("ul", "ol", "menu", "dir"):
            return self._list(element)
        if tag == "table":
            return self._table(element)
        if tag == "pre":
            return fence(element)
        if tag == "dl":
            return self._definitions(element)
        if tag == "summary" or asks(element) or (tag == "p" and self.bold_headings and is_bold(element)):
            return self._heading(element, self.level + 1, real=False)
        if tag == "hr":
            return []
        alert = "" if self.flat else alert_of(element)
        if tag == "blockquote" or alert:
            return self._quotation(element, alert)
        return self.blocks(element)

    def _heading(self, element: Element, level: int, *, real: bool = True) -> list[str]:
        self.plain += 1
        words = " ".join(self._line(element).replace(BREAK, " ").split())
        self.plain -= 1
        if not words:
            # A picture or a whole section marked up as a heading.
            return []
        if self.flat:
            return [f"**{words}**"]
        if real:
            self.level = level
        return [f"{'#' * min(6, level)} {words}"]

    def _line(self, element: Element) -> str:
        return "".join(self._inline(child) for child in element.children)

    def _list(self, element: Element) -> list[str]:
        self.flat += 1
        ordered = element.tag == "ol"
        start = element.get("start")
        number = int(start) if re.fullmatch(r"\d{1,6}", start) else 1
        items: list[str] = []
        for child in element.children:
            if isinstance(child, str):
                continue
            if child.tag in ("ul", "ol") and items:
                # A list right inside a list belongs to the item above it.
                items[-1] += "\n" + indented("\n".join(self._list(child)), "   " if ordered else "  ")
                continue
            mark = f"{number}. " if ordered else "- "
            body = item_of(self.blocks(child) if self._is_block(child) else paragraphs(self._inline(child)))
            if body:
                items.append(mark + indented(body, " " * len(mark)).lstrip())
                number += 1
        self.flat -= 1
        return ["\n".join(items)] if items else []

    def _definitions(self, element: Element) -> list[str]:
        """Terms with what they mean as a list; questions with their answers as headings."""
        found: list[str] = []
        items: list[str] = []
        term = ""
        asked = False
        for child in [one for one in element.elements() if one.tag in ("dt", "dd") and list_of(one) is element]:
            if child.tag == "dt" and is_question(child.text()):
                found += ["\n".join(items)] if items else []
                found += self._heading(child, self.level + 1, real=False)
                items, term, asked = [], "", True
            elif child.tag == "dt":
                term += (" / " if term else "") + " ".join(self._line(child).replace(BREAK, " ").split())
                asked = False
            elif asked:
                found += self.blocks(child)
            else:
                self._define(child, term, items)
                term = ""
        return [*found, "\n".join(items)] if items else found

    def _define(self, meaning: Element, term: str, items: list[str]) -> None:
        self.flat += 1
        first, *rest = self.blocks(meaning) or [""]
        self.flat -= 1
        if term:
            items.append("- " + indented(item_of([f"**{term}**: {first}".rstrip(), *rest]), "  ").lstrip())
        elif items and first:
            items[-1] += "\n\n" + indented(item_of([first, *rest]), "  ")

    def _quotation(self, element: Element, alert: str) -> list[str]:
        self.flat += 1
        inner = self.blocks(element)
        self.flat -= 1
        if alert and inner and re.fullmatch(r"[*\W]*(?:\w+)[*\W]*", inner[0]) and alert_in(inner[0]):
            inner = inner[1:]  # its title, "Note", is said by the mark
        if not inner:
            return []
        lines = "\n\n".join(inner).split("\n")
        mark = [f"> [!{alert}]"] if alert else []
        return ["\n".join(mark + [f"> {line}".rstrip() for line in lines])]

    def _table(self, element: Element) -> list[str]:
        code = [one for one in element.elements() if one.tag == "pre"]
        rows = grid_of(element)
        if code:
            # How some highlighters number lines: one cell of numbers, one of code.
            return fence(max(code, key=lambda one: len(one.text())))
        if rows is None:
            return self.blocks(element)
        self.flat += 1
        cells = [[self._cell(one) for one in row] for row in rows]
        self.flat -= 1
        caption = next((one.text() for one in element.elements() if one.tag == "caption"), "")
        found = [escaped(caption) + ("" if caption.endswith((":", ".", "?", "!")) else ":")] if caption else []
        if not any(any(row) for row in cells):
            return found
        header, body = header_of(rows, cells)
        lines = ["| " + " | ".join(row) + " |" for row in [header, *body] if any(row) or row is header]
        lines.insert(1, "|" + " --- |" * len(header))
        return [*found, "\n".join(lines)]

    def _cell(self, cell: Element | None) -> str:
        if cell is None:
            return ""
        lines = [line for block in self.blocks(cell) for line in cell_lines(block)]
        text = " ".join(line + ";" if item else line for line, item in lines)
        return " ".join(text.removesuffix(";").split()).replace("|", "\\|")

    def _inline(self, node: Element | str) -> str:
        if isinstance(node, str):
            return re.sub(r"\s+", " ", escaped(node))
        tag = node.tag
        if tag == "br":
            return BREAK
        if tag == "img":
            return self._image(node)
        if tag in CONTROLS:
            return self._control(node)
        if tag in _CODE:
            return code_span(node)
        if tag in ("sup", "sub"):
            return raised(node, tag)
        if self.depth > _MAX_DEPTH:
            return escaped(node.text())
        self.depth += 1
        found = self._link(node) if tag == "a" else self._marked(node)
        self.depth -= 1
        return found

    def _marked(self, element: Element) -> str:
        mark = "" if self.plain else _MARKS.get(element.tag, "")
        if element.tag == "q":
            return f"“{self._line(element)}”"
        if not mark:
            return self._line(element)
        self.plain += 1
        text = self._line(element)
        self.plain -= 1
        return BREAK.join(wrapped(part, mark) for part in text.split(BREAK))

    def _link(self, element: Element) -> str:
        text = self._line(element)
        words = text.replace(BREAK, " ").strip()
        target = absolute(element.get("href"), self.base)
        if not words or not target or target.startswith("#") or "](" in words:
            return text
        before, after = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
        return f"{before}[{words}]({target}){after}"

    def _image(self, element: Element) -> str:
        alt = escaped(" ".join(element.get("alt").split()))
        if not alt or _FILE_NAME.fullmatch(alt) or self.plain and "](" in alt:
            return ""
        source = absolute(element.get("src"), self.base) if not element.get("src").startswith("data:") else ""
        return f"![{alt.replace('[', '(').replace(']', ')')}]({'' if source.startswith('#') else source})"

    def _control(self, element: Element) -> str:
        if element.tag == "input" and element.get("type") == "checkbox" and element.parent is not None:
            box = "[x] " if "checked" in element.attributes else "[ ] "
            return box if element.parent.tag == "li" or element.parent.tag == "p" else ""
        # In a heading a button opens what follows: its words are the heading.
        return self._line(element) if element.tag == "button" and self.plain else ""
