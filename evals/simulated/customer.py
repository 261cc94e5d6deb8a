"""The customer's state machine: hear the reply, tell whether it helped, do the next thing."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from evals.sample import SimulatedCustomer, Step
from evals.simulated.goals import Goal, goals
from evals.simulated.personas import PERSONAS, Persona
from evals.simulated.styles import STYLES, Style

_DETOURS: Final = (
    "Something else: do you have a store in Portland?",
    "By the way, can the Tarn bottle go in the dishwasher?",
    "Oh, and do you ship to Norway?",
)
_OUTBURSTS: Final = ("This is ridiculous.", "I am really angry now!", "What kind of service is this?!")
_PERSON: Final = {
    "en": "I want to talk to a person.",
    "de": "Ich möchte mit einem Menschen sprechen.",
    "fr": "Je veux parler à une personne.",
    "es": "Quiero hablar con una persona.",
}
_ASKED_FOR: Final = {
    "order": ("which order",),
    "item": ("which item",),
    "instead": ("would you like instead",),
    "address": ("full new address",),
    "subscription": ("would you like to end",),
}
_ASKED_WHAT: Final = ("tell me a little more", "what is it about", "what can i help", "what would you like to know")
"""How a customer recognises what Baton asks; read in lower case at the end of its reply."""


class Left(StrEnum):
    """How a conversation ended, in the words of a trial."""

    GOAL = "goal"
    HANDED_OFF = "handed_off"
    GAVE_UP = "gave_up"
    TURN_LIMIT = "turn_limit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the customer sees after their step: `reply` is everything that was said to it, "" if nothing was.

    `request` is what the page offers beside the reply ("sign_in", "verify", "choose", …). `carried_out` are kinds of
    actions that succeeded, `waiting` those that were confirmed and wait for a person, `card` whether one is open.
    """

    reply: str = ""
    request: str | None = None
    card: bool = False
    carried_out: frozenset[str] = frozenset()
    waiting: frozenset[str] = frozenset()
    handed_off: bool = False


