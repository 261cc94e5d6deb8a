"""The brief: what a person must know before their first word, each field pointing at what the record holds."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field

from agent.guardrails import clean, fold
from agent.wants_person import asks_for_person
from conversations.model import (
    Assurance,
    AuthorKind,
    Customer,
    HandoffReason,
    JsonObject,
    Message,
    TurnId,
    Visibility,
)
from conversations.plain_text import plain_text
from handoff.tone import language_of, mood_of
from tools.action_model import Action, ActionState
from tools.refunds import standing
from tools.tool import ToolCall

SHOWN = 400
"""Characters of an answer or tool result that the brief repeats; the conversation below it holds the rest."""

REASON_WORDS: dict[HandoffReason, str] = {
    HandoffReason.CUSTOMER_ASKED: "The customer asked for a person",
    HandoffReason.LOW_CONFIDENCE: "The AI agent was not sure enough",
    HandoffReason.UNGROUNDED: "The help center does not support an answer",
    HandoffReason.RESERVED_TOPIC: "A topic that only people answer",
    HandoffReason.NEEDS_APPROVAL: "The customer asked for something a person must do",
    HandoffReason.FRUSTRATION: "The customer is frustrated",
    HandoffReason.LOOP: "The same question again and again",
    HandoffReason.TURN_CAP: "A long conversation without an end",
    HandoffReason.AI_UNAVAILABLE: "The AI agent could not work",
    HandoffReason.LANGUAGE: "The help center does not speak the customer's language",
    HandoffReason.ABUSE: "The customer is abusive",
    HandoffReason.ACTION_STUCK: "Something that the customer confirmed did not go through",
}

NEXT_STEP: dict[HandoffReason, str] = {
    HandoffReason.CUSTOMER_ASKED: "Greet them by what they wrote and take it from there.",
    HandoffReason.LOW_CONFIDENCE: "Answer the question; if the help center lacks it, note the gap.",
    HandoffReason.UNGROUNDED: "Check the policy before you answer; the articles do not settle it.",
    HandoffReason.RESERVED_TOPIC: "Follow the procedure for this topic before you reply.",
    HandoffReason.NEEDS_APPROVAL: "Check the order and the policy, then do it or explain why not.",
    HandoffReason.FRUSTRATION: "Acknowledge the trouble first, then solve it.",
    HandoffReason.LOOP: "Ask what is missing in the answers so far.",
    HandoffReason.TURN_CAP: "Read the last exchanges and settle the open point.",
    HandoffReason.AI_UNAVAILABLE: "Answer as usual; the AI agent said nothing about this.",
    HandoffReason.LANGUAGE: "Reply in the customer's language, or ask a colleague who speaks it.",
    HandoffReason.ACTION_STUCK: "Look at the action below and in the provider's books, then settle it and tell them.",
    HandoffReason.ABUSE: "Stay calm, find out what they need, and end the conversation if the tone stays.",
}

PROOF_WORDS: dict[Assurance, str] = {
    Assurance.ANONYMOUS: "not verified",
    Assurance.CLAIMED: "named by the website, not verified",
    Assurance.SIGNED: "signed in to the shop",
    Assurance.VERIFIED: "entered a code that was sent to the address on file",
}

_PROMISE = re.compile(
    r"\b(?:I|we|our team|a colleague|someone)(?:'ll| will| are going to| am going to)\b[^.!?\n]*[.!?]?", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wants:
    text: str
    message_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceNamed:
    title: str
    url: str | None
    article_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    question: str
    answer: str
    message_id: str
    sources: tuple[SourceNamed, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolRan:
    name: str
    summary: str
    ok: bool
    turn_id: str
    call_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionAsked:
    """A change that was put before the customer, and how it stood when they were passed on."""

    action_id: str
    state: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseMade:
    text: str
    message_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WhoAsks:
    display_name: str | None
    email: str | None
    verified: bool
    proof: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """`rule` names the rule of the policy that decided, or is "" where none did."""

    code: str
    words: str
    detail: str
    rule: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    wants: Wants
    customer: WhoAsks
    reason: Why
    next_step: str
    language: str
    mood: str
    answered: tuple[Answered, ...] = ()
    tools: tuple[ToolRan, ...] = ()
    promises: tuple[PromiseMade, ...] = ()
    actions: tuple[ActionAsked, ...] = ()

    def as_json(self) -> JsonObject:
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallMade:
    """A tool call and the turn it was made in; a call's id is its own within that turn only."""

    turn_id: TurnId
    call: ToolCall


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a brief is made from and checked against: the episode's public messages and all tool calls in it, and the
    actions of the conversation.
    """

    messages: Sequence[Message]
    tool_calls: Sequence[CallMade]
    customer: Customer
    assurance: Assurance
    actions: Sequence[Action] = ()


@dataclass(slots=True)
class _Pairing:
    question: str = ""
    answered: list[Answered] = field(default_factory=list)


def write_brief(facts: Facts, *, reason: HandoffReason, detail: str, rule: str = "") -> Brief:
    """The brief of one handoff, from the record alone; no model is asked."""
    theirs = _theirs(facts.messages)
    about = [message for message in theirs if not asks_for_person(fold(clean(message.text)))][-2:] or theirs[-1:]
    language, mood = _manner(theirs)
    return Brief(
        wants=Wants(
            text="\n".join(message.text for message in about), message_ids=tuple(message.id for message in about)
        ),
        customer=_who(facts.customer, facts.assurance),
        reason=Why(code=reason.value, words=REASON_WORDS[reason], detail=detail, rule=rule),
        next_step=_next_step(reason, language),
        language=language,
        mood=mood,
        answered=_answered(facts.messages),
        tools=tuple(_ran(made) for made in facts.tool_calls),
        promises=_promises(facts.messages),
        actions=_asked(facts.actions),
    )


def check_brief(brief: Brief, facts: Facts) -> list[str]:
    """What the brief claims and the record does not hold; empty where every field is covered."""
    by_id: dict[str, Message] = {message.id: message for message in facts.messages}
    problems = [*_check_wants(brief, by_id), *_check_answered(brief, facts.messages), *_check_tools(brief, facts)]
    promised = _promises(facts.messages)
    for promise in brief.promises:
        if promise not in promised:
            problems.append(f"promises: message {promise.message_id!r} does not promise that")
    asked = _asked(facts.actions)
    problems += [f"actions: {one.action_id!r} does not stand like that" for one in brief.actions if one not in asked]
    if brief.customer != _who(facts.customer, facts.assurance):
        problems.append("customer: this is not who the record says they are")
    return [*problems, *_check_words(brief, facts)]


def _check_wants(brief: Brief, by_id: Mapping[str, Message]) -> Iterator[str]:
    named = [by_id[message_id] for message_id in brief.wants.message_ids if message_id in by_id]
    theirs = [message.text for message in named if message.author.kind is AuthorKind.CUSTOMER]
    if "\n".join(theirs) != brief.wants.text or len(theirs) != len(brief.wants.message_ids):
        yield "wants: these are not the customer's words"


def _check_answered(brief: Brief, messages: Sequence[Message]) -> Iterator[str]:
    by_id = {answered.message_id: answered for answered in _answered(messages)}
    for claimed in brief.answered:
        found = by_id.get(claimed.message_id)
        if found is None or found.answer != claimed.answer:
            yield f"answered: message {claimed.message_id!r} does not say so"
        elif found.question != claimed.question:
            yield f"answered: message {claimed.message_id!r} does not answer that question"
        elif set(claimed.sources) - set(found.sources):
            yield f"answered: message {claimed.message_id!r} does not cite that source"


def _check_tools(brief: Brief, facts: Facts) -> Iterator[str]:
    ran = {_ran(made) for made in facts.tool_calls}
    for tool in brief.tools:
        if tool not in ran:
            yield f"tools: there is no call {tool.call_id!r} in turn {tool.turn_id!r} with that result"


def _check_words(brief: Brief, facts: Facts) -> Iterator[str]:
    """The words around the facts: of the reason code, and of what the customer wrote."""
    reasons = {reason.value: (REASON_WORDS[reason], _next_step(reason, brief.language)) for reason in HandoffReason}
    words, next_step = reasons.get(brief.reason.code, (None, None))
    if brief.reason.words != words:
        yield f"reason: {brief.reason.code!r} does not mean that"
    if (brief.language, brief.mood) != _manner(_theirs(facts.messages)):
        yield "language, mood: the customer does not write like that"
    if brief.next_step != next_step:
        yield f"next_step: this does not follow from {brief.reason.code!r}"


def _next_step(reason: HandoffReason, language: str) -> str:
    """A language other than English is named: whoever takes it should speak it, or ask somebody who does."""
    spoken = "" if language in ("English", "unknown") else f" The customer writes in {language}."
    return f"{NEXT_STEP[reason]}{spoken}"


def _theirs(messages: Sequence[Message]) -> list[Message]:
    return [message for message in messages if message.author.kind is AuthorKind.CUSTOMER]


def _manner(theirs: Sequence[Message]) -> tuple[str, str]:
    """Language and mood."""
    return language_of([message.text for message in theirs]), mood_of(theirs[-1].text if theirs else "")


def _ran(made: CallMade) -> ToolRan:
    result = made.call.result
    return ToolRan(
        name=made.call.tool,
        summary=result.message[:SHOWN],
        ok=result.ok,
        turn_id=made.turn_id,
        call_id=made.call.id,
    )


def _asked(actions: Sequence[Action]) -> tuple[ActionAsked, ...]:
    """Those that the customer did not turn down or let pass."""
    over = (ActionState.EXPIRED, ActionState.WITHDRAWN)
    return tuple(
        ActionAsked(action_id=one.id, state=one.state.value, text=f"{standing(one)} {one.note}".strip()[:SHOWN])
        for one in actions
        if one.state not in over
    )


def _who(customer: Customer, assurance: Assurance) -> WhoAsks:
    return WhoAsks(
        display_name=customer.display_name,
        email=customer.email,
        verified=assurance >= Assurance.SIGNED,
        proof=PROOF_WORDS[assurance],
    )


def _answered(messages: Sequence[Message]) -> tuple[Answered, ...]:
    pairing = _Pairing()
    for message in messages:
        if message.author.kind is AuthorKind.CUSTOMER:
            pairing.question = message.text[:SHOWN]
        elif message.author.kind is AuthorKind.AI_AGENT and message.citations:
            pairing.answered.append(
                Answered(
                    question=pairing.question,
                    answer=plain_text(message)[:SHOWN],
                    message_id=message.id,
                    sources=tuple(
                        # One article may be cited at several places; the brief names it once.
                        dict.fromkeys(
                            SourceNamed(title=c.title, url=c.url, article_id=c.article_id) for c in message.citations
                        )
                    ),
                )
            )
    return tuple(pairing.answered)


def _promises(messages: Sequence[Message]) -> tuple[PromiseMade, ...]:
    ours = (AuthorKind.AI_AGENT, AuthorKind.HUMAN_AGENT)
    return tuple(
        PromiseMade(text=found.group(), message_id=message.id)
        for message in messages
        if message.author.kind in ours and message.visibility is Visibility.PUBLIC and not message.citations
        for found in _PROMISE.finditer(message.text)
    )
