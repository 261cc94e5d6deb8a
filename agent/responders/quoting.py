"""Which sentences, steps or rows answer a question: every quote of the hits with a score, best first.

A score joins the likeness to the question under the encoder, rare words in common, the rank of the passage, and whether
the kind of quote fits the question (steps for "how do I", a row for what it names, "Yes" for a yes/no question).
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from agent.guardrails import fold
from agent.responders.stems import stems
from knowledge_base.model import Hit, Passage, Quote, QuoteKind

_COSINE, _OVERLAP, _PASSAGE = (0.55, 0.25, 0.50)
"""On 290 ClapNQ passages the best quote is among the sentences people chose for .72 to .75 of them, whatever the first
two are. The third keeps to the section that the search put first."""
_HITS: Final = 4
"""Hits of other articles than the first that are read at all: more cost time (0.3 ms each) and were never quoted."""
_CONTEXT: Final = 0.85
"""A word that only the title or heading holds counts less than one in the quote itself."""
_SAID_BEFORE: Final = 0.25
"""A word of the question before, in a follow-up: "and Canada?" asks for the row of Canada, not the one named first."""
_FIT: Final = 0.05
_TYPE: Final = 0.25
"""For what kind of thing is asked for (a duration, an amount). On 214 demo questions the answer states the fact for .63
with it, for .61 with the weight of the other kinds."""
_SAME_KIND: Final = 0.08
"""Added to the fused score of an article whose title asks for the same kind of thing ("How long …" and "When …"). The
first article is right for .822 of 264 demo questions with it, for .811 without; on Arduino and StackFAQ none moves."""
_MEASURE: Final = r"(cm|mm|kg|km|g|m|l|liters?|litres?|inch(?:es)?|in|°c|°f|v|w)\b"
_MEASURED: Final = re.compile(rf"(\d+(?:\.\d+)?)\s*{_MEASURE}")
_RANGE: Final = re.compile(rf"(\d+(?:\.\d+)?)\s*[–-]\s*(\d+(?:\.\d+)?)\s*{_MEASURE}")
_OPENING: Final = 0.03
_POINTER: Final = 0.30
_HEADING: Final = 0.12
_LEAST_SAID: Final = 0.4
"""A quote that begins with Yes or No answers the question of its title. Unless title, heading and quote hold this share
of the customer's words, or the passage is this near in meaning, it is the answer to another one: on the demo questions
all of these were wrong (said .12 to .28, cosine .40 to .47)."""
_SAME_MATTER: Final = 0.55
_LEAST_WORDS: Final = 4
"""Shorter sentences are labels ("IDE 1 (legacy)"); "Yes." comes with the sentence after it."""

# "For more, see [Delivery times](...)": it names the words asked for and answers nothing.
_POINTS_ELSEWHERE: Final = re.compile(
    r"\b(?:see|read|visit|check|check out|refer to|go to|learn|find|follow|in|under|here|about|at|"
    r"more)\b[^.]{0,40}\[[^\]\n]+\]\([^)\n]*\)(?:(?:,| and| or|, and|, or) \[[^\]\n]+\]\([^)\n]*\)){0,6}[^\w\n]*$|"
    r"^\W*\[[^\]\n]+\]\([^)\n]*\)\W*$",
    re.IGNORECASE,
)

# "Learn how to reset your board." and "the following error may occur": the matter in words, and no answer to it.
_ANNOUNCES: Final = re.compile(
    r"^\W*(?:learn|find out|discover|read|see|in this (?:article|guide|page|section|tutorial)|"
    r"this (?:article|page|guide|section|tutorial|document)|"
    r"here (?:you|is how|are|we)|below|the following|follow (?:these|the|this)|to learn|if you (?:want|"
    r"need|would like) to know|you can find)\b|"
    r"\b(?:error|message|warning|problem|issue)s?\b.{0,60}\b(?:occurs?|appears?|shown?|displayed|see|"
    r"receive|encounter)\b|"
    r"\b(?:see|receive|get|getting|encounter) (?:the |this |an? )?(?:following )?(?:error|message|warning)\b",
    re.IGNORECASE,
)

_ONLY_LINK: Final = re.compile(r"^\W*\[[^\]\n]+\]\([^)\n]*\)\W*$")
_PROCEDURAL: Final = re.compile(
    r"\bhow (?:do|can|could|should|would|to|does one)\b|\bsteps?\b|\b(?:what|where) (?:do|can|"
    r"should) i (?:do|need to do|go)\b|"
    r"\b(?:way to|instructions?|guide|process|procedure)\b|\bi(?:'d| would)? (?:want|need|like|am trying|"
    r"try|wish) to\b|\bcan'?t figure\b|"
    r"\bwhere (?:do|can) i\b|\b(?:can'?t|cannot|unable to|won'?t|doesn'?t|forgot(?:ten)?|lost|stuck|"
    r"not working|not detected|fails?)\b|"
    r"^(?:please )?(?:reset|remove|delete|change|turn|enable|disable|install|uninstall|update|set|add|"
    r"connect|upload|download|create|find|"
    r"check|start|restore|switch|import|export|move|verify|activate|redeem|wash|clean|fix|track|return|"
    r"cancel|pay|order)\b"
)
_YES_NO: Final = re.compile(
    r"^(?:and |but |so |or )?(?:can|could|do|does|did|is|are|was|will|would|may|must|should|has|have|am)\b"
)
SAYS_YES_OR_NO: Final = re.compile(r"^(?:yes|no)\b", re.IGNORECASE)
_RULES_ON_IT: Final = re.compile(
    r"\b(?:can|cannot|can't|do not|don't|not|only|always|never|must|need|are|is)\b", re.IGNORECASE
)


_ASKS_PRICE: Final = re.compile(r"\b(?:how much|price|costs?|fees?|charges?|expensive|cheap(?:er|est)?|postage)\b")
_ASKS_NUMBER: Final = re.compile(
    r"\b(?:how many|two|three|both|several|multiple|more than one|twice|combine|combined|stack|maximum|limit|at once)\b"
)
_ASKS_TIME: Final = re.compile(
    r"\b(?:how (?:long|fast|soon|quick(?:ly)?)|when|until|deadline|days|how many (?:days|weeks))\b"
)
_SENT_BACK: Final = re.compile(
    r"\b(?:return(?:s|ed|ing)?|(?:send|sent|sending)\b.{0,30}\bback|refund(?:s|ed)?)\b", re.IGNORECASE
)
"""What sending something back costs is no answer to what it costs to get it."""
_PRICE: Final = re.compile(
    r"[$€£¥]\s?\d|\d\s?(?:usd|eur|gbp|dollars|euros?|pounds)\b|\bfree\b|\bno (?:cost|charge)\b", re.IGNORECASE
)
_NUMBER: Final = re.compile(
    r"^\W*(?:one|two|three|only|\d+)\b|\b(?:per|up to|at most|no more than|only one|combined?|together)\b",
    re.IGNORECASE,
)
_TIME: Final = re.compile(
    r"\b(?:\d+|one|two|three|four|five|six|seven|ten)\W{0,4}(?:(?:business|working|calendar)\s)?(?:days?|"
    r"weeks?|months?|years?|hours?|minutes?)\b|"
    r"\b(?:same|next) day\b|\b(?:january|february|march|april|may|june|july|august|september|october|"
    r"november|december) \d",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What the scoring knows of a question. `weights` says how much each of its words tells, 0..1, summing to 1."""

    text: str
    weights: dict[str, float]
    procedural: bool
    yes_no: bool
    expects: re.Pattern[str] | None
    """What a right answer is likely to hold: an amount, a duration, a number, or nothing in particular."""
    fresh: frozenset[str]
    """In a follow-up, the words that are new; else none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredQuote:
    """A quote with its place. `own` is the weight of the question's words in the quote itself, 0..1.

    `said` is that of the words in its title, heading and lead as well.
    """

    hit: Hit
    index: int
    score: float
    own: float
    said: float
    cosine: float

    @property
    def answers_another(self) -> bool:
        """True for a Yes or No to something else than what was asked."""
        unlike = self.said < _LEAST_SAID and self.hit.dense < _SAME_MATTER
        return unlike and SAYS_YES_OR_NO.match(self.quote.text) is not None

    @property
    def quote(self) -> Quote:
        return self.hit.passage.quotes[self.index]


def read_question(text: str, own: str, hits: Sequence[Hit]) -> Question:
    """`own` are the customer's newest words: in a follow-up they tell more than the question before."""
    folded = fold(own)
    rarity = _rarity(text, hits)
    fresh = stems(own)
    raw = {word: value * (1.0 if word in fresh else _SAID_BEFORE) for word, value in rarity.items()}
    expects = _expected(folded) or _expected(fold(text))
    if expects is _PRICE:
        # "how much" says "price" without the word: a table row called Cost should answer it.
        raw.setdefault("pric", max(raw.values(), default=1.0) / 2)
    total = sum(raw.values()) or 1.0
    return Question(
        text=text,
        weights={word: value / total for word, value in raw.items()},
        procedural=_PROCEDURAL.search(folded) is not None,
        yes_no=_YES_NO.match(folded) is not None,
        expects=expects,
        fresh=frozenset() if own == text else fresh & raw.keys(),
    )


