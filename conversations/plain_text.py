"""A message as one reads it aloud: without Markdown marks and citation numbers, for previews and briefs."""

from __future__ import annotations

import re
from typing import Final

from conversations.model import AuthorKind, Message

_LINK: Final = re.compile(r"!?\[([^\]\n]{0,300})\]\([^)\s]{0,2000}\)")
_EMPHASIS: Final = re.compile(r"(?<![\w*])(\*{1,3}|~~)(?=[^\s*])([^*~\n]{1,600}?)(?<=[^\s*])\1(?![\w*])")
_LINE_MARK: Final = re.compile(r"^[ \t]*(?:#{1,6}[ \t]+|>[ \t]?|[-*+][ \t]+|(?:`{3,}|~{3,}).*$)", re.MULTILINE)
_TABLE_RULE: Final = re.compile(r"^[ \t]*\|?(?:[ \t]*:?-{3,}:?[ \t]*\|)+[ \t:|-]*$\n?", re.MULTILINE)
_TABLE_ROW: Final = re.compile(r"^[ \t]*\|(.+)\|[ \t]*$", re.MULTILINE)


def plain_text(message: Message) -> str:
    """The words of `message`. A customer's text is taken as it was typed: nothing in it is Markdown."""
    if message.author.kind is AuthorKind.CUSTOMER:
        return message.text
    text = message.text
    for citation in message.citations:
        text = text.replace(f" [{citation.marker}]", "").replace(f"[{citation.marker}]", "")
    text = _TABLE_ROW.sub(_cells, _TABLE_RULE.sub("", text))
    text = _LINE_MARK.sub("", _LINK.sub(r"\1", text))
    # Twice, because bold may hold italics.
    return _EMPHASIS.sub(r"\2", _EMPHASIS.sub(r"\2", text)).replace("`", "").strip()


def one_line(message: Message, most: int) -> str:
    """The beginning of the plain text, on one line, within `most` characters."""
    words = " ".join(plain_text(message).split())
    return words if len(words) <= most else f"{words[: most - 1].rstrip()}…"


def _cells(row: re.Match[str]) -> str:
    return " · ".join(cell for cell in (part.strip() for part in row[1].split("|")) if cell)
