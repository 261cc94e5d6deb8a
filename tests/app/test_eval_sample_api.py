from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent.draft import Decision
from conversations.model import HandoffReason, Role
from tests.app.serving import CITATION, Console, Json, Served, WrittenAgent, drafted, serving

SAMPLES = "/console/v1/evals/samples"


@pytest.fixture
async def served(database_url: str, tmp_path: Path) -> AsyncIterator[Served]:
    agent = WrittenAgent(write=lambda turn: drafted("Within 30 days [1].", citations=(CITATION,)))
    async with serving(database_url, tmp_path, agent=agent) as running:
        yield running


async def conversation(served: Served, said: str) -> Json:
    widget = await served.widget()
    started = await widget.start()
    await widget.send(started, said)
    await widget.until(started, 2)
    return started


async def settle(noor: Console, started: Json, *, reply: str | None = None) -> None:
    """Resolved by a person, who may have answered before."""
    path = f"/console/v1/conversations/{started['id']}"
    if reply is not None:
        view = await noor.view(started["id"])
        body = {"owner_epoch": view["conversation"]["owner_epoch"], "text": reply, "client_message_id": "r1"}
        (await noor.client.post(f"{path}/reply", json=body)).raise_for_status()
    view = await noor.view(started["id"])
    (await noor.move("resolve", view["conversation"])).raise_for_status()


async def test_a_conversation_becomes_one_sample_however_often_it_is_asked_for(served: Served) -> None:
    noor = await served.console()
    started = await conversation(served, "I am maya@mail.example: how long can I return NP-49127?")
    first = await noor.client.post(SAMPLES, json={"conversation_id": started["id"]})
    assert first.status_code == 201
    made = first.json()
    assert made["sample"]["question"] == "I am [e-mail]: how long can I return NP-90001?"
    assert made["sample"]["expect"] == {"decision": "answer", "relevant": ["returns"]}
    assert made["sample"]["origin"] == f"conversation {started['id']}"
    again = (await noor.client.post(SAMPLES, json={"conversation_id": started["id"]})).json()
    assert again["id"] == made["id"]
    missing = await noor.client.post(SAMPLES, json={"conversation_id": "nothing"})
    assert missing.status_code == 404


async def test_a_corrected_answer_waits_for_review_with_what_the_person_said(served: Served) -> None:
    noor = await served.console()
    kept_by_ai = await conversation(served, "How long?")
    await settle(noor, kept_by_ai)
    corrected = await conversation(served, "And for shoes?")
    await settle(noor, corrected, reply="For shoes it is 60 days. Noor")
    queue = (await noor.client.get(SAMPLES)).json()
    assert [(one["conversation_id"], one["because"]) for one in queue["candidates"]] == [(corrected["id"], "corrected")]
    made = (await noor.client.post(SAMPLES, json={"conversation_id": corrected["id"]})).json()
    assert made["said_by_people"] == ["For shoes it is 60 days. [name]"]
    after = (await noor.client.get(SAMPLES)).json()
    assert after["candidates"] == []
    assert [one["id"] for one in after["samples"]] == [made["id"]]


async def test_what_was_handed_off_waits_for_review_with_its_reason(served: Served) -> None:
    served.agent.write = lambda turn: drafted(
        "", decision=Decision.HANDOFF, reason=HandoffReason.RESERVED_TOPIC, citations=()
    )
    noor = await served.console()
    started = await conversation(served, "I want to sue you")
    await settle(noor, started)
    (found,) = (await noor.client.get(SAMPLES)).json()["candidates"]
    assert (found["because"], found["detail"]) == ("handed_off", "reserved_topic")


async def test_a_reviewed_sample_leaves_in_the_file_and_a_dismissed_one_does_not(served: Served) -> None:
    noor = await served.console()
    made = []
    for said in ("How long?", "Ünd jetzt?"):
        started = await conversation(served, said)
        made.append((await noor.client.post(SAMPLES, json={"conversation_id": started["id"]})).json())
    better = {**made[1]["sample"], "expect": {"decision": "answer", "says": ["30 days"]}}
    for one, sample, state in ((made[0], made[0]["sample"], "dismissed"), (made[1], better, "kept")):
        saved = await noor.client.put(f"{SAMPLES}/{one['id']}", json={"sample": sample, "state": state})
        assert saved.status_code == 204
    file = await noor.client.get(f"{SAMPLES}/file")
    assert [json.loads(line) for line in file.text.splitlines()] == [better]
    assert "Ünd jetzt?" in file.text


@pytest.mark.parametrize(
    "sample", [{}, {"id": ""}, {"id": "a"}, {"id": "a", "question": "x", "messages": []}, {"id": "a" * 200_000}]
)
async def test_what_is_no_sample_is_not_saved(served: Served, sample: Json) -> None:
    noor = await served.console()
    answer = await noor.client.put(f"{SAMPLES}/x", json={"sample": sample, "state": "kept"})
    assert answer.status_code in (413, 422)


async def test_a_human_agent_may_propose_and_a_lead_reviews(served: Served) -> None:
    await served.console("boss@shop.example", "Boss")
    noor = await served.console()
    started = await conversation(served, "How long?")
    await served.baton.team.set_role(noor.me["id"], Role.HUMAN_AGENT)
    assert (await noor.client.post(SAMPLES, json={"conversation_id": started["id"]})).status_code == 201
    assert (await noor.client.get(SAMPLES)).status_code == 403
    await served.baton.team.set_role(noor.me["id"], Role.VIEWER)
    assert (await noor.client.post(SAMPLES, json={"conversation_id": started["id"]})).status_code == 403
