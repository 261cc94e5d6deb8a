"""Is every sentence of an answer supported by what it cites? Pure, no model, about a millisecond an answer.

A claim is supported by a source if its facts, names and polarity are literally there and its words mostly are, in each
of its clauses. What this cannot see, a wrong claim made only of the source's own words, is bounded by checking against
single sentences of the source instead of the whole passage. How much gets through: evals/grounding.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

import numpy as np

from agent.claims import Segment, is_framing, is_promise, plain, segments
from agent.draft import SentenceSupport
from agent.facts import Fact, facts_in, holds
from agent.words import (
    ABSOLUTES,
    EXCEPTIONS,
    NEGATIONS,
    OPPOSITES,
    RESTRICTIONS,
    content_stems,
    names_in,
    outcomes_in,
    tokens,
)
from conversations.model import JsonValue
from knowledge_base.model import Passage, Vectors
from knowledge_base.sentences import sentences
from tools.tool import ToolCall

FRAMING: Final = "framing"
"""The `source` of a sentence that claims nothing and so needs none."""

MIN_OVERLAP: Final = 0.75
"""Share of a claim's content words found in its best source sentences; of three or fewer, all."""
MIN_CLAUSE_OVERLAP: Final = 0.6
"""The same for one clause of it: a false half does not pass on the words of the true one."""
FEW: Final = 3
"""Content words and facts below which a claim ("It is free.") means nothing without the sentence around it."""
MIN_SHARE_SAID: Final = 0.5
"""Of a source sentence, what so short a claim must say, so that it leaves no condition behind."""
MIN_OVERLAP_WITH_COSINE: Final = 0.4
MIN_COSINE: Final = 0.75
"""With an embedder, a claim of fewer shared words counts if it is this close to its best source sentence."""

_START_OF: Final = {
    "delivery": "delivery", "receipt": "delivery", "receiving": "delivery", "arrival": "delivery",
    "purchase": "purchase", "ordering": "purchase", "order": "purchase", "buying": "purchase",
    "shipping": "shipping", "shipment": "shipping", "dispatch": "shipping", "return": "return", "payment": "payment",
}  # fmt: skip
_PERIOD_FROM: Final = re.compile(
    r"\b(?:hours?|days?|weeks?|months?|years?)\s+(?:of|from|after|since|before|following)\s+(?:the\s+|your\s+|its\s+)?"
    rf"({'|'.join(_START_OF)})\b",
    re.IGNORECASE,
)

_JOINED: Final = re.compile(
    r",?\s+(?:and|but|so|plus|while|whereas|because|since|as well as)\s+|,\s+(?:which|who|where)\s+", re.IGNORECASE
)
_CLAUSES: Final = re.compile(rf"{_JOINED.pattern}|[;—(]\s*|:\s+|\s–\s", re.IGNORECASE)
_BOUND: Final = re.compile(
    r"\b(?:(at least|no less than|not less than|minimum of|more than|over|starting at)|"
    r"(?:up to|at most|no more than|not more than|maximum of|less than|under))\s+(?:\w+\s+)?\W?\d",
    re.IGNORECASE,
)
_ASSENT: Final = re.compile(r"(?:(yes|sure|certainly|of course|absolutely)|(no))\W*\Z", re.IGNORECASE)

