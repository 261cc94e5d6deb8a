"""A sample: what a customer says, in which state of the world, and what must be true afterwards.

One JSON object a line; `docs/evals.md` explains the fields, `docs/sample.schema.json` is the schema:

    python -m evals.sample > docs/sample.schema.json
"""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Final, Literal, cast

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
    model_validator,
)

from conversations.model import HandoffReason
from evals.questions import Said

FORMAT: Final = 1
Decided = Literal["answer", "clarify", "hand_off"]
_REASONS: Final = frozenset(reason.value for reason in HandoffReason)

Text = Annotated[str, StringConstraints(min_length=1, max_length=4000, pattern=r"\S")]
"""What somebody says; never blank."""
Identity = Annotated[
    str,
    BeforeValidator(lambda value: str(value) if isinstance(value, int) and not isinstance(value, bool) else value),
    StringConstraints(min_length=1, max_length=200),
]
"""An id; some systems write theirs as numbers."""


class Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Step(Shape):
    """One thing the customer does, after the reply to what they did before; exactly one of the fields.

    `confirm` and `decline` press the newest open card. `choose` presses a choice that the last reply listed, by its
    words (or a part of them) or its place from 1. `code` asks for a code, once, and enters this one; "right" is the one
    that arrived. Strangers name an `order` and an `email` with it. `person` presses "Talk to a person"; `sign_in`
    proves who they are from here on, as a demo customer.
    """

    say: Text | None = None
    confirm: Literal[True] | None = None
    decline: Literal[True] | None = None
    choose: Text | int | None = None
    code: Text | None = None
    person: Literal[True] | None = None
    sign_in: Text | None = None
    order: Text | None = None
    email: Text | None = None

    @model_validator(mode="after")
    def _does_one_thing(self) -> Step:
        done = self.model_fields_set - {"order", "email"}
        if len(done) != 1 or (done != {"code"} and done != self.model_fields_set):
            raise ValueError('a step is one thing: {"say": …}, {"confirm": true}, {"decline": true}, {"choose": …}, …')
        return self


class SimulatedCustomer(Shape):
    """A customer who is played: `persona`, `goal` and `style` name what `evals/simulated` knows.

    `facts` is what this customer knows (an order's number, a size); `seed` decides what is left to chance.
    """

    persona: Text
    goal: Text
    style: Text = "patient"
    seed: int = 0
    facts: dict[str, str] = Field(default_factory=dict)
    max_turns: int = Field(default=12, ge=1, le=100)


class SampleArticle(Shape):
    """An article that is in the knowledge base for this sample only. `text` is Markdown."""

    id: Identity
    title: Text
    text: Annotated[str, StringConstraints(min_length=1, max_length=200_000)]
    language: str | None = None


class ShopState(Shape):
    """Orders on top of the demo shop's, in the fields of demo/README.md.

    A number that the demo shop has changes that order: fields that are objects are merged, others replaced. A new one
    may start as a copy of another: {"number": "NP-90001", "like": "NP-49127", "status": "shipped"}.
    """

    orders: list[dict[str, JsonValue]] = Field(default_factory=list)

    @model_validator(mode="after")
    def _are_numbered(self) -> ShopState:
        if any(not isinstance(order.get("number"), str) for order in self.orders):
            raise ValueError('each order needs its "number", such as "NP-49127"')
        return self


class ExpectedCall(Shape):
    """A tool that must be called; each of `arguments` must be among those of the call, text in any case."""

    tool: Text
    arguments: dict[str, JsonValue] = Field(default_factory=dict)


class ExpectedAction(Shape):
    """An action that must exist afterwards, in that state ("succeeded" unless told otherwise)."""

    kind: Text
    order: Text | None = None
    state: Text = "succeeded"
    amount_minor: int | None = None


class EndState(Shape):
    """The shop afterwards. `orders` and `subscriptions` name by number what is compared, and only that.

    `refunded` is what this conversation gave back by order, in minor units; nothing else may have been given back.
    `no_effects`: nothing in the shop may have changed at all.
    """

    no_effects: bool = False
    orders: dict[str, dict[str, JsonValue]] = Field(default_factory=dict)
    subscriptions: dict[str, dict[str, JsonValue]] = Field(default_factory=dict)
    refunded: dict[str, int] | None = None
    actions: list[ExpectedAction] = Field(default_factory=list)


