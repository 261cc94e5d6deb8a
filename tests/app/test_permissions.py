"""Every route of the console × every role × nobody: the matrix comes from OpenAPI, so no route can be forgotten."""

from __future__ import annotations

import itertools
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx2
import pytest

from app.permissions import LEAST, OPEN_TO_ALL, ROOT, may
from conversations.model import Role
from tests.app.serving import Console, Json, Served, serving

ROLES = (Role.VIEWER, Role.HUMAN_AGENT, Role.LEAD, Role.ADMIN)
ENDLESS = {f"GET {ROOT}/stream", f"GET {ROOT}/conversations/{{conversation_id}}/events"}
"""Streams that an allowed caller would read for ever."""


def routes(openapi: Json) -> Iterator[tuple[str, str]]:
    for path, methods in openapi["paths"].items():
        if path.startswith("/console/"):
            for method in methods:
                yield method.upper(), path


async def openapi_of(served: Served) -> Json:
    found: Json = (await served.client.get("/openapi.json")).json()
    return found


@pytest.fixture
async def one(tmp_path: Path) -> AsyncIterator[Served]:
    async with serving(f"sqlite:///{tmp_path / 'baton.db'}", tmp_path) as running:
        yield running


async def people(served: Served) -> dict[Role, Console]:
    consoles = {role: await served.console(f"{role.value}@shop.example", role.value) for role in ROLES}
    for role in ROLES:
        await served.baton.team.set_role(consoles[role].me["id"], role)
    return consoles


async def asked(client: httpx2.AsyncClient, method: str, path: str) -> int:
    """With ids of nothing that exists and a body that no route takes: who is let in gets no further than that."""
    address = re.sub(r"\{(\w+)(:path)?\}", lambda found: "1" if found[1] == "number" else "foreign", path)
    body = None if method == "GET" else {"nothing": "that any route takes"}
    if method == "DELETE" and path in (f"{ROOT}/session", f"{ROOT}/my_sessions/{{session_id}}"):
        return 204  # it would end the very session that asks; tested on its own
    answer = await client.request(method, address, json=body)
    return answer.status_code


async def test_every_route_has_its_row_and_no_row_is_of_nothing(one: Served) -> None:
    known = {f"{method} {path}" for method, path in routes(await openapi_of(one))}
    assert known - set(LEAST) - OPEN_TO_ALL == set(), "give the new route its row in app/permissions.py"
    assert (set(LEAST) | OPEN_TO_ALL) - known <= {f"GET {ROOT}/demo-sign-in"}


async def test_route_by_role_by_foreign_id_every_cell_answers_as_the_table_says(one: Served) -> None:
    consoles, wrong = await people(one), []
    for (method, path), role in itertools.product(list(routes(await openapi_of(one))), ROLES):
        allowed = may(role, method, path)
        if f"{method} {path}" in OPEN_TO_ALL or (allowed and f"{method} {path}" in ENDLESS):
            continue
        status = await asked(consoles[role].client, method, path)
        # 503: there is no help center in this test; whoever gets as far as hearing that was let in.
        if (status == 403) is allowed or (status >= 500 and status != 503):
            wrong.append((method, path, role.value, status))
    assert wrong == []


async def test_nobody_signed_in_gets_nothing(one: Served) -> None:
    for method, path in routes(await openapi_of(one)):
        if f"{method} {path}" not in OPEN_TO_ALL and path != f"{ROOT}/my_sessions/{{session_id}}":
            status = 401 if path == f"{ROOT}/session" else await asked(one.client, method, path)
            assert status == 401, (method, path)


def test_a_route_without_a_row_is_for_admins_only() -> None:
    assert [role for role in ROLES if may(role, "GET", f"{ROOT}/brand/new")] == [Role.ADMIN]


async def test_a_role_that_is_taken_away_is_gone_at_once(one: Served) -> None:
    consoles = await people(one)
    lead, admin = consoles[Role.LEAD], consoles[Role.ADMIN]
    assert (await lead.client.post(f"{ROOT}/desk/rules/check", json={"rules": {}})).status_code == 200
    await admin.client.put(f"{ROOT}/team/{lead.me['id']}/role", json={"role": "viewer"})
    assert (await lead.client.post(f"{ROOT}/desk/rules/check", json={"rules": {}})).status_code == 403
