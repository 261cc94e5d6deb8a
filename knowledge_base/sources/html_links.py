"""Where links of a page lead."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote, urljoin, urlsplit

from knowledge_base.sources.html_words import CONTROL

_SCHEMES: Final = frozenset({"http", "https", "mailto", "tel"})


def absolute(href: str, base: str) -> str:
    """A link's whole address; "#…" for a place on the same page, "" for what no link may lead to."""
    href = CONTROL.sub("", href).strip()
    if not href or href.startswith("#"):
        return href[:1]
    try:
        target = urljoin(base, href)
        scheme = urlsplit(target).scheme
    except ValueError:
        return ""
    if scheme not in _SCHEMES or any(c in target for c in "\n\r\t"):
        return ""
    return quote(target, safe="!#$%&'*+,/:;=?@[]~_-.").replace("[", "%5B").replace("]", "%5D")
