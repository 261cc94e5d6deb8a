from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from dataclasses import dataclass, field

import pytest

from agent import replies
from agent.draft import Activity, Decision, Draft, TurnHost, TurnInput
from app.answering import Answering
from app.turn_reply import Answerer
from app.turn_runner import DRAFTS, MAX_ATTEMPTS, Desk, TurnRunner
from conversations.change import TURN_DEADLINE, NewMessage
from conversations.database import open_database
from conversations.events import TURN_FINISHED
from conversations.inbound import customer_actor, receive
from conversations.model import (
    AuthorKind,
    Conversation,
    ConversationId,
    Customer,
    HandoffReason,
    HumanAgent,
    Status,
    Turn,
)
from conversations.turns import LEASE
from handoff.desk import HandoffDesk, human_reply, team_note
from handoff.desk_store import DeskStore
from handoff.policy import HandoffPolicy
from knowledge_base.model import Viewer
from tests.app.serving import CITATION, WrittenAgent, drafted
from tests.conftest import Record
from tests.conversations.own_database import let_in, own_database
from tools.tool import Principal, ToolCall, ToolResult
from tools.verification import principal_of

SLOW = 8.0
"""Seconds after which something that should have happened has not."""


def unsure(turn: TurnInput) -> Draft:
    return drafted("", decision=Decision.HANDOFF, reason=HandoffReason.LOW_CONFIDENCE, detail="Nothing fits.")


def too_late(turn: TurnInput) -> Draft:
    return drafted("too late")


def broken(turn: TurnInput) -> Draft:
    raise ZeroDivisionError


async def prove(conversation_id: ConversationId, customer: Customer) -> Principal:
    return principal_of(customer)


@dataclass
class Citable:
    """What may be cited when a reply is posted: everything but what is in `taken_down`."""

    taken_down: set[str] = field(default_factory=set)
    asked_for: list[Viewer] = field(default_factory=list)

    @contextlib.contextmanager
    def citing(self, article_ids: Collection[str], viewer: Viewer) -> Iterator[Collection[str]]:
        self.asked_for.append(viewer)
        yield set(article_ids) - self.taken_down


@dataclass(kw_only=True)
class Story:
    """A customer, a person, and as many runners as the test starts."""

    record: Record
    desk: HandoffDesk
    ava: Customer
    noor: HumanAgent
    id: ConversationId
    agent: WrittenAgent = field(default_factory=WrittenAgent)
    citable: Citable = field(default_factory=Citable)

    def runner(self, agent: Answering | None = None, *, answer_seconds: float = 20) -> TurnRunner:
        record = self.record
        around = Desk(store=record.store, people=record.people, turns=record.turns, handoff=self.desk, bus=record.bus)
        citing = self.citable.citing
        answerer = Answerer(agent=agent or self.agent, policy=HandoffPolicy(), citing=citing, prove=prove)
        return TurnRunner(around, answerer, clock=record.clock, answer_seconds=answer_seconds)

    async def write(self, text: str, client_id: str | None = None) -> None:
        new = NewMessage(author=customer_actor(self.ava), text=text, client_message_id=client_id or text)
        await receive(self.record.store, self.id, self.ava, new)

    async def lease(self) -> Turn:
        """What a runner does that dies right after."""
        turn = await self.record.turns.lease()
        assert turn is not None
        return turn

    async def now(self) -> Conversation:
        return await self.record.store.conversation(self.id)

    async def texts(self) -> list[str]:
        messages = await self.record.store.messages(self.id, limit=100)
        return [f"{message.author.kind.value}: {message.text}" for message in messages]

    async def until(self, length: int) -> list[str]:
        return await self.once(self.texts, lambda texts: len(texts) >= length)

    async def once(self, look: Callable[[], object], happened: Callable[..., bool]) -> list[str]:
        async with asyncio.timeout(SLOW):
            while not happened(seen := await look()):  # type: ignore[misc]
                await asyncio.sleep(0.01)
        return seen  # type: ignore[no-any-return]

    async def finished(self) -> list[object]:
        events = await self.record.store.events(self.id, after=0, limit=200, public_only=False)
        return [event.data["state"] for event, _ in events if event.kind == TURN_FINISHED]

    async def reason(self) -> HandoffReason:
        return (await self.record.store.latest_handoffs([self.id]))[self.id].reason

    async def take_over(self) -> None:
        await self.desk.claim(self.id, self.noor, owner_epoch=(await self.now()).owner_epoch)


