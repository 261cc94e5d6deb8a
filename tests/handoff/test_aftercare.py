from __future__ import annotations

from dataclasses import replace

import pytest

from conversations.change import NewMessage
from conversations.events import RATING_ASKED, RATING_GIVEN
from conversations.inbound import customer_actor, receive
from conversations.model import AI_AGENT, Conversation, Customer, HumanAgentId, JsonObject, Status, TurnState
from conversations.ratings import (
    ASKS_SOLVED,
    CHANGEABLE,
    Given,
    Rating,
    RatingClosed,
    RatingNotFound,
    Ratings,
    Scale,
    ScoreOutOfRange,
    Via,
)
from handoff.aftercare import answer
from handoff.desk_rules import DeskRules
from handoff.desk_store import DeskStore
from handoff.solved_keeper import SolvedKeeper
from tests.conftest import Record
from tests.handoff.said import RETURNS

ANSWER: JsonObject = {"decision": "answer"}
YES, NO = (Given(score=score, remark=None, via=Via.WIDGET) for score in (1, 0))


class Answered:
    """A conversation whose customer has an answer of the AI agent, and has said nothing since."""

    def __init__(self, record: Record) -> None:
        self.record = record
        self.ratings = Ratings(record.database)
        self.desk_store = DeskStore(record.database, record.bus, clock=record.clock)
        self.keeper = SolvedKeeper(record.store, self.desk_store, record.database, clock=record.clock)
        self.ava: Customer
        self.conversation: Conversation

    async def write(self, text: str, client_id: str) -> None:
        new = NewMessage(author=customer_actor(self.ava), text=text, client_message_id=client_id)
        await receive(self.record.store, self.conversation.id, self.ava, new)

    async def answer(self, trace: JsonObject = ANSWER, **changes: object) -> None:
        turn = await self.record.turns.lease()
        assert turn is not None
        new = NewMessage(author=AI_AGENT, text="Within 30 days. [1]", turn_id=turn.id, citations=(RETURNS,))
        async with self.record.store.change(self.conversation.id) as change:
            await change.post(replace(new, **changes))  # type: ignore[arg-type]
            await change.finish_turn(turn.id, TurnState.ANSWERED, trace)

    async def asked(self) -> list[Rating]:
        now = await self.record.store.conversation(self.conversation.id)
        return await self.ratings.of(now.id, episode=now.episode)

    async def questions(self) -> list[str]:
        said = await self.record.store.messages(self.conversation.id, limit=50)
        return [message.text for message in said if message.request == ASKS_SOLVED]

    async def status(self) -> Status:
        return (await self.record.store.conversation(self.conversation.id)).status


@pytest.fixture
async def answered(record: Record) -> Answered:
    story = Answered(record)
    story.ava = await record.people.new_visitor()
    story.conversation = await record.store.start(story.ava.id, "c1")
    await story.write("how long can I return things?", "m1")
    return story


async def test_a_quiet_customer_is_asked_once_in_a_message_of_its_own(answered: Answered) -> None:
    await answered.answer()
    answered.record.clock.advance(minutes=2)
    await answered.keeper.look()
    assert await answered.questions() == [], "not yet"
    answered.record.clock.advance(minutes=2)
    for _ in range(2):
        await answered.keeper.look()
    answered.record.clock.advance(minutes=4)
    await Answered(answered.record).keeper.look()  # another server
    assert await answered.questions() == ["Did that answer your question?"]
    [asked] = await answered.asked()
    said = await answered.record.store.messages(answered.conversation.id, limit=50)
    assert (asked.scale, asked.about, asked.message_id) == (Scale.SOLVED, None, said[1].id)


async def test_it_is_asked_in_the_customers_language(answered: Answered) -> None:
    await answered.answer()
    await answered.write("Wie lange kann ich die Bestellung zurückgeben, und was kostet das?", "m2")
    await answered.answer()
    answered.record.clock.advance(minutes=4)
    await answered.keeper.look()
    assert await answered.questions() == ["Hat das Ihre Frage beantwortet?"]


@pytest.mark.parametrize(
    ("trace", "changes"),
    [
        ({"decision": "clarify"}, {}),
        (ANSWER, {"citations": ()}),
        (ANSWER, {"request": "offer_person"}),
    ],
    ids=["it asks back", "nothing behind it", "it offers something itself"],
)
async def test_what_ends_nothing_is_not_asked_after(
    answered: Answered, trace: JsonObject, changes: dict[str, object]
) -> None:
    await answered.answer(trace, **changes)
    answered.record.clock.advance(minutes=4)
    await answered.keeper.look()
    assert await answered.questions() == []


