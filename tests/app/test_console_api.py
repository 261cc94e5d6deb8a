from __future__ import annotations

import asyncio
import json
from collections import Counter

import httpx2
import pytest

from agent.draft import Decision, Draft, TurnInput
from conversations.model import HandoffReason
from tests.app.serving import CITATION, Console, Json, Served, Widget, drafted


async def queued(served: Served, text: str = "do you fix bikes?") -> tuple[Widget, Json]:
    """A visitor whose question went to the queue, and the conversation as the widget sees it."""
    served.agent.write = lambda turn: drafted(
        "", decision=Decision.HANDOFF, reason=HandoffReason.LOW_CONFIDENCE, detail="Nothing fits."
    )
    visitor = await served.widget()
    conversation = await visitor.start()
    await visitor.send(conversation, text)
    await visitor.until(conversation, 2)
    view = (await visitor.read(conversation))["conversation"]
    assert isinstance(view, dict)
    assert view["status"] == "queued"
    return visitor, view


async def test_from_low_confidence_to_a_person_and_back(served: Served) -> None:
    visitor, conversation = await queued(served)
    noor = await served.console()
    seen = await noor.view(conversation["id"])
    brief = seen["brief"]
    assert isinstance(brief, dict)
    assert brief["wants"]["text"] == "do you fix bikes?"
    assert brief["reason"]["code"] == "low_confidence"
    claimed = (await noor.move("claim", conversation)).json()["conversation"]
    assert (claimed["status"], claimed["assignee"]["display_name"]) == ("assigned", "Noor")
    await noor.move("reply", claimed, client_message_id="r1", text="Yes, we **do**.")
    await visitor.send(conversation, "great", "m2")
    await asyncio.sleep(0.3)
    texts = await visitor.texts(conversation)
    assert texts[2:] == ["human_agent: Yes, we **do**.", "customer: great"], "the AI agent stays silent"
    served.agent.write = lambda turn: drafted(f"AI again: {turn.messages[-1].text}")
    await noor.move("reply", claimed, client_message_id="r2", text="Anything else?")
    back = (await noor.move("return_to_ai", claimed)).json()["conversation"]
    assert (back["status"], back["assignee"]) == ("automated", None)
    await visitor.send(conversation, "what about tyres?", "m3")
    assert (await visitor.until(conversation, 7))[-1] == "ai_agent: AI again: what about tyres?"
    assert [m.text for m in served.agent.seen[-1].messages[served.agent.seen[-1].new_from :]] == ["what about tyres?"]


async def test_returning_an_unanswered_message_lets_the_ai_agent_answer_it(served: Served) -> None:
    visitor, conversation = await queued(served)
    await visitor.send(conversation, "or tents?", "m2")
    noor = await served.console()
    served.agent.write = lambda turn: drafted("Tents, yes.")
    await noor.move("return_to_ai", conversation)
    assert (await visitor.until(conversation, 4))[-1] == "ai_agent: Tents, yes."
    assert [m.text for m in served.agent.seen[-1].messages[served.agent.seen[-1].new_from :]] == ["or tents?"]


async def test_fifty_claims_at_once_have_one_winner(served: Served) -> None:
    _, conversation = await queued(served)
    people = [await served.console(f"p{n}@shop.example", f"Person {n}") for n in range(10)]
    answers = await asyncio.gather(*(people[n % 10].move("claim", conversation) for n in range(50)))
    winner = {a.json()["conversation"]["assignee"]["id"] for a in answers if a.status_code == 200}
    assert len(winner) == 1
    codes = Counter(answer.status_code for answer in answers)
    assert set(codes) == {200, 409}
    assert codes[200] <= 5, "only the winner's own repeated clicks succeed again"


async def test_the_brief_shows_what_was_answered_with_which_source(served: Served) -> None:
    served.agent.write = lambda turn: drafted("Within 30 days. [1]", citations=(CITATION,))
    visitor = await served.widget()
    conversation = await visitor.start()
    await visitor.send(conversation, "return window?")
    await visitor.until(conversation, 2)
    path = f"/widget/v1/conversations/{conversation['id']}/human"
    for _ in range(2):
        asked = await served.client.post(path, json={"client_message_id": "h1"}, headers=visitor.headers)
        assert asked.status_code == 202
        assert asked.json()["conversation"]["status"] == "queued"
    assert len(await visitor.texts(conversation)) == 3, "asked twice, told once"
    noor = await served.console()
    brief = (await noor.view(conversation["id"]))["brief"]
    assert brief["answered"][0]["sources"][0]["article_id"] == "returns"
    assert brief["wants"]["text"] == "return window?"