async def story_on(record: Record) -> Story:
    ava = await record.people.new_visitor()
    conversation = await record.store.start(ava.id, "first")
    await record.people.add_human_agent("noor@shop.example", display_name="Noor", password_hash="x")
    [noor] = await record.people.human_agents()
    desk_store = DeskStore(record.database, record.bus, clock=record.clock)
    desk = HandoffDesk(
        record.store, rules=desk_store.rules, anybody_online=record.people.anybody_online, away_text="We are away."
    )
    return Story(record=record, desk=desk, ava=ava, noor=noor, id=conversation.id)


@pytest.fixture
async def story(record: Record) -> Story:
    return await story_on(record)


@contextlib.asynccontextmanager
async def running(runner: TurnRunner) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(runner.run_forever())
    try:
        yield task
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_a_message_is_answered_by_one_message(story: Story) -> None:
    async with running(story.runner()):
        await story.write("hello")
        assert await story.until(2) == ["customer: hello", "ai_agent: You said: hello"]
    assert await story.finished() == ["answered"]


async def test_an_angry_customer_gets_the_answer_with_an_offer_and_then_a_person(story: Story) -> None:
    agent = WrittenAgent(write=lambda turn: drafted("It is on its way.", anger=0.9))
    async with running(story.runner(agent)):
        await story.write("this is ridiculous")
        answered = await story.until(2)
        assert answered[1] == f"ai_agent: It is on its way.\n\n{replies.OFFER}"
        await story.write("so ridiculous")
        assert "frustrating" in (await story.until(4))[3]
    messages = await story.record.store.messages(story.id, limit=10)
    assert [message.request for message in messages] == [None, "offer_person", None, None]
    handoff = (await story.record.store.latest_handoffs([story.id]))[story.id]
    assert handoff.reason is HandoffReason.FRUSTRATION
    assert "'rule': 'still angry'" in str(handoff.brief)


async def test_an_answer_whose_article_was_taken_down_meanwhile_is_written_anew(story: Story) -> None:
    def write(turn: TurnInput) -> Draft:
        if not story.citable.taken_down:
            story.citable.taken_down.add("returns")  # between its search and its reply
            return drafted("Within 30 days. [1]", citations=(CITATION,))
        return drafted("from what is left")

    async with running(story.runner(WrittenAgent(write=write))):
        await story.write("hello")
        assert await story.until(2) == ["customer: hello", "ai_agent: from what is left"]
    assert await story.finished() == ["answered"]


async def test_a_person_answers_where_nothing_else_can_be_cited(story: Story) -> None:
    story.citable.taken_down.add("returns")
    agent = WrittenAgent(write=lambda turn: drafted("Within 30 days. [1]", citations=(CITATION,)))
    async with running(story.runner(agent)):
        await story.write("hello")
        assert "30 days" not in str(await story.until(2))
    assert len(agent.seen) == DRAFTS
    assert await story.reason() is HandoffReason.UNGROUNDED


async def test_a_reply_is_drafted_and_cited_for_the_customer_who_asked(story: Story) -> None:
    maya = await story.record.people.identified("cust_1", display_name="Maya", email=None, segments=["pro"])
    story.ava, story.id = maya, (await story.record.store.start(maya.id, "hers")).id
    async with running(story.runner()):
        await story.write("hello")
        await story.until(2)
    assert story.agent.seen[0].principal.segments == {"pro"}
    assert story.citable.asked_for == [Viewer(signed_in=True, segments=frozenset({"pro"}))]


