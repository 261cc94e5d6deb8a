from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import jwt
import pytest

from app.identity import Identity
from app.wiring import Parts
from knowledge_base.model import Audience
from tests.app.serving import CITATION, COMPANY, RETURNS, Served, WrittenAgent, drafted, library, serving

MAYA = Identity(external_id="cust_1", display_name="Maya Lind", email="maya@example.com")


def identity_token(served: Served, who: Identity = MAYA) -> str:
    return served.baton.tokens.sign_identity(who, valid_for=timedelta(minutes=5))


async def test_a_visitor_asks_and_reads_the_cited_answer(served: Served) -> None:
    served.agent.write = lambda turn: drafted("Within 30 days. [1]", citations=(CITATION,))
    visitor = await served.widget()
    conversation = await visitor.start()
    accepted = await visitor.send(conversation, "How long can I return?")
    assert accepted.status_code == 202
    assert accepted.json()["turn_id"]
    assert await visitor.until(conversation, 2) == ["customer: How long can I return?", "ai_agent: Within 30 days. [1]"]
    answer = (await visitor.read(conversation))["messages"][1]
    assert answer["citations"][0]["article_id"] == "returns"
    assert {"t": "cite", "n": 1} in answer["body"][0]["c"]


async def test_a_message_sent_again_is_answered_the_same_and_stored_once(served: Served) -> None:
    visitor = await served.widget()
    conversation = await visitor.start()
    first = await visitor.send(conversation, "hello")
    again = await visitor.send(conversation, "hello")
    assert again.status_code == 202
    assert again.json()["message"] == first.json()["message"]
    other = await visitor.send(conversation, "something else")
    assert (other.status_code, other.json()["code"]) == (409, "client_message_id_reused")


@pytest.mark.parametrize(
    ("text", "status", "code"),
    [
        ("", 422, "empty_message"),
        (" \n\t ", 422, "empty_message"),
        ("\u200b\u200d\u202e", 422, "empty_message"),
        ("x" * 8_001, 413, "message_too_long"),
        ("x" * 100_000, 413, "body_too_large"),
    ],
)
async def test_a_message_without_text_or_with_too_much_is_refused_in_words(
    served: Served, text: str, status: int, code: str
) -> None:
    visitor = await served.widget()
    conversation = await visitor.start()
    refused = await visitor.send(conversation, text)
    assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert refused.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "مرحبا كيف الحال",
        "a\x00b",
        "\u202eevil\u202c",
        "🏕️ zelt?",
        "{{7*7}} ${x}",
        "\ud800 half",
    ],
)
async def test_strange_text_is_kept_as_it_is_and_answered(served: Served, text: str) -> None:
    visitor = await served.widget()
    conversation = await visitor.start()
    body = '{"client_message_id":"m1","text":' + __import__("json").dumps(text) + "}"
    accepted = await served.client.post(
        f"/widget/v1/conversations/{conversation['id']}/messages",
        content=body,
        headers={**visitor.headers, "content-type": "application/json"},
    )
    assert accepted.status_code in (202, 422)
    if accepted.status_code == 202:
        await visitor.until(conversation, 2)


async def test_a_foreign_conversation_and_a_missing_one_look_the_same(served: Served) -> None:
    ava, mallory = await served.widget(), await served.widget()
    conversation = await ava.start()
    foreign = await mallory.send(conversation, "hello")
    missing = await mallory.send({"id": "nope"}, "hello")
    assert foreign.status_code == missing.status_code == 404
    assert foreign.content == missing.content
    reading = await served.client.get(f"/widget/v1/conversations/{conversation['id']}/events", headers=mallory.headers)
    assert reading.status_code == 404


async def test_a_customer_is_who_the_identity_token_says(served: Served) -> None:
    maya = await served.widget(identity_token(served))
    assert maya.session["customer"] == {
        "id": maya.session["customer"]["id"],
        "display_name": "Maya Lind",
        "email": "maya@example.com",
        "verified": True,
        "assurance": "signed",
        "verified_until": None,
    }
    conversation = await maya.start()
    await maya.send(conversation, "hi")
    await maya.until(conversation, 2)
    assert served.agent.seen[0].principal.external_id == "cust_1"


KID = {"kid": "1"}


def identity_key(served: Served) -> str:
    return served.baton.secrets.identity[0][1]