Embed = Callable[[Sequence[str]], Vectors]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Something a sentence may rest on. `marker` is the number that cites it in the text; None for a tool result.

    `units` are its sentences, list items and table rows; `context` is its title and headings.
    """

    id: str
    units: tuple[str, ...]
    context: str = ""
    marker: int | None = None

    @property
    def is_tool(self) -> bool:
        return self.marker is None


def passage_source(passage: Passage, marker: int) -> Source:
    """A passage as cited by [marker]. Its table rows are read as the verbalised quotes, header names included."""
    quoted = [
        unit for quote in passage.quotes for text in (f"{quote.lead} {quote.text}", quote.text) for unit in _units(text)
    ]
    return Source(
        id=passage.id,
        units=tuple(dict.fromkeys([*quoted, *_units(passage.text)])),
        context=f"{passage.title} {passage.heading}",
        marker=marker,
    )


def text_source(id: str, texts: Sequence[str], *, context: str, marker: int) -> Source:
    """What [marker] cites, where only its text is at hand."""
    units = (unit for text in texts for unit in _units(text))
    return Source(id=id, units=tuple(dict.fromkeys(units)), context=context, marker=marker)


def tool_source(call: ToolCall) -> Source:
    """A tool's result as a source."""
    return values_source(call.id, call.result.message, call.result.data)


def values_source(id: str, message: str, data: Mapping[str, JsonValue]) -> Source:
    """What a tool told the customer, and each value it returned under its names."""
    return Source(id=id, units=tuple(dict.fromkeys([*_units(message), *_named(data)])))


def check(text: str, sources: Sequence[Source], *, embed: Embed | None = None) -> tuple[SentenceSupport, ...]:
    """One SentenceSupport per sentence of `text`, in order.

    `source` is the id of the supporting source, FRAMING for a sentence that claims nothing, or None for a claim that
    nothing supports: it must not be said. `score` is the share of the claim's words that the source holds.
    """
    cut = segments(text)
    return tuple(_support(cut, index, sources, embed) for index in range(len(cut)))


def _support(cut: tuple[Segment, ...], index: int, sources: Sequence[Source], embed: Embed | None) -> SentenceSupport:
    segment = cut[index]
    words = segment.words
    if not re.search(r"\w", words) and segment.markers:
        return SentenceSupport(sentence=segment.text, source=None, score=0.0)  # a citation of nothing
    if _ASSENT.match(words) and not _agrees(cut, index):
        return SentenceSupport(sentence=segment.text, source=None, score=0.0)
    if is_framing(words) or _introduces(cut, index):
        return SentenceSupport(sentence=segment.text, source=FRAMING, score=1.0)
    cited = _markers_for(cut, index)
    usable = [source for source in sources if source.is_tool or source.marker in cited]
    scored = [(_score(words, source, embed), source) for source in usable]
    score, best = max(scored, key=lambda pair: pair[0], default=(0.0, None))
    if best is None or score <= 0.0:
        return SentenceSupport(sentence=segment.text, source=None, score=0.0)
    return SentenceSupport(sentence=segment.text, source=best.id, score=score)


def _introduces(cut: tuple[Segment, ...], index: int) -> bool:
    """A line such as "To reset it:" before a list says nothing without the list."""
    words = cut[index].words
    if not words.endswith(":") or index + 1 == len(cut) or cut[index + 1].block != cut[index].block:
        return False
    return not facts_in(words) and not is_promise(words)


def _agrees(cut: tuple[Segment, ...], index: int) -> bool:
    """A "yes" needs a sentence after it that does not deny, a "no" one that does."""
    assent = _ASSENT.match(cut[index].words)
    if assent is None or index + 1 == len(cut):
        return False
    return bool(_negations(tokens(cut[index + 1].words)) % 2) == bool(assent[2])


def _markers_for(cut: tuple[Segment, ...], index: int) -> frozenset[int]:
    """The sentence's own markers, else those of the next sentence of its paragraph that has some, else the last."""
    block = cut[index].block
    after = [segment for segment in cut[index:] if segment.block == block]
    before = [segment for segment in reversed(cut[:index]) if segment.block == block]
    return frozenset(next((segment.markers for segment in (*after, *before) if segment.markers), ()))


def _score(words: str, source: Source, embed: Embed | None) -> float:
    """How far the source supports the sentence, 0..1: as a whole, or clause by clause from different sentences."""
    whole = _score_whole(words, source, embed)
    # Not at semicolons: the cells of a table's row, each true of some row, are not true of any together.
    clauses = [clause for clause in _JOINED.split(words) if clause and (content_stems(clause) or facts_in(clause))]
    if whole or len(clauses) < 2 or is_promise(words):
        return whole
    return min(_score_whole(clause, _in_clauses(source), embed) for clause in clauses)


