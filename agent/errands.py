"""What a customer wants done with an order, over as many messages as it takes to know which, what and where to.

In: the messages of the episode. Out: an `Errand`, in the customer's own words. Nothing that the AI agent, an article or
a tool said becomes part of it; the AI agent's questions only tell which messages belong together.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Final

from agent.choices import choices_in, chosen, order_of, points
from agent.guardrails import clean, fold
from agent.turn_rules import asks_for_action, asks_how, asks_something, small_talk
from conversations.model import AuthorKind, Message
from tools.order_finding import WHICH_ORDER
from tools.order_reference import numbers_in
from tools.order_requests import ADDRESS_ASKED, is_address, one_line
from tools.policy_rules import Reason
from tools.returns import WHICH_INSTEAD, WHICH_ITEM
from tools.subscriptions import WHICH_SUBSCRIPTION

QUESTIONS: Final = (WHICH_ORDER, WHICH_ITEM, WHICH_INSTEAD, ADDRESS_ASKED, WHICH_SUBSCRIPTION)
"""What the AI agent asks on the way; a message after one of these answers it, unless it is about something else."""
PROOFS: Final = frozenset({"sign_in", "verify"})
_FRAGMENT: Final = re.compile(r"<(\w+)>")
_TO: Final = re.compile(r"\bto:?\s+|:\s+", re.IGNORECASE)
_ASKS_WHAT_WAS: Final = re.compile(
    r"\bhow much (?:money )?(?:was|were|has been|have you|did (?:you|i))\b.{0,40}\b(?:refund\w*|back)\b"
)
"""What was done already is asked about, nothing is to be done."""
_LONGEST: Final = 1_000


class ErrandKind(StrEnum):
    CANCEL = "cancel"
    CHANGE_ADDRESS = "change_address"
    RETURN = "return"
    EXCHANGE = "exchange"
    REFUND = "refund"
    END_SUBSCRIPTION = "end_subscription"
    INVOICE = "invoice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """`words` is everything the customer said about it, without the address; `number` the order number that stands in
    it or that their "the second one" points at. `asked` counts the questions that were asked on the way.
    """

    kind: ErrandKind
    words: str
    reason: Reason
    number: str | None
    address: str | None
    whole: bool
    asked: int


def errand_in(messages: Sequence[Message], new_from: int, *, proven: bool) -> Errand | None:
    """The errand that the new messages begin or go on with; None where they are about something else.

    `proven`: a customer whose orders may be read. To anybody else, words that fit an article just as well ("I want to
    return my boots") are a question, unless they name an order.
    """
    chain, last_reply = _chain(messages, new_from)
    if not chain or not chain[-1]:
        return None
    newest, opening = chain[-1], chain[0]
    kind = _begun(newest, proven=proven)
    if kind is not None and (len(chain) == 1 or kind is not _begun(opening, proven=True)):
        chain, opening = [newest], newest
    elif len(chain) > 1 and kind is None:
        kind = None if _about_something_else(newest) else _begun(opening, proven=True)
    if kind is None:
        return None
    return _errand(kind, chain, last_reply)


def _errand(kind: ErrandKind, chain: list[str], last_reply: str) -> Errand:
    address = _address(chain, last_reply) if kind is ErrandKind.CHANGE_ADDRESS else None
    spoken = [text.replace(address, " ") if address else text for text in map(one_line, chain)]
    words = "\n".join(spoken)[-_LONGEST:]
    folded = fold(words)
    return Errand(
        kind=kind,
        words=words,
        reason=_reason(folded),
        number=_pointed_at(fold(chain[-1]), last_reply) or next(iter(reversed(numbers_in(words))), None),
        address=address,
        whole=re.search(_rules().whole, folded) is not None,
        asked=len(chain) - 1,
    )


def _chain(messages: Sequence[Message], new_from: int) -> tuple[list[str], str]:
    """What the customer said since the errand began, oldest first, and the AI agent's last reply."""
    texts = [_said(messages[new_from:])]
    last_reply = ""
    end = new_from
    while end > 0:
        reply = messages[end - 1]
        if reply.author.kind is not AuthorKind.AI_AGENT:
            break
        last_reply = last_reply or reply.text
        if not (reply.text.endswith(QUESTIONS) or reply.request in PROOFS):
            break
        start = end - 1
        while start > 0 and messages[start - 1].author.kind is AuthorKind.CUSTOMER:
            start -= 1
        texts.insert(0, _said(messages[start : end - 1]))
        end = start
    return [text for text in texts if text] if texts[-1] else [], last_reply


def _said(messages: Sequence[Message]) -> str:
    said = [clean(one.text) for one in messages if one.author.kind is AuthorKind.CUSTOMER]
    return "\n".join(text for text in said if text and small_talk(fold(text)) is None)


def _begun(text: str, *, proven: bool) -> ErrandKind | None:
    folded = fold(text)
    if _ASKS_WHAT_WAS.search(folded):
        return None
    numbered = bool(numbers_in(text))
    hypothetical = (asks_how(folded) or asks_something(folded)) and not numbered
    if hypothetical and not asks_for_action(folded):
        return None
    kind = next((kind for kind, rule in _rules().kinds if rule.fits(folded)), None)
    if kind is None or proven or numbered or asks_for_action(folded):
        return kind
    return None


def _about_something_else(text: str) -> bool:
    """A question of its own, after the AI agent's: an order number, an ordinal or an address is none."""
    folded = fold(text)
    if numbers_in(text) or points(folded) or is_address(one_line(text)):
        return False
    return asks_how(folded) or asks_something(folded)


def _reason(folded: str) -> Reason:
    return next((Reason(name) for name, rule in _rules().reasons if re.search(rule, folded)), Reason.CHANGED_MIND)


def _pointed_at(folded: str, last_reply: str) -> str | None:
    """ "The second one" of the orders that were just listed, which are the customer's own: the place is their word."""
    if not last_reply.endswith(WHICH_ORDER):
        return None
    taken = chosen(folded, choices_in(last_reply))
    return order_of(taken) if taken is not None else None


def _address(chain: Sequence[str], last_reply: str) -> str | None:
    """The address as the customer wrote it: in answer to the question for it, or after "to" in their request."""
    newest = one_line(chain[-1])
    if last_reply.endswith(ADDRESS_ASKED) and is_address(newest):
        return newest
    for text in reversed([one_line(text) for text in chain]):
        rests = (text[found.end() :].strip() for found in reversed(list(_TO.finditer(text))))
        address = next((rest for rest in rests if is_address(rest)), None)
        if address is not None:
            return address
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    any_of: re.Pattern[str]
    none_of: re.Pattern[str] | None

    def fits(self, folded: str) -> bool:
        text = folded[:_LONGEST]
        return self.any_of.search(text) is not None and (self.none_of is None or not self.none_of.search(text))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rules:
    kinds: tuple[tuple[ErrandKind, _Rule], ...]
    reasons: tuple[tuple[str, str], ...]
    whole: str


@cache
def _rules() -> _Rules:
    stored = tomllib.loads(resources.files("agent").joinpath("examples/errands.toml").read_text(encoding="utf-8"))
    fragments: dict[str, str] = stored["fragments"]

    def compiled(patterns: Sequence[str]) -> re.Pattern[str]:
        return re.compile(_expanded("|".join(patterns), fragments))

    kinds = tuple(
        (
            ErrandKind(kind["name"]),
            _Rule(any_of=compiled(kind["fits"]), none_of=compiled(kind["excepted"]) if "excepted" in kind else None),
        )
        for kind in stored["kind"]
    )
    return _Rules(kinds=kinds, reasons=tuple(stored["reason"].items()), whole=stored["whole"]["order"])


def _expanded(pattern: str, fragments: dict[str, str]) -> str:
    while _FRAGMENT.search(pattern):
        pattern = _FRAGMENT.sub(lambda found: fragments[found.group(1)], pattern)
    return pattern
