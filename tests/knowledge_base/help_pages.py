"""Pages of help centers as their platforms build them, written for these tests (`help_center_pages/`).

Each word "K12" marks something its article says, each "N12" something that stands around the article.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_FOLDER: Final = Path(__file__).parent / "help_center_pages"
_MENU: Final = "".join(f'<li><a href="/c/{number}">N4 Section {number}</a></li>' for number in range(12))


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpPage:
    """A page by the name of its platform, with what must and must not be taken from it."""

    name: str
    html: str
    title: str
    facts: frozenset[str]
    noise: frozenset[str]


def help_pages() -> list[HelpPage]:
    article = (_FOLDER / "article.html").read_text(encoding="utf-8")
    found = []
    for path in sorted(_FOLDER.glob("*.html")):
        if path.stem != "article":
            html = path.read_text(encoding="utf-8").replace("{{menu}}", _MENU).replace("{{article}}", article)
            found.append(_page(path.stem, html))
    return found


def _page(name: str, html: str) -> HelpPage:
    titles = {"accordion_of_questions": "Questions and answers", "questions_in_divs": "FAQ"}
    return HelpPage(
        name=name,
        html=html,
        title=titles.get(name, "Return an item"),
        facts=frozenset(re.findall(r"\bK\d+\b", html)),
        noise=frozenset(re.findall(r"\bN\d+\b", html)),
    )
