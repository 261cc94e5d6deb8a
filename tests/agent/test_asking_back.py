"""Titles to choose from where the best answer is not sure enough, and the answer from the one that is taken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from agent import replies
from agent.choices import choices_in
from agent.draft import CHOOSE_TOPIC, Decision, Draft, TurnKind
from agent.knowledge_search import FakeSearch
from conversations.model import HandoffReason
from knowledge_base.model import Hit
from tests.agent.cast import hit, turn
from tests.agent.test_support_agent import agent_with, reply

ASKED = "which way of sending money do you like best"
CANCEL = "Cancel an order"
HITS: Mapping[str, tuple[Hit, ...]] = {
    # A threshold of .5 is reached from a cosine of .5 on; .487 is a confidence of .37.
    ASKED: (
        hit("Ways to pay", "We take Visa and PayPal for sending money.", dense=0.487),
        hit("Gift **cards** [now](https://evil.example)", "A gift card pays for anything.", dense=0.45),
        hit(CANCEL, "You can cancel while it is not packed and get the money.", dense=0.44),
        hit("Newsletter", "We send one a month.", dense=0.43),
    ),
    "do you rent out rowing boats": (hit("Tent care", "Dry the tent before you put it away.", dense=0.4),),
}


async def after_titles(*answers: str) -> Draft:
    knowledge = FakeSearch(HITS)
    agent = agent_with(knowledge)
    said, draft = [ASKED], await reply(agent, turn(ASKED))
    requests = [draft.request]
    for answer in answers:
        said += [draft.text, answer]
        asked = turn(*said)
        spoken = iter(requests)
        messages = tuple(
            replace(message, request=next(spoken)) if place % 2 else message
            for place, message in enumerate(asked.messages)
        )
        draft = await reply(agent, replace(asked, messages=messages))
        requests.append(draft.request)
    return draft


async def test_an_unsure_answer_becomes_a_choice_of_titles_beside_a_person() -> None:
    draft = await after_titles()
    assert (draft.decision, draft.request, draft.reason) == (Decision.CLARIFY, CHOOSE_TOPIC, None)
    assert choices_in(draft.text) == ("Ways to pay", "Gift cards now(https://evil.example)", CANCEL)
    assert draft.text.startswith(replies.WHICH_TOPIC)
    assert draft.text.endswith(replies.OFFER)
    assert draft.citations == ()


async def test_what_is_far_below_the_threshold_goes_to_a_person_at_once() -> None:
    draft = await reply(agent_with(FakeSearch(HITS)), turn("do you rent out rowing boats"))
    assert (draft.decision, draft.reason) == (Decision.HANDOFF, HandoffReason.LOW_CONFIDENCE)


@pytest.mark.parametrize("answer", ["Ways to pay", "ways to pay", "the first one", "1"])
async def test_the_title_taken_answers_the_question_before(answer: str) -> None:
    draft = await after_titles(answer)
    assert draft.decision is Decision.ANSWER
    assert draft.text == f"We take Visa and PayPal for sending money. [1]\n\n{replies.IF_NOT_IT}"
    assert [citation.article_id for citation in draft.citations] == ["ways-to-pay"]
    assert draft.question == ASKED


async def test_a_title_that_reads_like_a_wish_is_read_as_the_title() -> None:
    draft = await after_titles(CANCEL)
    assert draft.kind is not TurnKind.ACTION_REQUEST
    assert draft.citations[0].article_id == "cancel-an-order"


@pytest.mark.parametrize("answer", ["yes please", "none of these", "Neither.", "something else"])
async def test_who_wants_none_of_them_gets_a_person(answer: str) -> None:
    draft = await after_titles(answer)
    assert (draft.decision, draft.reason) == (Decision.HANDOFF, HandoffReason.CUSTOMER_ASKED)


async def test_titles_are_not_asked_about_twice_in_a_row() -> None:
    draft = await after_titles(ASKED)
    assert (draft.decision, draft.reason) == (Decision.HANDOFF, HandoffReason.LOW_CONFIDENCE)


async def test_an_article_that_was_taken_down_meanwhile_is_not_told() -> None:
    knowledge = FakeSearch(HITS)
    agent = agent_with(knowledge)
    first = await reply(agent, turn(ASKED))
    knowledge.found = {ASKED: HITS[ASKED][1:]}
    asked = turn(ASKED, first.text, "Ways to pay")
    customer, said, taken = asked.messages
    draft = await reply(agent, replace(asked, messages=(customer, replace(said, request=CHOOSE_TOPIC), taken)))
    assert draft.decision is Decision.HANDOFF
    assert draft.citations == ()
