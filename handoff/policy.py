"""When the AI agent passes a conversation on. Pure: the same conversation and draft give the same decision.

To add a rule, write a function from `Case` to `HandoffDecision | None` and put it into RULES; the first one that
speaks wins.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from agent.draft import Decision, Draft, TurnInput, TurnKind
from agent.guardrails import fold
from conversations.model import AuthorKind, HandoffReason

TURN_CAP = 12
"""AI replies in one episode before a person looks at it."""
SAME_QUESTION_CAP = 3
"""How often a customer asks the same before we admit that our answer does not help them."""

RESERVED_TOPICS: dict[str, re.Pattern[str]] = {
    "legal": re.compile(r"\b(my (lawyer|attorney|solicitor)|legal action|sue (you|your)|small claims|court order)\b"),
    "safety": re.compile(r"\b(caught fire|exploded?|carbon monoxide|burn(ed|t) (me|my)|injur(y|ed)|hospital)\b"),
    "self-harm": re.compile(r"\b(kill myself|suicide|suicidal|end my life|self.?harm|don'?t want to live)\b"),
    "fraud": re.compile(
        r"\b(my account (was|is|got|has been) (hacked|compromised)|stolen (card|credit card|identity)|identity theft|"
        r"unauthori[sz]ed (charge|payment|order|transaction)|(didn'?t|never) (make|place) this (order|payment))\b"
    ),
    "press": re.compile(r"\b(i'?m a (journalist|reporter)|press (inquiry|enquiry)|writing an article about)\b"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoffDecision:
    """`detail` is one plain sentence for the person who takes over: which rule spoke, and on what."""

    reason: HandoffReason
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    turn: TurnInput
    draft: Draft

    @property
    def new_text(self) -> str:
        """What the customer wrote since the last answer, folded: phones write “don’t”, the rules say "don't"."""
        return fold("\n".join(message.text for message in self.turn.messages[self.turn.new_from :]))


def _customer_asked(case: Case) -> HandoffDecision | None:
    if case.draft.kind is not TurnKind.WANTS_PERSON:
        return None
    return HandoffDecision(reason=HandoffReason.CUSTOMER_ASKED, detail="The customer asked for a person.")


def _reserved_topic(case: Case) -> HandoffDecision | None:
    for topic, pattern in RESERVED_TOPICS.items():
        if found := pattern.search(case.new_text):
            detail = f"Only people answer about {topic}; the customer wrote “{found.group()}”."
            return HandoffDecision(reason=HandoffReason.RESERVED_TOPIC, detail=detail)
    return None


def _draft_gives_up(case: Case) -> HandoffDecision | None:
    if case.draft.decision is not Decision.HANDOFF:
        return None
    reason = case.draft.reason or HandoffReason.LOW_CONFIDENCE
    return HandoffDecision(reason=reason, detail=case.draft.detail)


def _same_question_again(case: Case) -> HandoffDecision | None:
    asked = [_normalised(m.text) for m in case.turn.messages if m.author.kind is AuthorKind.CUSTOMER]
    if not asked or case.draft.kind is TurnKind.SMALL_TALK or asked.count(asked[-1]) < SAME_QUESTION_CAP:
        return None
    return HandoffDecision(
        reason=HandoffReason.LOOP, detail=f"The customer asked the same thing {SAME_QUESTION_CAP} times."
    )


def _too_many_turns(case: Case) -> HandoffDecision | None:
    replies = sum(message.author.kind is AuthorKind.AI_AGENT for message in case.turn.messages)
    if replies < TURN_CAP or case.draft.kind is TurnKind.SMALL_TALK:
        return None
    return HandoffDecision(reason=HandoffReason.TURN_CAP, detail=f"The AI agent has replied {replies} times already.")


def _normalised(text: str) -> str:
    return re.sub(r"\W+", " ", text.casefold()).strip()


RULES: tuple[Callable[[Case], HandoffDecision | None], ...] = (
    _customer_asked,
    _reserved_topic,
    _draft_gives_up,
    _same_question_again,
    _too_many_turns,
)


class HandoffPolicy:
    def decide(self, turn: TurnInput, draft: Draft) -> HandoffDecision | None:
        """The first rule's decision, or None where the draft may be sent."""
        case = Case(turn=turn, draft=draft)
        return next((decision for rule in RULES if (decision := rule(case)) is not None), None)
