from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from app.mail import DemoMailbox
from app.wiring import Parts, utc_now
from tests.app.serving import COMPANY, RETURNS, Console, Json, Served, Widget, WrittenAgent, library, serving
from tests.app.test_console_api import queued
from tests.app.test_while_waiting import body, sent


@pytest.fixture
def mailer() -> DemoMailbox:
    return DemoMailbox()


@dataclass
class Later:
    """The real time, and as much later as a test wants."""

    by: timedelta = timedelta(0)

    def __call__(self) -> datetime:
        return utc_now() + self.by


@pytest.fixture
def later() -> Later:
    return Later()


@pytest.fixture
async def mailing(database_url: str, tmp_path: Path, mailer: DemoMailbox, later: Later) -> AsyncIterator[Served]:
    agent = WrittenAgent()
    with library(tmp_path / "knowledge", RETURNS) as held:
        parts = Parts(library=held, agent=agent, company=COMPANY, mailer=mailer)
        async with serving(database_url, tmp_path, agent=agent, parts=parts, clock=later) as running:
            yield running


async def resolved(served: Served, *, reply: bool = True) -> tuple[Widget, Json, Console]:
    """A visitor whom Noor has helped, and the conversation as it is then."""
    visitor, conversation = await queued(served)
    noor = await served.console()
    now = (await noor.move("claim", conversation)).json()["conversation"]
    if reply:
        await noor.move("reply", now, client_message_id="r1", text="Yes, we do.")
    now = (await noor.move("resolve", now)).json()["conversation"]
    return visitor, now, noor


async def asked(visitor: Widget, conversation: Json) -> list[Json]:
    shown: list[Json] = (await visitor.read(conversation))["ratings"]
    return shown


async def rate(visitor: Widget, conversation: Json, rating: Json, **given: object) -> tuple[int, Json]:
    path = f"/widget/v1/conversations/{conversation['id']}/ratings/{rating['id']}"
    answer = await visitor.served.client.post(path, json=given, headers=visitor.headers)
    return answer.status_code, answer.json()


async def test_who_was_helped_by_a_person_is_asked_once_and_the_console_shows_the_answer(served: Served) -> None:
    visitor, conversation, noor = await resolved(served)
    [rating] = await asked(visitor, conversation)
    assert (rating["scale"], rating["about"], rating["score"]) == ("csat", noor.me["id"], None)
    assert (await rate(visitor, conversation, rating, score=4))[0] == 200
    status, kept = await rate(visitor, conversation, rating, score=4, remark="  Quick\x00 and kind. ")
    assert (status, kept["score"], kept["remark"], kept["via"]) == (200, 4, "Quick and kind.", "widget")
    assert (await rate(visitor, conversation, rating, score=4))[0] == 200, "the same again changes nothing"
    assert (await rate(visitor, conversation, rating, score=1))[0] == 409, "a remark was left with it"
    overview = (await noor.client.get("/console/v1/ratings")).json()
    [tally] = overview["tallies"]
    assert (tally["scale"], tally["about"], tally["asked"], tally["average"]) == ("csat", "Noor", 1, 4.0)
    assert [(one["name"], one["remark"]) for one in overview["remarks"]] == [("Noor", "Quick and kind.")]


async def test_reopened_and_resolved_again_asks_nothing_new(served: Served) -> None:
    visitor, conversation, noor = await resolved(served)
    before = await asked(visitor, conversation)
    again = (await noor.move("reopen", conversation)).json()["conversation"]
    await noor.move("resolve", again)
    assert await asked(visitor, conversation) == before


async def test_who_never_heard_from_a_person_is_not_asked_about_one(served: Served) -> None:
    visitor, conversation, _ = await resolved(served, reply=False)
    assert await asked(visitor, conversation) == []


