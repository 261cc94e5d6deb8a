"""Markdown to blocks: paragraphs, lists, tables and code under their headings, each with its quotable units."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from knowledge_base.markup import html_to_markdown, images_as_words, plain, without_images
from knowledge_base.model import Quote, QuoteKind
from knowledge_base.sentences import sentences

HEADING_SEPARATOR: Final = " › "
_MAX_LEAD: Final = 200
_ALERT: Final = re.compile(r"\s*\[!(\w+)\]\s*", re.IGNORECASE)
_REFERENCE: Final = re.compile(r"(?<!!)\[([^\[\]\n]{1,300})\](?:\[([^\[\]\n]{0,200})\])?(?![(:\[])")
_ANNOUNCES: Final = re.compile(r"\b(follow(?:ing|s)?|steps?|instructions|below)\b", re.IGNORECASE)
_ITEM_MARK: Final = re.compile(r"\s*(?:[-*+]|\d{1,9}[.)])\s+(?:\[[ xX]\]\s+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A sentence, list item, row or line: the smallest piece that splitting moves. `words` is its plain text."""

    text: str
    words: str
    quotes: tuple[Quote, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Units that belong together.

    `whole` is the block's Markdown, unsplit. Split, each part reads `head`, some units joined by `joiner`, `foot`;
    where `keep` is set a part begins with the `lead` that introduces the block.
    """

    whole: str
    units: tuple[Unit, ...]
    joiner: str
    keep: bool
    lead: str = ""
    head: str = ""
    foot: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Blocks under one heading path ("Returns › Sale items", or "")."""

    heading: str
    blocks: tuple[Block, ...]


def sections(title: str, text: str) -> list[Section]:
    """The sections of an article in order, those without any content left out."""
    text = html_to_markdown(text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "�"))
    reader = _Reader(text)
    path: list[tuple[int, str]] = []
    found: list[Section] = []
    blocks: list[Block] = []

    def close() -> None:
        if blocks:
            heading = HEADING_SEPARATOR.join(name for _, name in path)
            found.append(Section(heading=heading, blocks=tuple(blocks)))
            blocks.clear()

    for node in reader.root.children:
        if node.type != "heading":
            blocks.extend(reader.blocks(node, blocks))
            continue
        close()
        level, name = int(node.tag[1]), plain(_content(node))
        path[:] = [(above, at) for above, at in path if above < level]
        if name and not (not path and name.casefold() == title.strip().casefold()):
            path.append((level, name))
    close()
    return found


