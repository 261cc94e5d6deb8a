"""Words of a page as Markdown: escaped where they would be marks, put together to paragraphs and items."""

from __future__ import annotations

import re
from typing import Final

from knowledge_base.sources.html_tree import Element

BREAK: Final = "\x1e"
_OPEN, _CLOSE = "\x1c", "\x1d"
"""A line break and the ends of emphasis while a paragraph is put together; pages cannot hold them (`escaped`)."""
CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u00ad\u200b\u2060\ufeff]")
_ESCAPES: Final = re.compile(
    r"\\(?=[!-/:-@\[-`{-~])|`|~~|\*(?=\S)|(?<=\S)\*|(?<!\w)_(?=\S)|(?<=\S)_(?!\w)|\](?=[(\[:])"
    r"|<(?=[A-Za-z/!?])|&(?=#?\w{1,31};)"
)
_ENTITIES: Final = {"<": "&lt;", "&": "&amp;"}
_LINE_START: Final = re.compile(r"(#{1,6}(?=\s|$)|>|\+(?=\s)|\d{3,9}(?=[.)]\s))(.?)")
CONTROLS: Final = frozenset({"button", "select", "textarea", "datalist", "meter", "progress", "option", "input"})
_BULLET: Final = re.compile(r"(?:[•·▪◦‣●∙○■]|\\?[-–*])[ \t]+(?=\S)")
_RULE: Final = re.compile(r"[-=_*~\\\s]{3,}")
_SUPER: Final = str.maketrans("0123456789+-=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿ")
_SUB: Final = str.maketrans("0123456789+-=()", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎")


def escaped(text: str) -> str:
    """Text of a page such that Markdown shows just these characters."""
    text = CONTROL.sub("", text).replace("\u00a0", " ")
    return _ESCAPES.sub(lambda match: _ENTITIES.get(match[0], "\\" + match[0]), text).replace("\\~~", "\\~\\~")


def paragraphs(line: str) -> list[str]:
    """A run of words with breaks in it: two breaks part paragraphs, lines that begin with a bullet are a list."""
    line = re.sub(rf"(?<=[^\w\s*~])([*~]{{1,2}}){_CLOSE}(?=\w)", r"\1 ", line)
    line = re.sub(rf"(?<=\w){_OPEN}([*~]{{1,2}})(?=[^\w\s*~])", r" \1", line)
    line = line.replace(_OPEN, "").replace(_CLOSE, "")
    found: list[str] = []
    for part in re.split(rf"(?:[ \t\n]*{BREAK}){{2,}}", line):
        lines = [_started(one) for piece in part.split(BREAK) if (one := " ".join(piece.split()))]
        group: list[str] = []
        for one in lines:
            if group and _is_item(one) != _is_item(group[-1]):
                found.append(_joined(group))
                group = []
            group.append(one)
        if group:
            found.append(_joined(group))
    return found


def _started(line: str) -> str:
    if _RULE.fullmatch(line):
        return ""
    if bullet := _BULLET.match(line):
        return "- " + line[bullet.end() :]
    return (
        _LINE_START.sub(r"\\\1\2" if not line[:1].isdigit() else r"\1\\\2", line, count=1)
        if _LINE_START.match(line)
        else line
    )


def _is_item(line: str) -> bool:
    return line.startswith("- ")


def _joined(lines: list[str]) -> str:
    return ("\n" if _is_item(lines[0]) else "  \n").join(line for line in lines if line)


def item_of(blocks: list[str]) -> str:
    """The blocks of a list item: a list nested in it follows its words without a gap."""
    text = ""
    for block in (one for one in blocks if one):
        tight = re.match(r"(?:- |\d+\. )", block) is not None
        text += (("\n" if tight else "\n\n") if text else "") + block
    return text


def indented(text: str, indent: str) -> str:
    return "\n".join(indent + line if line else line for line in text.split("\n"))


def cell_lines(block: str) -> list[tuple[str, bool]]:
    """The lines of a block in a table's cell, and whether each is an item of a list."""
    lines = [line.strip() for line in block.split("\n")]
    if lines[0].startswith("```"):
        return [(f"`{' '.join(lines[1:-1])}`", False)]
    found = [
        (re.sub(r"^(?:- |\d+\. |> ?(?:\[!\w+\])?)", "", line), line[:2] == "- " or line[:1].isdigit()) for line in lines
    ]
    return [(line, item and len(lines) > 1) for line, item in found if line]


def wrapped(text: str, mark: str) -> str:
    words = text.strip()
    if not words:
        return text
    start = len(text) - len(text.lstrip())
    return f"{text[:start]}{_OPEN}{mark}{words}{mark}{_CLOSE}{text[start + len(words) :]}"


def raised(element: Element, tag: str) -> str:
    text = element.text()
    if any(one.tag == "a" and one.get("href").startswith("#") for one in element.elements()):
        return ""  # the number of a footnote
    if re.fullmatch(r"[0-9+\-=()n]{1,8}", text) and (tag == "sup" or "n" not in text):
        # 10² is not 102.
        return text.translate(_SUPER if tag == "sup" else _SUB)
    return escaped(text)
