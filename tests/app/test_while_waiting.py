from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from app.mail import DemoMailbox
from app.wiring import Parts
from tests.app.serving import COMPANY, RETURNS, Served, WrittenAgent, drafted, library, serving
from tests.app.test_console_api import queued
from tools.verification import Mail


@pytest.fixture
def mailer() -> DemoMailbox:
    return DemoMailbox()


@pytest.fixture
async def mailing(database_url: str, tmp_path: Path, mailer: DemoMailbox) -> AsyncIterator[Served]:
    agent = WrittenAgent()
    with library(tmp_path / "knowledge", RETURNS) as held:
        parts = Parts(library=held, agent=agent, company=COMPANY, mailer=mailer)
        async with serving(database_url, tmp_path, agent=agent, parts=parts) as running:
            yield running


async def sent(mailer: DemoMailbox) -> Mail:
    async with asyncio.timeout(8):
        while not mailer.mails:
            await asyncio.sleep(0.02)
    return mailer.mails[-1]


def body(mail: Mail) -> str:
    found = re.search(r"http://[^/]+(/c/\S+)", mail.text)
    assert found is not None
    return found[1]


async def test_a_customer_who_waits_knows_the_place_and_that_nothing_is_known_yet(served: Served) -> None:
    visitor, conversation = await queued(served)
    path = f"/widget/v1/conversations/{conversation['id']}/wait"
    told = (await served.client.get(path, headers=visitor.headers)).json()
    assert (told["position"], told["typical_s"], told["online"]) == (1, None, False)
    assert told["can_email"] is False, "no mail server is set up"
    noor = await served.console()
    await noor.move("claim", conversation)
    assert (await served.client.get(path, headers=visitor.headers)).json() is None
    stranger = await served.widget()
    assert (await served.client.get(path, headers=stranger.headers)).status_code == 404


async def test_outside_hours_the_customer_is_told_when_somebody_is_there_again(served: Served) -> None:
    visitor, conversation = await queued(served)
    noor = await served.console()
    other_day = (served.baton.clock() + timedelta(days=2)).strftime("%a").lower()
    hours = {"zone": "UTC", "week": {other_day: ["10:00-11:00"]}}
    await noor.client.put("/console/v1/desk/rules", json={"rules": {"hours": hours}, "over": 0})
    told = await served.client.get(f"/widget/v1/conversations/{conversation['id']}/wait", headers=visitor.headers)
    assert told.json()["opens_at"].endswith("T10:00:00Z")


async def test_an_answer_by_mail_has_a_link_that_leads_back_to_people(mailing: Served, mailer: DemoMailbox) -> None:
    visitor, conversation = await queued(mailing, "do you fix\nbikes?")
    path = f"/widget/v1/conversations/{conversation['id']}/by_email"
    for _ in range(2):
        answer = await mailing.client.post(path, json={"email": "ava@mail.example"}, headers=visitor.headers)
        assert answer.status_code == 200
    assert sum("ava@mail.example" in text for text in await visitor.texts(conversation)) == 1, "told once"
    noor = await mailing.console()
    await noor.move("reply", conversation, client_message_id="r1", text="Yes, we **do**. <script>alert(1)</script>")
    mail = await sent(mailer)
    assert (mail.to, mail.subject) == ("ava@mail.example", "Re: do you fix bikes?")
    assert "Noor from Test Shop wrote" in mail.text
    page = await mailing.client.get(body(mail))
    assert "do you fix" in page.text
    assert "<script>alert" not in page.text
    form_id = re.search(r'name="form_id" value="(\w+)"', page.text)
    assert form_id is not None
    for _ in range(2):  # sent twice by an impatient click
        data = {"text": "Great, when?", "form_id": form_id[1]}
        assert (await mailing.client.post(body(mail), data=data)).status_code == 303
    texts = await visitor.texts(conversation)
    assert texts.count("customer: Great, when?") == 1
    await asyncio.sleep(0.3)
    assert len(mailer.mails) == 1, "a customer's own words are not mailed to them"


