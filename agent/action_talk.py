"""What is said about an action of the conversation: how it stands by the ledger's record, and where it is confirmed.

Words never confirm one. A "yes" to an open card leads to the card; "did it work?" gets the record's answer, which says
"pending" until the provider's own books say more.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from agent.confidence import certain
from agent.draft import Decision, Draft, TurnKind
from agent.drafting import EXTRACTIVE, ORDER_TOLD
from agent.guardrails import fold
from agent.hearing import Heard
from agent.turn_rules import is_yes
from tools.action_model import Action, ActionState
from tools.refunds import standing

ON_THE_CARD: Final = (
    "Please confirm it with the button on the card above. For your safety, writing yes here does nothing by itself."
)
_AGREES: Final = re.compile(r"\b(?:yes|yeah|yep|confirm(?:ed)?|i agree|go ahead|do it|please do|ja|oui|si)\b")
_HOW_FAR: Final = re.compile(
    r"\bdid (?:it|that|this) (?:work|go through|happen)\b"
    r"|\b(?:is|was|has|have|did) (?:it|that|(?:my|the) (?:refund|money|cancellation|exchange|return))\b"
    r".{0,30}\b(?:done|through|refunded|sent|processed|back|arrived|made|approved|work|confirmed)\b"
    r"|\b(?:where is|what about|status of|how far is|any news (?:on|about)) (?:my|the) (?:refund|money|cancellation)\b"
    r"|\b(?:refund|cancellation) (?:status|yet)\b"
)
_MOST_WORDS: Final = 14
"""A longer message brings something new, and is answered as such."""


def told_about_action(heard: Heard, actions: Sequence[Action]) -> Draft | None:
    """The reply to a message that only agrees to a card, or asks how an action stands; else None."""
    if not actions:
        return None
    newest, text = actions[-1], fold(heard.text)
    short = len(text.split()) <= _MOST_WORDS
    if newest.state is ActionState.PROPOSED and (is_yes(text) or (short and _AGREES.match(text))):
        return _said(heard, ON_THE_CARD)
    if short and _HOW_FAR.search(text):
        return _said(heard, standing(newest))
    return None


def _said(heard: Heard, text: str) -> Draft:
    return Draft(
        text=text,
        decision=Decision.ANSWER,
        kind=TurnKind.ORDER_STATUS,
        question=heard.asked.own,
        confidence=certain("tool_result", ORDER_TOLD),
        responder=EXTRACTIVE,
    )
