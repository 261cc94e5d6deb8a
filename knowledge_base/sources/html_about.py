"""What a page says of itself: title, canonical address, language, date, whether it may be indexed, where it belongs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import urljoin, urlsplit

from knowledge_base.sources.html_tree import Element, Tree

_HOME: Final = re.compile(
    r"(?:home|start|startseite|accueil|inicio|all collections|all articles|main|docs|index)(?: ?page)?", re.I
)
_MAX_JSON: Final = 500_000
_MAX_NODES: Final = 5_000
_MODIFIED: Final = (
    "article:modified_time",
    "og:updated_time",
    "last-modified",
    "datemodified",
    "dcterms.modified",
    "modified",
)
_PARTING: Final = re.compile(r"\s+[|–—·•:»«›-]{1,2}\s+|\s*[|»›]\s*")
_SITE: Final = re.compile(r"\b(?:help|support|docs|documentation|knowledge ?base|customer|hilfe|aide|ayuda)\b", re.I)
_UPDATED: Final = re.compile(r"updat|modif|edited|changed|revis", re.I)


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """`title` as the page gives it, `short_title` without the site's name. `canonical` and `updated_at` as they stand.

    `path` are the headings above it in the help center ("Orders", "Returns"), `questions` pairs of question and answer
    given for machines.
    """

    title: str = ""
    short_title: str = ""
    canonical: str = ""
    language: str | None = None
    updated_at: str | None = None
    noindex: bool = False
    nofollow: bool = False
    path: tuple[str, ...] = ()
    questions: tuple[tuple[str, str], ...] = ()


def about_page(tree: Tree, base: str) -> About:
    root = tree.root
    metas = _metas(root)
    records = list(_records(tree.json_ld))
    robots = f"{metas.get('robots', '')},{metas.get('baton', '')}".lower()
    words = set(re.split(r"[\s,]+", robots))
    page_title = next((one.text() for one in root.elements() if one.tag == "title" and one.text()), "")
    title = metas.get("og:title") or metas.get("twitter:title") or page_title
    return About(
        title=f"{title} {page_title}"[:1000],
        short_title=without_site(title, metas.get("og:site_name", "")),
        canonical=_canonical(root, metas, base),
        language=_language(root, metas),
        updated_at=_updated(root, metas, records),
        noindex=bool(words & {"noindex", "none"}),
        nofollow=bool(words & {"nofollow", "none"}),
        path=_path(root, records, title),
        questions=tuple(_questions(records)),
    )


def without_site(title: str, site: str) -> str:
    """ "Return an item | Help Center | Acme" as "Return an item". `site` is its name, where the page says."""
    title, site = " ".join(title.split()), " ".join(site.split()).casefold()
    parts = _PARTING.split(title)
    marks = _PARTING.findall(title)
    if len(parts) > 1 and site and parts[0].casefold() == site:
        parts, marks = parts[1:], marks[1:]
    elif len(parts) > 1 and (parts[-1].casefold() == site or _names_site(parts)):
        parts, marks = parts[:-1], marks[:-1]
        while len(parts) > 1 and _SITE.search(parts[-1]) and len(parts[-1]) <= 40:
            parts, marks = parts[:-1], marks[:-1]
    return parts[0] + "".join(mark + part for mark, part in zip(marks, parts[1:], strict=True))


def _names_site(parts: list[str]) -> bool:
    before = sum(map(len, parts[:-1]))
    return before >= 3 and len(parts[-1]) <= min(40, before + 15)


def _metas(root: Element) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in root.elements():
        name = one.get("name") or one.get("property") or one.get("http-equiv") or one.get("itemprop")
        if one.tag == "meta" and name and one.get("content").strip():
            found.setdefault(name.lower(), one.get("content").strip())
    return found


def _canonical(root: Element, metas: dict[str, str], base: str) -> str:
    links = [
        one.get("href")
        for one in root.elements()
        if one.tag == "link" and "canonical" in one.get("rel").lower().split()
    ]
    given = next(iter(links), "") or metas.get("og:url", "")
    try:
        target = urljoin(base, given.strip()) if given.strip() else ""
        return target if urlsplit(target).scheme in ("http", "https") else ""
    except ValueError:
        return ""


def _language(root: Element, metas: dict[str, str]) -> str | None:
    top = [one for one in root.elements() if one.tag in ("html", "body")]
    tags = [one.get("lang") or one.get("xml:lang") for one in top]
    given = next((tag for tag in tags if tag), "") or metas.get("content-language", "") or metas.get("og:locale", "")
    return given.split(",")[0].strip() or None


def _updated(root: Element, metas: dict[str, str], records: list[dict[str, object]]) -> str | None:
    said = next((metas[name] for name in _MODIFIED if name in metas), None)
    if said:
        return said
    for record in records:
        if isinstance(record.get("dateModified"), str):
            return str(record["dateModified"])
    times = [one for one in root.elements() if one.tag == "time" and one.get("datetime")]
    for one in times:
        around = [one, *list(one.above())[:3]]
        words = " ".join(f"{each.get('class')} {each.get('itemprop')}" for each in around)
        near = one.parent.text()[:80] if one.parent is not None else ""
        if _UPDATED.search(words) or _UPDATED.search(near):
            return one.get("datetime")
    inside = [one for one in times if any(each.tag == "article" for each in one.above())]
    return inside[0].get("datetime") if inside else metas.get("article:published_time")


def _path(root: Element, records: list[dict[str, object]], title: str) -> tuple[str, ...]:
    """The crumbs above the page, without the home page and the page itself."""
    names = [name for name in _listed_crumbs(records) or _shown_crumbs(root) if name]
    if names and (_HOME.fullmatch(names[0]) or (len(names) > 1 and _SITE.search(names[0]))):
        names = names[1:]
    title = title.casefold()
    return tuple(name[:100] for name in names if not title.startswith(name.casefold()))[:5]


def _listed_crumbs(records: list[dict[str, object]]) -> list[str]:
    for record in records:
        items = record.get("itemListElement")
        if record.get("@type") != "BreadcrumbList" or not isinstance(items, list):
            continue
        named = [item.get("name") or _named(item.get("item")) for item in items if isinstance(item, dict)]
        return [" ".join(name.split()) for name in named if isinstance(name, str)]
    return []


def _named(item: object) -> object:
    return item.get("name") if isinstance(item, dict) else None


def _shown_crumbs(root: Element) -> list[str]:
    for one in root.elements():
        said = f"{one.get('class')} {one.get('id')} {one.get('aria-label')}".lower()
        if one.tag in ("nav", "ol", "ul", "div") and "breadcrumb" in said:
            return [link.text() for link in one.elements() if link.tag == "a" and link.text()]
    return []


def _records(texts: tuple[str, ...]) -> Iterator[dict[str, object]]:
    """Every object in the page's JSON-LD."""
    waiting: list[object] = []
    for text in texts[:20]:
        try:
            waiting.append(json.loads(text[:_MAX_JSON]))
        except (ValueError, RecursionError):
            continue
    for _ in range(_MAX_NODES):
        if not waiting:
            return
        one = waiting.pop(0)
        if isinstance(one, list):
            waiting += one
        elif isinstance(one, dict):
            yield one
            waiting += [value for value in one.values() if isinstance(value, list | dict)]


def _questions(records: list[dict[str, object]]) -> Iterator[tuple[str, str]]:
    for record in records:
        answer = record.get("acceptedAnswer")
        answer = answer[0] if isinstance(answer, list) and answer else answer
        text = answer.get("text") if isinstance(answer, dict) else None
        name = record.get("name")
        if record.get("@type") == "Question" and isinstance(name, str) and isinstance(text, str):
            yield name[:300], text
