"""HTML as a small tree of our own: what is never text (scripts, styles, media) is left out while it is built.

Like everything that imports it, this is for the child of `converting.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from selectolax.lexbor import LexborHTMLParser, LexborNode

MAX_DEPTH: Final = 500
"""The parser's time grows with size times depth: 800 kB of `<ul><li>`, 10^5 deep, took it 172 s. Pages have some 40."""
_MAX_TAGS: Final = 300_000
"""As many took 15 s and stayed within what the child may use; 800,000 did not. Pages have some 2,000."""
_NO_TEXT: Final = frozenset(
    {"style", "noscript", "template", "svg", "iframe", "object", "embed", "canvas", "audio", "video", "map", "frameset"}
)
_TAG: Final = re.compile(r"<(script|style|!--)|<(/?)([a-zA-Z][a-zA-Z0-9-]*)")
_ENDS: Final = {"script": re.compile("</script", re.I), "style": re.compile("</style", re.I), "!--": re.compile("-->")}
_NEVER_OPEN: Final = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr",
     "p", "li", "td", "th", "tr", "dt", "dd", "option", "optgroup", "tbody", "thead", "tfoot", "colgroup", "rp", "rt",
     "html", "head", "body"}
)  # fmt: skip
"""Tags without an end, or whose end may be left out."""


@dataclass(slots=True, eq=False)
class Element:
    """A tag with what it holds; `children` are elements and texts."""

    tag: str
    attributes: dict[str, str]
    parent: Element | None
    children: list[Element | str] = field(default_factory=list)

    def get(self, name: str) -> str:
        return self.attributes.get(name, "")

    @property
    def classes(self) -> list[str]:
        return self.get("class").split()

    def elements(self) -> Iterator[Element]:
        """Itself and every element below, in order."""
        waiting = [self]
        while waiting:
            one = waiting.pop()
            yield one
            waiting.extend(child for child in reversed(one.children) if isinstance(child, Element))

    def text(self) -> str:
        """The words below, on one line."""
        return " ".join("".join(self._texts()).split())

    def _texts(self) -> Iterator[str]:
        waiting: list[Element | str] = [self]
        while waiting:
            one = waiting.pop()
            if isinstance(one, str):
                yield one
                continue
            if one.tag not in INLINE:
                yield " "
                waiting.append(" ")
            waiting.extend(reversed(one.children))

    def above(self) -> Iterator[Element]:
        """What it is in, the nearest first."""
        one = self.parent
        while one is not None:
            yield one
            one = one.parent

    def leave(self) -> None:
        """Take it out of the tree."""
        if self.parent is not None:
            self.parent.children = [child for child in self.parent.children if child is not self]
            self.parent = None


INLINE: Final = frozenset(
    {"a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em", "font", "i", "img",
     "ins", "kbd", "label", "mark", "nobr", "q", "rp", "rt", "ruby", "s", "samp", "small", "span", "strike", "strong",
     "sub", "sup", "time", "tt", "u", "var", "wbr"}
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    root: Element
    json_ld: tuple[str, ...]
    """What the page says of itself for machines."""


def tree_of(html: str) -> Tree | str:
    """The tree of a page, or why it is none that a person wrote."""
    if html.count("<") > _MAX_TAGS:
        return "holds far more markup than an article; split it"
    if _too_deep(html):
        return "is nested too deeply to be read"
    top = LexborHTMLParser(html).root
    root = Element("html", {}, None)
    machines: list[str] = []
    if top is not None:
        root.attributes = _attributes(top)
        _fill(root, top, machines)
    return Tree(root=root, json_ld=tuple(machines))


def _fill(root: Element, top: LexborNode, machines: list[str]) -> None:
    waiting: list[tuple[LexborNode, Element]] = [(top, root)]
    while waiting:
        node, element = waiting.pop()
        child = node.first_child
        while child is not None:
            tag = child.tag or ""
            if tag == "-text":
                element.children.append(child.text_content or "")
            elif tag == "script":
                if (child.attributes.get("type") or "").strip().lower() == "application/ld+json":
                    machines.append(child.text() or "")
            elif tag not in _NO_TEXT and not tag.startswith(("-", "!")):
                made = Element(tag, _attributes(child), element)
                element.children.append(made)
                waiting.append((child, made))
            child = child.next


def _attributes(node: LexborNode) -> dict[str, str]:
    return {name: value or "" for name, value in node.attributes.items()}


def _too_deep(html: str) -> bool:
    """Whether more tags are open at once than any page has, in one pass over the text."""
    depth = position = 0
    while match := _TAG.search(html, position):
        position = match.end()
        if match[1]:
            end = _ENDS[match[1].lower()].search(html, position)
            position = end.end() if end else len(html)
        elif match[3].lower() not in _NEVER_OPEN:
            depth = max(0, depth - 1) if match[2] else depth + 1
            if depth > MAX_DEPTH:
                return True
    return False