async def test_a_person_who_replies_takes_over_and_no_ai_message_follows(served: Served) -> None:
    served.agent.gate.clear()
    visitor = await served.widget()
    conversation = await visitor.start()
    await visitor.send(conversation, "hello")
    await asyncio.wait_for(served.agent.started.wait(), 5)
    noor = await served.console()
    view = (await noor.view(conversation["id"]))["conversation"]
    assert isinstance(view, dict)
    reply = await noor.move("reply", view, client_message_id="r1", text="I am here.")
    assert reply.status_code == 201
    served.agent.gate.set()
    await asyncio.sleep(0.5)
    assert await visitor.texts(conversation) == ["customer: hello", "human_agent: I am here."]
    traces = (await noor.view(conversation["id"]))["conversation"]
    assert traces["status"] == "assigned"


async def test_an_agent_that_raises_hands_off_instead_of_staying_silent(served: Served) -> None:
    def broken(turn: TurnInput) -> Draft:
        raise ZeroDivisionError

    served.agent.write = broken
    visitor = await served.widget()
    conversation = await visitor.start()
    await visitor.send(conversation, "hello")
    texts = await visitor.until(conversation, 2)
    assert texts[1].startswith("ai_agent: Something went wrong on my side.")
    noor = await served.console()
    seen = await noor.view(conversation["id"])
    assert seen["handoff"]["reason"] == "ai_unavailable"


async def test_notes_stay_with_the_team(served: Served) -> None:
    visitor, conversation = await queued(served)
    noor = await served.console()
    path = f"/console/v1/conversations/{conversation['id']}/note"
    body = {"client_message_id": "n1", "text": "knows the owner"}
    assert (await noor.client.post(path, json=body)).status_code == 201
    assert (await noor.client.post(path, json=body)).status_code == 201
    assert len(await visitor.texts(conversation)) == 2
    notes = [m for m in (await noor.view(conversation["id"]))["messages"] if m["visibility"] == "note"]
    assert len(notes) == 1

    async def read_public() -> list[str]:
        names = []
        async for _, name, data in visitor.frames(conversation):
            names.append(json.dumps(data))
            if name == "status_changed":
                return names
        return names

    async with asyncio.timeout(5):
        assert "knows the owner" not in "".join(await read_public())


@pytest.mark.parametrize("verb", ["claim", "release", "return_to_ai", "resolve", "reopen", "reply", "note", "typing"])
async def test_every_change_needs_sign_in_and_the_csrf_token(served: Served, verb: str) -> None:
    _, conversation = await queued(served)
    path = f"/console/v1/conversations/{conversation['id']}/{verb}"
    nobody = await served.client.post(path, json={})
    assert (nobody.status_code, nobody.json()["code"]) == (401, "signed_out")
    noor = await served.console()
    del noor.client.headers["X-CSRF-Token"]
    forged = await noor.client.post(path, json={})
    assert (forged.status_code, forged.json()["code"]) == (403, "csrf")


async def test_a_wrong_password_and_an_unknown_address_look_the_same(served: Served) -> None:
    await served.console()
    async with httpx2.AsyncClient(base_url=served.url) as client:
        wrong = await client.post("/console/v1/session", json={"email": "noor@shop.example", "password": "no"})
        unknown = await client.post("/console/v1/session", json={"email": "who@shop.example", "password": "no"})
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.content == unknown.content


async def test_a_stale_console_is_told_to_look_again(served: Served) -> None:
    _, conversation = await queued(served)
    noor, sam = await served.console(), await served.console("sam@shop.example", "Sam")
    await noor.move("resolve", conversation)
    late = await sam.move("resolve", conversation)
    assert (late.status_code, late.json()["code"]) == (409, "stale_conversation")
    claim = await sam.move("claim", conversation)
    assert (claim.status_code, claim.json()["code"]) == (409, "illegal_move")


async def test_the_inbox_stream_tells_of_a_new_handoff_at_once(served: Served) -> None:
    noor = await served.console()
    counts: asyncio.Queue[int] = asyncio.Queue()

    async def listen(console: Console) -> None:
        async with console.client.stream("GET", "/console/v1/stream", timeout=20) as answer:
            async for line in answer.aiter_lines():
                if line.startswith("data: "):
                    await counts.put(json.loads(line[6:])["counts"]["queue"])

    listening = asyncio.create_task(listen(noor))
    async with asyncio.timeout(8):
        assert await counts.get() == 0
        assert await served.baton.people.anybody_online()
        await queued(served)
        while await counts.get() != 1:
            pass
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    await asyncio.sleep(0.5)
    assert not await served.baton.people.anybody_online()