class _Reader:
    def __init__(self, text: str) -> None:
        environment: dict[str, dict[str, dict[str, str]]] = {}
        parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
        self.root = SyntaxTreeNode(parser.parse(text, environment))
        self._lines = text.split("\n")
        self._references = {name: target["href"] for name, target in environment.get("references", {}).items()}

    def blocks(self, node: SyntaxTreeNode, before: Sequence[Block]) -> Iterator[Block]:
        lead = _lead(before, node)
        if node.type == "paragraph":
            yield from self._paragraph(node)
        elif node.type in ("bullet_list", "ordered_list"):
            yield self._list(node, lead)
        elif node.type == "table":
            yield self._table(node, lead)
        elif node.type in ("fence", "code_block"):
            yield self._code(node, lead)
        elif node.type == "blockquote":
            yield from self._quoted(node)
        elif node.type == "heading":
            # A heading inside a quote or list: its words stay, as a paragraph.
            yield from self._paragraph(node)

    def _paragraph(self, node: SyntaxTreeNode) -> Iterator[Block]:
        text = images_as_words(self._inline(node)).strip()
        if not plain(text):
            return
        units = tuple(_sentence_units(self._inline(node)))
        yield Block(whole=text, units=units, joiner=" ", keep=False)

    def _list(self, node: SyntaxTreeNode, lead: str) -> Block:
        ordered = node.type == "ordered_list"
        first = int(node.attrs.get("start", 1)) if ordered else 0
        units: list[Unit] = []
        for index, item in enumerate(node.children):
            mark = f"{first + index}. " if ordered else "- "
            source = self._resolve(images_as_words(self._source(item)))
            text = mark + _ITEM_MARK.sub("", source, count=1).rstrip()
            quotes = tuple(self._item_quotes(item, ordered, lead))
            if words := plain(text):
                units.append(Unit(text=text, words=words, quotes=quotes))
        whole = "\n".join(unit.text for unit in units)
        return Block(whole=whole, units=tuple(units), joiner="\n", keep=True, lead=lead)

    def _item_quotes(self, item: SyntaxTreeNode, ordered: bool, lead: str) -> Iterator[Quote]:
        """The item's first paragraph, then what is nested below it with that paragraph as its lead."""
        own = ""
        for child in item.children:
            if child.type == "paragraph" and not own:
                own = _without_task_mark(without_images(self._inline(child)).strip())
                if plain(own):
                    yield Quote(text=own, kind=QuoteKind.STEP if ordered else QuoteKind.ITEM, lead=lead)
            elif child.type in ("bullet_list", "ordered_list"):
                nested = child.type == "ordered_list"
                for inner in child.children:
                    yield from self._item_quotes(inner, nested, _short(own) or lead)
            else:
                for block in self.blocks(child, ()):
                    below = _short(own) or lead
                    yield from (_led(quote, below) for unit in block.units for quote in unit.quotes)

    def _table(self, node: SyntaxTreeNode, lead: str) -> Block:
        source = self._resolve(images_as_words(self._source(node))).split("\n")
        rows = [row for part in node.children for row in part.children]
        names = [plain(self._inline(cell)) for cell in rows[0].children]
        units: list[Unit] = []
        for row, line in zip(rows[1:], source[2:], strict=False):
            cells = [without_images(self._inline(cell)).strip() for cell in row.children]
            pairs = [(name, cell) for name, cell in zip(names, cells, strict=False) if cell]
            text = "; ".join(f"{name}: {cell}" if name else cell for name, cell in pairs)
            if words := plain(text):
                quote = Quote(text=text, kind=QuoteKind.ROW, lead=lead)
                units.append(Unit(text=line.strip(), words=words, quotes=(quote,)))
        if not units:
            # A table of one row: its header is all it says.
            units = [Unit(text="", words=" ".join(names), quotes=())]
        head = "\n".join(line.strip() for line in source[:2])
        whole = "\n".join([head, *(unit.text for unit in units)]).rstrip()
        return Block(whole=whole, units=tuple(units), joiner="\n", keep=True, lead=lead, head=head)

    def _code(self, node: SyntaxTreeNode, lead: str) -> Block:
        code = node.content.rstrip("\n")
        fence = "```"
        while fence in code:
            fence += "`"
        head = fence + node.info.strip()
        lines = [line for line in code.split("\n") if line.strip()] or [""]
        units = [Unit(text=line, words=" ".join(line.split()), quotes=()) for line in lines]
        quote = Quote(text=code, kind=QuoteKind.CODE, lead=lead)
        units[0] = replace(units[0], quotes=(quote,) if code.strip() else ())
        whole = f"{head}\n{code}\n{fence}"
        return Block(
            whole=whole,
            units=tuple(units),
            joiner="\n",
            keep=True,
            lead=lead,
            head=head,
            foot=fence,
        )

    def _quoted(self, node: SyntaxTreeNode) -> Iterator[Block]:
        """A quotation's blocks with "> " before each line; an alert keeps its mark ("> [!NOTE]") on every one."""
        inner: list[Block] = []
        for child in node.children:
            inner.extend(self.blocks(child, inner))
        alert = _ALERT.match(inner[0].whole) if inner else None
        kind = alert[1].upper() if alert else ""
        for block in inner:
            said = _without_alert(block) if block is inner[0] and alert else block
            if said is not None and said.units:
                yield _in_quotation(said, kind)

    def _inline(self, node: SyntaxTreeNode) -> str:
        return self._resolve(_content(node))

    def _source(self, node: SyntaxTreeNode) -> str:
        first, end = node.map or (0, 0)
        lines = self._lines[first:end]
        depth = _quotation_depth(node)
        if depth:
            lines = [re.sub(rf"^(?:[ \t]*>[ \t]?){{1,{depth}}}", "", line) for line in lines]
        indent = min((len(s) - len(s.lstrip()) for s in lines[:1]), default=0)
        return "\n".join(line[indent:] if not line[:indent].strip() else line for line in lines)

    def _resolve(self, text: str) -> str:
        """Reference links as inline ones: the definition may be far away, in another passage."""
        if not self._references:
            return text

        def inline(match: re.Match[str]) -> str:
            href = self._references.get(" ".join((match[2] or match[1]).split()).upper())
            return f"[{match[1]}]({href})" if href else match[0]

        return _REFERENCE.sub(inline, text)