class Expect(Shape):
    """What must be true; what is left out is not looked at. "a|b" asks for one of several.

    `relevant` are the articles that answer the question; an empty list says that none does. `says` must each stand in
    the replies of the run, `never_says` and `never_calls` nowhere, each of `cites` must be cited. `decision` and
    `reasons` are the last turn's. `tone` names rules that the replies must keep; `max_seconds` is for one turn.
    """

    relevant: list[Identity] | None = None
    says: list[Text] = Field(default_factory=list)
    never_says: list[Text] = Field(default_factory=list)
    cites: list[Identity] = Field(default_factory=list)
    decision: str | None = Field(
        default=None, pattern=r"^(answer|clarify|hand_off)(\|(answer|clarify|hand_off))*$", examples=["answer"]
    )
    reasons: list[str] = Field(default_factory=list)
    tool_calls: list[ExpectedCall] = Field(default_factory=list)
    never_calls: list[Text] = Field(default_factory=list)
    end_state: EndState | None = None
    tone: list[Text] = Field(default_factory=list)
    language: str | None = None
    max_turns: int | None = Field(default=None, ge=1)
    max_seconds: float | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _reasons_exist(self) -> Expect:
        unknown = sorted(set(self.reasons) - _REASONS)
        if unknown:
            raise ValueError(f"{unknown[0]!r} is no reason to hand off; there are {', '.join(sorted(_REASONS))}")
        return self

    @property
    def decisions(self) -> frozenset[Decided]:
        """The decisions that would be right; none where it does not matter."""
        return frozenset(cast("list[Decided]", (self.decision or "").split("|"))) if self.decision else frozenset()


class Sample(Shape):
    """One line of a file of samples: exactly one of `question`, `messages`, `says_in_turn` and `simulated`.

    `messages` are what was said so far, the customer's question last. `customer` is a demo customer ("maya", or an
    external id) with how well it is proven who they are; None is a visitor. `at` is when it happens (the sandbox's
    Thursday noon if not said), `people_online` whether anybody of the team is there. Samples of one `group` say the
    same in other words, or come from one conversation: intervals count them together.
    """

    format: Literal[1] = 1
    id: Identity
    tags: list[Text] = Field(default_factory=list)
    origin: str = ""
    group: Identity | None = None
    question: Text | None = None
    messages: list[Said] | None = None
    says_in_turn: list[Text | Step] | None = Field(default=None, min_length=1)
    simulated: SimulatedCustomer | None = None
    customer: Text | None = None
    proof: Literal["claimed", "signed", "verified"] = "signed"
    language: str | None = None
    at: AwareDatetime | None = None
    people_online: bool = True
    shop: ShopState = Field(default_factory=ShopState)
    articles: list[SampleArticle] = Field(default_factory=list)
    expect: Expect = Field(default_factory=Expect)

    @model_validator(mode="after")
    def _happens_in_one_way(self) -> Sample:
        ways = ("question", "messages", "says_in_turn", "simulated")
        given = [way for way in ways if getattr(self, way) is not None]
        if len(given) != 1:
            what = "nothing happens" if not given else f"{' and '.join(given)} are both there"
            raise ValueError(f"{what}: write one of {', '.join(ways)}")
        if self.messages is not None and not (self.messages and self.messages[-1].role == "customer"):
            raise ValueError("the last of the messages must be the customer's: it is what is answered")
        return self

    @property
    def so_far(self) -> list[Said]:
        """What was said before the run, oldest first."""
        return (self.messages or [])[:-1]

    @property
    def steps(self) -> list[Step]:
        """What the customer does in the run; nothing where they are simulated."""
        if self.says_in_turn is not None:
            return [Step(say=step) if isinstance(step, str) else step for step in self.says_in_turn]
        if self.messages:
            return [Step(say=self.messages[-1].text)]
        return [Step(say=self.question)] if self.question is not None else []

    @property
    def digest(self) -> str:
        """Changes with everything that the sample says."""
        return hashlib.sha256(self.model_dump_json(exclude_defaults=True).encode()).hexdigest()[:16]

    @property
    def cluster(self) -> str:
        """What intervals count as one: its group, or itself."""
        return self.group or self.id


def schema() -> str:
    """The JSON schema of a line, as it is written to docs/sample.schema.json."""
    described = Sample.model_json_schema()
    described["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    return json.dumps(described, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    print(schema(), end="")  # noqa: T201
