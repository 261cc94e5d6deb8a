"""Answers by quoting: a question and its hits in, Markdown with citation markers out. Works without any language model.

Every sentence shown is verbatim from a passage (images and links that lead nowhere outside the site taken off). It adds
no statement of its own; the frame around quotes never says anything about the matter.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from agent.draft import SentenceSupport
from agent.responders.composing import Excerpt, compose
from agent.responders.models import by_model, contradicted
from agent.responders.passage_text import Paragraphs, same_list
from agent.responders.quoting import (
    SAYS_YES_OR_NO,
    Question,
    ScoredQuote,
    by_kind,
    covered,
    measured_by,
    named_by_follow_up,
    read_question,
    scored_quotes,
)
from agent.responders.stems import stems
from conversations.model import Citation
from knowledge_base.model import Hit, Quote, QuoteKind

_STEPS: Final = 12
"""Steps and what is nested in them; more are left to the article."""
_WHOLE_LIST: Final = 8
_SENTENCES: Final = 3
_SHORT_PARAGRAPH: Final = 320
"""Characters. With such paragraphs quoted whole, and what is as likely quoted too, the answers with the right article
first state the fact for .875 instead of .816 of 136 demo questions, .921 instead of .855 of 76 of its customers'."""
_LONGEST_PROSE: Final = 480
"""Characters of a paragraph that are quoted; longer ones are opened through the citation."""
_CLOSE: Final = 0.12
"""A sentence this much below the best one still belongs to the answer."""
_CLEAR: Final = 0.10
"""An item or row this much above the next is the answer by itself."""
_SECOND_PART: Final = 0.30
"""A second article is quoted when it holds words with this share of the question's weight that the first one lacks."""
_SAME_QUESTION: Final = 0.6
"""A title with this share of the customer's words asks what they ask, so that its Yes or No is theirs."""
_LEAST_SCORE: Final = 0.30
"""Below it a best quote was never an answer on the demo questions."""

