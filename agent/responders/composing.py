"""Puts quoted pieces into one short Markdown answer with citation markers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from agent.draft import SentenceSupport
from agent.responders.passage_text import Paragraphs, same_list, shown
from conversations.model import Citation
from knowledge_base.model import Hit, Quote, QuoteKind

_LONGEST_CITATION: Final = 600
_DECIDES: Final = re.compile(
    r"\b(?:not|no|never|cannot|can't|don't|without|except\w*|exclu\w*|only|when|if|until|unless|possible|"
    r"free|covered|limits?)\b",
    re.IGNORECASE,
)
_REST: Final = "The article has the other steps."


@dataclass(frozen=True, slots=True, kw_only=True)
class Excerpt:
    """Quotes of one passage, by index and in its order. `score` is that of the quote they were chosen for."""

    hit: Hit
    indices: tuple[int, ...]
    score: float

    @property
    def quotes(self) -> tuple[Quote, ...]:
        return tuple(self.hit.passage.quotes[index] for index in self.indices)

    @property
    def text(self) -> str:
        return " ".join(f"{quote.lead} {quote.text}" for quote in self.quotes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    text: str
    citations: tuple[Citation, ...]
    sentences: tuple[SentenceSupport, ...]


def compose(excerpts: Sequence[Excerpt]) -> Composed:
    """One paragraph, list or table for each excerpt, in their order; a marker for each passage."""
    parts: list[str] = []
    citations: list[Citation] = []
    sentences: list[SentenceSupport] = []
    for excerpt in excerpts:
        known = [citation.marker for citation in citations if citation.passage_id == excerpt.hit.passage.id]
        marker = known[0] if known else len(citations) + 1
        parts.append(_part(excerpt, f"[{marker}]"))
        if not known:
            citations.append(_citation(excerpt, marker))
        sentences += [
            SentenceSupport(sentence=shown(quote.text), source=excerpt.hit.passage.id, score=1.0)
            for quote in excerpt.quotes
        ]
    return Composed(text="\n\n".join(parts), citations=tuple(citations), sentences=tuple(sentences))


def _part(excerpt: Excerpt, marker: str) -> str:
    kind = excerpt.quotes[-1].kind
    if kind is QuoteKind.STEP:
        return _listing(excerpt, marker, numbered=True)
    if kind is QuoteKind.ITEM:
        return _listing(excerpt, marker, numbered=False)
    if kind is QuoteKind.ROW:
        return _rows(excerpt, marker)
    if kind is QuoteKind.CODE:
        return _code(excerpt, marker)
    return _prose(excerpt, marker)


def _prose(excerpt: Excerpt, marker: str) -> str:
    return f"{' '.join(shown(quote.text) for quote in excerpt.quotes)} {marker}"


def _listing(excerpt: Excerpt, marker: str, *, numbered: bool) -> str:
    quotes = excerpt.quotes
    lead = shown(quotes[0].lead)
    if len(quotes) == 1 and not numbered:
        # An item alone can mean the opposite of its list: under "What is not possible" it must say so.
        section = excerpt.hit.passage.heading.split(" › ")[-1]
        named = lead or (f"{shown(section).rstrip(':?.')}:" if _DECIDES.search(section) else "")
        return f"{named} {shown(quotes[0].text)} {marker}".lstrip()
    heading = lead or ("Here is how:" if numbered else f"**{shown(_topic(excerpt))}**")
    passage = excerpt.hit.passage
    whole = same_list(passage.quotes, excerpt.indices[0])
    before = sum(passage.quotes[index].kind is QuoteKind.STEP for index in whole if index < excerpt.indices[0])
    lines = _lines(quotes, before) if numbered else [f"- {shown(quote.text)}" for quote in quotes]
    if numbered and len(whole) > len(quotes):
        lines.append(f"\n{_REST}")
    return "\n".join([f"{heading} {marker}", "", *lines])


def _lines(quotes: Sequence[Quote], number: int) -> list[str]:
    """Steps numbered on from `number`, what is nested in a step indented below it."""
    lines = []
    for quote in quotes:
        if quote.kind is QuoteKind.STEP:
            number += 1
            lines.append(f"{number}. {shown(quote.text)}")
        else:
            lines.append(f"   - {shown(quote.text)}")
    return lines


def _rows(excerpt: Excerpt, marker: str) -> str:
    """Each row on a line, named by its first cell: raw pipes are unreadable where Markdown tables are not drawn."""
    quotes = excerpt.quotes
    lead = shown(quotes[0].lead)
    heading = f"{lead or f'**{shown(_topic(excerpt))}**'} {marker}"
    lines = [_row(quote.text) for quote in quotes]
    if len(lines) == 1:
        return f"{lines[0]} {marker}"
    return "\n".join([heading, "", *(f"- {line}" for line in lines)])


def _row(text: str) -> str:
    """ "Destination: Canada; Standard: $12.95" as "**Canada** – Standard: $12.95"."""
    first, _, rest = shown(text).partition("; ")
    name = first.partition(": ")[2] or first
    return f"**{name.strip('*')}** – {rest}" if rest else shown(text)


def _code(excerpt: Excerpt, marker: str) -> str:
    before = [shown(quote.text) for quote in excerpt.quotes if quote.kind is not QuoteKind.CODE]
    code = "\n".join(quote.text for quote in excerpt.quotes if quote.kind is QuoteKind.CODE)
    fence = "~~~~" if "```" in code else "```"
    return f"{' '.join(before) or f'**{shown(_topic(excerpt))}**'} {marker}\n\n{fence}\n{code}\n{fence}"


def _citation(excerpt: Excerpt, marker: int) -> Citation:
    passage = excerpt.hit.passage
    span = Paragraphs(passage).span(excerpt.indices, passage.quotes)
    quote = span if 0 < len(span) <= _LONGEST_CITATION else excerpt.quotes[0].text
    return Citation(
        marker=marker,
        article_id=passage.article_id,
        passage_id=passage.id,
        title=passage.title,
        heading=passage.heading,
        url=passage.url,
        quote=quote,
    )


def _topic(excerpt: Excerpt) -> str:
    return excerpt.hit.passage.heading.split(" › ")[-1] or excerpt.hit.passage.title
