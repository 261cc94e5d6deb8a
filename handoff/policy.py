"""When the AI agent passes a conversation on, or offers to. Pure: the same conversation and draft decide the same.

The rules are data, in policy.toml; what a condition means is here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from agent import replies
from agent.draft import CHOOSE_TOPIC, OFFER_PERSON, Decision, Draft, TurnInput
from agent.guardrails import clean, fold
from agent.standalone import content_words
from agent.turn_rules import abuses, declines, is_yes
from conversations.model import AuthorKind, HandoffReason, Message
from handoff.policy_file import Rule, shipped_rules

_SAME: Final = 0.7
"""Share of words that two questions have in common to be the same one in other words."""
_LONGEST_EVIDENCE: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoffDecision:
    """`detail` is one plain sentence for the person who takes over: on what `rule` spoke. `rule` names it, or is ""."""

    reason: HandoffReason
    detail: str
    rule: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """The reply is sent, and a person offered under it. `rule` and `detail` as in a HandoffDecision."""

    detail: str
    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What made a rule apply, for its `why`."""

    found: str = ""
    times: int = 0


class HandoffPolicy:
    def __init__(self, rules: Sequence[Rule] | None = None) -> None:
        """Without `rules` those of policy.toml."""
        self._rules = tuple(rules) if rules is not None else shipped_rules()

    def decide(self, turn: TurnInput, draft: Draft) -> HandoffDecision | Offer | None:
        """What the first rule that applies says; None where the draft may be sent as it is."""
        case = Case(turn, draft)
        for rule in self._rules:
            if rule.then == "offer" and case.offered:
                continue
            held = case.holds(rule)
            if held is not None:
                return _decided(rule, held, draft)
        return None


class Case:
    """One turn, as the conditions of rules ask about it."""

    def __init__(self, turn: TurnInput, draft: Draft) -> None:
        self._draft = draft
        self._theirs = [m for m in turn.messages if m.author.kind is AuthorKind.CUSTOMER]
        self._replies = sum(message.author.kind is AuthorKind.AI_AGENT for message in turn.messages)
        new = turn.messages[turn.new_from :]
        self._newest = new[-1].text if new else ""
        self._new = fold("\n".join(message.text for message in new))
        """What the customer wrote since the last answer, folded: phones write “don’t”, the rules say "don't"."""
        self.offered = any(map(_offers, (*turn.earlier, *turn.messages)))
        """A person was offered once in this conversation, in whatever episode."""
        self._ignored = _ignored(turn.messages)

    def holds(self, rule: Rule) -> Held | None:
        """What made it apply; None where something that it states does not hold."""
        draft = self._draft
        asked = self._asked_before() if rule.asked else 0
        abusive = sum(abuses(fold(clean(one.text))) for one in self._theirs) if rule.abusive else 0
        words = _found(rule.words, self._new) if rule.words else None
        refuted = (
            rule.kinds and draft.kind not in rule.kinds,
            draft.kind in rule.not_kinds,
            rule.words and words is None,
            rule.gives_up and draft.decision is not Decision.HANDOFF,
            rule.angry is not None and draft.anger < rule.angry,
            asked < (rule.asked or 0),
            abusive < (rule.abusive or 0),
            self._replies < (rule.replies or 0),
            rule.ignored and not self._ignored,
        )
        if any(refuted):
            return None
        times = asked or abusive or self._replies
        return Held(found=words or self._newest.strip()[:_LONGEST_EVIDENCE], times=times)

    def _asked_before(self) -> int:
        """How often the customer has asked what they ask now, in the same or nearly the same words."""
        asked = [message.text for message in self._theirs]
        return sum(_same(text, asked[-1]) for text in asked) if asked else 0


def _decided(rule: Rule, held: Held, draft: Draft) -> HandoffDecision | Offer:
    detail = rule.worded(found=held.found, times=held.times, draft=draft.detail)
    if rule.reason is None:
        return Offer(detail=detail, rule=rule.name)
    reason = (draft.reason or rule.reason) if rule.gives_up else rule.reason
    return HandoffDecision(reason=reason, detail=detail, rule=rule.name)


def _found(patterns: tuple[str, ...], text: str) -> str | None:
    found = (_compiled(pattern).search(text) for pattern in patterns)
    return next((match.group() for match in found if match is not None), None)


def _offers(message: Message) -> bool:
    ours = message.author.kind is AuthorKind.AI_AGENT and message.request != CHOOSE_TOPIC
    return ours and (message.request == OFFER_PERSON or replies.offers_person(message.text))


def _ignored(messages: Sequence[Message]) -> bool:
    """Whether the last offer of a person in this episode was answered by neither a yes nor a no."""
    place = max((place for place, message in enumerate(messages) if _offers(message)), default=None)
    if place is None:
        return False
    after = (fold(clean(m.text)) for m in messages[place:] if m.author.kind is AuthorKind.CUSTOMER)
    return not any(declines(text) or is_yes(text) for text in after)


def _same(one: str, other: str) -> bool:
    if _normalised(one) == _normalised(other):
        return True
    words, others = set(content_words(one)), set(content_words(other))
    return bool(words) and len(words & others) >= _SAME * len(words | others)


def _normalised(text: str) -> str:
    return re.sub(r"\W+", " ", text.casefold()).strip()


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)
