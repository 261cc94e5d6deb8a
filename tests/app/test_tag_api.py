from __future__ import annotations

import asyncio

import pytest

from conversations.tags import MOST, NoSuchTag, written_as
from tests.app.serving import Console, Json, Served
from tests.app.test_console_api import queued

ROOT = "/console/v1"


async def tag(person: Console, conversation: Json, word: str) -> list[str]:
    answer = await person.client.post(f"{ROOT}/conversations/{conversation['id']}/tags", json={"tag": word})
    assert answer.status_code == 200, answer.text
    found: list[str] = answer.json()["tags"]
    return found


async def rows(person: Console, query: str) -> list[Json]:
    found: list[Json] = (await person.client.get(f"{ROOT}/conversations?{query}")).json()["conversations"]
    return found


async def test_a_tag_is_seen_in_rows_lists_and_search_until_it_is_removed(served: Served) -> None:
    _, first = await queued(served)
    _, second = await queued(served)
    noor = await served.console()
    assert await tag(noor, first, "  Late   Parcel ") == ["late parcel"]
    assert await tag(noor, first, "bikes") == ["bikes", "late parcel"]
    assert await tag(noor, second, "bikes") == ["bikes"]
    assert (await noor.view(first["id"]))["tags"] == ["bikes", "late parcel"]
    for view in ("queue", "open"):
        assert [row["id"] for row in await rows(noor, f"view={view}&tag=late%20parcel")] == [first["id"]], view
        assert {row["id"] for row in await rows(noor, f"view={view}&tag=bikes")} == {first["id"], second["id"]}, view
    assert {tuple(row["tags"]) for row in await rows(noor, "view=queue")} == {("bikes", "late parcel"), ("bikes",)}
    known = (await noor.client.get(f"{ROOT}/tags")).json()["tags"]
    assert known == [{"tag": "bikes", "conversations": 2}, {"tag": "late parcel", "conversations": 1}]
    results = (await noor.client.get(f"{ROOT}/search?q=Late%20parcel")).json()["results"]
    assert [one["conversation"]["id"] for one in results] == [first["id"]]
    gone = await noor.client.delete(f"{ROOT}/conversations/{first['id']}/tags/late%20parcel")
    assert gone.json() == {"tags": ["bikes"]}
    assert await rows(noor, "view=open&tag=late%20parcel") == []


async def test_the_record_says_who_tagged_and_the_customer_hears_nothing(served: Served) -> None:
    visitor, conversation = await queued(served)
    noor = await served.console()
    for _ in range(2):
        await tag(noor, conversation, "wholesale")
    await noor.client.delete(f"{ROOT}/conversations/{conversation['id']}/tags/never")
    events = await served.baton.store.events(conversation["id"], after=0, limit=50, public_only=False)
    [told] = [event for event, _ in events if event.kind == "tags_changed"]
    assert (told.public, told.data["added"], told.data["tags"]) == (False, "wholesale", ["wholesale"])
    assert told.data["by"] == {"kind": "human_agent", "id": noor.me["id"], "display_name": "Noor"}
    seen = await visitor.read(conversation)
    assert "wholesale" not in str(seen), "once, and only for the team"
    lines = (await noor.client.get(f"{ROOT}/audit")).json()["lines"]
    assert f"POST {ROOT}/conversations/{{conversation_id}}/tags" in {line["did"] for line in lines}


async def test_a_conversation_has_at_most_twenty_tags_however_fast_they_come(served: Served) -> None:
    _, conversation = await queued(served)
    noor = await served.console()
    address = f"{ROOT}/conversations/{conversation['id']}/tags"
    answers = await asyncio.gather(*(noor.client.post(address, json={"tag": f"tag {n}"}) for n in range(MOST + 5)))
    assert sorted(one.status_code for one in answers) == [200] * MOST + [409] * 5
    assert len((await noor.view(conversation["id"]))["tags"]) == MOST
    assert (await noor.client.post(address, json={"tag": "a/b"})).status_code == 422
    assert (await noor.client.post(f"{ROOT}/conversations/none/tags", json={"tag": "x"})).status_code == 404


@pytest.mark.parametrize("typed", ["", "   ", "a/b", "<b>", "x" * 41, "-", "a,b"])
def test_what_cannot_be_a_tag_is_refused(typed: str) -> None:
    with pytest.raises(NoSuchTag):
        written_as(typed)


@pytest.mark.parametrize(("typed", "kept"), [("VIP", "vip"), ("Größe", "größe"), ("b2b-Order 7", "b2b-order 7")])
def test_a_tag_is_kept_in_small_letters(typed: str, kept: str) -> None:
    assert written_as(typed) == kept
