from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest

from tests.app.serving import Console, Json, Served, Widget
from tests.app.test_console_api import queued


async def claimed(served: Served) -> tuple[Widget, Json, Console]:
    visitor, conversation = await queued(served)
    noor = await served.console()
    return visitor, (await noor.move("claim", conversation)).json()["conversation"], noor


async def listed(console: Console, view: str) -> list[str]:
    answer = await console.client.get("/console/v1/conversations", params={"view": view})
    answer.raise_for_status()
    return [one["id"] for one in answer.json()["conversations"]]


def later(served: Served, **by: float) -> str:
    at: datetime = served.baton.clock() + timedelta(**by)
    return at.isoformat()


async def test_what_is_snoozed_comes_back_to_its_person_when_the_customer_writes(served: Served) -> None:
    visitor, conversation, noor = await claimed(served)
    set_aside = (await noor.move("snooze", conversation, until=later(served, hours=2))).json()["conversation"]
    assert (set_aside["status"], set_aside["assignee"]["display_name"]) == ("snoozed", "Noor")
    assert await listed(noor, "snoozed") == [conversation["id"]]
    assert await listed(noor, "mine") == []
    await visitor.send(conversation, "still there?", "m2")
    now = (await noor.view(conversation["id"]))["conversation"]
    assert (now["status"], now["assignee"]["display_name"], now["snoozed_until"]) == ("assigned", "Noor", None)
    assert await listed(noor, "mine") == [conversation["id"]]


async def test_what_is_snoozed_wakes_when_its_time_has_come(served: Served) -> None:
    _, conversation, noor = await claimed(served)
    await noor.move("snooze", conversation, until=later(served, seconds=1))
    async with asyncio.timeout(8):
        while (await noor.view(conversation["id"]))["conversation"]["status"] != "assigned":
            await asyncio.sleep(0.05)
    assert await listed(noor, "mine") == [conversation["id"]]


async def test_without_its_person_it_wakes_in_the_queue_at_its_old_place(served: Served) -> None:
    visitor, conversation = await queued(served)
    noor = await served.console()
    await noor.move("snooze", conversation, until=None)
    await visitor.send(conversation, "hello?", "m2")
    now = (await noor.view(conversation["id"]))["conversation"]
    assert (now["status"], now["assignee"], now["queued_at"]) == ("queued", None, conversation["queued_at"])


async def test_of_a_person_who_left_the_team_it_wakes_in_the_queue(served: Served) -> None:
    visitor, conversation, noor = await claimed(served)
    await noor.move("snooze", conversation, until=None)
    lead = await served.console("lead@shop.example", "Lead")
    assert (await lead.client.delete(f"/console/v1/team/{noor.me['id']}")).status_code < 300
    await visitor.send(conversation, "hello?", "m2")
    now = (await lead.view(conversation["id"]))["conversation"]
    assert (now["status"], now["assignee"]) == ("queued", None)
    assert (await lead.move("claim", now)).status_code == 200


@pytest.mark.parametrize("hours", [-1, 0, 24 * 400])
async def test_a_time_that_nobody_means_is_refused(served: Served, hours: float) -> None:
    _, conversation, noor = await claimed(served)
    assert (await noor.move("snooze", conversation, until=later(served, hours=hours))).status_code == 422
    assert (await noor.move("snooze", conversation, until="soon")).status_code == 422
    assert (await noor.view(conversation["id"]))["conversation"]["status"] == "assigned"


async def test_each_view_lists_what_it_says(served: Served) -> None:
    _, conversation, noor = await claimed(served)
    assert await listed(noor, "team") == []
    teams = [{"name": "Repairs", "members": [noor.me["id"]]}]
    rules = {"teams": teams, "routes": [{"name": "all", "team": "Repairs"}]}
    promise = [{"name": "all", "first_response_minutes": 1, "warn_at_percent": 1}]
    saved = await noor.client.put("/console/v1/desk/rules", json={"rules": {**rules, "sla": promise}, "over": 0})
    assert saved.status_code == 200
    visitor = await served.widget()
    second = await visitor.start()
    await visitor.send(second, "my tent leaks")
    await visitor.until(second, 2)
    assert await listed(noor, "team") == [second["id"]]
    async with asyncio.timeout(8):
        while second["id"] not in await listed(noor, "at_risk"):
            await asyncio.sleep(0.1)
    assert await listed(noor, "mine") == [conversation["id"]]
    counts = await served.baton.store.inbox_counts(noor.me["id"], ["Repairs"])
    assert {view.value: count for view, count in counts.items() if count} == {
        "queue": 1,
        "mine": 1,
        "team": 1,
        "at_risk": len(await listed(noor, "at_risk")),
        "open": 2,
    }


async def searched(console: Console, q: str) -> Json:
    answer = await console.client.get("/console/v1/search", params={"q": q})
    answer.raise_for_status()
    found: Json = answer.json()
    return found


async def test_search_shows_where_the_words_stand_once_for_each_conversation(served: Served) -> None:
    visitor, conversation = await queued(served, "my kayak leaks")
    await visitor.send(conversation, "the KAYAK, I mean, not the tent", "m2")
    noor = await served.console()
    [found] = (await searched(noor, "kayak"))["results"]
    assert (found["conversation"]["id"], found["author_kind"], found["note"]) == (conversation["id"], "customer", False)
    assert found["pieces"] == [
        {"text": "the ", "hit": False},
        {"text": "KAYAK", "hit": True},
        {"text": ", I mean, not the tent", "hit": False},
    ]
    messages = (await noor.view(conversation["id"]))["messages"]
    assert found["message_id"] == messages[-1]["id"]
    assert (await searched(noor, "submarine")) == {"results": [], "next_cursor": None}


@pytest.mark.parametrize("q", ["", " ", "\x00", '"', "%", "'; DROP TABLE messages --", "<script>", "💥" * 50])
async def test_whatever_is_searched_for_is_answered(served: Served, q: str) -> None:
    await queued(served)
    noor = await served.console()
    assert (await searched(noor, q))["results"] == []
    assert (await noor.client.get("/console/v1/search", params={"q": "x" * 201})).status_code == 422


async def test_the_surroundings_of_a_hit_are_short_and_start_before_it(served: Served) -> None:
    await queued(served, "blah " * 40 + "the kayak " + "blah " * 200)
    noor = await served.console()
    [found] = (await searched(noor, "kay"))["results"]
    text = "".join(piece["text"] for piece in found["pieces"])
    assert text.startswith("…")
    assert text.endswith("…")
    assert len(text) < 200
    assert [piece["text"] for piece in found["pieces"] if piece["hit"]] == ["kayak"]