def scored_quotes(question: Question, hits: Sequence[Hit]) -> list[ScoredQuote]:
    """All quotes of the hits: those of the first hit's article, best first, then the others'.

    The article is the search's choice. Choosing it anew from quotes and titles was worse on every set measured: the
    right one for .74 instead of .77 of 234 demo questions, .93 instead of .97 of 939 in StackFAQ.
    """
    kept = [hit for hit in hits if hit.passage.quotes]
    if not kept:
        return []
    first, best = kept[0].passage.article_id, kept[0].score or 1.0
    kept = [hit for place, hit in enumerate(kept) if place < _HITS or hit.passage.article_id == first]
    scored = [
        _scored(question, hit, index, hit.score / best) for hit in kept for index in range(len(hit.passage.quotes))
    ]
    return sorted(scored, key=lambda one: (one.hit.passage.article_id != first, -one.score))


def by_kind(text: str, hits: Sequence[Hit]) -> list[Hit]:
    """`hits` with those moved up whose title asks for the same: a time or a price."""
    kind = _expected(fold(text))
    if kind not in (_PRICE, _TIME):
        return list(hits)
    judged = [
        replace(hit, score=hit.score + _SAME_KIND) if _expected(fold(hit.passage.title)) is kind else hit
        for hit in hits
    ]
    return sorted(judged, key=lambda hit: -hit.score)


