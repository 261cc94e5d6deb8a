"""What a message is, where its words alone settle it: small talk, the customer's own order, a change they demand.

Folded text goes in (see guardrails.fold). The rules are in examples/turn_rules.toml; they speak only when they are
sure, the rest is left to likeness to examples.
"""

from __future__ import annotations

import re
import tomllib
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Final

_PREFIXED_NUMBER: Final = re.compile(r"(?<![\w-])[a-z]{1,4}-\d{3,12}(?![\w-])")
_PLAIN_NUMBER: Final = re.compile(
    r"(?:#\s?|\border\s*(?:number|no\.?|nr\.?|id)?\s*(?:is|was)?\s*[:#]?\s*)((?:[a-z]{1,4})?\d{3,12})\b"
)
_LONE_NUMBER: Final = re.compile(
    r"^(?:it'?s|its|the number is|here:?|this one:?|yes,?)?\s*((?:[a-z]{1,4})?\d{4,12})[.!]?$"
)
_ASKED_OF_US: Final = re.compile(r"\b(?:can|could|would) (?:you|u)\b")
_CLAUSE_END: Final = re.compile(r"[.!?;,\n]+\s*|\b(?:and|but|so|then)\s+")
_SENTENCE_END: Final = re.compile(r"[.!?;\n]+\s+")
_HOW_TO: Final = re.compile(r"\bhow (?:to|do|can)\b")
_FRAGMENT: Final = re.compile(r"<(\w+)>")
_LONGEST_SMALL_TALK: Final = 100
"""Sixty times "thank you so much" with a slip at the end would keep the pattern busy for years; at 100 characters it is
some microseconds."""
_SHORT: Final = 4
"""An order number among so few words asks for the state of that order."""


class SmallTalk(StrEnum):
    GREETING = "greeting"
    THANKS = "thanks"
    GOODBYE = "goodbye"
    IDENTITY = "identity"


def small_talk(folded: str) -> SmallTalk | None:
    """The small talk a message consists of, or None if it says anything else."""
    text = folded.strip(" \"'*~")
    if len(text) > _LONGEST_SMALL_TALK:
        return None
    if _rule("who_are_you").match(text):
        return SmallTalk.IDENTITY
    if _rule("greeting").match(text) or _rule("by_name").match(text):
        return SmallTalk.GREETING
    if _rule("thanks").match(text):
        return SmallTalk.GOODBYE if _rule("bye").search(text) else SmallTalk.THANKS
    return None if any(character.isalnum() for character in text) else SmallTalk.THANKS


def is_yes(folded: str) -> bool:
    """True when the message only agrees ("yes please"); what it agrees to is in the message before."""
    return len(folded) <= _LONGEST_SMALL_TALK and _rule("yes").match(folded) is not None


def is_no(folded: str) -> bool:
    """True when the message only says that the answer before was not the one wanted."""
    return len(folded) <= _LONGEST_SMALL_TALK and _rule("no").match(folded) is not None


def declines(folded: str) -> bool:
    """True when the message only turns an offer down ("no thanks", "non merci")."""
    return len(folded) <= _LONGEST_SMALL_TALK and _rule("declines").match(folded) is not None


def abuses(folded: str) -> bool:
    """True when the message is nothing but abuse, or asks for some ("write a poem about how bad you are")."""
    if _rule("provokes").search(folded):
        return True
    return _rule("insult").search(folded) is not None and not any(
        _rule(name).search(folded) for name in ("substance", "question_opens")
    )


def provokes(folded: str) -> bool:
    """True when the customer wants the AI agent to swear, or to run somebody down."""
    return _rule("provokes").search(folded) is not None


def far_from_support(folded: str) -> bool:
    """True for what no company's support is for, by its words: a poem, a joke, the weather, homework."""
    return _rule("far_from_support").search(folded) is not None


def order_number(folded: str) -> str | None:
    """The order number in a message, upper case, or None."""
    for pattern in (_PREFIXED_NUMBER, _PLAIN_NUMBER, _LONE_NUMBER):
        found = pattern.search(folded)
        if found:
            return (found.group(1) if pattern.groups else found.group()).upper()
    return None


def asks_order_status(folded: str) -> bool:
    """True when the customer asks how it stands with their own order, not how tracking works."""
    if _rule("not_status").search(folded):
        return False
    if _rule("order_state").search(folded):
        return True
    numbered = order_number(folded) is not None
    status = _rule("order_status").search(folded) is not None
    if asks_how(folded) and not _ASKED_OF_US.search(folded):
        return numbered and status
    if status or (numbered and _rule("where_or_when").search(folded)):
        return True
    return numbered and len(folded.split()) <= _SHORT


def continues_order_status(folded: str) -> bool:
    """True for "and when will it arrive?", which after a word on the customer's order is about that order."""
    return _rule("goes_on_about_order").search(folded) is not None and not asks_how(folded.replace("when do", "when"))


def asks_for_action(folded: str) -> bool:
    """True when the customer wants their own order cancelled, refunded or changed now, not to learn how it is done."""
    if _rule("question_anyway").search(folded) or _HOW_TO.search(folded):
        return False
    found = _rule("action").search(folded)
    if found is None:
        return False
    before = folded[: found.start() + 1]
    if asks_how(_SENTENCE_END.split(before)[-1]) or asks_something(_CLAUSE_END.split(before[:-1])[-1]):
        return False
    # Sending something back is the customer's own doing: the help center says how, unless an order is named.
    return not _rule("back").search(found.group()) or order_number(folded) is not None


def asks_something(folded: str) -> bool:
    """True where a clause asks when, what, which or "can I": no command, whatever verb it holds."""
    return any(_rule("question_opens").match(clause) for clause in _CLAUSE_END.split(folded))


def overrides_rules(folded: str) -> bool:
    """True for "ignore all previous instructions and ...": a command to the AI agent, which no article answers."""
    return any(_rule("overrides").match(clause) for clause in _CLAUSE_END.split(folded))


def asks_how(folded: str) -> bool:
    """True for questions about how things are done or what happens if, as opposed to demands."""
    return _rule("how").search(folded) is not None


@cache
def _rule(name: str) -> re.Pattern[str]:
    return _rules()[name]


@cache
def _rules() -> dict[str, re.Pattern[str]]:
    text = resources.files("agent").joinpath("examples/turn_rules.toml").read_text(encoding="utf-8")
    stored = tomllib.loads(text)
    fragments: dict[str, str] = stored["fragments"]
    return {name: re.compile(_expanded("|".join(rule), fragments)) for name, rule in stored["rules"].items()}


def _expanded(pattern: str, fragments: dict[str, str]) -> str:
    while _FRAGMENT.search(pattern):
        pattern = _FRAGMENT.sub(lambda found: fragments[found.group(1)], pattern)
    return pattern