async def test_whoever_holds_the_link_reaches_people_and_never_the_ai_agent(
    mailing: Served, mailer: DemoMailbox
) -> None:
    visitor, conversation = await queued(mailing)
    path = f"/widget/v1/conversations/{conversation['id']}/by_email"
    await mailing.client.post(path, json={"email": "ava@mail.example"}, headers=visitor.headers)
    noor = await mailing.console()
    replied = await noor.move("reply", conversation, client_message_id="r1", text="Done.")
    mail = await sent(mailer)
    await noor.move("resolve", replied.json()["conversation"])
    asked_before = len(mailing.agent.seen)
    await mailing.client.post(body(mail), data={"text": "and where is my order?", "form_id": "f1"})
    view = (await visitor.read(conversation))["conversation"]
    assert (view["status"], view["episode"]) == ("queued", 2)
    await asyncio.sleep(0.3)
    assert len(mailing.agent.seen) == asked_before


@pytest.mark.parametrize("token", ["x", "a.b.c", "", "../../etc"])
async def test_a_link_that_is_not_ours_opens_nothing(mailing: Served, token: str) -> None:
    answer = await mailing.client.get(f"/c/{token}")
    assert answer.status_code == 404


async def test_a_session_token_is_no_link_and_a_link_is_no_session(mailing: Served, mailer: DemoMailbox) -> None:
    visitor, conversation = await queued(mailing)
    session = str(visitor.session["session_token"])
    assert (await mailing.client.get(f"/c/{session}")).status_code == 404
    path = f"/widget/v1/conversations/{conversation['id']}/by_email"
    await mailing.client.post(path, json={"email": "ava@mail.example"}, headers=visitor.headers)
    await (await mailing.console()).move("reply", conversation, client_message_id="r1", text="Done.")
    link = body(await sent(mailer)).removeprefix("/c/")
    refused = await mailing.client.get("/widget/v1/conversations", headers={"Authorization": f"Bearer {link}"})
    assert refused.status_code == 401


@pytest.mark.parametrize("address", ["", "ava", "a@b", "a b@mail.example", "a@mail.example\nBcc: x@y.z", "<a@b.c>"])
async def test_what_is_no_address_is_refused(mailing: Served, address: str) -> None:
    visitor, conversation = await queued(mailing)
    path = f"/widget/v1/conversations/{conversation['id']}/by_email"
    answer = await mailing.client.post(path, json={"email": address}, headers=visitor.headers)
    assert answer.status_code == 422


async def test_the_ai_agent_answers_meanwhile_and_the_place_is_kept(served: Served) -> None:
    visitor, conversation = await queued(served)
    path = f"/widget/v1/conversations/{conversation['id']}/ai_meanwhile"
    assert (await served.client.post(path, json={}, headers=visitor.headers)).status_code == 200
    served.agent.write = lambda turn: drafted("Tents are in aisle 3.")
    await visitor.send(conversation, "and tents?", "m2")
    texts = await visitor.until(conversation, 5)
    assert texts[-1] == "ai_agent: Tents are in aisle 3."
    view = (await visitor.read(conversation))["conversation"]
    assert (view["status"], view["queued_at"]) == ("queued", conversation["queued_at"])
    await queued_again(served)
    await visitor.send(conversation, "and kayaks?", "m3")
    assert "will see it here" in (await visitor.until(conversation, 7))[-1]
    noor = await served.console()
    claimed = (await noor.move("claim", view)).json()["conversation"]
    await visitor.send(claimed, "hello?", "m4")
    await asyncio.sleep(0.3)
    assert (await visitor.texts(conversation))[-1] == "customer: hello?", "a person is there: the AI agent is silent"


async def queued_again(served: Served) -> None:
    """From now on the AI agent can answer nothing."""
    await queued(served)