async def test_what_a_dead_runner_left_is_answered_after_its_lease(story: Story) -> None:
    await story.write("hello")
    dead = await story.lease()
    async with running(story.runner()):
        await asyncio.sleep(0.2)
        assert await story.texts() == ["customer: hello"], "its lease still holds"
        story.record.clock.advance(seconds=LEASE.total_seconds() + 1)
        assert (await story.until(2))[1] == "ai_agent: You said: hello"
    assert not await story.record.turns.extend(dead)


async def test_a_runner_that_was_only_slow_does_not_answer_a_second_time(story: Story) -> None:
    await story.write("hello")
    story.agent.gate.clear()
    quick = WrittenAgent(write=lambda turn: drafted("from the heir"))
    async with running(story.runner()):
        await asyncio.wait_for(story.agent.started.wait(), SLOW)
        story.record.clock.advance(seconds=LEASE.total_seconds() + 1)
        async with running(story.runner(quick)):
            await story.until(2)
        story.agent.gate.set()
        await asyncio.sleep(0.2)
    assert await story.texts() == ["customer: hello", "ai_agent: from the heir"]
    assert await story.finished() == ["answered"]


async def test_a_turn_past_its_deadline_goes_to_a_person(story: Story) -> None:
    await story.write("hello")
    story.record.clock.advance(seconds=TURN_DEADLINE.total_seconds())
    async with running(story.runner()):
        assert "Something went wrong on my side" in (await story.until(2))[1]
    assert story.agent.seen == [], "the AI agent is not asked any more"
    assert await story.reason() is HandoffReason.AI_UNAVAILABLE
    assert (await story.now()).status is Status.QUEUED


async def test_a_turn_just_before_its_deadline_is_answered(story: Story) -> None:
    await story.write("hello")
    story.record.clock.advance(seconds=TURN_DEADLINE.total_seconds() - 1)
    async with running(story.runner()):
        assert (await story.until(2))[1] == "ai_agent: You said: hello"