@lru_cache(maxsize=64)
def _in_clauses(source: Source) -> Source:
    """The source cut as finely as the claim, so that a "not" in another clause does not excuse one of the claim's."""
    clauses = (clause.strip() for unit in source.units for clause in _CLAUSES.split(unit) if clause.strip())
    return replace(source, units=tuple(dict.fromkeys(clauses)))


def _score_whole(words: str, source: Source, embed: Embed | None) -> float:
    """0 if any fact, name or polarity is not the source's."""
    if any(_same_words(words, unit) for unit in source.units):
        return 1.0
    if is_promise(words) and not source.is_tool:
        return 0.0
    stems = content_stems(words)
    ranked = sorted(source.units, key=lambda unit: _closeness(words, stems, unit), reverse=True)
    if not ranked or not stems:
        return 0.0
    best = ranked[0]
    near = ranked if source.is_tool else ranked[:2]  # a tool's result is about one thing as a whole
    known = content_stems(f"{' '.join(near)} {source.context}")
    overlap = len(stems & known) / len(stems)
    if not _each_clause(words, known, best) or not _faithful(words, stems, source, best):
        return 0.0
    if overlap >= MIN_OVERLAP:
        return overlap
    if embed is None or overlap < MIN_OVERLAP_WITH_COSINE:
        return 0.0
    pair = embed([words, best])
    return overlap if float(np.dot(pair[0], pair[1])) >= MIN_COSINE else 0.0


def _faithful(words: str, stems: frozenset[str], source: Source, best: str) -> bool:
    """Nothing in the claim goes beyond its best source sentence, however many words they share."""
    if not _says_enough(words, stems, best) or not _literally_there(words, stems, source, best):
        return False
    if not _same_meaning(words, stems, best) or not _bounds(words) <= _bounds(best):
        return False
    if ABSOLUTES & set(tokens(words)) - set(tokens(best)) or _runs_from(words) - _runs_from(best):
        return False
    return not source.is_tool or outcomes_in(words) <= _outcomes_told(words, source)


def _says_enough(words: str, stems: frozenset[str], unit: str) -> bool:
    """A very short claim says most of its source sentence: "It is free" is not "Standard is free from $75"."""
    if len(stems) + len(facts_in(words)) >= FEW:
        return True
    there = content_stems(unit)
    return stems <= there and len(stems) >= MIN_SHARE_SAID * (len(there) + len(facts_in(unit)))


def _each_clause(words: str, known: frozenset[str], unit: str) -> bool:
    clauses = [clause for clause in _CLAUSES.split(words) if clause]
    if len(clauses) == 1:
        return True
    for clause in clauses:
        stems = content_stems(clause)
        if len(stems & known) < MIN_CLAUSE_OVERLAP * len(stems):
            return False
        if ABSOLUTES & set(tokens(clause)) and not any(
            _says_enough(clause, stems, own) for own in _CLAUSES.split(unit)
        ):
            return False
    return True


def _closeness(words: str, stems: frozenset[str], unit: str) -> tuple[float, int, float]:
    """Shared content words first; then shared facts; then all words, so that "within 30" and "after 30" differ."""
    shared = len(stems & content_stems(unit)) / max(len(stems), 1)
    mine, theirs = set(tokens(words)), set(tokens(unit))
    facts = facts_in(unit)
    return shared, sum(holds(fact, facts) for fact in facts_in(words)), len(mine & theirs) / max(len(mine | theirs), 1)


def _literally_there(words: str, stems: frozenset[str], source: Source, best: str) -> bool:
    known = set(tokens(f"{source.context} {' '.join(source.units)}"))
    if any(name not in known for name in names_in(words)):
        return False
    return all(_fact_in_its_place(fact, stems, source, best) for fact in facts_in(words))


