"""HTML inside Markdown reduced to Markdown, and Markdown reduced to plain words.

Help centers mix both; tags that are not HTML (`<port>`, `<your name>`) are text and stay.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from typing import Final

_BLOCK_TAGS: Final = (
    "p|div|section|article|figure|figcaption|details|summary|ul|ol|li|h[1-6]|blockquote|hr|form|"
    "center|dl|dt|dd|iframe|video|style|script"
)
_TABLE_TAGS: Final = "table|thead|tbody|tfoot|tr|td|th|caption|colgroup|col"
_INLINE_TAGS: Final = (
    "a|b|strong|i|em|u|s|del|code|kbd|sub|sup|span|font|small|mark|br|img|input|button|label|"
    "source|svg|path|picture|abbr|ins|wbr"
)
# One scan from left to right: whatever starts first wins, so a tag inside code stays code. No alternative can run
# past the line or the tag it starts in, except a fence and a comment, which end with the text when left open. Ticks are
# not given back (`+`): a line of 60,000 of them took 2 s.
_SCAN: Final = re.compile(
    r"(?P<fence>^[ \t>]*(?P<ticks>`{3,}+|~{3,}+)[^\n]*\n(?:.*?^[ \t>]*(?P=ticks)[`~]*[ \t]*$|.*\Z))"
    r"|(?P<code>(?<!`)(?P<tick>`{1,3})(?!`)[^\n]{1,2000}?(?<!`)(?P=tick)(?!`))"
    r"|(?P<comment><!--.*?(?:-->|\Z))"
    rf"|<(?P<close>/?)(?P<tag>{_BLOCK_TAGS}|{_TABLE_TAGS}|{_INLINE_TAGS})"
    r"(?=[\s/>])(?P<attributes>(?:[^<>\"']|\"[^\"]{0,4000}\"|'[^']{0,4000}'){0,200}+)>",
    re.MULTILINE | re.DOTALL | re.IGNORECASE,
)
_ATTRIBUTE: Final = re.compile(r"([a-zA-Z-]{1,40})\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))")
_BULLET: Final = re.compile(r"[ \t]*(?:>[ \t]?)*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)?")
_CODE_INDENT: Final = 4
_MARKS: Final = {
    "b": "**",
    "strong": "**",
    "i": "*",
    "em": "*",
    "code": "`",
    "del": "~~",
    "s": "~~",
}


# `{#anchor .class}` after headings and links, footnote marks: instructions to another renderer, noise to a reader.
_ATTRIBUTE_LIST: Final = re.compile(r"[ \t]?\{:?[ \t]*[#.][\w-]+(?:[ \t]+[#.][\w-]+){0,10}[ \t]*\}")
_FOOTNOTE: Final = re.compile(r"^[ ]{0,3}\[\^[^\]\s]{1,80}\]:[ \t]*|\[\^[^\]\s]{1,80}\]", re.MULTILINE)


def html_to_markdown(text: str) -> str:
    """`text` with its HTML turned into Markdown: tables, lists, headings, links, images; comments are dropped."""
    return _Reducer().reduce(text)


@dataclass(slots=True)
class _Table:
    rows: list[list[str]] = field(default_factory=list)

    def markdown(self) -> str:
        rows = [[_cell(cell) for cell in row] for row in self.rows if any(c.strip() for c in row)]
        if not rows:
            return ""
        width = max(len(row) for row in rows)
        lines = ["| " + " | ".join(row + [""] * (width - len(row))) + " |" for row in rows]
        lines.insert(1, "|" + " --- |" * width)
        return "\n\n" + "\n".join(lines) + "\n\n"


class _Reducer:
    def __init__(self) -> None:
        self._out: list[str] = []
        self._tables: list[_Table] = []
        self._lists: list[tuple[str, str]] = []
        self._hrefs: list[str] = []
        self._depth = 0
        self._line_start = True
        self._silent = False

    def reduce(self, text: str) -> str:
        position = 0
        for match in _SCAN.finditer(text):
            self._write(_prose(text[position : match.start()]))
            position = match.end()
            if match["tag"]:
                self._tag(match)
            elif match["comment"] is None:
                self._write(match.group())
        self._write(_prose(text[position:]))
        while self._tables:
            self._write(self._close_table())
        return "".join(self._out)

    def _write(self, piece: str) -> None:
        if self._silent or not piece:
            return
        if self._tables:
            rows = self._tables[-1].rows
            if rows and rows[-1]:
                rows[-1][-1] += piece
            return
        if self._depth and "`" not in piece:
            # Indentation inside HTML means nothing, yet four spaces would make it a code block.
            piece = re.sub(r"\n[ \t]{4,}", "\n", piece)
        self._out.append(piece)

    def _tag(self, match: re.Match[str]) -> None:
        tag, closing = match["tag"].lower(), bool(match["close"])
        if tag in ("style", "script"):
            self._silent = not closing
        elif re.fullmatch(_TABLE_TAGS, tag):
            self._table_tag(tag, closing)
        elif re.fullmatch(_BLOCK_TAGS, tag):
            self._block_tag(tag, closing)
        else:
            self._inline_tag(tag, closing, match["attributes"] or "")

    def _table_tag(self, tag: str, closing: bool) -> None:
        if tag == "table":
            if not closing:
                self._tables.append(_Table())
            elif self._tables:
                self._write(self._close_table())
        elif self._tables and not closing and tag == "tr":
            self._tables[-1].rows.append([])
        elif self._tables and not closing and tag in ("td", "th"):
            table = self._tables[-1]
            if not table.rows:
                table.rows.append([])
            table.rows[-1].append("")

    def _close_table(self) -> str:
        return self._tables.pop().markdown()

    def _block_tag(self, tag: str, closing: bool) -> None:
        if tag in ("ul", "ol"):
            if not closing:
                base = self._line()[1]
                self._lists.append((tag, base if len(base) < _CODE_INDENT else ""))
            elif self._lists:
                self._lists.pop()
        if self._tables:
            self._write(" ")
            return
        self._depth = max(0, self._depth + (-1 if closing else 1)) if tag != "hr" else self._depth
        before, indent, start = self._line()
        if closing or tag == "hr":
            self._write("\n\n" + indent)
            return
        if not start:
            self._write("\n\n" + indent)
        elif (self._depth > 1 or tag == "li") and not before.strip():
            self._drop(len(before))
        if tag == "li":
            kind, _ = self._lists[-1] if self._lists else ("ul", "")
            base = self._lists[0][1] if self._lists else ""
            nested = "   " * max(0, len(self._lists) - 1)
            self._write(base + nested + ("1. " if kind == "ol" else "- "))
        elif tag.startswith("h"):
            self._write("#" * int(tag[1]) + " ")

    def _inline_tag(self, tag: str, closing: bool, attributes: str) -> None:
        if tag == "br":
            _, indent, _ = self._line()
            self._write(" " if self._tables else "  \n" + indent)
        elif tag == "img":
            values = _attributes(attributes)
            if values.get("alt", "").strip():
                self._write(f"![{values['alt'].strip()}]({values.get('src', '')})")
        elif tag == "a":
            self._link(closing, attributes)
        elif tag in _MARKS:
            self._write(_MARKS[tag])

    def _link(self, closing: bool, attributes: str) -> None:
        if closing:
            href = self._hrefs.pop() if self._hrefs else ""
            self._write(f"]({href})" if href else "")
            return
        href = _attributes(attributes).get("href", "").strip()
        self._hrefs.append(href)
        self._write("[" if href else "")

    def _line(self) -> tuple[str, str, bool]:
        """The line being written, the indentation that continues its list item, and whether it is still empty."""
        tail = ""
        for piece in reversed(self._out):
            tail = piece + tail
            if "\n" in piece:
                break
        line = tail.rsplit("\n", 1)[-1]
        bullet = _BULLET.match(line)
        lead = bullet.group() if bullet else ""
        indent = "".join(c if c == ">" else " " for c in lead)
        return line, indent, line == lead

    def _drop(self, characters: int) -> None:
        while characters and self._out:
            last = self._out.pop()
            kept = last[: max(0, len(last) - characters)]
            characters -= len(last) - len(kept)
            if kept:
                self._out.append(kept)


def _prose(text: str) -> str:
    return _FOOTNOTE.sub("", _ATTRIBUTE_LIST.sub("", text))


def _attributes(text: str) -> dict[str, str]:
    found = _ATTRIBUTE.findall(text)
    return {name.lower(): html.unescape(a or b or c) for name, a, b, c in found}


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


_IMAGE: Final = re.compile(
    r"!\[([^\]\n]{0,1000})\](?:\([^()\n]{0,2000}(?:\([^()\n]{0,500}\)[^()\n]{0,500})?\)|\[[^\]\n]{0,200}\])"
)
_LINK: Final = re.compile(
    r"\[((?:[^\[\]]|\[[^\[\]]{0,300}\]){1,1000})\]\([^()\s]{0,2000}(?:\([^()\n]{0,500}\)[^()\s]{0,500})?(?:\s+(?:\"[^\"\n]{0,300}\"|'[^'\n]{0,300}'))?\)"
)
_ALERT: Final = re.compile(r"^[ \t>]*\[!(NOTE|TIP|IMPORTANT|WARNING|CAUTION)\][ \t]*", re.I | re.M)
_CODE_SPAN: Final = re.compile(r"(?<!`)(`{1,3})(?!`)([^\n]{1,2000}?)(?<!`)\1(?!`)")
_EMPHASIS: Final = re.compile(r"(?<!\\)\*{1,3}|~~|(?<![\w\\])_{1,3}(?=\S)|(?<=\S)_{1,3}(?!\w)")
_ESCAPE: Final = re.compile(r"\\([!-/:-@\[-`{-~])")
_LINE_MARK: Final = re.compile(r"^[ \t]*(?:>[ \t]?)+|^[ \t]*(?:[-*+]|#{1,6})[ \t]+", re.M)


_EMPTY_LINK: Final = re.compile(r"(?<!!)\[\s{0,20}\]\([^()\s]{0,2000}\)[ \t]*")


def without_images(text: str) -> str:
    """`text` with pictures left out, and links that held nothing else."""
    return _EMPTY_LINK.sub("", _IMAGE.sub("", text)) if "](" in text else text


def images_as_words(text: str) -> str:
    """`text` with each picture as its description."""
    return _EMPTY_LINK.sub("", _IMAGE.sub(r"\1", text)) if "](" in text else text


def links_as_words(text: str) -> str:
    return _LINK.sub(r"\1", text) if "](" in text else text


def plain(text: str) -> str:
    """Markdown as the words a reader sees, on one line: what is embedded, counted and searched."""
    text = _ALERT.sub(lambda match: match[1].capitalize() + ": ", text)
    text = links_as_words(images_as_words(text))
    # A code span keeps its characters: `my_file_name` and `a*b` are not emphasis.
    parts: list[str] = []
    position = 0
    for span in _CODE_SPAN.finditer(text):
        parts += (_plain_prose(text[position : span.start()]), span[2])
        position = span.end()
    parts.append(_plain_prose(text[position:]))
    return " ".join("".join(parts).split())


def _plain_prose(text: str) -> str:
    text = _LINE_MARK.sub("", text)
    text = _ESCAPE.sub(r"\1", _EMPHASIS.sub("", text))
    return html.unescape(text)
