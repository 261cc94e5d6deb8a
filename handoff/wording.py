"""What the customer is told when a person takes over, one text per reason."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Final

from conversations.model import HandoffReason

BY_EMAIL = "We'll answer by e-mail to {address}, with a link back to this conversation. You don't have to wait here."
AI_MEANWHILE = "Ask me anything else meanwhile. You keep your place, and a colleague still answers you."
FOR_THE_PERSON = "I can't answer that one for sure. The colleague you are waiting for will see it here."
_NOT_SOLVED: Final = "Sorry about that. Tell me what is missing, or talk to a person."
_DID_IT_SOLVE: Final = "Did that answer your question?"

LEAD: dict[HandoffReason, str] = {
    HandoffReason.CUSTOMER_ASKED: "Of course. I'm bringing in a colleague who can see everything you wrote here, "
    "so you don't have to repeat yourself.",
    HandoffReason.LOW_CONFIDENCE: "I couldn't find a reliable answer to that in our help center, so I'm passing you to "
    "a colleague. They can see everything you wrote.",
    HandoffReason.UNGROUNDED: "Our help center doesn't settle that for sure, so I'm passing you to a colleague. "
    "They can see everything you wrote.",
    HandoffReason.RESERVED_TOPIC: "This is something a person should look at. I'm passing you to a colleague now, "
    "with everything you wrote.",
    HandoffReason.NEEDS_APPROVAL: "A colleague has to do that for you. I've passed on what you asked for, with "
    "everything you wrote here.",
    HandoffReason.FRUSTRATION: "I'm sorry this has been frustrating. I'm passing you to a colleague who can see the "
    "whole conversation.",
    HandoffReason.LOOP: "I don't seem to be answering what you need, so I'm passing you to a colleague who can see "
    "the whole conversation.",
    HandoffReason.TURN_CAP: "We've been at this for a while, so I'm passing you to a colleague who can see the whole "
    "conversation.",
    HandoffReason.AI_UNAVAILABLE: "Something went wrong on my side. I'm passing you to a colleague, and nothing you "
    "wrote is lost.",
    HandoffReason.LANGUAGE: "Our help center isn't in your language, so I'm passing your question to a colleague. They "
    "can see everything you wrote.",
    HandoffReason.ACTION_STUCK: "What you confirmed here has not gone through as it should, so I'm passing you to a "
    "colleague who puts it right. You don't have to do anything.",
    HandoffReason.ABUSE: "I can't help you any further here. I'm passing this to a colleague, who can see the whole "
    "conversation.",
}

_REPLY_HERE: Final = "They'll reply right here."


def lead(reason: HandoffReason, language: str | None) -> str:
    """Why a person takes over, in `language` where there is a text in it."""
    listed = _translations().get(language or "", {})
    return listed.get(reason.value) or listed.get("OTHER") or LEAD[reason]


def reply_here(language: str | None) -> str:
    """That the person will answer in this very place."""
    return _translations().get(language or "", {}).get("REPLY_HERE", _REPLY_HERE)


def did_it_solve(language: str | None) -> str:
    """Whether the answer helped, asked when its customer has been quiet for a while."""
    return _translations().get(language or "", {}).get("DID_IT_SOLVE", _DID_IT_SOLVE)


def not_solved(language: str | None) -> str:
    """What the AI agent says to a "no"."""
    return _translations().get(language or "", {}).get("NOT_SOLVED", _NOT_SOLVED)


@cache
def _translations() -> dict[str, dict[str, str]]:
    return tomllib.loads(resources.files("handoff").joinpath("wording_translated.toml").read_text("utf-8"))
