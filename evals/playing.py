"""Plays a sample's customer in a conversation: the steps that are written down, or a simulated customer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from conversations.model import AuthorKind
from evals.sample import Sample, SimulatedCustomer, Step
from evals.simulated import Left, Seen, customer_for
from evals.talking import CannotGoOn, Talk
from evals.trial import Ended
from tools.action_model import ActionState

_ENDED: Final[dict[Left, Ended]] = {
    Left.GOAL: "goal",
    Left.HANDED_OFF: "handed_off",
    Left.GAVE_UP: "gave_up",
    Left.TURN_LIMIT: "turn_limit",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """How it ended and, in words, why; `goal_reached` is a simulated customer's own verdict."""

    ended: Ended = "done"
    because: str = ""
    goal_reached: bool | None = None


async def play(talk: Talk, sample: Sample) -> Played:
    """The whole of what the customer does. Raises TimeoutError where the service does not answer."""
    await talk.said_before(sample.so_far)
    if sample.simulated is not None:
        return await _play_simulated(talk, sample, sample.simulated)
    for place, step in enumerate(sample.steps):
        if place > 0 and await talk.waits_for_person():
            return Played(ended="handed_off", because=f"A person was asked for before step {place + 1}.")
        try:
            await take(talk, step)
        except CannotGoOn as stuck:
            return Played(ended="gave_up", because=f"Step {place + 1}: {stuck}.")
    ended: Ended = "handed_off" if await talk.waits_for_person() else "done"
    return Played(ended=ended, because="; ".join(talk.refusals))


async def take(talk: Talk, step: Step) -> None:
    """One step. Raises CannotGoOn where there is nothing to do it with."""
    if step.say is not None:
        await talk.say(step.say)
    elif step.choose is not None:
        await talk.choose(step.choose)
    elif step.confirm:
        await talk.confirm()
    elif step.decline:
        await talk.decline()
    elif step.code is not None:
        await talk.enter_code(step.code, order=step.order, email=step.email)
    elif step.sign_in is not None:
        await talk.sign_in(step.sign_in)
    else:
        await talk.ask_for_person()


async def _play_simulated(talk: Talk, sample: Sample, simulated: SimulatedCustomer) -> Played:
    customer = customer_for(simulated, language=sample.language, signs_in_as=sample.customer)
    read_to = talk.before_seq
    step = customer.next(None)
    while isinstance(step, Step):
        try:
            await take(talk, step)
        except CannotGoOn as stuck:
            return Played(ended="gave_up", because=f"{stuck}.", goal_reached=customer.reached)
        seen, read_to = await _seen(talk, read_to)
        step = customer.next(seen)
    return Played(ended=_ENDED[step], because="; ".join(talk.refusals), goal_reached=customer.reached)


async def _seen(talk: Talk, read_to: int) -> tuple[Seen, int]:
    """What the page shows since that place in the log, and the place that it is read to."""
    messages = await talk.messages()
    new = [one for one in messages if one.seq > read_to and one.author.kind is not AuthorKind.CUSTOMER]
    actions = await talk.actions()
    seen = Seen(
        reply="\n".join(one.text for one in new),
        request=next((one.request for one in reversed(new) if one.request is not None), None),
        card=await talk.has_open_card(),
        carried_out=frozenset(str(one.proposal.kind) for one in actions if one.state is ActionState.SUCCEEDED),
        waiting=frozenset(str(one.proposal.kind) for one in actions if one.waits_for_person),
        handed_off=await talk.waits_for_person(),
    )
    return seen, max((one.seq for one in messages), default=read_to)
