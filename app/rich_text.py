"""Markdown to a small tree of blocks that pages turn into elements. There is no HTML on the way, so none can get in.

Images become their alt text (a remote image is a way out for data), links survive only to allowed hosts.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode

from conversations.model import JsonObject, JsonValue

_MARKER = re.compile(r"\[([0-9]{1,2})\]")
_TAG = re.compile(r"<(script|style)\b.*?(?:</\1\s*>|$)|</?[a-zA-Z][^<>]*>|<!--.*?(?:-->|$)", re.DOTALL | re.IGNORECASE)
RENDERED_KEPT = 2_048
MAX_DEPTH = 12
"""Nesting of lists and quotes that is kept; deeper text is flattened, so that no input exhausts the stack."""


def _parser(*, html: bool) -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": html, "maxNesting": 40}).enable(["table", "strikethrough"])


# Articles carry HTML tags, which are dropped; what a person types between angle brackets is meant to be read.
_DROPPING_TAGS = _parser(html=True)
_SHOWING_TAGS = _parser(html=False)


class RichText:
    """Renders texts for pages. `link_hosts` are the hosts that links may lead to, besides our own paths."""

    def __init__(self, link_hosts: Collection[str]) -> None:
        self._link_hosts = frozenset(host.lower() for host in link_hosts)
        # Messages never change and are shown again and again: to each reconnecting page, in each inbox.
        self._article = lru_cache(maxsize=RENDERED_KEPT)(self._render_article)
        self._typed = lru_cache(maxsize=RENDERED_KEPT)(self._render_typed)

    def allow(self, hosts: Iterable[str]) -> None:
        """Links may lead to these hosts, too."""
        self._link_hosts |= {host.lower() for host in hosts}
        self._article.cache_clear()

    def plain(self, text: str) -> list[JsonObject]:
        """A customer's text: paragraphs and line breaks, nothing is interpreted."""
        paragraphs = [part for part in re.split(r"\n\s*\n", text.strip()) if part.strip()]
        return [{"t": "p", "c": _with_breaks(part)} for part in paragraphs]

    def typed(self, text: str) -> list[JsonObject]:
        """Blocks of the Markdown that a human agent typed."""
        return self._typed(text)

    def _render_typed(self, text: str) -> list[JsonObject]:
        tree = _tree(_SHOWING_TAGS.parse(text))
        return list(_Renderer(self, frozenset()).blocks(tree.children, 0))

    def article(self, text: str, *, markers: Collection[int] = ()) -> list[JsonObject]:
        """Blocks of an article, or of an answer that quotes one; [n] is a citation where n is one of `markers`."""
        return self._article(text, frozenset(markers))

    def _render_article(self, text: str, markers: frozenset[int]) -> list[JsonObject]:
        tree = _tree(_DROPPING_TAGS.parse(text))
        return list(_Renderer(self, markers).blocks(tree.children, 0))

    def allows(self, href: str) -> bool:
        # Browsers read "\\" as "/" and skip control characters: what we would judge is not where they would go.
        if "\\" in href or not href.isprintable():
            return False
        try:
            parts = urlsplit(href)
        except ValueError:
            return False
        if not parts.scheme and not parts.netloc:
            return href.startswith("/") and not href.startswith("//")
        # "https://our-bank.example@elsewhere.example/" goes elsewhere and does not look like it.
        disguised = "@" in parts.netloc
        return parts.scheme == "https" and not disguised and (parts.hostname or "") in self._link_hosts


def _with_breaks(text: str) -> list[JsonValue]:
    inline: list[JsonValue] = []
    for index, line in enumerate(text.split("\n")):
        if index:
            inline.append({"t": "br"})
        inline.append({"t": "text", "v": line})
    return inline


def _tree(tokens: list[Token]) -> SyntaxTreeNode:
    for token in tokens:
        if token.children:
            token.children = list(_shallow(token.children))
    return SyntaxTreeNode(tokens)


def _shallow(inline: list[Token]) -> Iterator[Token]:
    """Without emphasis nested deeper than MAX_DEPTH: the parser bounds blocks only, and the tree is recursive."""
    depth = 0
    for token in inline:
        depth += max(token.nesting, 0)
        if token.nesting == 0 or depth <= MAX_DEPTH:
            token.children = None  # an image's text, which nobody renders
            yield token
        depth += min(token.nesting, 0)


