from __future__ import annotations

import asyncio

from tests.app.serving import Console, Json, Served
from tests.app.test_console_api import queued


async def rules_of(noor: Console) -> Json:
    answer = await noor.client.get("/console/v1/desk/rules")
    answer.raise_for_status()
    found: Json = answer.json()
    return found


async def test_rules_are_read_changed_and_saved_once(served: Served) -> None:
    noor = await served.console()
    first = await rules_of(noor)
    assert (first["number"], first["rules"]["automatic"], first["findings"]) == (0, False, [])
    body = {"rules": {**first["rules"], "automatic": True}, "over": 0}
    saved = await noor.client.put("/console/v1/desk/rules", json=body)
    assert (saved.status_code, saved.json()["number"], saved.json()["saved_by"]) == (200, 1, noor.me["id"])
    again = await noor.client.put("/console/v1/desk/rules", json=body)
    assert (again.status_code, again.json()["code"]) == (409, "rules_changed")
    history = (await noor.client.get("/console/v1/desk/rules/history")).json()["saved"]
    assert [one["number"] for one in history] == [1]


async def test_rules_that_cannot_be_meant_are_refused_in_plain_words(served: Served) -> None:
    noor = await served.console()
    rules = {"hours": {"zone": "Europe/Amsterdam", "week": {"mon": []}}}
    never = await noor.client.put("/console/v1/desk/rules", json={"rules": rules, "over": 0})
    assert never.status_code == 422
    assert "never open" in never.json()["detail"]
    nobody = {"rules": {"teams": [{"name": "t", "members": ["ghost"]}]}, "over": 0}
    refused = await noor.client.put("/console/v1/desk/rules", json=nobody)
    assert (refused.status_code, refused.json()["code"]) == (422, "rules_cannot_be_meant")
    checked = await noor.client.post("/console/v1/desk/rules/check", json={"rules": nobody["rules"]})
    assert checked.json()["findings"][0]["blocks"] is True
    assert (await rules_of(noor))["number"] == 0


async def test_a_place_in_the_queue_says_why_and_what_it_waits_for(served: Served) -> None:
    _, first = await queued(served)
    noor = await served.console()
    rules = {"head_starts": [{"name": "unsure", "when": {"reasons": ["low_confidence"]}, "minutes": 5}]}
    await noor.client.put("/console/v1/desk/rules", json={"rules": rules, "over": 0})
    place = (await noor.client.get(f"/console/v1/conversations/{first['id']}/place")).json()
    assert (place["position"], place["why"]) == (1, ["5 min head start: unsure"])
    assert place["waits_for"] == "Nobody is available."
    [row] = (await noor.client.get("/console/v1/conversations")).json()["conversations"]
    assert (row["head_start_minutes"], row["placed_because"]) == (5, ["5 min head start: unsure"])
    await noor.move("claim", first)
    assert (await noor.client.get(f"/console/v1/conversations/{first['id']}/place")).json() is None


async def test_rules_are_tried_on_the_past_before_they_are_saved(served: Served) -> None:
    _, conversation = await queued(served)
    noor = await served.console()
    claimed = (await noor.move("claim", conversation)).json()["conversation"]
    await noor.move("resolve", claimed)
    rules = {"teams": [{"name": "All", "members": [noor.me["id"]]}], "routes": [{"name": "all", "team": "All"}]}
    outcome = (await noor.client.post("/console/v1/desk/rules/simulate", json={"rules": rules})).json()
    assert outcome["recorded"]["by_person"] == {noor.me["id"]: 1}
    assert outcome["now"]["by_team"] == {"everybody": 1}
    assert outcome["proposed"]["by_team"] == {"All": 1}
    assert (await rules_of(noor))["number"] == 0


async def test_the_queue_drains_as_soon_as_somebody_has_room(served: Served) -> None:
    visitor, conversation = await queued(served)
    noor = await served.console()
    await noor.client.put("/console/v1/desk/rules", json={"rules": {"automatic": True}, "over": 0})
    async with noor.client.stream("GET", "/console/v1/stream"), asyncio.timeout(8):
        while (await visitor.read(conversation))["conversation"]["status"] != "assigned":
            await asyncio.sleep(0.05)
    seen = (await visitor.read(conversation))["conversation"]
    assert seen["assignee"]["display_name"] == "Noor"
    assert (await noor.client.post("/console/v1/active", json={})).status_code == 204
