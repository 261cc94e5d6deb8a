from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import update

from conversations import tables
from conversations.audit import AuditLog
from conversations.model import Role
from conversations.team import InvitationGone, LastAdmin, Team
from tests.app.serving import Served
from tests.app.test_console_api import queued
from tests.conftest import Record

ROOT = "/console/v1"


async def test_whoever_is_invited_makes_an_account_once(served: Served) -> None:
    admin = await served.console()
    invited = await admin.client.post(f"{ROOT}/team/invitations", json={"email": "New@shop.example", "role": "lead"})
    token = invited.json()["address"].partition("#invitation=")[2]
    body = {"token": token, "display_name": "Nia", "password": "long enough to use"}
    short = await served.client.post(f"{ROOT}/invitation", json={**body, "password": "short"})
    assert short.status_code == 422
    assert (await served.client.post(f"{ROOT}/invitation", json=body)).status_code == 204
    assert (await served.client.post(f"{ROOT}/invitation", json=body)).status_code == 410
    team = (await admin.client.get(f"{ROOT}/team")).json()
    assert [(one["email"], one["role"]) for one in team["human_agents"]][0] == ("new@shop.example", "lead")
    assert team["invitations"] == []
    again = await admin.client.post(f"{ROOT}/team/invitations", json={"email": "new@shop.example", "role": "lead"})
    assert (again.status_code, again.json()["code"]) == (409, "already_in_team")
    odd = await admin.client.post(f"{ROOT}/team/invitations", json={"email": "x@shop.example", "role": "owner"})
    assert (odd.status_code, odd.json()["code"]) == (422, "unknown_role")


async def test_a_person_removed_while_owning_forty_leaves_nobody_stranded(served: Served) -> None:
    admin, noor = await served.console("boss@shop.example", "Boss"), await served.console()
    _, first = await queued(served)
    ids, places = [first["id"]], {first["id"]: first["queued_at"]}
    for _ in range(39):
        _, conversation = await queued(served)
        ids.append(conversation["id"])
        places[conversation["id"]] = conversation["queued_at"]
    for one in ids:
        conversation = (await noor.view(one))["conversation"]
        assert (await noor.move("claim", conversation)).status_code == 200
    removed = await admin.client.delete(f"{ROOT}/team/{noor.me['id']}")
    assert removed.json() == {"given_back": 40}
    line = (await admin.client.get(f"{ROOT}/conversations?limit=100")).json()["conversations"]
    assert [one["id"] for one in line] == ids, "in their old order"
    assert {one["id"]: one["queued_at"] for one in line} == places
    assert (await noor.client.get(f"{ROOT}/session")).status_code == 401, "signed out at once"
    signed = await served.client.post(f"{ROOT}/session", json={"email": "noor@shop.example", "password": "secret"})
    assert signed.status_code == 401
    assert (await admin.view(ids[0]))["conversation"]["assignee"] is None


async def test_sessions_are_listed_and_ended(served: Served) -> None:
    noor = await served.console()
    phone = await served.console()
    mine = (await noor.client.get(f"{ROOT}/my_sessions")).json()["sessions"]
    assert len(mine) == 2
    for session in mine:
        await noor.client.delete(f"{ROOT}/my_sessions/{session['id']}")
    assert (await phone.client.get(f"{ROOT}/session")).status_code == 401
    other = await served.console("sam@shop.example", "Sam")
    back = await served.console()
    listed = (await other.client.get(f"{ROOT}/team/{back.me['id']}/sessions")).json()["sessions"]
    assert len(listed) == 1
    await other.client.delete(f"{ROOT}/my_sessions/{listed[0]['id']}")
    assert (await back.client.get(f"{ROOT}/session")).status_code == 200, "nobody ends another's as their own"


async def test_the_log_holds_who_did_and_saw_what(served: Served) -> None:
    _, conversation = await queued(served)
    noor = await served.console()
    await noor.view(conversation["id"])
    await noor.move("claim", conversation)
    lines = (await noor.client.get(f"{ROOT}/audit")).json()["lines"]
    told = [(line["name"], line["did"].removeprefix("POST ").removeprefix("GET "), line["outcome"]) for line in lines]
    assert ("Noor", f"{ROOT}/conversations/{{conversation_id}}/claim", 200) in told
    assert ("Noor", f"{ROOT}/conversations/{{conversation_id}}", 200) in told
    assert any(line["to"] == conversation["id"] for line in lines)
    assert (await noor.client.get(f"{ROOT}/audit/check")).json()["first_broken"] is None


async def test_a_line_that_was_changed_or_taken_out_is_found(record: Record) -> None:
    log = AuditLog(record.database, clock=record.clock)
    await asyncio.gather(*(log.write(who=None, name="Noor", did=f"did {n}", to="x", outcome=200) for n in range(12)))
    assert await log.first_broken() is None
    assert [line.number for line in await log.lines(before=4, limit=9)] == [3, 2, 1]
    a = tables.audit_log.c
    async with record.database.write() as connection:
        await connection.execute(update(tables.audit_log).where(a.number == 7).values(to="y"))
    assert await log.first_broken() == 7
    async with record.database.write() as connection:
        await connection.execute(update(tables.audit_log).where(a.number == 7).values(to="x"))
        await connection.execute(tables.audit_log.delete().where(a.number == 3))
    assert await log.first_broken() == 3


async def test_the_last_admin_stays_however_many_try_at_once(record: Record) -> None:
    team = Team(record.database, record.bus, clock=record.clock, new_id=record.new_id)
    for name in ("Noor", "Sam"):
        await record.people.add_human_agent(f"{name}@shop.example", display_name=name, password_hash="x")
    noor, sam = await record.people.human_agents()
    tries = (team.set_role(noor.id, Role.VIEWER), team.remove(sam.id), team.set_role(sam.id, Role.LEAD))
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert any(isinstance(result, LastAdmin) for result in results)
    admins = [one for one in await record.people.human_agents() if one.role is Role.ADMIN]
    assert len(admins) == 1


async def test_an_invitation_that_is_old_or_replaced_opens_nothing(record: Record) -> None:
    team = Team(record.database, record.bus, clock=record.clock, new_id=record.new_id)
    await record.people.add_human_agent("noor@shop.example", display_name="Noor", password_hash="x")
    [noor] = await record.people.human_agents()
    await team.invite("a@shop.example", role=Role.LEAD, by=noor.id, token="first")
    await team.invite("a@shop.example", role=Role.VIEWER, by=noor.id, token="second")
    with pytest.raises(InvitationGone):
        await team.accept("first", display_name="A", password_hash="x")
    record.clock.now += timedelta(days=8)
    with pytest.raises(InvitationGone):
        await team.accept("second", display_name="A", password_hash="x")
