"""The few sentences the AI agent says in its own words. None of them states anything about the business."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Final

from agent.turn_rules import SmallTalk

OFFER: Final = "Would you like me to pass you to a person?"
"""Asked word for word, so that a "yes please" to it is understood, as "no, that's not it" is after IF_NOT_IT."""

SMALL_TALK: Final = {
    SmallTalk.GREETING: "Hi! What can I help you with?",
    SmallTalk.THANKS: "You're welcome! Just write if anything else comes up.",
    SmallTalk.GOODBYE: "You're welcome. Take care!",
    SmallTalk.IDENTITY: f"I'm an AI agent, and I answer from the help center. {OFFER}",
}
SOME_TALK: Final = "I'm here. Just write what you would like to know."
"""To small talk of a kind that no rule knows: "you're welcome" to a hello would sound deaf."""
IF_NOT_IT: Final = "If that isn't what you meant, just say so and I'll pass you to a person."
UNREADABLE: Final = "I couldn't read that message. Could you write your question in a few words?"
TELL_ME_MORE: Final = (
    "Happy to help. Could you tell me a little more: which product or order is it about, "
    "and what would you like to know?"
)
WHICH_THING: Final = "What is it about? Tell me the product, order or topic you mean, and I'll look it up."
WHICH_TOPIC: Final = "I'm not sure I understood. Is it about one of these?"
SOMETHING_ELSE: Final = f"Or is it something else? {OFFER}"
"""Under the titles that WHICH_TOPIC asks about."""
NOT_FOUND: Final = "I couldn't find an answer to that in our help center. I'd rather pass you to a person than guess."
TO_A_PERSON: Final = "Of course. I'm passing you to a person."
NEEDS_A_PERSON: Final = (
    "I can't make that change myself, so I'm passing this to a person who can. They will see everything you wrote here."
)
ONLY_PART: Final = f"I couldn't find a reliable answer to the rest of what you asked. {OFFER}"
"""Under an answer to the other part of a message that asked several things."""
GOING_ON: Final = "All right, we'll go on here. What would you like to know?"
"""After a "no" to the offer of a person."""
OUT_OF_SCOPE: Final = (
    "That isn't something I can help with here: I answer questions about our products, orders and services. "
    "Is there anything about those I can look up for you?"
)
KEEP_IT_CIVIL: Final = (
    "I'd like to help, but not in that tone. Tell me what went wrong or what you need, and I'll look it up."
)
CANNOT_SAY: Final = "I can't write that for you. If something went wrong, tell me what it was and I'll try to help."
VERIFY: Final = (
    "Before I change that, please show that it is you: I'll send a code to the e-mail address we have on file. "
    "Please enter it below, not in a message."
)
SIGN_IN: Final = "I can look that up for you. Please sign in first, so that I know which orders are yours."
TOOL_DOWN: Final = "I can't reach the order system right now, so I'm passing this to a person who can look it up."
TOO_SLOW: Final = "This is taking me too long, so I'm passing you to a person."
INTERRUPTED: Final = "I was interrupted there. Here is the answer from the start:"
"""Between what a customer had begun to read and the answer that follows it."""


def said_in(text: str, language: str | None) -> str:
    """`text` with the AI agent's own sentences in `language` where it has them; what is quoted stays as it is."""
    known = _translations(language or "")
    paragraphs = (_translated(paragraph, known) for paragraph in text.split("\n\n"))
    return "\n\n".join(paragraphs) if known else text


def in_english(text: str) -> str:
    """The other way round: what the AI agent said before, as the rules of a turn know it."""
    known = _originals()
    return "\n\n".join(_translated(paragraph, known) for paragraph in text.split("\n\n"))


def offers_person(text: str) -> bool:
    """Whether a reply ends by offering a person, in any language."""
    return in_english(text).endswith(OFFER)


def _translated(paragraph: str, known: dict[str, str]) -> str:
    if paragraph in known:
        return known[paragraph]
    offer = next((one for one in known if one in _OFFERS and paragraph.endswith(f" {one}")), None)
    if offer is None:
        return paragraph
    return f"{_translated(paragraph.removesuffix(f' {offer}'), known)} {known[offer]}"


@cache
def _translations(language: str) -> dict[str, str]:
    """By the English sentence."""
    listed = _listed().get(language, {})
    return {_ENGLISH[name].removesuffix(f" {OFFER}"): text for name, text in listed.items()}


@cache
def _originals() -> dict[str, str]:
    return {text: english for language in _listed() for english, text in _translations(language).items()}


@cache
def _listed() -> dict[str, dict[str, str]]:
    return tomllib.loads(resources.files("agent").joinpath("replies_translated.toml").read_text("utf-8"))


_ENGLISH: Final = {
    "OFFER": OFFER,
    **{kind.name: text for kind, text in SMALL_TALK.items()},
    "SOME_TALK": SOME_TALK,
    "IF_NOT_IT": IF_NOT_IT,
    "UNREADABLE": UNREADABLE,
    "TELL_ME_MORE": TELL_ME_MORE,
    "WHICH_THING": WHICH_THING,
    "WHICH_TOPIC": WHICH_TOPIC,
    "SOMETHING_ELSE": SOMETHING_ELSE,
    "GOING_ON": GOING_ON,
    "OUT_OF_SCOPE": OUT_OF_SCOPE,
    "KEEP_IT_CIVIL": KEEP_IT_CIVIL,
    "CANNOT_SAY": CANNOT_SAY,
    "ONLY_PART": ONLY_PART,
    "SIGN_IN": SIGN_IN,
}
_OFFERS: Final = frozenset({OFFER} | {listed["OFFER"] for listed in _listed().values()})