def _sentence_units(text: str) -> Iterator[Unit]:
    for sentence in sentences(text):
        quotable = without_images(sentence).strip()
        quote = Quote(text=quotable, kind=QuoteKind.SENTENCE)
        words = plain(sentence)
        if words:
            shown = images_as_words(sentence)
            yield Unit(text=shown, words=words, quotes=(quote,) if plain(quotable) else ())


def _content(node: SyntaxTreeNode) -> str:
    return node.children[0].content if node.children else ""


def _lead(before: Sequence[Block], node: SyntaxTreeNode) -> str:
    """The sentence just above that introduces a list, table or code: it ends in a colon or says that steps follow."""
    if not before or before[-1].keep or before[-1].whole.startswith("> "):
        return ""
    sentence = before[-1].units[-1].text
    says_so = node.type == "ordered_list" and _ANNOUNCES.search(sentence)
    return _short(sentence) if says_so or plain(sentence).endswith((":", "：")) else ""


def _short(text: str) -> str:
    return text if len(text) <= _MAX_LEAD else ""


def _led(quote: Quote, lead: str) -> Quote:
    needs_lead = quote.kind is not QuoteKind.SENTENCE and not quote.lead
    return replace(quote, lead=lead) if needs_lead else quote


def _without_task_mark(text: str) -> str:
    return re.sub(r"^\[[ xX]\]\s+", "", text)


def _quotation_depth(node: SyntaxTreeNode) -> int:
    depth = 0
    above = node.parent
    while above is not None:
        depth += above.type == "blockquote"
        above = above.parent
    return depth


def _without_alert(block: Block) -> Block | None:
    units = list(block.units)
    text = _ALERT.sub("", units[0].text, count=1).strip()
    if not text:
        units = units[1:]
    else:
        quotes = tuple(replace(quote, text=_ALERT.sub("", quote.text, count=1).strip()) for quote in units[0].quotes)
        units[0] = replace(units[0], text=text, words=plain(text), quotes=quotes)
    whole = _ALERT.sub("", block.whole, count=1).strip()
    return replace(block, whole=whole, units=tuple(units)) if whole else None


def _in_quotation(block: Block, alert: str) -> Block:
    mark = f"> [!{alert}]\n" if alert else ""
    said = f"{alert.capitalize()}: " if alert else ""
    units = [replace(unit, text=_with_marks(unit.text)) for unit in block.units]
    units[0] = replace(units[0], words=said + units[0].words)
    head = mark + _with_marks(block.head) if block.head else mark.rstrip()
    return replace(
        block,
        whole=mark + _with_marks(block.whole),
        units=tuple(units),
        joiner="\n",
        head=head,
        foot=_with_marks(block.foot) if block.foot else "",
    )


def _with_marks(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))