@pytest.mark.parametrize(("survey", "best"), [("ces", 7), ("nps", 10)])
async def test_a_lead_chooses_the_scale(served: Served, survey: str, best: int) -> None:
    lead = await served.console("lead@shop.example", "Lead")
    await lead.client.put("/console/v1/desk/rules", json={"rules": {"survey": survey}, "over": 0})
    visitor, conversation, _ = await resolved(served)
    [rating] = await asked(visitor, conversation)
    assert (await rate(visitor, conversation, rating, score=best + 1))[0] == 422
    status, kept = await rate(visitor, conversation, rating, score=best)
    assert (status, kept["scale"]) == (200, survey)


async def test_a_lead_can_have_nobody_asked(served: Served) -> None:
    lead = await served.console("lead@shop.example", "Lead")
    await lead.client.put("/console/v1/desk/rules", json={"rules": {"survey": "off"}, "over": 0})
    visitor, conversation, _ = await resolved(served)
    assert await asked(visitor, conversation) == []


async def test_a_stranger_rates_nothing(served: Served) -> None:
    visitor, conversation, _ = await resolved(served)
    [rating] = await asked(visitor, conversation)
    stranger = await served.widget()
    assert (await rate(stranger, conversation, rating, score=1))[0] == 404
    theirs = await stranger.start()
    assert (await rate(stranger, theirs, rating, score=1))[0] == 404
    assert [one["score"] for one in await asked(visitor, conversation)] == [None]


async def left(mailing: Served, mailer: DemoMailbox) -> tuple[Widget, Json]:
    """A customer who left for their mailbox and was helped there."""
    visitor, conversation = await queued(mailing)
    path = f"/widget/v1/conversations/{conversation['id']}/by_email"
    await mailing.client.post(path, json={"email": "ava@mail.example"}, headers=visitor.headers)
    noor = await mailing.console()
    replied = await noor.move("reply", conversation, client_message_id="r1", text="Yes, we do.")
    await sent(mailer)
    mailer.mails.clear()
    now = (await noor.move("resolve", replied.json()["conversation"])).json()["conversation"]
    await asyncio.sleep(0.3)
    assert len(mailer.mails) == 0, "there is an hour to answer on the page"
    return visitor, now


async def test_who_left_is_asked_by_mail_and_only_a_press_rates(
    mailing: Served, mailer: DemoMailbox, later: Later
) -> None:
    visitor, conversation = await left(mailing, mailer)
    later.by = timedelta(minutes=61)
    mail = await sent(mailer)
    assert "How was the help you got from us?" in mail.text
    address = body(mail).removesuffix("#rating")
    page = (await mailing.client.get(address)).text
    assert [one["score"] for one in await asked(visitor, conversation)] == [None], "a look rates nothing"
    rating_id = re.search(r'name="rating_id" value="(\w+)"', page)
    assert rating_id is not None
    assert page.count('type="radio"') == 5
    form = {"rating_id": rating_id[1], "score": "5", "remark": "<script>alert(1)</script>"}
    for _ in range(2):  # an impatient second press
        assert (await mailing.client.post(f"{address}/rating", data=form)).status_code == 303
    [kept] = await asked(visitor, conversation)
    assert (kept["score"], kept["via"], kept["remark"]) == (5, "mail", "<script>alert(1)</script>")
    again = (await mailing.client.get(f"{address}?rated=1")).text
    assert "Thank you for telling us." in again
    assert 'type="radio"' not in again
    for bad in ({"score": "x"}, {"score": "9"}, {"score": "-1"}, {}):
        refused = await mailing.client.post(f"{address}/rating", data={"rating_id": rating_id[1], **bad})
        assert refused.status_code == 422, bad
    assert (await mailing.client.post("/c/nonsense/rating", data=form)).status_code == 404


async def test_no_mail_asks_what_was_answered_or_goes_on(mailing: Served, mailer: DemoMailbox, later: Later) -> None:
    visitor, conversation = await left(mailing, mailer)
    [rating] = await asked(visitor, conversation)
    assert (await rate(visitor, conversation, rating, score=5))[0] == 200
    later.by = timedelta(minutes=61)
    await asyncio.sleep(1.5)
    assert len(mailer.mails) == 0