def _fact_in_its_place(fact: Fact, stems: frozenset[str], source: Source, best: str) -> bool:
    """The fact stands in the best source sentence, or in another one that the claim clearly draws from too.

    "Shipping takes 3 days. Returns are accepted within 30 days." does not support "Returns within 3 days".
    """
    if holds(fact, facts_in(best)):
        return True
    missing = stems - content_stems(best)
    return any(holds(fact, facts_in(unit)) and content_stems(unit) & missing for unit in source.units)


def _same_meaning(words: str, stems: frozenset[str], unit: str) -> bool:
    mine, theirs = tokens(words), tokens(unit)
    if (_negations(mine) - _negations(theirs)) % 2:
        return False
    for one, other in OPPOSITES:
        if one in mine and other in theirs and one not in theirs:
            return False
        if other in mine and one in theirs and other not in theirs:
            return False
    return bool(RESTRICTIONS & set(mine)) or _keeps_restriction(stems, unit, theirs)


def _bounds(text: str) -> frozenset[str]:
    """On which side of its numbers the text leaves room: "at least 5 days" is not "up to 5 days"."""
    return frozenset("low" if match[1] else "high" for match in _BOUND.finditer(text))


def _runs_from(text: str) -> frozenset[str]:
    """From what its periods run: "30 days of delivery" is not "30 days of purchase"."""
    return frozenset(_START_OF[match[1].lower()] for match in _PERIOD_FROM.finditer(text))


def _keeps_restriction(stems: frozenset[str], unit: str, theirs: tuple[str, ...]) -> bool:
    """For a claim without such words: "Returns are free" is not what "Returns are free only for members" says.

    Who names the members may leave out the "only"; an exception is never left out.
    """
    if EXCEPTIONS & set(theirs):
        return False
    place = next((index for index, word in enumerate(theirs) if word in RESTRICTIONS), None)
    if place is None:
        return True
    about = content_stems(unit)
    restricted_to = (content_stems(word) & about for word in theirs[place + 1 :])
    return next((bool(found & stems) for found in restricted_to if found), False)


def _negations(words: Sequence[str]) -> int:
    return sum(word in NEGATIONS or word.endswith("n't") for word in words)


def _outcomes_told(words: str, source: Source) -> frozenset[str]:
    """What a tool said became of the orders that `words` names, or of any where it names none."""
    codes = {fact for fact in facts_in(words) if fact.kind == "code"}
    told: set[str] = set()
    for unit in source.units:
        others = {fact for fact in facts_in(unit) if fact.kind == "code"}
        if not codes or not others or codes & others:
            told |= outcomes_in(unit)
    return frozenset(told)


def _same_words(words: str, unit: str) -> bool:
    return tokens(words) == tokens(unit) and bool(tokens(words)) and facts_in(words) == facts_in(unit)


def _units(text: str) -> tuple[str, ...]:
    lines = (re.sub(r"^\s*(?:[-*+•]|\d{1,3}[.)]|#{1,6}|>)\s+", "", line) for line in text.split("\n"))
    # Marks off first: a bold run of two sentences is one piece to the splitter as long as it is bold.
    return tuple(sentence for line in lines for sentence in sentences(plain(line)) if re.search(r"\w", sentence))


def _named(value: JsonValue | Mapping[str, JsonValue], names: str = "") -> list[str]:
    """Every value with the names it stands under, the number of its order among them.

    One without a value is left out: "delivered at" alone would be a claim.
    """
    if isinstance(value, Mapping):
        names = f"{names} {value.get('number', '')}"
        return [unit for key, inner in value.items() for unit in _named(inner, f"{names} {key.replace('_', ' ')}")]
    if isinstance(value, list):
        return [unit for inner in value for unit in _named(inner, names)]
    return [] if value is None or isinstance(value, bool) else [" ".join(f"{names} {value}".replace("_", " ").split())]
