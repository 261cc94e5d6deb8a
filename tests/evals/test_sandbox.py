from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from evals.sample import Sample
from evals.sandbox import Grounds, Sandbox, open_sandbox
from evals.trial import Trial, TurnTaken

pytestmark = [pytest.mark.model, pytest.mark.asyncio(loop_scope="module")]

REFUND = {
    "id": "refund",
    "customer": "maya",
    "says_in_turn": ["one bottle of order NP-49127 arrived damaged, i want my money back", {"confirm": True}],
}


def sample(**fields: object) -> Sample:
    return Sample.model_validate_json(json.dumps({"id": "1", **fields}))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sandbox(grounds: Grounds, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    async with open_sandbox(grounds, tmp_path_factory.mktemp("sandbox") / "s", private=False) as opened:
        yield opened


async def test_a_question_is_answered_by_the_service_and_told_with_all_that_it_rests_on(sandbox: Sandbox) -> None:
    trial = await sandbox.run(sample(question="How long do I have to return something?"), 0)
    assert (trial.error, trial.ended, trial.status) == (None, "done", "automated")
    assert [(said.role, said.turn) for said in trial.messages] == [("customer", 0), ("ai_agent", 0)]
    turn = trial.turns[0]
    assert (turn.decision, turn.responder) == ("answer", "extractive")
    assert turn.retrieved[0].article == "return-window"
    assert "45 days" in trial.replies[0].text
    assert trial.replies[0].citations[0].article == "return-window"
    assert turn.evidence
    assert turn.sentences
    assert 0 < turn.own_seconds < turn.seconds < trial.seconds


async def test_a_confirmed_refund_is_carried_out_once_and_the_next_trial_finds_it_undone(sandbox: Sandbox) -> None:
    for number in (0, 1):
        trial = await sandbox.run(sample(**REFUND), number)
        assert [(one.kind, one.state, one.amount_minor) for one in trial.actions] == [("refund", "succeeded", 3400)]
        assert trial.shop.refunded == {"NP-49127": 3400}
        assert trial.shop.orders["NP-49127"]["refunded_minor"] == 3400
        assert [call.tool for call in trial.tool_calls] == ["find_order", "offer_refund"]


async def test_a_declined_card_and_an_unknown_customer_have_no_effect(sandbox: Sandbox) -> None:
    declined = await sandbox.run(
        sample(**{**REFUND, "says_in_turn": [REFUND["says_in_turn"][0], {"decline": True}]}), 0
    )
    assert [one.state for one in declined.actions] == ["withdrawn"]
    stranger = await sandbox.run(sample(**{**REFUND, "customer": None}), 0)
    assert (stranger.ended, stranger.ended_because) == ("gave_up", "Step 2: there is no open card.")
    assert not declined.shop.effects
    assert not stranger.shop.effects
    unknown = await sandbox.run(sample(question="hi", customer="nobody"), 0)
    assert unknown.error == "ValueError: the demo shop has no customer 'nobody'"


async def test_strangers_prove_themselves_by_a_code_and_a_wrong_one_proves_nothing(sandbox: Sandbox) -> None:
    asked = "where is my order NP-49127"
    who = {"order": "NP-49127", "email": "maya.okafor@example.com"}
    proven = await sandbox.run(sample(says_in_turn=[asked, {"code": "right", **who}, asked]), 0)
    assert [call.code for call in proven.turns[-1].tool_calls] == ["order"]
    wrong = await sandbox.run(sample(says_in_turn=[asked, {"code": "12", **who}, asked]), 0)
    assert not wrong.turns[-1].tool_calls
    assert "That is not the code" in wrong.ended_because


@pytest.mark.parametrize("step", [{"sign_in": "maya"}, {"choose": "x"}, {"person": True}])
async def test_steps_do_what_the_page_offers(sandbox: Sandbox, step: dict[str, object]) -> None:
    trial = await sandbox.run(
        sample(says_in_turn=["where is my order NP-49127", step, "where is my order NP-49127"]), 0
    )
    match next(iter(step)):
        case "sign_in":
            assert [call.ok for call in trial.tool_calls] == [True]
        case "choose":
            assert (trial.ended, trial.ended_because[:7]) == ("gave_up", "Step 2:")
        case _:
            assert (trial.ended, trial.turns[-1].reason) == ("handed_off", "customer_asked")
            assert trial.brief is not None


async def test_what_was_said_so_far_is_context_and_no_part_of_the_run(sandbox: Sandbox) -> None:
    so_far = [
        {"role": "customer", "text": "can you ship to canada"},
        {"role": "ai_agent", "text": "Yes, we ship to Canada."},
        {"role": "customer", "text": "how much is it"},
    ]
    trial = await sandbox.run(sample(messages=so_far), 0)
    assert [said.turn for said in trial.messages] == [None, None, 0, 0]
    assert trial.turns[0].retrieved[0].article == "shipping-canada"


async def test_orders_of_a_sample_stand_on_top_of_the_shop_for_it_alone(sandbox: Sandbox) -> None:
    order = {"number": "NP-90001", "like": "NP-49127", "status": "cancelled"}
    asked = {"customer": "maya", "question": "where is my order NP-90001"}
    there = await sandbox.run(sample(**asked, shop={"orders": [order]}), 0)
    assert there.turns[0].tool_calls[0].code == "order"
    assert there.shop.orders["NP-90001"]["status"] == "cancelled"
    gone = await sandbox.run(sample(**asked), 0)
    assert gone.turns[0].tool_calls[0].code == "not_found"
    assert "NP-90001" not in gone.shop.orders
    bad = await sandbox.run(sample(**asked, shop={"orders": [{"number": "NP-90001", "like": "NP-1"}]}), 0)
    assert "which the shop does not have" in (bad.error or "")


async def test_who_is_there_decides_what_is_said_at_a_handoff(sandbox: Sandbox) -> None:
    asked = "I want to talk to a person"
    there = await sandbox.run(sample(question=asked), 0)
    away = await sandbox.run(sample(question=asked, people_online=False), 0)
    assert there.replies[-1].text != away.replies[-1].text
    assert there.turns[0].reason == away.turns[0].reason == "customer_asked"


async def test_a_sample_happens_on_its_day(sandbox: Sandbox) -> None:
    asked = {"customer": "maya", "question": "where is my order NP-49127"}
    summer = await sandbox.run(sample(**asked, at="2026-07-08T12:00:00Z"), 0)
    assert "July" in summer.replies[0].text
    assert "January" in (await sandbox.run(sample(**asked), 0)).replies[0].text


async def test_articles_of_a_sample_are_found_in_it_alone(grounds: Grounds, tmp_path: Path) -> None:
    article = {"id": "kites", "title": "Repairing a kite", "text": "Send a torn kite to our kite workshop in Bergen."}
    asked = {"question": "How do I repair a torn kite?"}
    async with open_sandbox(grounds, tmp_path / "private", private=True) as sandbox:
        before = await sandbox.run(sample(**asked), 0)
        planted = await sandbox.run(sample(**asked, articles=[article]), 0)
        after = await sandbox.run(sample(**asked), 0)
    assert planted.turns[0].retrieved[0].article == "kites"
    assert planted.knowledge_version != before.knowledge_version == after.knowledge_version
    for trial in (before, after):
        assert all(found.article != "kites" for found in trial.turns[0].retrieved)
    assert _plain(before) == _plain(after)


async def test_the_same_sample_twice_is_the_same_trial_but_for_ids_and_times(grounds: Grounds, tmp_path: Path) -> None:
    samples = [sample(**REFUND), sample(question="how long can i return things"), sample(question="a person please")]
    runs = []
    for name in ("first", "second"):
        async with open_sandbox(grounds, tmp_path / name, private=False) as sandbox:
            runs.append([_plain(await sandbox.run(one, 0)) for one in samples])
    assert runs[0] == runs[1]


async def test_the_sandbox_keeps_nothing_of_the_settings_that_leads_outside(grounds: Grounds, tmp_path: Path) -> None:
    before = sorted(path.name for path in grounds.settings.data_dir.iterdir())
    async with open_sandbox(grounds, tmp_path / "sandbox", private=False) as sandbox:
        await sandbox.run(sample(**REFUND), 0)
    assert sorted(path.name for path in grounds.settings.data_dir.iterdir()) == before


def _plain(trial: Trial) -> Trial:
    """Without ids and times."""
    turns: tuple[TurnTaken, ...] = tuple(replace(turn, seconds=0.0, own_seconds=0.0) for turn in trial.turns)
    return replace(trial, turns=turns, seconds=0.0, conversation="")


async def test_a_simulated_customer_is_played_until_the_goal_is_reached_in_the_shop(sandbox: Sandbox) -> None:
    played = {"persona": "patient", "style": "plain", "seed": 0}
    helped = await sandbox.run(sample(customer="maya", simulated={**played, "goal": "bottle_refund"}), 0)
    assert (helped.ended, helped.goal_reached) == ("goal", True)
    assert helped.shop.refunded == {"NP-49127": 3400}
    lost = await sandbox.run(sample(simulated={**played, "goal": "return_window", "persona": "nobody"}), 0)
    assert (lost.error or "").startswith("ValueError: there is no persona 'nobody'")