@pytest.mark.parametrize(("crashes", "answered"), [(MAX_ATTEMPTS - 1, True), (MAX_ATTEMPTS, False)])
async def test_a_turn_that_crashed_its_runners_goes_to_a_person(story: Story, crashes: int, answered: bool) -> None:
    await story.write("poison")
    for _ in range(crashes):
        await story.lease()
        story.record.clock.advance(seconds=LEASE.total_seconds() + 1)
    async with running(story.runner()):
        await story.until(2)
    assert bool(story.agent.seen) == answered
    assert await story.finished() == ["answered" if answered else "handed_off"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # it takes five seconds
async def test_an_agent_that_hangs_past_every_deadline_is_given_up(story: Story) -> None:
    await story.write("hello")
    story.agent.gate.clear()
    story.record.clock.advance(seconds=TURN_DEADLINE.total_seconds() - 0.1)
    hanging = story.runner(_Deaf(), answer_seconds=0.01)
    async with running(hanging):
        await story.until(2)
    assert await story.reason() is HandoffReason.AI_UNAVAILABLE


class _Deaf:
    """An AI agent that has lost track of time."""

    async def reply(self, turn: TurnInput, *, host: TurnHost, deadline_s: float) -> Draft:
        await asyncio.sleep(3600)
        raise AssertionError


@pytest.mark.parametrize("error", [ZeroDivisionError(), TimeoutError(), RecursionError(), OSError("disk")])
async def test_whatever_the_agent_raises_the_customer_gets_a_person(story: Story, error: Exception) -> None:
    def failing(turn: TurnInput) -> Draft:
        raise error

    story.agent.write = failing
    async with running(story.runner()):
        await story.write("hello")
        await story.until(2)
    assert await story.reason() is HandoffReason.AI_UNAVAILABLE


async def test_messages_that_come_while_a_turn_runs_are_answered_by_exactly_one_more(story: Story) -> None:
    story.agent.gate.clear()
    async with running(story.runner()):
        await story.write("first")
        await asyncio.wait_for(story.agent.started.wait(), SLOW)
        await story.write("second")
        await story.write("third")
        story.agent.gate.set()
        await story.once(story.finished, lambda states: len(states) == 2)
        await asyncio.sleep(0.1)
    new = [[message.text for message in turn.messages[turn.new_from :]] for turn in story.agent.seen]
    assert new == [["first"], ["second", "third"]]
    assert [text for text in await story.texts() if text.startswith("ai_agent")] == [
        "ai_agent: You said: first",
        "ai_agent: You said: third",
    ]


async def test_a_turn_always_ends_with_what_the_customer_wrote(story: Story) -> None:
    story.agent.gate.clear()
    async with running(story.runner()):
        await story.write("first")
        await asyncio.wait_for(story.agent.started.wait(), SLOW)
        await story.write("second")
        story.agent.gate.set()
        await story.once(story.finished, lambda states: len(states) == 2)
    for turn in story.agent.seen:
        assert turn.messages[-1].author.kind is AuthorKind.CUSTOMER
        assert 0 <= turn.new_from < len(turn.messages)
    second = story.agent.seen[1]
    assert [message.text for message in second.messages[: second.new_from]] == ["first", "You said: first"]


async def test_a_message_that_joins_a_waiting_turn_while_it_is_leased_is_not_lost(story: Story) -> None:
    """On PostgreSQL a runner leases the turn while the message that joins it is not committed yet."""
    await story.write("first")
    async with story.record.store.change(story.id) as change:
        await change.post(NewMessage(author=customer_actor(story.ava), text="second"))
        joined = await change.accept_turn()
        leasing = asyncio.create_task(story.record.turns.lease())
        await asyncio.sleep(0.1)
    turn = await leasing or await story.lease()
    newest = (await story.record.store.messages(story.id, limit=1))[0]
    if turn.id == joined:
        assert turn.through_seq >= newest.seq
    else:
        assert await story.record.turns.lease() is not None


AWAITS = range(1, 10)


@pytest.mark.parametrize("point", AWAITS)
async def test_a_takeover_at_any_point_of_a_turn_leaves_no_ai_message(story: Story, point: int) -> None:
    """The person claims after the `point`-th time the turn gave the event loop something to wait for."""
    await story.write("hello")
    runner = asyncio.create_task(story.runner().run_forever())
    for _ in range(point):
        await asyncio.sleep(0.002 if point > 6 else 0)
    before = await story.texts()
    await story.take_over()
    claimed = await story.texts()
    await asyncio.sleep(0.15)
    assert await story.texts() == claimed, f"something was said after the takeover; before it: {before}"
    assert len(await story.finished()) == 1
    assert await story.record.turns.lease() is None
    runner.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await runner


async def test_a_takeover_while_the_agent_writes_leaves_no_ai_message(story: Story) -> None:
    for write in (too_late, unsure, broken):
        story.agent = WrittenAgent(write=write)
        story.agent.gate.clear()
        await story.write(f"hello {len(await story.texts())}")
        async with running(story.runner()):
            await asyncio.wait_for(story.agent.started.wait(), SLOW)
            await story.take_over()
            story.agent.gate.set()
            await asyncio.sleep(0.15)
        assert [text for text in await story.texts() if text.startswith("ai_agent")] == []
        reply = human_reply(story.noor, "I am on it.", f"r{len(await story.texts())}")
        epoch = (await story.now()).owner_epoch
        await story.desk.reply(story.id, story.noor, reply, owner_epoch=epoch)
        await story.desk.return_to_ai(story.id, story.noor, owner_epoch=epoch)
    assert set(await story.finished()) == {"handed_off"}


async def test_taken_and_given_back_without_a_word_the_ai_agent_still_answers(story: Story) -> None:
    story.agent.gate.clear()
    async with running(story.runner()):
        await story.write("hello")
        await asyncio.wait_for(story.agent.started.wait(), SLOW)
        await story.take_over()
        story.agent.gate.set()
        await story.desk.return_to_ai(story.id, story.noor, owner_epoch=(await story.now()).owner_epoch)
        assert await story.until(2) == ["customer: hello", "ai_agent: You said: hello"]


async def test_what_a_person_answered_is_not_answered_again(story: Story) -> None:
    await story.write("hello")
    await story.take_over()
    epoch = (await story.now()).owner_epoch
    await story.desk.reply(story.id, story.noor, human_reply(story.noor, "Hi!", "r1"), owner_epoch=epoch)
    await story.desk.note(story.id, team_note(story.noor, "secret", "n1"))
    await story.desk.return_to_ai(story.id, story.noor, owner_epoch=epoch)
    async with running(story.runner()):
        await story.write("thanks")
        await story.until(5)
    [turn] = story.agent.seen
    assert [message.text for message in turn.messages] == ["hello", "Hi!", "thanks"], "a note is not for the AI agent"
    assert [message.text for message in turn.messages[turn.new_from :]] == ["thanks"]


async def test_an_earlier_episode_is_context_and_never_a_request(story: Story) -> None:
    async with running(story.runner()):
        await story.write("old")
        await story.until(2)
        await story.desk.resolve(story.id, story.noor, owner_epoch=(await story.now()).owner_epoch)
        await story.write("new")
        await story.until(4)
    turn = story.agent.seen[-1]
    assert [message.text for message in turn.messages] == ["new"]
    assert [message.text for message in turn.earlier] == ["old", "You said: old"]


async def test_two_runners_share_the_work_and_answer_each_message_once(story: Story) -> None:
    customers = [await story.record.people.new_visitor() for _ in range(10)]
    started = [await story.record.store.start(customer.id, "first") for customer in customers]
    async with running(story.runner()), running(story.runner(WrittenAgent())):
        for customer, conversation in zip(customers, started, strict=True):
            new = NewMessage(author=customer_actor(customer), text="hello", client_message_id="m1")
            await receive(story.record.store, conversation.id, customer, new)

        async def answered() -> list[int]:
            pages = [await story.record.store.messages(conversation.id, limit=10) for conversation in started]
            return [len(page) for page in pages]

        await story.once(answered, lambda lengths: min(lengths) >= 2)
        await asyncio.sleep(0.1)
        assert await answered() == [2] * 10


async def test_a_slow_conversation_does_not_hold_up_another(story: Story) -> None:
    story.agent.gate.clear()
    await story.write("slow")
    ben = await story.record.people.new_visitor()
    other = await story.record.store.start(ben.id, "other")

    class Both:
        async def reply(self, turn: TurnInput, *, host: TurnHost, deadline_s: float) -> Draft:
            if turn.messages[-1].text == "slow":
                await story.agent.gate.wait()
            return drafted("done")

    async with running(story.runner(Both())):
        new = NewMessage(author=customer_actor(ben), text="quick", client_message_id="m1")
        await receive(story.record.store, other.id, ben, new)

        async def lengths() -> int:
            return len(await story.record.store.messages(other.id, limit=10))

        await story.once(lengths, lambda length: length == 2)
        assert len(await story.texts()) == 1


async def test_the_brief_of_a_turn_that_is_passed_on_holds_its_tool_calls(story: Story) -> None:
    result = ToolResult(ok=False, code="not_found", message="There is no order NP-9.")
    call = ToolCall(id="call_1", tool="order_status", arguments={"order_number": "NP-9"}, result=result)
    story.agent.write = lambda turn: drafted(
        "", decision=Decision.HANDOFF, reason=HandoffReason.NEEDS_APPROVAL, tool_calls=(call,)
    )
    async with running(story.runner()):
        await story.write("refund NP-9")
        await story.until(2)
    [handoff] = (await story.record.store.latest_handoffs([story.id])).values()
    tools = handoff.brief["tools"]
    assert isinstance(tools, list)
    [tool] = tools
    assert isinstance(tool, dict)
    assert (tool["call_id"], tool["summary"], tool["ok"]) == ("call_1", "There is no order NP-9.", False)
    notice = (await story.record.store.messages(story.id, limit=1))[0]
    assert tool["turn_id"] == notice.turn_id


async def test_what_the_agent_does_is_told_and_its_end_too(story: Story) -> None:
    with story.record.bus.subscribe(story.id) as watching:
        async with running(story.runner()):
            await story.write("hello")
            await story.until(2)
            await asyncio.sleep(0.05)
        signs = (await watching.next(1)).signs
    assert [sign["activity"] for sign in signs] == [Activity.SEARCHING.value, None]


async def test_stopping_leaves_no_task_and_gives_the_turn_to_the_next(story: Story) -> None:
    await story.write("hello")
    story.agent.gate.clear()
    before = asyncio.all_tasks()
    async with running(story.runner()):
        await asyncio.wait_for(story.agent.started.wait(), SLOW)
    assert asyncio.all_tasks() == before, "a closed database must have no statement running"
    assert await story.texts() == ["customer: hello"]
    story.agent.gate.set()
    story.record.clock.advance(seconds=LEASE.total_seconds() + 1)
    async with running(story.runner()):
        assert (await story.until(2))[1] == "ai_agent: You said: hello"


@pytest.fixture
def closable(postgres_server: str) -> Iterator[str]:
    with own_database(postgres_server) as url:
        yield url


async def test_a_database_that_goes_away_and_comes_back_stops_no_runner(postgres_server: str, closable: str) -> None:
    database = await open_database(closable)
    record = Record(database=database, url=closable)
    story = await story_on(record)
    async with running(story.runner()) as task:
        await story.write("before")
        await story.until(2)
        let_in(postgres_server, closable, allowed=False)
        for _ in range(3):
            record.bus.wake("turns")
            await asyncio.sleep(0.05)
        assert not task.done(), "the runner died with the connection"
        let_in(postgres_server, closable, allowed=True)
        await story.write("after")
        assert (await story.until(4))[3] == "ai_agent: You said: after"
    await database.close()


async def test_a_turn_interrupted_by_an_outage_is_answered_afterwards(postgres_server: str, closable: str) -> None:
    database = await open_database(closable)
    record = Record(database=database, url=closable)
    story = await story_on(record)
    story.agent.gate.clear()
    async with running(story.runner()):
        await story.write("hello")
        await asyncio.wait_for(story.agent.started.wait(), SLOW)
        let_in(postgres_server, closable, allowed=False)
        story.agent.gate.set()
        await asyncio.sleep(0.2)
        let_in(postgres_server, closable, allowed=True)
        record.clock.advance(seconds=LEASE.total_seconds() + 1)
        assert (await story.until(2))[1:] == ["ai_agent: You said: hello"]
    await database.close()


@dataclass
class Growing:
    """Shows `sentences` one after the other, waiting at `gate` before each but the first, then ends with `end`."""

    sentences: tuple[str, ...]
    end: Callable[[str], Draft] = drafted
    gate: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))
    shown: list[bool] = field(default_factory=list)

    async def reply(self, turn: TurnInput, *, host: TurnHost, deadline_s: float) -> Draft:
        text = ""
        for sentence in self.sentences:
            await self.gate.acquire()
            text = f"{text} {sentence}".strip()
            self.shown.append(await host.show(drafted(text)))
        await self.gate.acquire()
        return self.end(text)