def bad_tokens(served: Served) -> dict[str, str]:
    good = identity_token(served)
    claims = {"sub": "cust_1", "aud": "baton", "jti": "t", "exp": 4_000_000_000}
    head, body, signature = good.split(".")
    key = identity_key(served)
    return {
        "broken": "not.a.token",
        "cut": good[:-4],
        "changed": f"{head}.{body[:-2]}xx.{signature}",
        "alg none": jwt.encode(claims, None, algorithm="none", headers=KID),
        "another key": jwt.encode(claims, "k" * 40, algorithm="HS256", headers=KID),
        "expired": jwt.encode({**claims, "exp": 1_000_000_000}, key, algorithm="HS256", headers=KID),
        "valid for years": jwt.encode(claims, key, algorithm="HS256", headers=KID),
        "another audience": jwt.encode({**claims, "aud": "elsewhere"}, key, algorithm="HS256", headers=KID),
        "no subject": jwt.encode({"aud": "baton", "exp": 4_000_000_000}, key, algorithm="HS256", headers=KID),
        "HS512": jwt.encode(claims, key, algorithm="HS512", headers=KID),
        "valid beyond all dates": jwt.encode({**claims, "exp": 10**30}, key, algorithm="HS256", headers=KID),
        "valid beyond all numbers": jwt.encode({**claims, "exp": 10**400}, key, algorithm="HS256", headers=KID),
        "a blank subject": jwt.encode({**claims, "sub": "  "}, key, algorithm="HS256", headers=KID),
        "half a character as subject": jwt.encode({**claims, "sub": "cust\ud83d"}, key, algorithm="HS256", headers=KID),
    }


async def test_every_broken_identity_token_is_refused(served: Served) -> None:
    for name, token in bad_tokens(served).items():
        answer = await served.client.post("/widget/v1/session", json={"identity_token": token})
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid_identity"), name


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Maya \ud83d", "Maya"),
        ("Ma\x00ya", "Ma ya"),
        ("Maya\n\nverified\x1b[2J", "Maya verified [2J"),
        ("\u202eayaM\u2066", "ayaM"),
        ("نیم\u200cفاصله", "نیم\u200cفاصله"),
        ("<b>Maya</b>", "<b>Maya</b>"),
        ("n" * 1_000, "n" * 200),
        ("\u202e ", None),
        (7, None),
    ],
)
async def test_a_name_is_one_short_line_that_hides_nothing(served: Served, name: object, shown: str | None) -> None:
    until = int(served.baton.clock().timestamp()) + 60
    claims = {"sub": "cust_1", "aud": "baton", "jti": "t", "exp": until, "name": name}
    token = jwt.encode(claims, identity_key(served), algorithm="HS256", headers=KID)
    assert (await served.widget(token)).session["customer"]["display_name"] == shown


async def test_without_or_with_a_broken_session_nothing_is_shown(served: Served) -> None:
    for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": "Basic eA=="}):
        answer = await served.client.get("/widget/v1/conversations", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "session_expired")


async def test_an_identity_token_is_no_session_token(served: Served) -> None:
    headers = {"Authorization": f"Bearer {identity_token(served)}"}
    assert (await served.client.get("/widget/v1/conversations", headers=headers)).status_code == 401


async def test_a_visitor_who_signs_in_keeps_the_conversation(served: Served) -> None:
    visitor = await served.widget()
    conversation = await visitor.start()
    await visitor.send(conversation, "where is my order?")
    await visitor.until(conversation, 2)
    body = {"identity_token": identity_token(served), "session_token": visitor.session["session_token"]}
    session = (await served.client.post("/widget/v1/session", json=body)).json()
    visitor.session = session
    assert len(await visitor.texts(conversation)) == 2
    await visitor.send(conversation, "and now?", "m2")
    await visitor.until(conversation, 4)
    assert served.agent.seen[-1].principal.proven


async def test_a_stream_ends_when_its_session_may_no_longer_read_the_conversation(served: Served) -> None:
    visitor = await served.widget()
    conversation = await visitor.start()
    await visitor.send(conversation, "where is my order?")
    await visitor.until(conversation, 2)
    seen: list[str] = []

    async def read() -> None:
        async for _, name, _ in visitor.frames(conversation):
            seen.append(name)

    reading = asyncio.create_task(read())
    while not seen:
        await asyncio.sleep(0.02)
    body = {"identity_token": identity_token(served), "session_token": visitor.session["session_token"]}
    assert (await served.client.post("/widget/v1/session", json=body)).status_code == 200
    async with asyncio.timeout(5):
        await reading
    assert "customer_identified" not in seen


