"""What the customer said in this turn: the new messages as one text, and the earlier questions it may lean on."""

from __future__ import annotations

from dataclasses import dataclass

from agent.draft import TurnInput
from agent.guardrails import clean, fold, shorten
from agent.standalone import StandAlone, stand_alone
from agent.turn_rules import small_talk
from agent.wants_person import asks_for_person
from conversations.model import AuthorKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """`text` is everything new, cleaned; `parts` its messages; `asked` the same made to stand alone.

    `last_reply` is what the AI agent said before, or "". Texts are empty when nothing readable was sent.
    """

    text: str
    parts: tuple[str, ...]
    asked: StandAlone
    last_reply: str


def hear(turn: TurnInput) -> Heard:
    """Several messages in a row are one turn; greetings among them are not part of the question."""
    parts = tuple(text for text in map(clean, _customer_texts(turn, new=True)) if text)
    substance = [part for part in parts if small_talk(fold(part)) is None] or list(parts)
    earlier = [text for text in map(clean, _customer_texts(turn, new=False)) if _is_question(text)]
    own = shorten("\n".join(substance))
    replies = [m.text for m in turn.messages[: turn.new_from] if m.author.kind is AuthorKind.AI_AGENT]
    return Heard(
        text="\n".join(parts),
        parts=parts,
        asked=stand_alone(own, [shorten(text) for text in earlier]),
        last_reply=replies[-1] if replies else "",
    )


def _customer_texts(turn: TurnInput, *, new: bool) -> list[str]:
    messages = turn.messages[turn.new_from :] if new else turn.messages[: turn.new_from]
    return [message.text for message in messages if message.author.kind is AuthorKind.CUSTOMER]


def _is_question(text: str) -> bool:
    folded = fold(text)
    return bool(text) and small_talk(folded) is None and not asks_for_person(folded)