def measured_by(question: Question, quotes: Sequence[ScoredQuote]) -> list[ScoredQuote]:
    """Those of `quotes` with a range that holds a measure of the question: "98 cm" lies in "96–101 cm"."""
    asked = [(float(number), unit) for number, unit in _MEASURED.findall(fold(question.text))]
    return [one for one in quotes if any(_within(number, unit, one.quote.text) for number, unit in asked)]


def _within(number: float, unit: str, text: str) -> bool:
    ranges = _RANGE.findall(fold(text))
    return any(unit == its and float(low) <= number <= float(high) for low, high, its in ranges)


def named_by_follow_up(question: Question, quotes: Sequence[ScoredQuote]) -> list[ScoredQuote]:
    """Those of `quotes` that hold a new word of a follow-up."""
    return [one for one in quotes if question.fresh & stems(one.quote.text)]


def covered(question: Question, text: str) -> dict[str, float]:
    """The question's words that `text` holds, with their weights."""
    present = stems(text)
    return {word: weight for word, weight in question.weights.items() if word in present}


def _scored(question: Question, hit: Hit, index: int, standing: float) -> ScoredQuote:
    passage = hit.passage
    quote = passage.quotes[index]
    inside = covered(question, quote.text)
    own = sum(inside.values())
    around = covered(question, f"{passage.title} {passage.heading} {quote.lead}")
    context = sum(weight for word, weight in around.items() if word not in inside)
    cosine = hit.quote_scores[index] if index < len(hit.quote_scores) else 0.0
    score = _COSINE * cosine + _OVERLAP * (own + _CONTEXT * context) + _PASSAGE * standing
    if _names_nothing_below(passage, index):
        score -= _POINTER
    score += _fit(question, quote, own) + _HEADING * _named_by(question, passage.heading.split(" › ")[-1])
    if question.expects is not None and question.expects.search(quote.text):
        score += -_FIT if _about_a_return_unasked(question, quote) else _TYPE
    if passage.position == 0 and index == 0:
        # Help articles say the main thing first: it settles ties between sentences alike in words.
        score += _OPENING
    return ScoredQuote(hit=hit, index=index, score=score, own=own, said=own + context, cosine=cosine)


