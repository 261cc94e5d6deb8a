"""What the customer said in this turn: the new messages as one text, and the earlier questions it may lean on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from agent import replies
from agent.choices import choices_in, chosen, order_of
from agent.draft import CHOOSE, CHOOSE_TOPIC, OFFER_PERSON, TurnHost, TurnInput
from agent.guardrails import clean, fold, shorten
from agent.languages import language_of
from agent.responders.stems import stems
from agent.several import questions_in
from agent.standalone import StandAlone, content_words, stand_alone
from agent.turn_rules import is_no, is_yes, small_talk
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
    topics: tuple[str, ...] = ()
    """The titles of articles that it asked about."""

    @property
    def wants_offered(self) -> bool:
        """Whether the message takes the person that was offered: "yes" to the offer, "no" to a doubtful answer."""
        folded = fold(self.text)
        return self.offered and is_yes(folded) or replies.IF_NOT_IT in self.last_reply and is_no(folded)

    @property
    def chosen(self) -> str | None:
        """The choice that was taken, if any."""
        return chosen(fold(self.asked.own), self.choices)

    @property
    def topic(self) -> str | None:
        """The title that was taken, if any."""
        return chosen(fold(self.asked.own), self.topics)

    @property
    def chosen_order(self) -> str | None:
        """The number of the order that was chosen, if it was one."""
        return order_of(self.chosen) if self.chosen else None

    def only_repeated_by(self, answer: str) -> bool:
        """Whether an answer is the last one again though the customer named something that it does not hold."""
        if answer not in self.last_reply:
            return False
        held = stems(answer)
        return any(word not in held for word in stems(" ".join(content_words(self.asked.own))))

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A turn on its way: `until` is the clock's time by which it must have come to something."""

    turn: TurnInput
    heard: Heard
    until: float
    host: TurnHost

    def left(self, clock: Callable[[], float]) -> Callable[[], float]:
        return lambda: max(0.0, self.until - clock())


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
        topics=choices_in(last.text) if last is not None and last.request == CHOOSE_TOPIC else (),
    )


def _customer_texts(turn: TurnInput, *, new: bool) -> list[str]:
    messages = turn.messages[turn.new_from :] if new else turn.messages[: turn.new_from]
    return [message.text for message in messages if message.author.kind is AuthorKind.CUSTOMER]


def _is_question(text: str) -> bool:
    folded = fold(text)
    return bool(text) and small_talk(folded) is None and not asks_for_person(folded)
