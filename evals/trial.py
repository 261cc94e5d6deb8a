"""A trial: what one run of one sample yielded, as plain data. Read and written as one JSON object a line."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

from pydantic import JsonValue, TypeAdapter, ValidationError

from evals.sample import Decided

FORMAT: Final = 1
Ended = Literal["done", "goal", "handed_off", "gave_up", "turn_limit", "error"]


class BadTrial(ValueError):
    """A line is no trial, or one of another format; the message says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cited:
    """A source under a reply; `quote` is verbatim."""

    marker: int
    article: str
    passage: str
    title: str
    quote: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidInTrial:
    """A public message. `turn` is the index in `Trial.turns` of the turn that it began or answers; None for what was
    said before the run and for what belongs to no turn. `request` is what the page was asked to offer beside it.
    """

    role: Literal["customer", "ai_agent", "human_agent", "system"]
    text: str
    turn: int | None = None
    citations: tuple[Cited, ...] = ()
    request: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrieved:
    """A passage that the turn considered, best first. `score` is the search's own, from 0 to 1."""

    article: str
    passage: str
    title: str
    score: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """One sentence of a drafted answer; `source` is the passage or tool call that supports it, None where none does."""

    text: str
    source: str | None
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """A tool call with what came back."""

    tool: str
    arguments: dict[str, JsonValue]
    ok: bool
    code: str
    message: str
    data: dict[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnTaken:
    """One turn: what was understood, found, called and decided. `reason` is the code of a handoff, else None.

    `question` is what was searched for; `evidence` holds the signals behind `confidence` by name. `seconds` run from
    the customer's message to the end of the turn, `own_seconds` are those that the AI agent took of them.
    """

    decision: Decided
    kind: str
    question: str
    reason: str | None = None
    detail: str = ""
    rule: str = ""
    confidence: float = 0.0
    evidence: dict[str, float] = field(default_factory=dict)
    responder: str = ""
    fell_back: str = ""
    retrieved: tuple[Retrieved, ...] = ()
    sentences: tuple[Sentence, ...] = ()
    tool_calls: tuple[Called, ...] = ()
    seconds: float = 0.0
    own_seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionSeen:
    """An action that was offered in the conversation, as it stands afterwards. `amount_minor` is None without money."""

    kind: str
    order: str
    state: str
    amount_minor: int | None = None
    rule: str = ""
    needs_person: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """One thing in the shop that changed in the run. `kind` is "refund", "order", "subscription"; `what` the number or
    id of the order or subscription; `field`, `before` and `after` say how (for a refund `after` is the amount in minor
    units).
    """

    kind: str
    what: str
    field: str
    before: JsonValue
    after: JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopAfter:
    """The shop after the run: the customer's orders and those of the sample by number, subscriptions by id.

    An order has `customer`, `status`, `total_minor`, `refunded_minor`, `ship_to` and `items` (sku → pieces).
    """

    orders: dict[str, dict[str, JsonValue]] = field(default_factory=dict)
    subscriptions: dict[str, dict[str, JsonValue]] = field(default_factory=dict)
    effects: tuple[Effect, ...] = ()

    @property
    def refunded(self) -> dict[str, int]:
        """Minor units that this run gave back, by order."""
        sums: dict[str, int] = {}
        for effect in self.effects:
            if effect.kind == "refund" and isinstance(effect.after, int):
                sums[effect.what] = sums.get(effect.what, 0) + effect.after
        return sums


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What the models took; `dollars` is None where no price is known."""

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    dollars: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One run of the sample with that id, as it was then. `number` counts the trials of a sample from 0.

    `status` is the conversation's afterwards; `brief` the one of its last handoff, None without one: it names messages
    by their place here, from 0. `goal_reached` is a simulated customer's verdict. `ended` is "gave_up" where there was
    nothing to take the next step with (no card to confirm, no such choice); `ended_because` says what. `error` says why
    the run did not come to its end, else None: such a trial holds what there was till then. `seconds` is the whole run.
    """

    sample: str
    sample_digest: str = ""
    number: int = 0
    messages: tuple[SaidInTrial, ...] = ()
    turns: tuple[TurnTaken, ...] = ()
    actions: tuple[ActionSeen, ...] = ()
    shop: ShopAfter = field(default_factory=ShopAfter)
    status: str = ""
    brief: dict[str, JsonValue] | None = None
    ended: Ended = "done"
    ended_because: str = ""
    goal_reached: bool | None = None
    seconds: float = 0.0
    cost: Cost = field(default_factory=Cost)
    knowledge_version: str = ""
    conversation: str = ""
    error: str | None = None
    format: Literal[1] = 1

    @property
    def replies(self) -> tuple[SaidInTrial, ...]:
        """What Baton said in the run, notices of a handoff included."""
        return tuple(one for one in self.messages if one.turn is not None and one.role in ("ai_agent", "system"))

    @property
    def tool_calls(self) -> tuple[Called, ...]:
        return tuple(call for turn in self.turns for call in turn.tool_calls)

    @property
    def last(self) -> TurnTaken | None:
        return self.turns[-1] if self.turns else None

    def as_json(self) -> str:
        """One line, without its end."""
        return _TRIAL.dump_json(self).decode()


_TRIAL: Final = TypeAdapter(Trial)
_FORMAT: Final = TypeAdapter(dict[str, JsonValue])


def trial_of(line: bytes | str) -> Trial:
    """The trial of one line. Raises BadTrial."""
    try:
        return _TRIAL.validate_json(line, strict=True)
    except ValidationError as failure:
        raise BadTrial(_why(line, failure)) from None


def _why(line: bytes | str, failure: ValidationError) -> str:
    try:
        written = _FORMAT.validate_json(line).get("format")
    except ValidationError:
        return "is not one JSON object a line"
    if written != FORMAT:
        return f"is a trial of format {written!r}; this Baton reads format {FORMAT}: run the samples again"
    error = failure.errors()[0]
    return f"is no trial: {'.'.join(str(part) for part in error['loc'])}: {error['msg']}"
