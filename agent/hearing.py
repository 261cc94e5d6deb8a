"""What the customer said in this turn: the new messages as one text, and the earlier questions it may lean on."""

from __future__ import annotations

from dataclasses import dataclass

from agent import replies
from agent.choices import choices_in, chosen, order_of
from agent.draft import CHOOSE, OFFER_PERSON, TurnInput
from agent.guardrails import clean, fold, shorten
from agent.languages import language_of
from agent.several import questions_in
from agent.standalone import StandAlone, stand_alone
from agent.turn_rules import small_talk
from agent.wants_person import asks_for_person
from conversations.model import AuthorKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """`text` is everything new, cleaned; `parts` its messages; `asked` the same made to stand alone.

    `earlier` are the customer's questions before, oldest first. `last_reply` is what the AI agent said before, or "";
    `offered` says that it offered a person. Texts are empty when nothing readable was sent.
    """

    text: str
    parts: tuple[str, ...]
    asked: StandAlone
    last_reply: str
    earlier: tuple[str, ...] = ()
    offered: bool = False
    language: str | None = None
    """What the customer writes in, as far as it can be told."""
    choices: tuple[str, ...] = ()
    """What the AI agent's last reply gave to choose from."""

    @property
    def chosen(self) -> str | None:
        """The choice that was taken, if any."""
        return chosen(fold(self.asked.own), self.choices)

    @property
    def chosen_order(self) -> str | None:
        """The number of the order that was chosen, if it was one."""
        return order_of(self.chosen) if self.chosen else None

    def each(self) -> tuple[Heard, ...]:
        """The questions of the turn one by one, each after those before it; only this one where there is one."""
        asks = questions_in(self.asked.own)
        if len(asks) == 1:
            return (self,)
        return tuple(
            Heard(
                text=own,
                parts=(own,),
                asked=stand_alone(own, [*self.earlier, *asks[:place]]),
                last_reply=self.last_reply,
                earlier=(*self.earlier, *asks[:place]),
                language=self.language,
            )
            for place, own in enumerate(asks)
        )


def alone(question: str) -> Heard:
    """A question that nothing was said before."""
    return Heard(text=question, parts=(question,), asked=stand_alone(question, ()), last_reply="")


def hear(turn: TurnInput) -> Heard:
    """Several messages in a row are one turn; greetings among them are not part of the question."""
    parts = tuple(text for text in map(clean, _customer_texts(turn, new=True)) if text)
    substance = [part for part in parts if small_talk(fold(part)) is None] or list(parts)
    said = map(clean, _customer_texts(turn, new=False))
    earlier: tuple[str, ...] = ()
    for text in filter(_is_question, said):
        asked = stand_alone(shorten(text), earlier)
        earlier += (asked.question if asked.whole else asked.own,)
    own = shorten("\n".join(substance))
    answers = [m for m in turn.messages[: turn.new_from] if m.author.kind is AuthorKind.AI_AGENT]
    last = answers[-1] if answers else None
    return Heard(
        text="\n".join(parts),
        parts=parts,
        asked=stand_alone(own, earlier),
        last_reply=replies.in_english(last.text) if last else "",
        earlier=earlier,
        offered=last is not None and (last.request == OFFER_PERSON or replies.offers_person(last.text)),
        language=language_of([*map(clean, _customer_texts(turn, new=False)), *parts]),
        choices=choices_in(last.text) if last is not None and last.request == CHOOSE else (),
    )


def _customer_texts(turn: TurnInput, *, new: bool) -> list[str]:
    messages = turn.messages[turn.new_from :] if new else turn.messages[: turn.new_from]
    return [message.text for message in messages if message.author.kind is AuthorKind.CUSTOMER]


def _is_question(text: str) -> bool:
    folded = fold(text)
    return bool(text) and small_talk(folded) is None and not asks_for_person(folded)