async def stored(story: Story) -> list[tuple[str, str]]:
    messages = await story.record.store.messages(story.id, limit=100)
    return [(message.text, message.state.value) for message in messages if message.author.kind is AuthorKind.AI_AGENT]


async def test_a_reply_grows_in_the_record_as_it_is_shown_and_ends_whole(story: Story) -> None:
    agent = Growing(("One.", "Two."))
    async with running(story.runner(agent)):
        await story.write("hello")
        await story.until(2)
        assert await stored(story) == [("One.", "writing")]
        agent.gate.release()
        await story.once(lambda: stored(story), lambda seen: seen == [("One. Two.", "writing")])
        agent.gate.release()
        await story.once(lambda: stored(story), lambda seen: seen == [("One. Two.", "complete")])
    events = await story.record.store.events(story.id, after=0, limit=99, public_only=True)
    assert [event.kind for event, _ in events[1:]] == ["message_posted", "message_changed", "message_changed"]
    assert all(message and message.text == "One. Two." for _, message in events[1:]), "as it is now, however often read"
    assert await story.finished() == ["answered"]


async def test_a_takeover_stops_the_next_sentence_and_leaves_what_was_seen(story: Story) -> None:
    agent = Growing(("One.", "Two."))
    async with running(story.runner(agent)):
        await story.write("hello")
        await story.until(2)
        await story.take_over()
        agent.gate.release()
        await asyncio.sleep(0.15)
        assert await stored(story) == [("One.", "interrupted")]
    assert agent.shown == [True], "the second sentence ended the turn instead"
    assert await story.finished() == ["handed_off"]


