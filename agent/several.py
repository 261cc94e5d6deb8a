"""Several questions in one message: taken apart, each answered on its own, and put together into one reply.

Text goes in, its questions come out; drafts go in, one draft comes out. What had no answer is said in the reply.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from agent import replies
from agent.draft import OFFER_PERSON, Decision, Draft, TurnKind
from agent.guardrails import fold
from agent.standalone import content_words
from conversations.model import Citation, HandoffReason
from tools.tool import ToolCall

MOST_QUESTIONS: Final = 3
"""More are read as one text: whoever asks ten things at once is better served by a person than by ten quotations."""

_SENTENCE: Final = re.compile(r"(?<=[?!.])\s+|\n+")
_JOINED: Final = re.compile(
    r"(?:\?|,|;)?\s+(?:and|also|plus|und|et|y|e|en)(?: also| then| auch| aussi| también| anche| ook)?,?\s+"
    r"(?=(?:how|what|when|where|who|which|why|(?:can|could|may|do|does|is|are|will|should) (?:i|you|we|it|there|the|my|"
    r"your)|wie|was|wann|wo|wer|kann|comment|combien|quand|où|cuánto|cómo|cuándo|dónde|come|quanto|quando|dove|hoe|"
    r"wat|wanneer|waar)\b)",
    re.IGNORECASE,
)
_ASKS: Final = re.compile(
    r"\?\s*$|^(?:(?:and|also|so|but|then|hi|hello|ok|please|first|second|secondly)[\s,]+)*(?:how|what|when|where|who|"
    r"which|why|can|could|may|do|does|did|is|are|will|would|should|tell me|i (?:want|need|would like) to know|wie|was|"
    r"wann|wo|kann|comment|combien|quand|cuánto|cómo|come|quanto|hoe|wat)\b",
    re.IGNORECASE,
)
_AND: Final = re.compile(r"^(?:and|also|plus|und|et|y|e|en)[\s,]+(?=\w)", re.IGNORECASE)
_MARKER: Final = re.compile(r"\[(\d{1,2})\](?!\()")


def questions_in(text: str) -> tuple[str, ...]:
    """The questions of `text`, each with what was said right before it; the whole text alone where there is one only.

    "Do you ship to Norway and how long does it take?" gives two. A part that names no subject of its own and cannot
    lean on the one before ("why?") stays with its neighbour.
    """
    pieces = [piece.strip() for part in _SENTENCE.split(text) for piece in _JOINED.split(part) if piece.strip()]
    groups: list[str] = []
    said: list[str] = []
    for piece in pieces:
        asks = _ASKS.search(piece) is not None
        if asks and not content_words(piece) and groups:
            groups[-1] = f"{groups[-1]} {piece}"
        elif asks:
            groups.append(" ".join([*said, _AND.sub("", piece)]))
            said = []
        else:
            said.append(piece)
    if len(groups) < 2 or len(groups) > MOST_QUESTIONS or len({fold(group) for group in groups}) < len(groups):
        return (text,)
    return (*groups[:-1], " ".join([groups[-1], *said]))


def together(question: str, drafts: Sequence[Draft]) -> Draft:
    """One draft of the drafts of each question of a message, in their order.

    A person gets all of it where one question must go to a person anyway, or where none has an answer.
    """
    answered = [draft for draft in drafts if draft.decision is Decision.ANSWER]
    missing = [draft for draft in drafts if draft.decision is not Decision.ANSWER]
    decisive = next((draft for draft in missing if draft.reason not in (None, HandoffReason.LOW_CONFIDENCE)), None)
    if decisive is not None or not answered:
        handed_over = next((draft for draft in missing if draft.decision is Decision.HANDOFF), missing[0])
        return replace(decisive or handed_over, question=question)
    texts, citations = _renumbered(answered)
    if missing:
        texts.append(replies.ONLY_PART)
    surest_last = min(answered, key=lambda draft: draft.confidence.value)
    return replace(
        answered[0],
        text="\n\n".join(dict.fromkeys(texts)),
        kind=TurnKind.SEVERAL,
        question=question,
        confidence=surest_last.confidence,
        citations=citations,
        hits=tuple(dict.fromkeys(hit for draft in drafts for hit in draft.hits)),
        tool_calls=_calls(answered),
        sentences=tuple(dict.fromkeys(one for draft in answered for one in draft.sentences)),
        request=next((draft.request for draft in answered if draft.request), OFFER_PERSON if missing else None),
        knowledge_version=next((draft.knowledge_version for draft in answered if draft.knowledge_version), ""),
    )


def _calls(drafts: Sequence[Draft]) -> tuple[ToolCall, ...]:
    """A call's id is its own within a turn: those of two drafts would be the same."""
    calls = [call for draft in drafts for call in draft.tool_calls]
    return tuple(replace(call, id=f"call_{place}") for place, call in enumerate(calls, start=1))


def _renumbered(drafts: Sequence[Draft]) -> tuple[list[str], tuple[Citation, ...]]:
    """The drafts' texts with one row of markers for all of them: a passage keeps one number throughout."""
    texts: list[str] = []
    kept: list[Citation] = []
    for draft in drafts:
        numbers: dict[int, int] = {}
        for citation in draft.citations:
            known = next((one.marker for one in kept if one.passage_id == citation.passage_id), len(kept) + 1)
            numbers[citation.marker] = known
            if known > len(kept):
                kept.append(replace(citation, marker=known))
        texts.append(_with_markers(draft.text.replace(f"\n\n{replies.IF_NOT_IT}", ""), numbers))
    return texts, tuple(kept)


def _with_markers(text: str, numbers: Mapping[int, int]) -> str:
    return _MARKER.sub(lambda found: f"[{numbers.get(int(found[1]), found[1])}]", text)
