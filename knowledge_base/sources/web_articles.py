"""From remembered pages to articles: pages that say the same are one, and each has an id that lasts."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from knowledge_base.freshness import instant, language_tag
from knowledge_base.model import Article, ArticleId
from knowledge_base.sources.source import Skipped, SourceFailed, clean, link
from knowledge_base.sources.web_address import host_of, id_of, key_of, normal
from knowledge_base.sources.web_records import PageMemory, PageRecord

_ALIKE: Final = 0.8
_MASK_PAGES: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    """`asked` is the address in memory, `own` where it was read, `claimed` the page that it says it is a copy of."""

    asked: str
    own: str
    claimed: str
    said: str


def articles_of(memory: PageMemory, order: Sequence[str]) -> tuple[list[Callable[[], Article]], list[Skipped]]:
    """The articles of these pages, each loaded when it is called for, and a line for every copy."""
    pages = _pages(memory, order)
    found: dict[str, Callable[[], Article]] = {}
    lines: list[Skipped] = []
    leaders = _leaders(memory, pages)
    for page in pages:
        leader = leaders.get(key_of(page.claimed))
        copy = leader is not None and leader is not page and _alike(memory, leader, page)
        address = page.claimed if leader is page else page.own
        if copy and leader is not None:
            lines.append(
                Skipped(where=page.asked, why=f"says the same as {leader.asked}: they are one article", kept=True)
            )
        elif id_of(address) in found:
            lines.append(
                Skipped(where=page.asked, why=f"is {address} under another name: they are one article", kept=True)
            )
        else:
            found[id_of(address)] = partial(_article, memory, page.asked, address)
    return list(found.values()), lines


def masks_among(memory: PageMemory, order: Sequence[str]) -> set[str]:
    """Pages that say one and the same, where most do: a notice of maintenance, a page to sign in. As articles they
    would replace the whole help center."""
    pages = _pages(memory, order)
    said, times = Counter(page.said for page in pages).most_common(1)[0] if pages else ("", 0)
    same = [page for page in pages if page.said == said]
    return {page.asked for page in same} if times >= _MASK_PAGES and times > len(pages) / 2 else set()


def _pages(memory: PageMemory, order: Sequence[str]) -> list[_Page]:
    return [_page(url, record) for url in order if (record := memory.get(url)) is not None and not record.why]


def _page(url: str, record: PageRecord) -> _Page:
    canonical = normal(record.canonical) if record.canonical else None
    # Another site has no say in what this one's pages are.
    theirs = canonical is None or host_of(canonical) != host_of(record.url)
    own = normal(record.url) or record.url
    said = hashlib.sha256(record.text.encode("utf-8", errors="replace")).hexdigest()
    return _Page(asked=url, own=own, claimed=own if theirs or canonical is None else canonical, said=said)


def _leaders(memory: PageMemory, pages: Sequence[_Page]) -> dict[str, _Page]:
    """For each page that others claim to be: the page itself; or the first of its copies, if it was not read and they
    agree. A theme that calls every page a copy of the home page is not believed."""
    leaders: dict[str, _Page] = {}
    claims: dict[str, list[_Page]] = {}
    for page in pages:
        if key_of(page.own) == key_of(page.claimed):
            leaders.setdefault(key_of(page.own), page)
        else:
            claims.setdefault(key_of(page.claimed), []).append(page)
    for key, claiming in claims.items():
        first, *others = claiming
        if key not in leaders and "/" in key and all(_alike(memory, first, other) for other in others):
            leaders[key] = first
    return leaders


def _alike(memory: PageMemory, first: _Page, second: _Page) -> bool:
    if first.said == second.said:
        return True
    texts = [record.text if (record := memory.get(page.asked)) else "" for page in (first, second)]
    lines = [{line.strip() for line in text.split("\n") if line.strip()} for text in texts]
    return len(lines[0] & lines[1]) >= _ALIKE * max(1, min(map(len, lines)))


def _article(memory: PageMemory, asked: str, address: str) -> Article:
    record = memory.get(asked)
    if record is None:
        raise SourceFailed(f"What was remembered of {asked} is gone. Sync again.")
    path = [clean(name) for name in record.path if name]
    metadata = {"category": path[0]} if path else {}
    metadata |= {"section": path[-1]} if len(path) > 1 else {}
    return Article(
        id=ArticleId(id_of(address)),
        title=" ".join(clean(record.title).split()) or key_of(address),
        text=clean(record.text),
        url=link(address),
        updated_at=instant(record.updated_at),
        metadata=metadata,
        language=language_tag(record.language),
    )