_QUALIFIES: Final = re.compile(
    r"^\W*(?:except|unless|however|but|only|note|if|otherwise|in that case|this|these|that|those|it|they|"
    r"then|after that|"
    r"for example|exceptions?|members|until|before that|in addition|also|please note|important|warning|"
    r"tip|instead|never|always|do not|don't|without)\b",
    re.IGNORECASE,
)
_GOES_ON: Final = re.compile(r"^\W*(?:\w+\W+){1,3}(?:it|them|this|that|these|those)\b", re.IGNORECASE)
_INSTRUCTS: Final = re.compile(
    r"\b(?:follow|try|steps?|instructions?|check|do the following|make sure|in order)\b", re.IGNORECASE
)
_HOW_TO: Final = re.compile(r"(?:^|› )how to\b", re.IGNORECASE)
_LEANS_BACK: Final = re.compile(
    r"^\W*(?:it|this|these|they|those|that|then|otherwise|however|but|after that|until then|before that|in that case|"
    r"also|instead)\b",
    re.IGNORECASE,
)
_POINTS_BACK: Final = re.compile(r"^\W*(?:\w+\W+){0,2}(?:these|those|this|that|it|they|them)\b", re.IGNORECASE)
_TWO_IN_ONE: Final = re.compile(
    r"\?.*\?|\b(?:and|or|also|plus)\b.*\b(?:how|what|where|when|who|which|can|do|does|is|are|will)\b", re.IGNORECASE
)
_EXCEPTIONS: Final = re.compile(
    r"\b(?:exceptions?|excluded|not covered|does not|cannot|limits?|conditions?|restrictions?)\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractiveAnswer:
    """`best` is the best quote's score (about 0..2), `lead` how far it is above the best quote of another article.

    `own` is the share of the question's words in what was found of the article, `said` that in what is quoted first,
    with its title and heading, 0 where the title is of another model; `named` the share of the title's words that the
    question has. An answer without text found nothing worth quoting.
    """

    text: str
    citations: tuple[Citation, ...]
    sentences: tuple[SentenceSupport, ...]
    best: float
    lead: float
    cosine: float
    own: float
    said: float
    named: float


NOTHING: Final = ExtractiveAnswer(
    text="", citations=(), sentences=(), best=0.0, lead=0.0, cosine=0.0, own=0.0, said=0.0, named=0.0
)


def answer(
    text: str, own: str, hits: Sequence[Hit], *, mended: Mapping[str, str] = MappingProxyType({})
) -> ExtractiveAnswer:
    """The passages' own words that answer `text`; `own` are the customer's newest words within it.

    `mended` has the words whose spelling the search put right: "hawai" should find the row of Hawaii.
    """
    text, own = as_looked_up(text, mended), as_looked_up(own, mended)
    hits = by_model(text, by_kind(own, hits))
    question = read_question(text, own, hits)
    ranked = scored_quotes(question, hits)
    if not ranked or ranked[0].score < _LEAST_SCORE or ranked[0].answers_another:
        # Where "Yes, ..." came first, its article is on another question: the rest of it is as far off.
        return NOTHING
    ranked = [one for one in ranked if not one.answers_another]
    first = _excerpt(question, ranked)
    rule = _rule_above(question, first, hits)
    more = _exception(first, hits, ranked) or _as_likely(question, first, ranked)
    excerpts = [*rule, first, *more, *_second_part(question, first, ranked)]
    composed = compose(excerpts)
    passage = first.hit.passage
    others = [one.score for one in ranked if one.hit.passage.article_id != passage.article_id]
    return ExtractiveAnswer(
        text=composed.text,
        citations=composed.citations,
        sentences=composed.sentences,
        best=ranked[0].score,
        lead=ranked[0].score - max(others, default=0.0),
        cosine=max(one.cosine for one in ranked),
        own=sum(covered(question, _found_of(passage.article_id, hits)).values()),
        said=_said(question, first),
        named=len(covered(question, passage.title)) / max(1, len(stems(passage.title))),
    )


def _found_of(article: str, hits: Sequence[Hit]) -> str:
    """All that was found of an article."""
    passages = (hit.passage for hit in hits if hit.passage.article_id == article)
    return " ".join(f"{passage.title} {passage.heading} {passage.text}" for passage in passages)


def as_looked_up(text: str, mended: Mapping[str, str]) -> str:
    """`text` with the words that the search put right in place of those typed."""
    for typed, meant in mended.items():
        literal = meant.replace("\\", r"\\")
        text = re.sub(rf"\b{re.escape(typed)}\b", literal, text, flags=re.IGNORECASE)
    return text


def _said(question: Question, excerpt: Excerpt) -> float:
    """How much of the question is named by what answers it: "gear" alone is little of "do you buy back used gear"."""
    passage = excerpt.hit.passage
    named = covered(question, f"{passage.title} {passage.heading} {excerpt.text}")
    return 0.0 if contradicted(question.text, passage) else sum(named.values())


def _excerpt(question: Question, ranked: Sequence[ScoredQuote]) -> Excerpt:
    """The quotes to show around the best one, in the order of the passage."""
    best = _steps_instead(question, ranked) or ranked[0]
    kind = best.quote.kind
    if kind is QuoteKind.STEP:
        return _list(best, _STEPS)
    if kind in (QuoteKind.ITEM, QuoteKind.ROW):
        return _items(question, best, ranked)
    if kind is QuoteKind.CODE:
        return Excerpt(hit=best.hit, indices=tuple(i for i in (best.index - 1, best.index) if i >= 0), score=best.score)
    led = _list_led_by(best)
    return led or _sentences(question, best, ranked)


def _steps_instead(question: Question, ranked: Sequence[ScoredQuote]) -> ScoredQuote | None:
    """For "how do I" the list of steps is the answer, even where the sentence above it is the closest in words."""
    best = ranked[0]
    if not question.procedural or best.quote.kind is QuoteKind.STEP:
        return None
    near = (one for one in ranked if one.hit.passage.article_id == best.hit.passage.article_id)
    for one in near:
        if one.quote.kind is not QuoteKind.STEP or one.score < best.score - 2 * _CLOSE:
            continue
        section, other = one.hit.passage.heading, best.hit.passage.heading
        if one.hit is best.hit or other in ("", section) or _HOW_TO.search(section):
            return one
    return None


def _list(best: ScoredQuote, most: int) -> Excerpt:
    indices = same_list(best.hit.passage.quotes, best.index)
    # From the first step on, unless the one asked about comes later.
    place = indices.index(best.index)
    start = 0 if place < most else min(place - 1, len(indices) - most)
    return Excerpt(hit=best.hit, indices=tuple(indices[start : start + most]), score=best.score)


def _items(question: Question, best: ScoredQuote, ranked: Sequence[ScoredQuote]) -> Excerpt:
    """The item or row that is meant, if one stands out; else the whole list or table."""
    indices = same_list(best.hit.passage.quotes, best.index)
    peers = [one for one in ranked if one.hit is best.hit and one.index in indices]
    meant = (
        named_by_follow_up(question, peers)
        or measured_by(question, peers)
        or [one for one in peers if one.score >= best.score - _CLEAR]
    )
    instructs = _INSTRUCTS.search(best.quote.lead) is not None
    if len(meant) <= 2 and best.own > 0 and len(indices) > 2 and not instructs:
        return Excerpt(hit=best.hit, indices=tuple(sorted(one.index for one in meant)), score=best.score)
    if len(indices) <= _WHOLE_LIST:
        return Excerpt(hit=best.hit, indices=tuple(indices), score=best.score)
    shown = sorted(one.index for one in peers[: _WHOLE_LIST // 2])
    return Excerpt(hit=best.hit, indices=tuple(shown), score=best.score)


def _list_led_by(best: ScoredQuote) -> Excerpt | None:
    """A sentence that ends in a colon promises a list: the list is what was asked for."""
    if not best.quote.text.rstrip(" *_").endswith(":"):
        return None
    quotes = best.hit.passage.quotes
    following = best.index + 1
    if following >= len(quotes) or quotes[following].kind in (QuoteKind.SENTENCE,):
        return None
    if quotes[following].kind is QuoteKind.CODE:
        return Excerpt(hit=best.hit, indices=(best.index, following), score=best.score)
    indices = same_list(quotes, following)[:_STEPS]
    return Excerpt(hit=best.hit, indices=tuple(indices), score=best.score)


def _sentences(question: Question, best: ScoredQuote, ranked: Sequence[ScoredQuote]) -> Excerpt:
    """The best sentence, what it leans on, and what qualifies it; all of a paragraph that is short."""
    quotes = best.hit.passage.quotes
    paragraphs = Paragraphs(best.hit.passage)
    whole = paragraphs.around(best.index)
    if sum(len(quotes[index].text) for index in whole) <= _SHORT_PARAGRAPH:
        return Excerpt(hit=best.hit, indices=_led(quotes, whole), score=best.score)
    scores = {one.index: one.score for one in ranked if one.hit is best.hit}
    chosen = [best.index]
    before = best.index - 1
    if _ruled_before(question, best, paragraphs):
        chosen = list(range(best.index + 1))
    elif (
        _LEANS_BACK.match(quotes[best.index].text)
        and paragraphs.together(before, best.index)
        or scores.get(before, 0.0) >= best.score - _CLOSE / 2
        and paragraphs.together(before, best.index)
    ):
        chosen.insert(0, before)
    after = best.index + 1
    length = sum(len(quotes[index].text) for index in chosen)
    while after < len(quotes) and paragraphs.together(best.index, after):
        qualifies = _QUALIFIES.match(quotes[after].text) is not None
        limit = _SENTENCES + (1 if qualifies else 0)
        belongs = qualifies or _GOES_ON.search(quotes[after].text) or scores.get(after, 0.0) >= best.score - 2 * _CLOSE
        length += len(quotes[after].text)
        if len(chosen) >= limit or length > _LONGEST_PROSE or not belongs:
            break
        chosen.append(after)
        after += 1
    return Excerpt(hit=best.hit, indices=_led(quotes, chosen), score=best.score)


def _led(quotes: Sequence[Quote], indices: Sequence[int]) -> tuple[int, ...]:
    """`indices` without sentences that promise what does not follow here, unless there is nothing else."""
    said = tuple(index for index in indices if not quotes[index].text.rstrip().endswith(":"))
    return said or tuple(indices)


def _ruled_before(question: Question, best: ScoredQuote, paragraphs: Paragraphs) -> bool:
    """True where the paragraph opens with the Yes or No to what was asked: the rest without it may mislead."""
    passage = best.hit.passage
    if not (question.yes_no and 0 < best.index < _SENTENCES and passage.position == 0):
        return False
    rules = SAYS_YES_OR_NO.match(passage.quotes[0].text) is not None and paragraphs.together(0, best.index)
    return rules and sum(covered(question, passage.title).values()) >= _SAME_QUESTION


def _rule_above(question: Question, first: Excerpt, hits: Sequence[Hit]) -> list[Excerpt]:
    """The Yes or No that the article opens with, where its title asks what was asked and the answer lies further down.

    "Can you deliver to a PO box?" is answered by "Yes, in the United States …" before the places where it cannot be.
    """
    passage = first.hit.passage
    named = covered(question, passage.title)
    same = sum(named.values()) >= _SAME_QUESTION or len(named) == len(stems(passage.title)) > 1
    if not (question.yes_no and same):
        return []
    opening = next(
        (hit for hit in hits if hit.passage.article_id == passage.article_id and hit.passage.position == 0), None
    )
    if opening is None or not opening.passage.quotes or not SAYS_YES_OR_NO.match(opening.passage.quotes[0].text):
        return []
    shown_already = opening.passage.id == passage.id and 0 in first.indices
    return [] if shown_already else [Excerpt(hit=opening, indices=(0,), score=first.score)]


def _exception(first: Excerpt, hits: Sequence[Hit], ranked: Sequence[ScoredQuote]) -> list[Excerpt]:
    """One sentence from the article's own section on exceptions, so that a rule is not shown without its limits."""
    passage = first.hit.passage
    for hit in hits:
        other = hit.passage
        if (
            other.article_id != passage.article_id
            or other.id == passage.id
            or not _EXCEPTIONS.search(other.heading.split(" › ")[-1])
        ):
            continue
        best = next((one for one in ranked if one.hit is hit and one.quote.kind is QuoteKind.SENTENCE), None)
        if best is not None and best.score >= first.score - 2 * _CLOSE and not _POINTS_BACK.search(best.quote.text):
            return [Excerpt(hit=hit, indices=(best.index,), score=best.score)]
    return []


def _as_likely(question: Question, first: Excerpt, ranked: Sequence[ScoredQuote]) -> list[Excerpt]:
    """Another paragraph or list of the article that is as likely the answer: better both than the wrong one."""
    for one in ranked:
        if one.hit.passage.article_id != first.hit.passage.article_id or one.score < first.score - _CLOSE:
            return []
        if one.hit.passage.id == first.hit.passage.id and one.index in first.indices:
            continue
        other = _excerpt(question, [one, *(peer for peer in ranked if peer.hit is one.hit and peer is not one)])
        same = other.hit.passage.id == first.hit.passage.id and set(other.indices) & set(first.indices)
        if not same and len(other.text) <= _LONGEST_PROSE:
            return [other]
    return []


def _second_part(question: Question, first: Excerpt, ranked: Sequence[ScoredQuote]) -> list[Excerpt]:
    """For two questions in one: the best quote of another article that holds what the first one lacks."""
    if not _TWO_IN_ONE.search(question.text):
        return []
    passage = first.hit.passage
    had = covered(question, f"{passage.title} {passage.heading} {passage.text}")
    for one in ranked:
        other = one.hit.passage
        if other.article_id == passage.article_id or one.score < first.score - _CLOSE:
            continue
        added = covered(question, f"{other.title} {one.quote.text}")
        if sum(weight for word, weight in added.items() if word not in had) >= _SECOND_PART:
            return [_excerpt(question, [one, *(peer for peer in ranked if peer.hit is one.hit and peer is not one)])]
    return []