class _Renderer:
    def __init__(self, rich_text: RichText, markers: frozenset[int]) -> None:
        self._rich_text = rich_text
        self._markers = markers

    def blocks(self, nodes: list[SyntaxTreeNode], depth: int) -> Iterator[JsonObject]:
        for node in nodes:
            yield from self._block(node, depth)

    def _block(self, node: SyntaxTreeNode, depth: int) -> Iterator[JsonObject]:
        if depth > MAX_DEPTH:
            yield {"t": "p", "c": [{"t": "text", "v": _text_of(node)}]}
        elif node.type in ("paragraph", "inline"):
            yield {"t": "p", "c": self._inline_of(node)}
        elif node.type == "heading":
            level = min(4, max(2, int(node.tag[1])))
            yield {"t": "h", "level": level, "c": self._inline_of(node)}
        elif node.type in ("bullet_list", "ordered_list"):
            yield self._list(node, depth)
        elif node.type in ("fence", "code_block"):
            yield {"t": "pre", "v": node.content.rstrip("\n")}
        elif node.type == "blockquote":
            yield {"t": "quote", "c": list(self.blocks(node.children, depth + 1))}
        elif node.type == "table":
            yield self._table(node)
        elif node.type == "hr":
            yield {"t": "hr"}
        elif node.type == "html_block" and (text := _TAG.sub(" ", node.content).strip()):
            yield {"t": "p", "c": [{"t": "text", "v": text}]}

    def _list(self, node: SyntaxTreeNode, depth: int) -> JsonObject:
        items: list[JsonValue] = [list(self.blocks(item.children, depth + 1)) for item in node.children]
        if node.type == "bullet_list":
            return {"t": "ul", "c": items}
        return {"t": "ol", "start": int(node.attrs.get("start", 1)), "c": items}

    def _table(self, node: SyntaxTreeNode) -> JsonObject:
        rows: list[list[JsonValue]] = [
            [self._inline_of(cell) for cell in row.children] for part in node.children for row in part.children
        ]
        body: list[JsonValue] = list(rows[1:])
        return {"t": "table", "head": rows[0] if rows else [], "rows": body}

    def _inline_of(self, node: SyntaxTreeNode) -> list[JsonValue]:
        inline = node.children[0] if node.children and node.children[0].type == "inline" else node
        return list(self._inlines(inline.children if inline.type == "inline" else []))

    def _inlines(self, nodes: list[SyntaxTreeNode]) -> Iterator[JsonValue]:
        for node in nodes:
            yield from self._inline(node)

    def _inline(self, node: SyntaxTreeNode) -> Iterator[JsonValue]:
        if node.type == "text":
            yield from self._text(node.content)
        elif node.type in ("strong", "em"):
            yield {"t": node.type, "c": list(self._inlines(node.children))}
        elif node.type == "code_inline":
            yield {"t": "code", "v": node.content}
        elif node.type == "link":
            children = list(self._inlines(node.children))
            href = str(node.attrs.get("href", ""))
            if self._rich_text.allows(href):
                yield {"t": "link", "href": href, "c": children}
            else:
                yield from children
        elif node.type == "image":
            yield {"t": "text", "v": node.content}
        elif node.type == "softbreak":
            yield {"t": "text", "v": " "}
        elif node.type == "hardbreak" or (node.type == "html_inline" and node.content.lower().startswith("<br")):
            yield {"t": "br"}
        elif node.type == "s":
            yield from self._inlines(node.children)

    def _text(self, text: str) -> Iterator[JsonObject]:
        end = 0
        for found in _MARKER.finditer(text):
            if int(found.group(1)) not in self._markers:
                continue
            if found.start() > end:
                yield {"t": "text", "v": text[end : found.start()]}
            yield {"t": "cite", "n": int(found.group(1))}
            end = found.end()
        if end < len(text):
            yield {"t": "text", "v": text[end:]}


def _text_of(node: SyntaxTreeNode) -> str:
    tokens: list[Token] = node.to_tokens()
    return " ".join(token.content for token in tokens if token.content)