def _named_by(question: Question, heading: str) -> float:
    """F1 of question and heading in words: "my tracking does not move" belongs under "Tracking has not moved"."""
    named = covered(question, heading)
    recall = sum(named.values())
    precision = len(named) / max(1, len(stems(heading)))
    return 2 * recall * precision / (recall + precision) if recall else 0.0


def _about_a_return_unasked(question: Question, quote: Quote) -> bool:
    return (
        question.expects is _PRICE
        and _SENT_BACK.search(quote.text) is not None
        and _SENT_BACK.search(question.text) is None
    )


def _names_nothing_below(passage: Passage, index: int) -> bool:
    """True for "To return it:" where neither a list nor code follows in the passage."""
    quotes = passage.quotes
    if not quotes[index].text.rstrip(" *_").endswith(":"):
        return False
    return index + 1 == len(quotes) or quotes[index + 1].kind is QuoteKind.SENTENCE


@lru_cache(maxsize=20_000)
def _says_little(sentence: str) -> bool:
    if sentence.rstrip().endswith("?") or len(sentence.split()) < _LEAST_WORDS:
        return True
    return any(pattern.search(sentence) for pattern in (_POINTS_ELSEWHERE, _ANNOUNCES))


def _expected(folded: str) -> re.Pattern[str] | None:
    if _ASKS_PRICE.search(folded):
        return _PRICE
    if _ASKS_TIME.search(folded):
        return _TIME
    return _NUMBER if _ASKS_NUMBER.search(folded) else None


def _fit(question: Question, quote: Quote, own: float) -> float:
    if question.procedural and quote.kind is QuoteKind.STEP:
        return _FIT
    if quote.kind is QuoteKind.ROW:
        meant = own > 0 or (question.expects is not None and question.expects.search(quote.text) is not None)
        return _FIT if meant else -_FIT
    if quote.kind is QuoteKind.SENTENCE and _says_little(quote.text):
        return -_POINTER
    if quote.kind is QuoteKind.ITEM and (
        _ONLY_LINK.match(quote.text) or (not quote.lead and len(quote.text.split()) < _LEAST_WORDS)
    ):
        # A table of contents holds every word that is asked for.
        return -_POINTER
    if quote.kind is QuoteKind.CODE and (_ANNOUNCES.search(quote.lead) or "error" in quote.text.lower()):
        return -_POINTER
    if quote.kind is QuoteKind.SENTENCE and question.yes_no:
        if SAYS_YES_OR_NO.match(quote.text):
            return 2 * _FIT
        return _FIT / 2 if _RULES_ON_IT.search(quote.text) else 0.0
    return 0.0


def _rarity(text: str, hits: Sequence[Hit]) -> dict[str, float]:
    """How telling each word of the question is among the passages at hand: what all of them hold tells nothing."""
    seen: Counter[str] = Counter()
    for hit in hits:
        seen.update(stems(f"{hit.passage.title} {hit.passage.heading} {hit.passage.text}"))
    return {word: math.log(1.5 + len(hits) / (1 + seen[word])) for word in stems(text)}