@pytest.mark.parametrize(
    "asked", ["messages?before=1" + "0" * 30, "messages?before=0", "events?after=1" + "0" * 30, "events?after=-1"]
)
async def test_a_number_that_no_message_can_have_is_refused_in_words(served: Served, asked: str) -> None:
    visitor = await served.widget()
    conversation = await visitor.start()
    answer = await served.client.get(f"/widget/v1/conversations/{conversation['id']}/{asked}", headers=visitor.headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


@pytest.mark.parametrize("number", ["-1", "1" + "0" * 30, "x"])
async def test_a_stream_is_not_resumed_after_an_event_that_cannot_be(served: Served, number: str) -> None:
    visitor = await served.widget()
    conversation = await visitor.start()
    path = f"/widget/v1/conversations/{conversation['id']}/events"
    answer = await served.client.get(path, headers={**visitor.headers, "Last-Event-ID": number})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


async def test_a_verified_customers_conversations_never_move_to_another(served: Served) -> None:
    maya = await served.widget(identity_token(served))
    conversation = await maya.start()
    await maya.send(conversation, "hi")
    tom = Identity(external_id="cust_2", display_name="Tom", email=None)
    body = {"identity_token": identity_token(served, tom), "session_token": maya.session["session_token"]}
    session = (await served.client.post("/widget/v1/session", json=body)).json()
    listed = await served.client.get(
        "/widget/v1/conversations", headers={"Authorization": f"Bearer {session['session_token']}"}
    )
    assert listed.json()["conversations"] == []


async def test_the_stream_resumes_where_it_was_cut(served: Served) -> None:
    visitor = await served.widget()
    conversation = await visitor.start()
    await visitor.send(conversation, "one", "m1")
    await visitor.until(conversation, 2)
    first = []
    async for number, _, _ in visitor.frames(conversation):
        first.append(number)
        break
    await visitor.send(conversation, "two", "m2")
    await visitor.until(conversation, 4)
    rest = []
    async with asyncio.timeout(5):
        async for number, name, _ in visitor.frames(conversation, after=first[-1] or 0):
            if name == "message_posted":
                rest.append(number)
            if len(rest) == 3:
                break
    seqs = [m["seq"] for m in (await visitor.read(conversation))["messages"]]
    assert first + rest == seqs


async def test_what_a_turn_does_is_shown_while_it_runs(served: Served) -> None:
    served.agent.gate.clear()
    visitor = await served.widget()
    conversation = await visitor.start()
    names = []

    async def listen() -> None:
        async for _, name, data in visitor.frames(conversation):
            names.append((name, data.get("activity")))
            if name == "activity":
                served.agent.gate.set()
            if name == "message_posted" and data["message"]["author"]["kind"] == "ai_agent":
                return

    listening = asyncio.create_task(listen())
    await asyncio.sleep(0.2)
    await visitor.send(conversation, "hi")
    async with asyncio.timeout(5):
        await listening
    assert ("activity", "searching") in names


async def test_too_many_messages_a_minute_are_asked_to_wait(served: Served) -> None:
    object.__setattr__(served.baton, "settings", served.baton.settings.model_copy(update={"messages_per_minute": 2}))
    visitor = await served.widget()
    conversation = await visitor.start()
    codes = [(await visitor.send(conversation, "hi", f"m{n}")).status_code for n in range(4)]
    assert codes == [202, 202, 429, 429]


async def test_an_article_is_shown_without_scripts_and_pictures(served: Served) -> None:
    visitor = await served.widget()
    answer = await served.client.get("/widget/v1/articles/returns", headers=visitor.headers)
    assert answer.status_code == 200
    assert "script" not in answer.text
    assert "evil.example" not in answer.text
    page = await served.client.get("/help/returns")
    assert "within 30 days" in page.text
    assert "evil.example" not in page.text
    assert "alert" not in page.text
    assert (await served.client.get("/widget/v1/articles/gone", headers=visitor.headers)).status_code == 404


async def test_the_shop_puts_its_customers_into_segments(served: Served) -> None:
    pro = Identity(external_id="cust_7", display_name="Pia", email=None, segments=frozenset({"pro"}))
    token = identity_token(served, pro)
    assert served.baton.tokens.read_identity(token) == pro
    pia = await served.widget(token)
    customer = await served.baton.people.customer(pia.session["customer"]["id"])
    assert customer is not None
    assert customer.segments == {"pro"}


@pytest.mark.parametrize("claim", ["pro", 7, {"pro": True}, ["x"] * 51, [7, "", "x" * 65]])
async def test_a_claim_that_names_no_segments_puts_nobody_in_one(served: Served, claim: object) -> None:
    times = {"exp": int(time.time()) + 60, "aud": "baton", "jti": "t"}
    claims = {"sub": "cust_7", "segments": claim, **times}
    token = jwt.encode(claims, identity_key(served), algorithm="HS256", headers=KID)
    assert served.baton.tokens.read_identity(token).segments == frozenset()


async def test_an_article_for_others_is_not_there(tmp_path: Path, database_url: str) -> None:
    secret = replace(RETURNS, audience=Audience(signed_in=True))
    with library(tmp_path / "knowledge", secret) as held:
        parts = Parts(library=held, agent=WrittenAgent(), company=COMPANY)
        async with serving(database_url, tmp_path, parts=parts) as served:
            visitor, maya = await served.widget(), await served.widget(identity_token(served))
            path = "/widget/v1/articles/returns"
            assert (await served.client.get(path, headers=visitor.headers)).status_code == 404
            assert (await served.client.get(path, headers=maya.headers)).status_code == 200
            assert (await served.client.get("/help/returns")).status_code == 404
