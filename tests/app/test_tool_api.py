from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from pydantic import BaseModel, ConfigDict, Field

from app.tool_api import arguments_of
from app.wiring import utc_now
from conversations.model import Role
from tests.app.acting import MAYA, TOM, ActingShop, acting
from tests.app.serving import Console, Json, serving
from tools.order_requests import RequestDesk, address_tool
from tools.orders import order_status_tool

TOOLS = "/console/v1/tools"
BROKEN_BOTTLE = {"order_number": "NP-10427", "reason": "damaged", "items": [{"item": "bottle", "quantity": 1}]}


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[ActingShop]:
    async with acting(f"sqlite:///{tmp_path / 'baton.db'}", tmp_path) as running:
        desk = running.served.baton.actions
        assert desk is not None
        requests = RequestDesk(orders=running.orders, quoting=desk.refunds, policy_version="1")
        running.served.baton.toolbox.add(order_status_tool(running.orders, clock=utc_now))
        running.served.baton.toolbox.add(address_tool(requests))
        yield running


async def person(shop: ActingShop, role: Role) -> Console:
    """Somebody of that role; whoever comes first stays the admin."""
    await shop.served.console("boss@shop.example", "Boss")
    noor = await shop.served.console()
    await shop.served.baton.team.set_role(noor.me["id"], role)
    return noor


async def tried(
    noor: Console, tool: str, arguments: Json, *, customer: str = MAYA, proof: str = "signed"
) -> httpx2.Response:
    body = {"external_customer_id": customer, "proof": proof, "arguments": arguments}
    return await noor.client.post(f"{TOOLS}/{tool}/dry_run", json=body)


def written(tmp_path: Path) -> dict[str, int]:
    """Rows of every table except the log of who did what."""
    with sqlite3.connect(tmp_path / "baton.db") as record:
        tables = [name for (name,) in record.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        left_out = ("audit", "sqlite_")
        counted = [name for name in tables if not name.startswith(left_out)]
        return {name: record.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in counted}  # noqa: S608


async def test_the_list_says_access_level_limits_and_arguments(shop: ActingShop) -> None:
    noor = await person(shop, Role.LEAD)
    found = {one["name"]: one for one in (await noor.client.get(TOOLS)).json()["tools"]}
    assert set(found) == {"offer_refund", "order_status", "offer_address_change"}
    assert [found[name]["access"] for name in ("order_status", "offer_refund")] == ["read", "propose"]
    assert [found[name]["needs"] for name in ("order_status", "offer_address_change")] == ["signed", "verified"]
    limits = {"seconds": 5.0, "message_characters": 4000, "data_characters": 16000}
    assert found["offer_refund"]["limits"] == limits
    number, reason, items = found["offer_refund"]["arguments"]
    assert (number["kind"], number["required"]) == ("text", True)
    assert (reason["kind"], "damaged" in reason["choices"]) == ("choice", True)
    assert (items["kind"], items["required"]) == ("list", False)
    assert [(one["name"], one["kind"]) for one in items["fields"]] == [("item", "text"), ("quantity", "number")]


async def test_a_dry_run_shows_the_proposal_and_puts_nothing_on_record(shop: ActingShop, tmp_path: Path) -> None:
    noor = await person(shop, Role.LEAD)
    before = written(tmp_path)
    result = (await tried(noor, "offer_refund", BROKEN_BOTTLE)).json()
    assert (result["ok"], result["code"]) == (True, "proposed")
    proposal = result["proposal"]
    assert (proposal["kind"], proposal["order_number"]) == ("refund", "NP-10427")
    assert proposal["amount"] == "$34.00"
    assert [(line["name"], line["quantity"]) for line in proposal["lines"]] == [("Bottle", 1)]
    assert written(tmp_path) == before
    assert any("action" in table for table in before), "the tables of actions are among those counted"
    again = (await tried(noor, "offer_refund", BROKEN_BOTTLE)).json()
    assert again == result, "the pieces are held by nothing"


async def test_it_goes_through_the_gate_of_the_ai_agents_calls(shop: ActingShop) -> None:
    noor = await person(shop, Role.LEAD)
    address = {"order_number": "NP-10427", "new_address": "1 New Street, Springfield, 12345"}
    assert (await tried(noor, "offer_address_change", address)).json()["code"] == "verification_required"
    assert (await tried(noor, "offer_address_change", address, proof="verified")).json()["code"] == "refused"
    assert (await tried(noor, "order_status", {"customer": TOM})).json()["code"] == "bad_arguments"
    foreign = (await tried(noor, "order_status", {"order_number": "NP-50419"})).json()
    missing = (await tried(noor, "order_status", {"order_number": "NP-99999"})).json()
    assert foreign["code"] == "not_found"
    assert foreign == missing


async def test_the_log_says_whose_records_were_looked_at(shop: ActingShop) -> None:
    noor = await person(shop, Role.LEAD)
    await tried(noor, "order_status", {}, customer=TOM)
    await shop.served.baton.team.set_role(noor.me["id"], Role.ADMIN)
    [line] = [one for one in (await noor.client.get("/console/v1/audit")).json()["lines"] if "dry_run" in one["did"]]
    assert (line["to"], line["outcome"]) == (f"order_status/{TOM}", 200)


async def test_an_unknown_tool_and_a_proof_that_is_none_are_refused(shop: ActingShop) -> None:
    noor = await person(shop, Role.LEAD)
    assert (await tried(noor, "delete_everything", {})).status_code == 404
    assert (await tried(noor, "order_status", {}, proof="anonymous")).status_code == 422
    assert (await tried(noor, "order_status", {}, customer="")).status_code == 422


async def test_who_answers_customers_may_not(shop: ActingShop) -> None:
    noor = await person(shop, Role.HUMAN_AGENT)
    assert (await noor.client.get(TOOLS)).status_code == 403
    assert (await tried(noor, "order_status", {})).status_code == 403


async def test_without_a_shop_the_list_is_empty(tmp_path: Path) -> None:
    async with serving(f"sqlite:///{tmp_path / 'baton.db'}", tmp_path) as served:
        noor = await served.console()
        assert (await noor.client.get(TOOLS)).json() == {"tools": []}


def test_a_form_can_ask_for_every_kind_of_argument() -> None:
    class Every(BaseModel):
        model_config = ConfigDict(extra="forbid", strict=True)

        count: int | None = Field(default=None, description="How many.")
        gift: bool

    count, gift = arguments_of(Every.model_json_schema())
    assert (count.kind, count.required, count.description) == ("number", False, "How many.")
    assert (gift.kind, gift.required) == ("yes_no", True)