async def test_what_a_crash_cut_off_is_followed_by_the_whole_answer(story: Story) -> None:
    dying = Growing(("Once [1].",))
    async with running(story.runner(dying)):
        await story.write("hello")
        await story.until(2)
    assert await stored(story) == [("Once [1].", "writing")], "the process died here"
    story.record.clock.advance(seconds=LEASE.total_seconds() + 1)
    heir = WrittenAgent(write=lambda turn: drafted("Within 30 days. [1]", citations=(CITATION,)))
    async with running(story.runner(heir)):
        await story.once(story.finished, lambda states: states == ["answered"])
    [(text, state)] = await stored(story)
    assert text.startswith("Once [1].\n\n")
    assert text.endswith("\n\nWithin 30 days. [1]")
    assert state == "complete"


async def test_a_reply_that_cannot_be_finished_is_marked_and_a_person_comes(story: Story) -> None:
    agent = Growing(("One.",), end=lambda text: drafted("", decision=Decision.HANDOFF, detail="Unsure after all."))
    agent.gate.release()
    async with running(story.runner(agent)):
        await story.write("hello")
        await story.until(3)
    [(text, state), (notice, _)] = await stored(story)
    assert (text, state) == ("One.", "interrupted")
    assert "passing you to a colleague" in notice
    assert (await story.now()).status is Status.QUEUED


async def test_nothing_is_shown_of_a_reply_that_the_policy_keeps_back(story: Story) -> None:
    agent = Growing(("One.",))
    agent.gate.release()
    async with running(story.runner(agent)):
        await story.write("I will talk to my lawyer")
        await story.until(2)
    assert agent.shown == [False]
    assert len(await stored(story)) == 1, "the handoff's notice alone"


async def test_nothing_is_shown_that_rests_on_an_article_taken_down_meanwhile(story: Story) -> None:
    story.citable.taken_down.add("returns")

    class Citing(Growing):
        async def reply(self, turn: TurnInput, *, host: TurnHost, deadline_s: float) -> Draft:
            self.shown.append(await host.show(drafted("Within 30 days. [1]", citations=(CITATION,))))
            return drafted("from what is left")

    agent = Citing(())
    async with running(story.runner(agent)):
        await story.write("hello")
        assert await story.until(2) == ["customer: hello", "ai_agent: from what is left"]
    assert agent.shown == [False]
