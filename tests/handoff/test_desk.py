from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

import pytest

from agent.trace import trace_of
from conversations.change import NewMessage
from conversations.events import INBOX, MESSAGE_POSTED, STATUS_CHANGED, TURN_FINISHED
from conversations.inbound import ClientMessageIdReused, customer_actor, receive
from conversations.lifecycle import IllegalMove
from conversations.model import (
    AI_AGENT,
    Conversation,
    ConversationId,
    Customer,
    Handoff,
    HandoffReason,
    HandoffState,
    HumanAgent,
    Message,
    Status,
    Turn,
    TurnState,
    Visibility,
)
from conversations.store import ConversationNotFound, StaleConversation, View
from handoff.desk import AlreadyAssigned, HandoffDesk, PassingOn, human_actor, human_reply, team_note
from handoff.desk_store import DeskStore
from handoff.facts import gather_facts
from handoff.policy import HandoffDecision
from tests.conftest import Record
from tests.handoff.said import draft
from tools.tool import ToolCall, ToolResult

AWAY = "We are away."
ASKED = HandoffDecision(reason=HandoffReason.CUSTOMER_ASKED, detail="The customer pressed the button.")
UNSURE = HandoffDecision(reason=HandoffReason.LOW_CONFIDENCE, detail="Nothing fits.")


@dataclass(kw_only=True)
class Cast:
    """One customer, two people and the desk between them."""

    record: Record
    desk: HandoffDesk
    ava: Customer
    noor: HumanAgent
    sam: HumanAgent
    id: ConversationId

    async def write(self, text: str, client_id: str) -> None:
        new = NewMessage(author=customer_actor(self.ava), text=text, client_message_id=client_id)
        await receive(self.record.store, self.id, self.ava, new)

    async def now(self) -> Conversation:
        return await self.record.store.conversation(self.id)

    async def texts(self) -> list[str]:
        return [f"{m.author.kind.value}: {m.text}" for m in await self.messages()]

    async def messages(self) -> list[Message]:
        return await self.record.store.messages(self.id, limit=100)

    async def handoff(self) -> Handoff:
        return (await self.record.store.latest_handoffs([self.id]))[self.id]

    async def passing(self, decision: HandoffDecision) -> PassingOn:
        facts = await gather_facts(self.record.store, self.id, self.ava, episode=(await self.now()).episode)
        return PassingOn(decision=decision, facts=facts)

    async def ask_for_person(self) -> Conversation:
        return await self.desk.hand_off_on_request(self.id, self.ava, await self.passing(ASKED))

    async def lease(self) -> Turn:
        turn = await self.record.turns.lease()
        assert turn is not None
        return turn

    async def verbs(self) -> list[object]:
        events = await self.record.store.events(self.id, after=0, limit=100, public_only=False)
        return [event.data["verb"] for event, _ in events if event.kind == STATUS_CHANGED]

    async def unchanged_by(self, refused: type[Exception], move: Awaitable[object]) -> None:
        """The move is refused, and not one event, message or epoch is different after it."""
        before, handoffs = await self.now(), await self.record.store.latest_handoffs([self.id])
        with pytest.raises(refused):
            await move
        assert await self.now() == before
        assert await self.record.store.latest_handoffs([self.id]) == handoffs
        events = await self.record.store.events(self.id, after=0, limit=100, public_only=False)
        assert len(events) == before.last_seq


@pytest.fixture
async def cast(record: Record) -> Cast:
    online = {"anybody": False}

    async def anybody_online() -> bool:
        return online["anybody"] or await record.people.anybody_online()

    ava = await record.people.new_visitor()
    conversation = await record.store.start(ava.id, "first")
    for name in ("Noor", "Sam"):
        await record.people.add_human_agent(f"{name}@shop.example", display_name=name, password_hash="x")
    noor, sam = await record.people.human_agents()
    desk_store = DeskStore(record.database, record.bus, clock=record.clock)
    desk = HandoffDesk(record.store, rules=desk_store.rules, anybody_online=anybody_online, away_text=AWAY)
    return Cast(record=record, desk=desk, ava=ava, noor=noor, sam=sam, id=conversation.id)