@dataclass(slots=True, kw_only=True)
class Customer:
    """One customer in one conversation. `next` is called with None first, then after each step."""

    persona: Persona
    goal: Goal
    style: Style
    chance: random.Random
    language: str = "en"
    signs_in_as: str | None = None
    max_turns: int = 12
    reached: bool = False
    """Whether they have what they came for. With a goal of nothing: whether nothing was had."""
    _turns: int = 0
    _told: str = ""
    _fruitless: int = 0
    _detours: int = 0
    _pressed: int = 0
    _then: int = 0
    _answered: set[str] = field(default_factory=set)
    _said_yes: bool = False
    _wavered: bool = False
    _wants_person: bool = False

    def next(self, seen: Seen | None) -> Step | Left:
        """The next step, or how it ended."""
        if seen is None:
            return self._turn(self._opening())
        self._told += f"\n{seen.reply}"
        self.reached = self._has_it(seen)
        ended = self._end(seen)
        if ended is not None:
            return ended
        return self._turn(self._reaction(seen))

    def _turn(self, step: Step | Left) -> Step | Left:
        self._turns += isinstance(step, Step)
        return step

    def _opening(self) -> Step:
        own = self.goal.opens_in.get(self.language)
        lines = own or (self.goal.vague if self.persona.piecemeal and self.goal.vague else self.goal.opens)
        text = self.chance.choice(lines)
        if self.persona.outbursts and not own:
            text = f"{self.chance.choice(_OUTBURSTS)} {text}"
        return self._say(text, styled=not own)

    def _has_it(self, seen: Seen) -> bool:
        goal = self.goal
        if goal.nothing:
            return not (seen.carried_out or seen.waiting)
        if goal.person:
            return seen.handed_off
        if goal.action is not None:
            return goal.action in seen.carried_out | seen.waiting
        return all(any(one in self._told for one in fact.split("|")) for fact in goal.told)

    def _end(self, seen: Seen) -> Left | None:
        if seen.handed_off:
            return Left.GOAL if self.reached and not self.goal.nothing else Left.HANDED_OFF
        if self.reached and not self.goal.nothing and not self._insists():
            return Left.GOAL
        return Left.TURN_LIMIT if self._turns >= self.max_turns else None

    def _insists(self) -> bool:
        return self._pressed < min(self.persona.presses, len(self.goal.presses))

    def _reaction(self, seen: Seen) -> Step | Left:
        if seen.card:
            return self._at_the_card()
        if seen.request == "sign_in" and self.signs_in_as is not None:
            return self._once("sign_in", Step(sign_in=self.signs_in_as)) or self._had_enough()
        if seen.request == "verify":
            return self._once("code", Step(code="right")) or self._had_enough()
        answer = self._answer(seen.reply)
        if answer is not None:
            return answer
        if self._detours < self.persona.detours:
            self._detours += 1
            return self._say(_DETOURS[self._detours - 1])
        return self._goes_on()

    def _at_the_card(self) -> Step:
        if self.persona.wavers and not self._wavered:
            self._wavered = True
            return Step(decline=True)
        if self.persona.says_yes_first and not self._said_yes:
            self._said_yes = True
            return self._say("Yes, please do it.")
        return Step(confirm=True)

    def _answer(self, reply: str) -> Step | None:
        """Their answer to what Baton asks at the end of its reply; each is given twice at most."""
        asked = reply.lower()[-160:]
        for about, phrases in _ASKED_FOR.items():
            if about in self.goal.answers and any(phrase in asked for phrase in phrases):
                step = self._once(about, self._say(self.goal.answers[about], styled=False))
                if step is not None:
                    return step
        if any(phrase in asked for phrase in _ASKED_WHAT) and "topic" in self.goal.answers:
            return self._once("topic", self._say(self.goal.answers["topic"]))
        return None

    def _once(self, about: str, step: Step) -> Step | None:
        if about in self._answered:
            return None
        self._answered.add(about)
        return step

    def _goes_on(self) -> Step | Left:
        if self._then < len(self.goal.then):
            self._then += 1
            return self._say(self.goal.then[self._then - 1])
        if self._insists():
            self._pressed += 1
            return self._say(self.goal.presses[self._pressed - 1], styled=False)
        self._fruitless += 1
        if self._fruitless >= self.persona.patience or self.goal.nothing:
            return self._had_enough()
        again = self.goal.opens_in.get(self.language) or self.goal.opens
        text = self.chance.choice(again)
        return self._say(f"{self.chance.choice(_OUTBURSTS)} {text}" if self.persona.outbursts else text)

    def _had_enough(self) -> Step | Left:
        if self.persona.leaves or self._wants_person or self.goal.nothing:
            return Left.GAVE_UP
        self._wants_person = True
        return self._say(_PERSON.get(self.language, _PERSON["en"]), styled=False)

    def _say(self, text: str, *, styled: bool = True) -> Step:
        return Step(say=self.style(text, self.chance) if styled else text)


def customer_for(
    simulated: SimulatedCustomer, *, language: str | None = None, signs_in_as: str | None = None
) -> Customer:
    """The customer of a sample. Raises ValueError with the names there are, for one that is not known."""
    for kind, name, known in (
        ("persona", simulated.persona, PERSONAS),
        ("goal", simulated.goal, goals()),
        ("style", simulated.style, STYLES),
    ):
        if name not in known:
            raise ValueError(f"there is no {kind} {name!r}; there are {', '.join(sorted(known))}")
    goal = goals()[simulated.goal]
    known_facts = {**goal.answers, **simulated.facts}
    seed = f"{simulated.persona}/{simulated.goal}/{simulated.style}/{simulated.seed}"
    return Customer(
        persona=PERSONAS[simulated.persona],
        goal=goal.model_copy(update={"answers": known_facts}),
        style=STYLES[simulated.style],
        chance=random.Random(seed),  # noqa: S311  # the same customer every time, no secret
        language=language or "en",
        signs_in_as=signs_in_as,
        max_turns=simulated.max_turns,
    )
