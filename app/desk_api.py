"""The desk's rules in the console: read, checked, tried out on the past, saved; and where one conversation stands."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from datetime import datetime, timedelta

from fastapi import APIRouter, Response

from app.console_api import Me
from app.errors import Problem, Refused
from app.schemas import Empty, Request, Shape
from app.widget_api import BatonHere
from app.wiring import Baton
from conversations.model import ConversationId, Status
from handoff.desk_rules import DeskRules, check
from handoff.desk_store import SavedRules
from handoff.routing import NobodyYet, Placement, Waiting, choose
from handoff.simulating import recorded, shifts_in, simulate

SIMULATED_DAYS = 7
SIMULATED_AT_MOST = 2_000
HISTORY = 20

router = APIRouter(prefix="/console/v1", tags=["desk"])


class RulesWritten(Request):
    rules: DeskRules


class RulesSaved(RulesWritten):
    over: int
    """The number of the rules that were changed; others that were saved meanwhile are not overwritten."""


class FindingShape(Shape):
    where: str
    words: str
    blocks: bool


class FindingList(Shape):
    findings: list[FindingShape]


class RulesShape(FindingList):
    number: int
    rules: DeskRules
    saved_at: datetime | None
    saved_by: str | None


class RulesHistory(Shape):
    saved: list[RulesShape]


class OutcomeShape(Shape):
    handoffs: int
    left: int
    median_wait_s: float | None
    p90_wait_s: float | None
    by_person: dict[str, int]
    by_team: dict[str, int]
    anybody: int


class Simulation(Shape):
    days: int
    recorded: OutcomeShape
    now: OutcomeShape
    proposed: OutcomeShape


class QueuePlace(Shape):
    position: int
    team: str | None
    head_start_minutes: int
    why: list[str]
    waits_for: str | None
    """Why nobody has it yet; None where it would be given to somebody now."""


@router.get("/desk/rules")
async def read_rules(baton: BatonHere, me: Me) -> RulesShape:
    return await _shape(baton, await baton.desk_store.rules())


@router.get("/desk/rules/history")
async def rules_history(baton: BatonHere, me: Me) -> RulesHistory:
    return RulesHistory(saved=[await _shape(baton, saved) for saved in await baton.desk_store.history(limit=HISTORY)])


@router.post("/desk/rules/check")
async def check_rules(body: RulesWritten, baton: BatonHere, me: Me) -> FindingList:
    return FindingList(findings=await _findings(baton, body.rules))


@router.put("/desk/rules")
async def save_rules(body: RulesSaved, baton: BatonHere, me: Me) -> RulesShape:
    blocking = [finding for finding in await _findings(baton, body.rules) if finding.blocks]
    if blocking:
        detail = f"{blocking[0].where}: {blocking[0].words}"
        raise Refused(Problem(status=422, code="rules_cannot_be_meant", detail=detail))
    return await _shape(baton, await baton.desk_store.save(body.rules, over=body.over, by=me.id))


@router.post("/desk/rules/simulate")
async def simulate_rules(body: RulesWritten, baton: BatonHere, me: Me) -> Simulation:
    """The past week's handoffs as they were, under the present rules, and under these."""
    since = baton.clock() - timedelta(days=SIMULATED_DAYS)
    handled = await baton.desk_store.handled(since=since, limit=SIMULATED_AT_MOST)
    shifts, present = shifts_in(handled), (await baton.desk_store.rules()).rules
    was = recorded(handled)
    # In threads: two thousand handoffs take a second or two of computing.
    now = await asyncio.to_thread(simulate, present, handled, shifts)
    proposed = await asyncio.to_thread(simulate, body.rules, handled, shifts)
    outcomes = {"recorded": was, "now": now, "proposed": proposed}
    return Simulation(
        days=SIMULATED_DAYS, **{name: OutcomeShape(**asdict(outcome)) for name, outcome in outcomes.items()}
    )


@router.get("/conversations/{conversation_id}/place")
async def queue_place(conversation_id: ConversationId, baton: BatonHere, me: Me) -> QueuePlace | None:
    """Why here, and why this order; null for a conversation that does not wait in the queue."""
    conversation = await baton.store.conversation(conversation_id)
    if conversation.status is not Status.QUEUED or conversation.queued_at is None or conversation.ranked_at is None:
        return None
    handoff = (await baton.store.latest_handoffs([conversation_id])).get(conversation_id)
    placement = Placement.from_json(handoff.placement if handoff is not None else None)
    waiting = Waiting(
        conversation_id=conversation_id,
        owner_epoch=conversation.owner_epoch,
        queued_at=conversation.queued_at,
        ranked_at=conversation.ranked_at,
        placement=placement,
    )
    rules, people = (await baton.desk_store.rules()).rules, await baton.people.human_agents()
    chosen = choose(rules, waiting, await baton.dispatcher.at_work(rules, people), baton.clock())
    return QueuePlace(
        position=await baton.desk_store.place_of(conversation),
        team=conversation.team,
        head_start_minutes=placement.head_start_minutes,
        why=list(placement.why),
        waits_for=chosen.why if isinstance(chosen, NobodyYet) else None,
    )


@router.post("/active", status_code=204)
async def active(body: Empty, baton: BatonHere, me: Me) -> Response:
    """A sign of life: a key, a click, a touch. Without one the rules' idle time makes its person away."""
    await baton.people.active(me.id)
    return Response(status_code=204)


async def _shape(baton: Baton, saved: SavedRules) -> RulesShape:
    findings = await _findings(baton, saved.rules)
    return RulesShape(
        number=saved.number,
        rules=saved.rules,
        saved_at=saved.saved_at,
        saved_by=saved.saved_by,
        findings=findings,
    )


async def _findings(baton: Baton, rules: DeskRules) -> list[FindingShape]:
    known = {human_agent.id for human_agent in await baton.people.human_agents()}
    return [FindingShape(**asdict(finding)) for finding in check(rules, known)]