async def test_an_answer_from_a_tool_is_asked_after_and_what_is_long_past_is_not(answered: Answered) -> None:
    await answered.answer({**ANSWER, "tool_calls": [{"tool": "order_status"}]}, citations=())
    answered.record.clock.advance(minutes=14)
    await answered.keeper.look()
    assert await answered.questions() == [], "whoever was there has left"
    await answered.write("and the other order?", "m2")
    await answered.answer({**ANSWER, "tool_calls": [{"tool": "order_status"}]}, citations=())
    answered.record.clock.advance(minutes=4)
    await answered.keeper.look()
    assert len(await answered.questions()) == 1


async def test_a_customer_who_writes_on_is_not_asked_in_the_middle(answered: Answered) -> None:
    await answered.answer()
    answered.record.clock.advance(minutes=2)
    await answered.write("and shoes?", "m2")
    answered.record.clock.advance(minutes=4)
    await answered.keeper.look()
    assert await answered.questions() == []


async def test_nobody_is_asked_where_a_lead_has_switched_it_off(answered: Answered) -> None:
    await answered.desk_store.save(DeskRules(ask_solved_minutes=None), over=0, by=HumanAgentId("lead"))
    await answered.answer()
    answered.record.clock.advance(minutes=4)
    await answered.keeper.look()
    assert await answered.questions() == []


async def solved_question(answered: Answered) -> Rating:
    await answered.answer()
    answered.record.clock.advance(minutes=4)
    await answered.keeper.look()
    [asked] = await answered.asked()
    return asked


async def give(answered: Answered, rating: Rating, given: Given) -> Rating:
    return await answer(answered.record.store, answered.conversation.id, answered.ava, rating.id, given)


async def test_a_yes_resolves_the_conversation_and_the_record_says_so(answered: Answered) -> None:
    asked = await solved_question(answered)
    for _ in range(2):
        assert (await give(answered, asked, YES)).score == 1
    assert await answered.status() is Status.RESOLVED
    events = await answered.record.store.events(answered.conversation.id, after=0, limit=100, public_only=True)
    rated = [event for event, _ in events if event.kind in (RATING_ASKED, RATING_GIVEN)]
    assert [event.kind for event in rated] == [RATING_ASKED, RATING_GIVEN], "the second yes changed nothing"
    kept = rated[1].data["rating"]
    assert isinstance(kept, dict)
    assert (kept["scale"], kept["score"], kept["via"]) == ("solved", 1, "widget")


async def test_a_no_offers_a_person_and_goes_on_with_the_ai_agent(answered: Answered) -> None:
    asked = await solved_question(answered)
    for _ in range(2):
        await give(answered, asked, NO)
    said = await answered.record.store.messages(answered.conversation.id, limit=50)
    assert [message.request for message in said[-2:]] == [ASKS_SOLVED, "offer_person"]
    assert await answered.status() is Status.AUTOMATED


async def test_a_new_episode_may_be_asked_again_and_the_old_question_is_over(answered: Answered) -> None:
    asked = await solved_question(answered)
    await give(answered, asked, YES)
    await answered.write("one more thing: shoes?", "m2")
    with pytest.raises(RatingClosed):
        await give(answered, asked, NO)
    again = await solved_question(answered)
    assert again.id != asked.id


async def test_second_thoughts_count_until_a_remark_or_a_day_has_passed(answered: Answered) -> None:
    asked = await solved_question(answered)
    await give(answered, asked, YES)
    assert (await give(answered, asked, NO)).score == 0
    with_words = Given(score=0, remark="It was about shoes.", via=Via.WIDGET)
    assert (await give(answered, asked, with_words)).remark == "It was about shoes."
    assert await give(answered, asked, with_words) == await give(answered, asked, NO), "the same again"
    with pytest.raises(RatingClosed):
        await give(answered, asked, YES)


async def test_after_a_day_an_answer_stands(answered: Answered) -> None:
    asked = await solved_question(answered)
    await give(answered, asked, NO)
    answered.record.clock.advance(hours=CHANGEABLE.total_seconds() / 3600 + 1)
    with pytest.raises(RatingClosed):
        await give(answered, asked, YES)


@pytest.mark.parametrize("score", [-1, 2, 10**9])
async def test_a_score_off_the_scale_is_refused(answered: Answered, score: int) -> None:
    asked = await solved_question(answered)
    with pytest.raises(ScoreOutOfRange):
        await give(answered, asked, Given(score=score, remark=None, via=Via.WIDGET))


async def test_what_was_not_asked_here_cannot_be_answered(answered: Answered) -> None:
    asked = await solved_question(answered)
    other = await answered.record.store.start(answered.ava.id, "c2")
    with pytest.raises(RatingNotFound):
        await answer(answered.record.store, other.id, answered.ava, asked.id, YES)