@pytest.fixture
async def queued(cast: Cast) -> Cast:
    await cast.write("my tent leaks", "m1")
    await cast.ask_for_person()
    return cast


@pytest.fixture
async def claimed(queued: Cast) -> Cast:
    await queued.desk.claim(queued.id, queued.noor, owner_epoch=(await queued.now()).owner_epoch)
    return queued


async def test_a_turn_that_is_passed_on_ends_in_the_queue_with_its_brief(cast: Cast) -> None:
    await cast.write("do you rent kayaks?", "m1")
    turn = await cast.lease()
    assert await cast.desk.hand_off_turn(turn, await cast.passing(UNSURE), {"decision": "handoff"})
    conversation, handoff = await cast.now(), await cast.handoff()
    assert conversation.status is Status.QUEUED
    assert conversation.queued_at == handoff.queued_at
    assert (handoff.state, handoff.reason, handoff.detail) == (
        HandoffState.QUEUED,
        HandoffReason.LOW_CONFIDENCE,
        "Nothing fits.",
    )
    wants = handoff.brief["wants"]
    assert isinstance(wants, dict)
    assert wants["text"] == "do you rent kayaks?"
    [_, notice] = await cast.messages()
    assert (notice.author, notice.turn_id) == (AI_AGENT, turn.id)
    assert notice.text.endswith(AWAY), "nobody is there, and the customer is told so"
    assert (await cast.record.store.traces([turn.id]))[turn.id] == {"decision": "handoff"}


async def test_with_somebody_online_the_customer_is_not_told_that_nobody_is(cast: Cast) -> None:
    await cast.record.people.seen(cast.noor.id)
    await cast.write("hello", "m1")
    await cast.ask_for_person()
    text = (await cast.messages())[-1].text
    assert AWAY not in text
    assert "reply right here" in text


async def test_a_message_that_came_meanwhile_is_passed_on_together_with_the_turn(cast: Cast) -> None:
    await cast.write("do you rent kayaks?", "m1")
    turn = await cast.lease()
    await cast.write("hello?", "m2")
    assert await cast.desk.hand_off_turn(turn, await cast.passing(UNSURE), {})
    assert await cast.record.turns.lease() is None
    assert len(await cast.messages()) == 3, "told once"


async def test_a_turn_that_is_no_longer_ours_passes_nothing_on(cast: Cast) -> None:
    await cast.write("hello", "m1")
    turn = await cast.lease()
    passing = await cast.passing(UNSURE)
    cast.record.clock.advance(seconds=60)
    newer = await cast.lease()
    assert newer.id == turn.id
    assert not await cast.desk.hand_off_turn(turn, passing, {})
    assert (await cast.now()).status is Status.AUTOMATED
    assert await cast.desk.hand_off_turn(newer, passing, {})
    assert not await cast.desk.hand_off_turn(newer, passing, {}), "once"


async def test_a_turn_cannot_pass_on_what_a_person_has_taken(cast: Cast) -> None:
    await cast.write("hello", "m1")
    turn = await cast.lease()
    passing = await cast.passing(UNSURE)
    await cast.desk.claim(cast.id, cast.noor, owner_epoch=1)
    assert not await cast.desk.hand_off_turn(turn, passing, {})
    assert await cast.texts() == ["customer: hello"]


async def test_asking_for_a_person_twice_or_ten_times_at_once_is_asking_once(cast: Cast) -> None:
    await cast.write("hello", "m1")
    passing = await cast.passing(ASKED)
    clicks = await asyncio.gather(*(cast.desk.hand_off_on_request(cast.id, cast.ava, passing) for _ in range(10)))
    assert {click.status for click in clicks} == {Status.QUEUED}
    assert await cast.verbs() == ["hand_off"]
    assert len(await cast.messages()) == 2
    assert await cast.record.turns.lease() is None, "the AI agent does not answer any more"


