"""Articles to passages that fit the encoder's window, cut between blocks, and inside a block only between its units."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from knowledge_base.blocks import HEADING_SEPARATOR, Block, Section, Unit, sections
from knowledge_base.markup import plain
from knowledge_base.model import Article, Passage, PassageId, Quote, QuoteKind

CountTokens = Callable[[Sequence[str]], list[int]]

WINDOW: Final = 220
"""Tokens of one passage with its title and heading: under the 256 that MiniLM sees, special tokens included."""
_PREFIX: Final = 60
"""At most this much of the window goes to title and heading."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitPassage:
    """A passage and the plain text that is embedded for it: title, heading, words."""

    passage: Passage
    embedded: str
    words: str


def split(article: Article, count_tokens: CountTokens, *, window: int = WINDOW) -> list[SplitPassage]:
    """The passages of an article in order; none where it holds no text besides headings."""
    return _Splitter(article, count_tokens, window).split()


def spoken(quote: Quote) -> str:
    """The plain text that is embedded for a quote: "Click OK" means something only below what introduces it."""
    return plain(f"{quote.lead} {quote.text}" if quote.lead else quote.text)


@dataclass(slots=True)
class _Draft:
    texts: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    quotes: list[Quote] = field(default_factory=list)
    tokens: int = 0
    leads_only: bool = False
    """True while it holds nothing but a repeated lead, which is no passage of its own."""


class _Splitter:
    def __init__(self, article: Article, count_tokens: CountTokens, window: int) -> None:
        self._article = article
        self._count = count_tokens
        self._window = window
        self._found: list[SplitPassage] = []
        self._draft = _Draft()
        self._heading = ""
        self._prefix = ""
        self._budget = window

    def split(self) -> list[SplitPassage]:
        for section in sections(self._article.title, self._article.text):
            self._open(section.heading)
            self._section(section)
            self._close()
        return self._found

    def _section(self, section: Section) -> None:
        texts = [text for block in section.blocks for text in (block.lead, *_words(block.units))]
        counts = iter(self._count(texts))
        for block in section.blocks:
            lead, *sizes = (next(counts) for _ in range(1 + len(block.units)))
            self._add(block, sizes, lead)

    def _open(self, heading: str) -> None:
        self._heading = heading
        self._prefix = self._fitting_prefix(plain(self._article.title), heading)
        self._budget = max(8, self._window - self._count([self._prefix])[0])

    def _fitting_prefix(self, title: str, heading: str) -> str:
        prefix = f"{title}{HEADING_SEPARATOR}{heading}" if heading else title
        room = min(_PREFIX, self._window // 3)
        while self._count([prefix])[0] > room:
            prefix = prefix[: len(prefix) * 3 // 4].rstrip()
        return prefix

    def _add(self, block: Block, sizes: Sequence[int], lead: int) -> None:
        total = sum(sizes)
        if self._draft.tokens + total <= self._budget:
            self._append(block.whole, block.units, total)
            return
        if total + lead <= self._budget:
            self._start_below(block, lead)
            self._append(block.whole, block.units, total)
            return
        if block.keep:
            self._start_below(block, lead)
        self._spread(block, sizes, lead)

    def _spread(self, block: Block, sizes: Sequence[int], lead: int) -> None:
        """A block larger than the window goes into several passages, each with its head and lead."""
        part: list[Unit] = []
        size = 0
        for unit, tokens in self._fitted(block, sizes, lead):
            if part and self._draft.tokens + size + tokens > self._budget:
                self._append(_assembled(block, part), part, size)
                self._start_below(block, lead)
                part, size = [], 0
            elif not part and self._draft.tokens + tokens > self._budget:
                self._start_below(block, lead)
            part.append(unit)
            size += tokens
        if part:
            self._append(_assembled(block, part), part, size)

    def _fitted(self, block: Block, sizes: Sequence[int], lead: int) -> list[tuple[Unit, int]]:
        room = max(8, self._budget - (lead if block.keep else 0))
        return [
            piece
            for unit, tokens in zip(block.units, sizes, strict=True)
            for piece in ([(unit, tokens)] if tokens <= room else self._cut(unit, room))
        ]

    def _cut(self, unit: Unit, room: int) -> list[tuple[Unit, int]]:
        """Last resort, a single sentence, item or row larger than the window: by its quotes, then by its words."""
        if len(unit.quotes) > 1:
            parts = [_unit_of(quote) for quote in unit.quotes]
        else:
            whole = unit.quotes[0].text if unit.quotes else unit.text
            parts = [_unit_like(unit, half) for half in _halves(whole)]
        sizes = self._count(_words(parts))
        return [
            piece
            for part, size in zip(parts, sizes, strict=True)
            for piece in ([(part, size)] if size <= room or len(part.text) < 2 else self._cut(part, room))
        ]

    def _start_below(self, block: Block, lead: int) -> None:
        """A fresh passage for `block`, beginning with the sentence that introduces it."""
        if block.lead and self._draft.texts and self._draft.texts[-1] == block.lead:
            self._take_back_lead(block, lead)
        self._close()
        if block.keep and block.lead:
            self._draft = _Draft([block.lead], [plain(block.lead)], [], lead, True)

    def _take_back_lead(self, block: Block, lead: int) -> None:
        """A passage that ended in "To reset it:" loses that line to the list that moves on."""
        draft = self._draft
        draft.texts.pop()
        draft.words.pop()
        draft.tokens -= lead
        if draft.quotes and draft.quotes[-1].text == block.lead:
            draft.quotes.pop()

    def _append(self, text: str, units: Sequence[Unit], tokens: int) -> None:
        self._draft.texts.append(text)
        self._draft.words.append(" ".join(_words(units)))
        self._draft.quotes += [quote for unit in units for quote in unit.quotes]
        self._draft.tokens += tokens
        self._draft.leads_only = False

    def _close(self) -> None:
        draft, self._draft = self._draft, _Draft()
        words = " ".join(draft.words).strip()
        if draft.leads_only or not words:
            return
        position = len(self._found)
        passage = Passage(
            id=PassageId(f"{self._article.id}#{position}"),
            article_id=self._article.id,
            title=self._article.title,
            heading=self._heading,
            text="\n\n".join(draft.texts),
            position=position,
            url=self._article.url,
            quotes=tuple(draft.quotes),
        )
        embedded = f"{self._prefix}\n{words}"
        self._found.append(SplitPassage(passage=passage, embedded=embedded, words=words))


def _assembled(block: Block, units: Sequence[Unit]) -> str:
    if len(units) == len(block.units):
        return block.whole
    body = block.joiner.join(unit.text for unit in units)
    return "\n".join(part for part in (block.head, body, block.foot) if part)


def _unit_of(quote: Quote) -> Unit:
    code = quote.kind is QuoteKind.CODE
    text = f"```\n{quote.text}\n```" if code else quote.text
    return Unit(
        text=text,
        words=" ".join(quote.text.split()) if code else plain(quote.text),
        quotes=(quote,),
    )


def _unit_like(unit: Unit, text: str) -> Unit:
    if unit.quotes:
        return _unit_of(replace(unit.quotes[0], text=text))
    return Unit(text=text, words=plain(text), quotes=())


def _halves(text: str) -> tuple[str, str]:
    middle = len(text) // 2
    space = text.rfind("\n", 0, middle)
    if space < len(text) // 4:
        space = text.rfind(" ", 0, middle)
    if space < len(text) // 4:
        space = middle
    return text[:space].rstrip() or text[:1], text[space:].lstrip() or text[-1:]


def _words(units: Sequence[Unit]) -> list[str]:
    return [unit.words for unit in units]