@pytest.mark.parametrize("what", ["stream", "conversations/{id}/events"])
async def test_signing_out_ends_what_was_being_followed(served: Served, what: str) -> None:
    visitor, conversation = await queued(served)
    noor = await served.console()
    started = asyncio.Event()
    heard: list[str] = []

    async def follow() -> None:
        path = f"/console/v1/{what.format(id=conversation['id'])}"
        async with noor.client.stream("GET", path, timeout=20) as answer:
            async for line in answer.aiter_lines():
                heard.append(line)
                started.set()

    following = asyncio.create_task(follow())
    async with asyncio.timeout(8):
        await started.wait()
        assert (await noor.client.delete("/console/v1/session")).status_code == 204
        await visitor.send(conversation, "my card number is", "m2")
        await following
    assert "my card number is" not in "".join(heard)


async def test_nobody_online_is_said_honestly(served: Served) -> None:
    visitor, conversation = await queued(served)
    assert "We are away." in (await visitor.texts(conversation))[1]


async def test_an_older_page_tells_what_happened_between_its_messages(served: Served) -> None:
    visitor, conversation = await queued(served)
    noor = await served.console()
    claimed = (await noor.move("claim", conversation)).json()["conversation"]
    await noor.move("reply", claimed, client_message_id="r1", text="Yes, we do.")
    path = f"conversations/{conversation['id']}/messages"
    newest = (await noor.client.get(f"/console/v1/{path}", params={"limit": 1})).json()
    assert [message["text"] for message in newest["messages"]] == ["Yes, we do."]
    params = {"before": newest["older_cursor"]}
    older = (await noor.client.get(f"/console/v1/{path}", params=params)).json()
    seen = (await served.client.get(f"/widget/v1/{path}", params=params, headers=visitor.headers)).json()
    for page in (older, seen):
        assert page["older_cursor"] is None
        assert [event["data"]["verb"] for event in page["events"]] == ["hand_off", "claim"]
        seqs = sorted(entry["seq"] for entry in [*page["messages"], *page["events"]])
        assert all(seq < newest["older_cursor"] for seq in seqs)
        assert page["events"][1]["data"]["by"]["display_name"] == "Noor"
        assert page["events"][1]["data"]["at"]
    between = {"before": newest["older_cursor"], "limit": 1}
    last = (await noor.client.get(f"/console/v1/{path}", params=between)).json()
    assert [event["data"]["verb"] for event in last["events"]] == ["hand_off", "claim"]
    assert last["messages"][0]["seq"] < last["events"][0]["seq"]


async def test_a_waiting_row_shows_what_the_customer_wrote_last(served: Served) -> None:
    visitor, conversation = await queued(served)
    await visitor.send(conversation, "or   tents?", "m2")
    noor = await served.console()
    [row] = (await noor.client.get("/console/v1/conversations")).json()["conversations"]
    assert row["preview"] == {"author_kind": "customer", "text": "or tents?"}


async def test_previews_are_free_of_marks(served: Served) -> None:
    served.agent.write = lambda turn: drafted("Within **30 days**. [1]", citations=(CITATION,))
    visitor = await served.widget()
    conversation = await visitor.start()
    await visitor.send(conversation, "how long?")
    await visitor.until(conversation, 2)
    noor = await served.console()
    answer = await noor.client.get("/console/v1/conversations", params={"view": "automated"})
    assert answer.json()["conversations"][0]["preview"]["text"] == "Within 30 days."
    listed = await served.client.get("/widget/v1/conversations", headers=visitor.headers)
    assert listed.json()["conversations"][0]["preview"] == "Within 30 days."


async def test_who_is_away_is_still_connected(served: Served) -> None:
    noor = await served.console()
    listening = asyncio.create_task(_listen(noor))
    async with asyncio.timeout(8):
        while not await served.baton.people.anybody_online():
            await asyncio.sleep(0.05)
    answer = await noor.client.put("/console/v1/presence", json={"available": False})
    shown = answer.json()["human_agent"]
    assert (shown["online"], shown["available"]) == (True, False)
    assert not await served.baton.people.anybody_online(), "nobody may be promised to the customer"
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)


async def _listen(console: Console) -> None:
    async with console.client.stream("GET", "/console/v1/stream", timeout=20) as answer:
        async for _ in answer.aiter_lines():
            pass