async def test_asking_for_a_person_who_is_there_changes_nothing(claimed: Cast) -> None:
    before = await claimed.now()
    assert await claimed.ask_for_person() == before


async def test_asking_for_a_person_after_the_end_starts_a_new_episode(claimed: Cast) -> None:
    resolved = await claimed.desk.resolve(claimed.id, claimed.noor, owner_epoch=(await claimed.now()).owner_epoch)
    again = await claimed.ask_for_person()
    assert (again.status, again.episode) == (Status.QUEUED, resolved.episode + 1)
    assert (await claimed.handoff()).episode == again.episode


async def test_another_customer_cannot_ask_for_a_person_here(queued: Cast) -> None:
    mallory = await queued.record.people.new_visitor()
    passing = await queued.passing(ASKED)
    await queued.unchanged_by(
        ConversationNotFound, queued.desk.hand_off_on_request(queued.id, mallory, replace(passing))
    )


async def test_two_orders_looked_up_in_two_turns_can_still_be_passed_on(cast: Cast) -> None:
    """The AI agent names its lookup "call_1" in every turn; the brief must tell them apart."""
    for number, ok in (("NP-1", True), ("NP-9", False)):
        await cast.write(f"where is {number}", number)
        turn = await cast.lease()
        result = ToolResult(ok=ok, code="x", message=f"About {number}.")
        call = ToolCall(id="call_1", tool="order_status", arguments={"order_number": number}, result=result)
        async with cast.record.store.change(cast.id) as change:
            await change.post(NewMessage(author=AI_AGENT, text=f"About {number}.", turn_id=turn.id))
            await change.finish_turn(turn.id, TurnState.ANSWERED, trace_of(draft(tool_calls=(call,)), duration_ms=1))
    await cast.ask_for_person()
    tools = (await cast.handoff()).brief["tools"]
    assert isinstance(tools, list)
    assert [tool["summary"] for tool in tools if isinstance(tool, dict)] == ["About NP-1.", "About NP-9."]


async def test_a_claim_makes_it_mine_and_a_second_click_changes_nothing(queued: Cast) -> None:
    epoch = (await queued.now()).owner_epoch
    mine = await queued.desk.claim(queued.id, queued.noor, owner_epoch=epoch)
    assert (mine.status, mine.assignee_id, mine.owner_epoch) == (Status.ASSIGNED, queued.noor.id, epoch + 1)
    handoff = await queued.handoff()
    assert (handoff.state, handoff.accepted_by) == (HandoffState.ACCEPTED, queued.noor.id)
    assert await queued.desk.claim(queued.id, queued.noor, owner_epoch=epoch) == mine
    assert await queued.verbs() == ["hand_off", "claim"]
    page = await queued.record.store.inbox(View.MINE, human_agent_id=queued.noor.id, limit=5, cursor=None)
    assert [conversation.id for conversation in page.items] == [queued.id]


async def test_of_two_people_who_claim_at_once_one_gets_it(queued: Cast) -> None:
    epoch = (await queued.now()).owner_epoch
    outcomes = await asyncio.gather(
        *(queued.desk.claim(queued.id, who, owner_epoch=epoch) for who in (queued.noor, queued.sam) for _ in range(5)),
        return_exceptions=True,
    )
    owners = {outcome.assignee_id for outcome in outcomes if isinstance(outcome, Conversation)}
    assert len(owners) == 1
    assert sum(isinstance(outcome, AlreadyAssigned) for outcome in outcomes) == 5
    assert await queued.verbs() == ["hand_off", "claim"]


