"""A sample for the evals made of a conversation: redacted, with an outcome proposed from what the person did.

Pure. What cannot be told apart by rules (a street, a story) stays in: a person reads the proposal before it is kept.
The result is a line of the format in docs/evals.md, as plain JSON.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from conversations.model import (
    AuthorKind,
    Conversation,
    Customer,
    Handoff,
    HandoffReason,
    HumanAgent,
    JsonObject,
    JsonValue,
    Message,
)

_MAIL: Final = re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+")
_LINK: Final = re.compile(r"https?://\S+|www\.\S+", re.IGNORECASE)
_ORDER: Final = re.compile(
    r"\b([A-Za-z]{2,4})-(\d{4,10})\b(?![-\d])|\b([A-Z]{2,4}) ?(\d{4,10})\b(?![-\d])"
    r"|(?i:(?<=order )|(?<=number )|(?<=no\. )|(?<=nr\. )|(?<=#))()(\d{4,10})\b(?![-\d])"
)
_LONG_NUMBER: Final = re.compile(r"(?<![\w.,])\+?\(?\d(?:[\s()/.-]{0,3}\d){6,}(?: ?(?:x|ext\.?) ?\d{1,6})?(?!\w)")
"""Seven digits and more, however they are set apart: telephone numbers (with an extension), cards, accounts."""
_IBAN: Final = re.compile(
    r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,4})?\b|\b[a-z]{2}\d{2}[a-z0-9]{11,30}\b"
)
_SHORTEST_NAME: Final = 3
_LONGEST: Final = 4_000
_PEOPLES_WORK: Final = frozenset(
    {HandoffReason.CUSTOMER_ASKED, HandoffReason.RESERVED_TOPIC, HandoffReason.NEEDS_APPROVAL, HandoffReason.ABUSE}
)
"""Reasons that stay right when the AI agent gets better; of the others an answer would have been right too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What is known of a conversation. `messages` are the public ones of one episode, oldest first; `rated_low` is
    whether the customer was not content.
    """

    conversation: Conversation
    customer: Customer
    messages: Sequence[Message]
    handoff: Handoff | None
    people: Sequence[HumanAgent]
    rated_low: bool = False


@dataclass(slots=True)
class Redaction:
    """Takes out who somebody is. The same order number becomes the same stand-in, so that a text still makes sense."""

    names: tuple[str, ...]
    orders: dict[str, int] = field(default_factory=dict)

    def of(self, text: str) -> str:
        text = _LINK.sub("[link]", _MAIL.sub("[e-mail]", text))
        text = _IBAN.sub("[account]", text)
        text = _ORDER.sub(self._order, text)
        text = _LONG_NUMBER.sub(_unless_stand_in, text)
        for name in self.names:
            text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "[name]", text, flags=re.IGNORECASE)
        return text[:_LONGEST]

    def _order(self, found: re.Match[str]) -> str:
        letters, digits = [part for part in found.groups() if part is not None]
        # By its digits alone: who writes NP-49127 first and "order 49127" later means one order.
        number = self.orders.setdefault(digits, 90_001 + len(self.orders))
        return f"{letters.upper()}-{number}" if letters else str(number)


def proposed_sample(past: Past) -> JsonObject | None:
    """None where the customer said nothing."""
    redaction = Redaction(names=_names(past))
    asked = [redaction.of(one.text) for one in _before_people(past.messages) if one.author.kind is AuthorKind.CUSTOMER]
    asked = [text for text in asked if text.strip()]
    if not asked:
        return None
    happens: JsonObject = {"question": asked[0]} if len(asked) == 1 else {"says_in_turn": list[JsonValue](asked)}
    return {
        "id": f"conversation-{past.conversation.id}",
        "origin": f"conversation {past.conversation.id}",
        "tags": list[JsonValue](_tags(past)),
        **happens,
        "expect": _expected(past),
    }


def persons_words(past: Past) -> list[str]:
    """What people answered, redacted: a help to whoever writes down what a right answer says."""
    redaction = Redaction(names=_names(past))
    return [redaction.of(one.text) for one in past.messages if one.author.kind is AuthorKind.HUMAN_AGENT]


def _before_people(messages: Sequence[Message]) -> Iterable[Message]:
    """What was said until a person wrote: after that the AI agent was not asked."""
    for message in messages:
        if message.author.kind is AuthorKind.HUMAN_AGENT:
            return
        yield message


def _expected(past: Past) -> JsonObject:
    """From what people did: who was passed on for a reason that only people settle, belongs to people; whose answer
    nobody corrected was answered well; of the rest the reviewer decides, and finds what was cited.
    """
    cited = list(dict.fromkeys(source.article_id for one in past.messages for source in one.citations))
    if past.handoff is not None:
        if past.handoff.reason in _PEOPLES_WORK:
            return {"decision": "hand_off", "reasons": [past.handoff.reason.value]}
        return {"decision": "answer|hand_off"}
    if past.rated_low or _corrected(past.messages):
        return {"decision": "answer|hand_off"}
    expected: JsonObject = {"decision": "answer"}
    if cited:
        expected["relevant"] = list[JsonValue](cited)
    return expected


def _tags(past: Past) -> list[str]:
    tags = ["from_production"]
    if past.handoff is not None:
        tags.append(f"handed_off_{past.handoff.reason.value}")
    elif _corrected(past.messages):
        tags.append("corrected")
    if past.rated_low:
        tags.append("low_rating")
    return tags


def _corrected(messages: Sequence[Message]) -> bool:
    return any(one.author.kind is AuthorKind.HUMAN_AGENT for one in messages)


def _names(past: Past) -> tuple[str, ...]:
    """The longest first, so that a whole name goes before its parts."""
    whole = [past.customer.display_name or "", *(person.display_name for person in past.people)]
    parts = {part for name in whole for part in (name, *name.split())}
    return tuple(sorted((part for part in parts if len(part) >= _SHORTEST_NAME), key=len, reverse=True))


def _unless_stand_in(found: re.Match[str]) -> str:
    """Dates (2026-12-01) and amounts are no telephone numbers."""
    return found[0] if re.fullmatch(r"\d{4}-\d\d-\d\d|\d{1,2}[./]\d{1,2}[./]\d{4}", found[0]) else "[number]"
