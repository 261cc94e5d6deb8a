"""What elements of a page are for where their tags do not say: questions, headings in bold, remarks in a box."""

from __future__ import annotations

import re
from typing import Final

from knowledge_base.sources.html_tree import INLINE, Element

HEADINGS: Final = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_ALERTS: Final = {
    "danger": "CAUTION", "error": "CAUTION", "caution": "CAUTION", "warning": "WARNING", "warn": "WARNING",
    "important": "IMPORTANT", "tip": "TIP", "success": "TIP", "hint": "TIP", "note": "NOTE", "info": "NOTE",
    "callout": "NOTE", "admonition": "NOTE", "alert": "NOTE", "infobox": "NOTE",
}  # fmt: skip
_MAX_ALERT: Final = 1500
"""Characters. More is no remark beside the text but the text, in a box whose class happens to say "note"."""
_MAX_QUESTION: Final = 200


def asks(element: Element) -> bool:
    """Whether it is the question of a question and answer: marked up as one, or what opens the answer."""
    if element.tag in HEADINGS or element.tag in ("a", "p", "li", "td") or not _question_like(element):
        return False
    text = element.text()
    if not text or len(text) > _MAX_QUESTION or any(one.tag in HEADINGS for one in element.elements()):
        return False
    return element.tag == "button" or is_question(text)


def _question_like(element: Element) -> bool:
    if element.tag == "button":
        return bool(
            element.get("aria-controls") or element.get("data-bs-target") or "accordion" in element.get("class")
        )
    if element.tag == "label":
        return True
    said = f"{element.get('class')} {element.get('itemprop')}".lower()
    return bool(re.search(r"question|accordion|toggle|trigger|(?:^|[\s_-])(?:faq|name|title|header)(?:$|[\s_-])", said))


def is_question(text: str) -> bool:
    return len(text) <= _MAX_QUESTION and text.rstrip().endswith(("?", "？", "؟"))


def is_bold(element: Element) -> bool:
    text = element.text()
    held = [one for one in element.children if not (isinstance(one, str) and not one.strip())]
    bold = len(held) == 1 and isinstance(held[0], Element) and held[0].tag in ("b", "strong")
    return bold and 0 < len(text) <= 90 and not text.endswith((".", ":", "!", ";", ","))


def bold_headings(root: Element) -> bool:
    """Whether paragraphs all in bold are its headings: it has several of them and no others."""
    held = list(root.elements())
    return not any(one.tag in HEADINGS for one in held) and sum(one.tag == "p" and is_bold(one) for one in held) >= 2


def alert_of(element: Element) -> str:
    """The kind of a remark in a box, or ""."""
    kind = alert_in(" ".join(element.classes))
    if not kind and element.get("role") in ("note", "alert"):
        kind = "NOTE"
    if not kind or element.tag in INLINE or len(element.text()) > _MAX_ALERT:
        return ""
    inner = [one.tag for one in element.elements() if one.tag in HEADINGS or one.tag == "table"]
    return kind if len(inner) <= 1 and "table" not in inner else ""


def alert_in(words: str) -> str:
    tokens = re.split(r"[\W_]+", words.lower())
    return next((kind for token, kind in _ALERTS.items() if token in tokens), "")


def list_of(element: Element) -> Element | None:
    return next((one for one in element.above() if one.tag == "dl"), None)