async def test_claiming_ends_what_the_ai_agent_was_doing(cast: Cast) -> None:
    await cast.write("hello", "m1")
    running = await cast.lease()
    await cast.write("hello?", "m2")
    await cast.desk.claim(cast.id, cast.noor, owner_epoch=1)
    assert await cast.record.turns.lease() is None
    assert not await cast.record.turns.extend(running)
    events = await cast.record.store.events(cast.id, after=0, limit=100, public_only=False)
    states = [event.data["state"] for event, _ in events if event.kind == TURN_FINISHED]
    assert states == ["handed_off", "handed_off"], "the running turn and the waiting one"


async def test_what_a_colleague_owns_cannot_be_claimed_nor_answered(claimed: Cast) -> None:
    epoch = (await claimed.now()).owner_epoch
    await claimed.unchanged_by(AlreadyAssigned, claimed.desk.claim(claimed.id, claimed.sam, owner_epoch=epoch))
    reply = human_reply(claimed.sam, "I am here too", "r1")
    await claimed.unchanged_by(AlreadyAssigned, claimed.desk.reply(claimed.id, claimed.sam, reply, owner_epoch=epoch))


Move = Callable[[Cast, int], Awaitable[object]]
MOVES: dict[str, Move] = {
    "claim": lambda c, epoch: c.desk.claim(c.id, c.noor, owner_epoch=epoch),
    "assign": lambda c, epoch: c.desk.assign(c.id, c.noor, c.sam, owner_epoch=epoch),
    "release": lambda c, epoch: c.desk.release(c.id, c.noor, owner_epoch=epoch),
    "return_to_ai": lambda c, epoch: c.desk.return_to_ai(c.id, c.noor, owner_epoch=epoch),
    "resolve": lambda c, epoch: c.desk.resolve(c.id, c.noor, owner_epoch=epoch),
    "reopen": lambda c, epoch: c.desk.reopen(c.id, c.noor, owner_epoch=epoch),
    "reply": lambda c, epoch: c.desk.reply(c.id, c.noor, human_reply(c.noor, "hi", "r1"), owner_epoch=epoch),
}


@pytest.mark.parametrize("verb", MOVES)
async def test_a_click_on_an_old_picture_changes_nothing(queued: Cast, verb: str) -> None:
    await queued.unchanged_by(StaleConversation, MOVES[verb](queued, (await queued.now()).owner_epoch - 1))


@pytest.mark.parametrize("verb", ["release", "reopen"])
async def test_what_makes_no_sense_in_the_queue_changes_nothing(queued: Cast, verb: str) -> None:
    await queued.unchanged_by(IllegalMove, MOVES[verb](queued, (await queued.now()).owner_epoch))


@pytest.mark.parametrize("verb", ["claim", "assign", "release", "return_to_ai", "resolve", "reply"])
async def test_what_is_resolved_stays_resolved(claimed: Cast, verb: str) -> None:
    await claimed.desk.resolve(claimed.id, claimed.noor, owner_epoch=(await claimed.now()).owner_epoch)
    await claimed.unchanged_by(IllegalMove, MOVES[verb](claimed, (await claimed.now()).owner_epoch))


