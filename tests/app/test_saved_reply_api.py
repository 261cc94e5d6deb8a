from __future__ import annotations

import asyncio

import pytest

from agent.draft import Draft, TurnInput
from conversations.model import Role
from conversations.saved_replies import filled, unknown_in
from tests.app.serving import Console, Json, Served, drafted
from tests.app.test_console_api import queued
from tests.app.test_widget_api import identity_token
from tools.tool import ToolCall, ToolResult

REPLIES = "/console/v1/saved_replies"
DELAY: Json = {
    "title": "Parcel is late",
    "shortcut": "late",
    "text": "Hello {{customer.first_name}},\nsorry about {{ order.number }}.\n{{agent.name}}",
    "team": None,
}


async def saved(person: Console, **changes: object) -> Json:
    answer = await person.client.post(REPLIES, json=DELAY | changes)
    assert answer.status_code == 201, answer.text
    found: Json = answer.json()
    return found


async def titles(person: Console) -> list[str]:
    return [reply["title"] for reply in (await person.client.get(REPLIES)).json()["replies"]]


async def test_a_reply_is_filled_with_what_is_known_and_counted(served: Served) -> None:
    _, conversation = await queued(served)
    noor = await served.console()
    reply = await saved(noor)
    assert (reply["used"], reply["saved_by"]) == (0, "Noor")
    taking = f"/console/v1/conversations/{conversation['id']}/saved_replies/{reply['id']}"
    taken = await asyncio.gather(*(noor.client.post(taking, json={}) for _ in range(3)))
    text = "Hello {{customer.first_name}},\nsorry about {{order.number}}.\nNoor"
    assert {one.json()["text"] for one in taken} == {text}, "a visitor has no name, and nobody spoke of an order"
    listed = (await noor.client.get(REPLIES)).json()
    assert [one["used"] for one in listed["replies"]] == [3]
    assert listed["variables"] == ["customer.first_name", "agent.name", "order.number"]


async def test_a_reply_is_changed_and_deleted_and_each_is_on_the_log(served: Served) -> None:
    _, conversation = await queued(served)
    noor = await served.console()
    reply = await saved(noor)
    changed = await noor.client.put(f"{REPLIES}/{reply['id']}", json=DELAY | {"title": "Late parcel"})
    assert (changed.status_code, changed.json()["title"]) == (200, "Late parcel")
    assert (await noor.client.delete(f"{REPLIES}/{reply['id']}")).status_code == 204
    assert (await noor.client.put(f"{REPLIES}/{reply['id']}", json=DELAY)).status_code == 404
    taking = f"/console/v1/conversations/{conversation['id']}/saved_replies/{reply['id']}"
    assert (await noor.client.post(taking, json={})).status_code == 404
    lines = (await noor.client.get("/console/v1/audit")).json()["lines"]
    did = [line["did"].replace("/console/v1", "") for line in lines]
    assert {"POST /saved_replies", "PUT /saved_replies/{reply_id}", "DELETE /saved_replies/{reply_id}"} <= set(did)


async def test_what_could_never_be_filled_is_refused(served: Served) -> None:
    noor = await served.console()
    for text, code in (
        ("Hi {{customer.password}}", "unknown_variable"),
        ("Hi {{}}", "unknown_variable"),
        ("Hi {{customer.first_name", "unknown_variable"),
    ):
        answer = await noor.client.post(REPLIES, json=DELAY | {"text": text})
        assert (answer.status_code, answer.json()["code"]) == (422, code)
    no_team = await noor.client.post(REPLIES, json=DELAY | {"team": "Nobody's"})
    assert (no_team.status_code, no_team.json()["code"]) == (422, "unknown_team")
    for wrong in ({"shortcut": "two words"}, {"shortcut": ""}, {"title": "  "}, {"text": " \n"}):
        assert (await noor.client.post(REPLIES, json=DELAY | wrong)).status_code == 422, wrong
    await saved(noor)
    twice = await noor.client.post(REPLIES, json=DELAY | {"title": "Other"})
    assert (twice.status_code, twice.json()["code"]) == (409, "shortcut_taken")


async def test_a_teams_replies_are_for_its_people_and_the_leads(served: Served) -> None:
    _, conversation = await queued(served)
    noor, sam = await served.console(), await served.console("sam@shop.example", "Sam")
    rules = (await noor.client.get("/console/v1/desk/rules")).json()
    teams = [{"name": "Bikes", "members": [noor.me["id"]]}]
    body = {"rules": rules["rules"] | {"teams": teams}, "over": rules["number"]}
    assert (await noor.client.put("/console/v1/desk/rules", json=body)).status_code == 200
    reply = await saved(noor, team="Bikes")
    assert await titles(sam) == ["Parcel is late"], "an admin looks after all of them"
    await served.baton.team.set_role(sam.me["id"], Role.HUMAN_AGENT)
    assert (await titles(sam), await titles(noor)) == ([], ["Parcel is late"])
    taking = f"/console/v1/conversations/{conversation['id']}/saved_replies/{reply['id']}"
    assert (await sam.client.post(taking, json={})).status_code == 404


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("plain { text }", None),
        ("{{agent.name}} and {{ customer.first_name }}", None),
        ("{{agent.name}} {{nope}}", "{{nope}}"),
        ("{{}}", "{{}}"),
        ("{{agent.name", "{{agent.name"),
        ("agent.name}}", "}}"),
    ],
)
def test_unknown_variables_are_found(text: str, unknown: str | None) -> None:
    assert unknown_in(text) == unknown


def test_braces_in_a_value_mean_nothing() -> None:
    known = {"customer.first_name": "{{agent.name}}", "agent.name": "Noor"}
    assert filled("{{customer.first_name}} {{agent.name}}", known) == "{{agent.name}} Noor"


async def test_the_name_and_the_only_order_spoken_of_are_filled_in(served: Served) -> None:
    numbers = ["NP-9"]

    def told(turn: TurnInput) -> Draft:
        calls = tuple(
            ToolCall(
                id=f"call_{number}",
                tool="order_status",
                arguments={},
                result=ToolResult(ok=True, code="order", message="On its way.", data={"order": {"number": number}}),
            )
            for number in numbers
        )
        return drafted("On its way.", tool_calls=calls)

    served.agent.write = told
    maya = await served.widget(identity_token(served))
    conversation = await maya.start()
    await maya.send(conversation, "where is my order?")
    await maya.until(conversation, 2)
    noor = await served.console()
    reply = await saved(noor)
    taking = f"/console/v1/conversations/{conversation['id']}/saved_replies/{reply['id']}"
    assert (await noor.client.post(taking, json={})).json()["text"] == "Hello Maya,\nsorry about NP-9.\nNoor"
    numbers[:] = ["NP-10"]
    await maya.send(conversation, "and the other one?", "m2")
    await maya.until(conversation, 4)
    text = (await noor.client.post(taking, json={})).json()["text"]
    assert "{{order.number}}" in text, "of two orders none is meant surely"
