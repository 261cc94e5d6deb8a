"""Code on a page as Markdown, and the language that highlighters say it is in."""

from __future__ import annotations

import re
from typing import Final

from knowledge_base.sources.html_tree import Element
from knowledge_base.sources.html_words import CONTROL, CONTROLS

_LINE_END: Final = "\x1f"
"""The end of a line that is an element of its own; pages cannot hold it."""
_LANGUAGE: Final = re.compile(r"(language-|lang-|highlight-source-|brush:)?([a-z][a-z0-9+#-]{0,15})")
_NO_LANGUAGE: Final = frozenset({"text", "plaintext", "none", "plain"})


def code_span(element: Element) -> str:
    code = " ".join(CONTROL.sub("", "".join(_raw(element))).replace("\u00a0", " ").split())
    if not code:
        return ""
    longest = max((len(run) for run in re.findall("`+", code)), default=0)
    ticks = "`" * (longest + 1)
    gap = " " if code.startswith("`") or code.endswith("`") else ""
    return f"{ticks}{gap}{code}{gap}{ticks}"


def fence(element: Element) -> list[str]:
    code = CONTROL.sub("", "".join(_raw(element))).replace("\u00a0", " ").strip("\n")
    code = "\n".join(line.rstrip() for line in code.split("\n"))
    if not code.strip():
        return []
    longest = max((len(run) for run in re.findall("`{3,}", code)), default=2)
    ticks = "`" * (longest + 1)
    return [f"{ticks}{_code_language(element)}\n{code}\n{ticks}"]


def _raw(element: Element) -> list[str]:
    """Its text as it stands, line by line; iterative, for code is nested as deep as a highlighter likes."""
    found: list[str] = []
    waiting: list[Element | str] = list(reversed(element.children))
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            found.append(one)
        elif one.tag == "br":
            found.append("\n")
        elif one.tag not in CONTROLS:
            if one.tag in ("div", "p", "tr") or "token-line" in one.classes:
                waiting.append(_LINE_END)
            waiting.extend(reversed(one.children))
    return re.sub(f"\n?{_LINE_END}", "\n", "".join(found)).splitlines(keepends=True)


def _code_language(element: Element) -> str:
    around = [*element.elements(), *list(element.above())[:3]]
    for one in around:
        said = _LANGUAGE.fullmatch(one.get("data-lang").lower())
        marked = [_LANGUAGE.fullmatch(name.lower()) for name in one.classes]
        for match in [said, *(match for match in marked if match and match[1])]:
            if match is not None:
                return "" if match[2] in _NO_LANGUAGE else match[2]
    return ""