async def test_a_double_click_on_a_move_is_one_move_and_one_refusal(claimed: Cast) -> None:
    epoch = (await claimed.now()).owner_epoch
    clicks = [claimed.desk.release(claimed.id, claimed.noor, owner_epoch=epoch) for _ in range(2)]
    outcomes = await asyncio.gather(*clicks, return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Conversation", "StaleConversation"]
    assert await claimed.verbs() == ["hand_off", "claim", "release"]


async def test_an_assigned_conversation_belongs_to_the_colleague(queued: Cast) -> None:
    epoch = (await queued.now()).owner_epoch
    given = await queued.desk.assign(queued.id, queued.noor, queued.sam, owner_epoch=epoch)
    assert (given.status, given.assignee_id) == (Status.ASSIGNED, queued.sam.id)
    assert (await queued.handoff()).accepted_by == queued.sam.id
    events = await queued.record.store.events(queued.id, after=0, limit=100, public_only=True)
    last = events[-1][0].data
    by, assignee = last["by"], last["assignee"]
    assert isinstance(by, dict)
    assert isinstance(assignee, dict)
    assert (by["display_name"], assignee["display_name"]) == ("Noor", "Sam")


async def test_released_it_waits_at_its_old_place_and_can_be_claimed_again(claimed: Cast) -> None:
    first = (await claimed.handoff()).queued_at
    later = await claimed.record.people.new_visitor()
    other = await claimed.record.store.start(later.id, "other")
    claimed.record.clock.advance(minutes=5)
    new = NewMessage(author=customer_actor(later), text="me too", client_message_id="m1")
    await receive(claimed.record.store, other.id, later, new)
    facts = await gather_facts(claimed.record.store, other.id, later, episode=1)
    await claimed.desk.hand_off_on_request(other.id, later, PassingOn(decision=ASKED, facts=facts))
    released = await claimed.desk.release(claimed.id, claimed.noor, owner_epoch=(await claimed.now()).owner_epoch)
    assert (released.status, released.assignee_id, released.queued_at) == (Status.QUEUED, None, first)
    assert (await claimed.handoff()).state is HandoffState.QUEUED
    page = await claimed.record.store.inbox(View.QUEUE, human_agent_id=claimed.noor.id, limit=5, cursor=None)
    assert [conversation.id for conversation in page.items] == [claimed.id, other.id]
    again = await claimed.desk.claim(claimed.id, claimed.sam, owner_epoch=released.owner_epoch)
    assert again.assignee_id == claimed.sam.id
    assert (await claimed.handoff()).accepted_by == claimed.sam.id


async def test_returned_with_an_open_message_the_ai_agent_answers_it(claimed: Cast) -> None:
    await claimed.write("or shall I send it in?", "m2")
    back = await claimed.desk.return_to_ai(claimed.id, claimed.noor, owner_epoch=(await claimed.now()).owner_epoch)
    assert (back.status, back.assignee_id, back.queued_at) == (Status.AUTOMATED, None, None)
    assert (await claimed.handoff()).state is HandoffState.RETURNED
    assert (await claimed.lease()).owner_epoch == back.owner_epoch


async def test_returned_with_nothing_open_the_ai_agent_waits(claimed: Cast) -> None:
    epoch = (await claimed.now()).owner_epoch
    await claimed.desk.reply(claimed.id, claimed.noor, human_reply(claimed.noor, "All done.", "r1"), owner_epoch=epoch)
    await claimed.desk.note(claimed.id, team_note(claimed.noor, "easy one", "n1"))
    await claimed.desk.return_to_ai(claimed.id, claimed.noor, owner_epoch=epoch)
    assert await claimed.record.turns.lease() is None


async def test_a_conversation_can_be_passed_on_a_second_time(claimed: Cast) -> None:
    first = await claimed.handoff()
    await claimed.desk.return_to_ai(claimed.id, claimed.noor, owner_epoch=(await claimed.now()).owner_epoch)
    claimed.record.clock.advance(minutes=5)
    assert (await claimed.ask_for_person()).queued_at != first.queued_at, "a new wait, at the end of the queue"
    assert (await claimed.handoff()).id != first.id


async def test_resolving_ends_the_handoff_and_the_turns(cast: Cast) -> None:
    await cast.write("hello", "m1")
    turn = await cast.lease()
    resolved = await cast.desk.resolve(cast.id, cast.noor, owner_epoch=1)
    assert resolved.status is Status.RESOLVED
    assert not await cast.record.turns.extend(turn)
    assert await cast.record.turns.lease() is None


async def test_resolving_a_claimed_conversation_closes_its_handoff(claimed: Cast) -> None:
    await claimed.desk.resolve(claimed.id, claimed.noor, owner_epoch=(await claimed.now()).owner_epoch)
    handoff = await claimed.handoff()
    assert handoff.state is HandoffState.RESOLVED
    assert handoff.finished_at is not None


async def test_a_person_who_reopens_takes_it(claimed: Cast) -> None:
    resolved = await claimed.desk.resolve(claimed.id, claimed.noor, owner_epoch=(await claimed.now()).owner_epoch)
    reopened = await claimed.desk.reopen(claimed.id, claimed.sam, owner_epoch=resolved.owner_epoch)
    assert (reopened.status, reopened.assignee_id, reopened.episode) == (
        Status.ASSIGNED,
        claimed.sam.id,
        resolved.episode,
    )


async def test_a_reply_is_a_claim_while_nobody_owns_it(cast: Cast) -> None:
    await cast.write("hello", "m1")
    turn = await cast.lease()
    reply = human_reply(cast.noor, "Hi, Noor here.", "r1")
    message, conversation = await cast.desk.reply(cast.id, cast.noor, reply, owner_epoch=1)
    assert (conversation.status, conversation.assignee_id) == (Status.ASSIGNED, cast.noor.id)
    assert message.author == human_actor(cast.noor)
    assert not await cast.record.turns.extend(turn)
    events = await cast.record.store.events(cast.id, after=0, limit=100, public_only=True)
    assert [event.kind for event, _ in events] == [MESSAGE_POSTED, STATUS_CHANGED, MESSAGE_POSTED]


async def test_a_reply_sent_twice_is_said_once_and_another_text_is_refused(claimed: Cast) -> None:
    epoch = (await claimed.now()).owner_epoch
    reply = human_reply(claimed.noor, "Send it in.", "r1")
    sent = [await claimed.desk.reply(claimed.id, claimed.noor, reply, owner_epoch=epoch) for _ in range(2)]
    assert sent[0][0] == sent[1][0]
    other = human_reply(claimed.noor, "Keep it.", "r1")
    await claimed.unchanged_by(
        ClientMessageIdReused, claimed.desk.reply(claimed.id, claimed.noor, other, owner_epoch=epoch)
    )
    by_sam = human_reply(claimed.sam, "Send it in.", "r1")
    await claimed.unchanged_by(
        ClientMessageIdReused, claimed.desk.reply(claimed.id, claimed.sam, by_sam, owner_epoch=epoch)
    )


async def test_a_reply_sent_again_after_it_was_released_is_not_a_second_claim(claimed: Cast) -> None:
    epoch = (await claimed.now()).owner_epoch
    reply = human_reply(claimed.noor, "Send it in.", "r1")
    await claimed.desk.reply(claimed.id, claimed.noor, reply, owner_epoch=epoch)
    released = await claimed.desk.release(claimed.id, claimed.noor, owner_epoch=epoch)
    _, conversation = await claimed.desk.reply(claimed.id, claimed.noor, reply, owner_epoch=epoch)
    assert conversation == released


async def test_a_note_is_the_teams_and_moves_nothing(queued: Cast) -> None:
    before = await queued.now()
    note = await queued.desk.note(queued.id, team_note(queued.sam, "known customer", "n1"))
    assert await queued.desk.note(queued.id, team_note(queued.sam, "known customer", "n1")) == note
    after = await queued.now()
    assert note.visibility is Visibility.NOTE
    assert (after.status, after.owner_epoch, after.last_seq) == (before.status, before.owner_epoch, before.last_seq + 1)
    public = await queued.record.store.messages(queued.id, limit=10, public_only=True)
    assert note.id not in {message.id for message in public}


async def test_every_move_wakes_the_inbox(queued: Cast) -> None:
    with queued.record.bus.subscribe(INBOX) as inbox:
        await queued.desk.claim(queued.id, queued.noor, owner_epoch=(await queued.now()).owner_epoch)
        async with asyncio.timeout(1):
            await inbox.next(60)
