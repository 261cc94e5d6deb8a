"""robots.txt by RFC 9309: which addresses a site lets us read, how fast, and where its sitemaps are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote, urlsplit

_OURS: Final = "baton"
_MAX_BYTES: Final = 500_000
_MAX_RULES: Final = 5_000
_MAX_DELAY: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    pattern: str
    allow: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Robots:
    """What a site asks of us. `delay` is in seconds between two requests, None where it does not say."""

    rules: tuple[Rule, ...] = ()
    delay: float | None = None
    sitemaps: tuple[str, ...] = ()

    def allows(self, url: str) -> bool:
        """The longest rule that fits says; of two as long, the one that allows."""
        parts = urlsplit(url)
        path = _spelled(parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        best = max(
            (rule for rule in self.rules if _fits(rule.pattern, path)),
            key=lambda rule: (len(rule.pattern), rule.allow),
            default=None,
        )
        return best is None or best.allow


def robots_of(data: bytes) -> Robots:
    text = data[:_MAX_BYTES].decode("utf-8-sig", errors="replace")
    groups: dict[str, list[tuple[str, str]]] = {}
    sitemaps: list[str] = []
    names: list[str] = []
    ruled = False
    for line in text.splitlines():
        key, found, value = line.split("#", 1)[0].partition(":")
        key, value = key.strip().lower(), value.strip()
        if not found:
            continue
        if key == "sitemap":
            sitemaps.append(value)
        elif key == "user-agent":
            names = [value.lower()] if ruled else [*names, value.lower()]
            ruled = False
        elif key in ("allow", "disallow", "crawl-delay"):
            ruled = True
            for name in names:
                groups.setdefault(name, []).append((key, value))
    ours = [line for name, lines in groups.items() if name.split("/")[0].strip() == _OURS for line in lines]
    return _robots(ours if ours else groups.get("*", []), sitemaps)


def _robots(lines: list[tuple[str, str]], sitemaps: list[str]) -> Robots:
    rules = [
        Rule(pattern=_spelled(value), allow=key == "allow") for key, value in lines if key != "crawl-delay" and value
    ]
    delays = [
        float(value) for key, value in lines if key == "crawl-delay" and re.fullmatch(r"\d{1,6}(?:\.\d{1,3})?", value)
    ]
    return Robots(
        rules=tuple(rules[:_MAX_RULES]),
        delay=min(_MAX_DELAY, max(delays)) if delays else None,
        sitemaps=tuple(dict.fromkeys(sitemaps[:100])),
    )


def _spelled(path: str) -> str:
    """One spelling of a path: "/%7Ejoe" and "/~joe" are one."""
    return quote(unquote(path), safe="/*$!&'()+,;=:@~-._?")


def _fits(pattern: str, path: str) -> bool:
    """Whether `path` begins with `pattern`, "*" being anything and "$" its end. Each part is looked for once, from left
    to right: no pattern makes it slow."""
    ends = pattern.endswith("$")
    first, *rest = pattern.removesuffix("$").split("*")
    if not path.startswith(first):
        return False
    position = len(first)
    for index, part in enumerate(rest):
        if ends and index == len(rest) - 1:
            return path.endswith(part) and len(path) - len(part) >= position
        found = path.find(part, position)
        if found < 0:
            return False
        position = found + len(part)
    return not ends or position == len(path)
