from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.app.acting import TOM, ActingShop, acting


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[ActingShop]:
    """On SQLite: what differs between the databases is in `tests/tools/test_action_ledger.py`."""
    async with acting(f"sqlite:///{tmp_path / 'baton.db'}", tmp_path) as made:
        yield made


async def test_a_refund_is_confirmed_on_its_card_and_carried_out_once(shop: ActingShop) -> None:
    maya = await shop.signed_in()
    conversation, card = await shop.offered(maya)
    assert (card["standing"], card["amount"], card["title"]) == ("open", "$34.00", "Refund")
    assert {row["label"]: row["value"] for row in card["rows"]}["Goes to"] == "Visa ending 4242"
    clicks = await asyncio.gather(*(shop.click(maya, conversation, card) for _ in range(10)))
    assert {status for status, _ in clicks} == {200}
    done = await shop.until(maya, conversation, "done")
    assert done["token"] is None
    assert [receipt.reference for receipt in shop.payments.receipts] == [card["id"]]


async def test_the_card_comes_over_the_event_stream_and_changes_there(shop: ActingShop) -> None:
    maya = await shop.signed_in()
    conversation, card = await shop.offered(maya)
    await shop.click(maya, conversation, card)
    standings = []
    async for _, name, data in maya.frames(conversation):
        if name == "action_changed":
            standings.append(data["card"]["standing"])
            if data["state"] == "succeeded":
                break
    assert standings[-1] == "done"


async def test_typing_yes_confirms_nothing(shop: ActingShop) -> None:
    maya = await shop.signed_in()
    conversation, _ = await shop.offered(maya)
    await maya.send(conversation, "yes yes, confirm", "m2")
    await maya.until(conversation, 4)
    assert shop.payments.receipts == []


async def test_a_visitor_and_another_customer_cannot_click(shop: ActingShop) -> None:
    maya = await shop.signed_in()
    conversation, card = await shop.offered(maya)
    tom, visitor = await shop.signed_in(TOM, "Tom"), await shop.served.widget()
    foreign = await shop.click(tom, conversation, card)
    missing = await shop.click(tom, {"id": "nothing"}, card)
    assert foreign == missing
    assert foreign[0] == 404
    assert (await shop.click(visitor, conversation, card))[0] == 404
    assert shop.payments.receipts == []


@pytest.mark.parametrize(
    "body", [{"token": "0" * 64}, {"token": None}, {"amount": 1}, {"customer_id": "x"}, {"token": 1}]
)
async def test_a_click_that_says_something_else_changes_nothing(shop: ActingShop, body: dict[str, object]) -> None:
    maya = await shop.signed_in()
    conversation, card = await shop.offered(maya)
    status, _ = await shop.click(maya, conversation, card, **body)
    assert status in (404, 422)
    assert shop.payments.receipts == []


async def test_a_customer_says_no_on_the_card(shop: ActingShop) -> None:
    maya = await shop.signed_in()
    conversation, card = await shop.offered(maya)
    path = f"/widget/v1/conversations/{conversation['id']}/actions/{card['id']}/decline"
    answer = await shop.served.client.post(path, json={}, headers=maya.headers)
    assert answer.json()["standing"] == "withdrawn"
    status, problem = await shop.click(maya, conversation, card)
    assert (status, problem["code"]) == (409, "withdrawn")


async def test_a_person_proposes_and_a_colleague_approves(shop: ActingShop) -> None:
    maya = await shop.signed_in()
    conversation = await maya.start()
    await maya.send(conversation, "My tent is torn")
    robin = await shop.served.console("robin@shop.example", "Robin")
    sam = await shop.served.console("sam@shop.example", "Sam")
    path = f"/console/v1/conversations/{conversation['id']}/refunds"
    body = {"order_number": "NP-20571", "reason": "damaged"}
    proposed = await robin.client.post(path, json=body)
    assert proposed.status_code == 201
    assert proposed.json()["token"] is None
    card = await shop.until(maya, conversation, "open")
    await shop.click(maya, conversation, card)
    await shop.until(maya, conversation, "waiting")
    [waiting] = (await robin.client.get("/console/v1/approvals")).json()["actions"]
    assert (waiting["mine"], waiting["requested_by"], waiting["customer_name"]) == (True, "Robin", "Maya")
    assert waiting["payload"]["funds"]["amount"] == {"minor": 28900, "currency": "USD"}
    approve = f"/console/v1/actions/{waiting['card']['id']}/approve"
    own = await robin.client.post(approve, json={"digest": waiting["digest"]})
    assert (own.status_code, own.json()["code"]) == (403, "own_request")
    swapped = await sam.client.post(approve, json={"digest": "0" * 64})
    assert (swapped.status_code, swapped.json()["code"]) == (409, "changed")
    assert shop.payments.receipts == []
    assert (await sam.client.post(approve, json={"digest": waiting["digest"]})).status_code == 200
    await shop.until(maya, conversation, "done")
    assert [receipt.amount and receipt.amount.minor for receipt in shop.payments.receipts] == [28900]
    again = await sam.client.post(approve, json={"digest": waiting["digest"]})
    assert again.status_code == 409


NO_AMOUNTS = ("-1", "0", "1", "1e309", "NaN", '"12,50"', "true", "9.123")
"""As JSON, written by hand: a browser's own library would not write all of these."""
NO_QUANTITIES = ("-1", "0", "1001", "1e309", "NaN", '"1"', "true", "1.5")


async def test_14_15_16_nobody_can_name_an_amount_a_currency_or_a_destination(shop: ActingShop) -> None:
    maya = await shop.signed_in()
    conversation = await maya.start()
    robin = await shop.served.console()
    path = f"/console/v1/conversations/{conversation['id']}/refunds"
    wrong = [f'"amount": {value}' for value in NO_AMOUNTS]
    wrong += ['"amount_minor": -1', '"currency": "JPY"', '"destination": "DE89 3704 0044 0532 0130 00"']
    wrong += [f'"items": [{{"line": "tent", "quantity": {value}}}]' for value in NO_QUANTITIES]
    wrong += [f'"items": [{{"line": "tent", "amount": {value}}}]' for value in NO_AMOUNTS]
    for one in wrong:
        body = f'{{"order_number": "NP-20571", "reason": "damaged", {one}}}'
        answer = await robin.client.post(path, content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == 422, one
    assert (await maya.read(conversation))["actions"] == []
    good = await robin.client.post(path, json={"order_number": "NP-20571", "reason": "damaged"})
    assert good.status_code == 201, "without any of it the refund is proposed"


async def test_the_outlook_answers_every_reason(shop: ActingShop) -> None:
    robin = await shop.served.console()
    body = {"external_customer_id": "cust_1001", "order_number": "10427"}
    outlook = (await robin.client.post("/console/v1/policy/outlook", json=body)).json()
    answers = {answer["reason"]: answer for answer in outlook["answers"]}
    assert (answers["damaged"]["outcome"], answers["damaged"]["amount"]) == ("refund", "$107.00")
    assert answers["changed_mind"]["outcome"] == "return_first"
    foreign = await robin.client.post("/console/v1/policy/outlook", json={**body, "external_customer_id": "cust_1002"})
    assert foreign.status_code == 404


async def test_reconciling_finds_a_refund_that_nobody_here_made_and_a_person_lifts_the_freeze(shop: ActingShop) -> None:
    robin = await shop.served.console()
    receipts = shop.payments.receipts
    maya = await shop.signed_in()
    conversation, card = await shop.offered(maya)
    await shop.click(maya, conversation, card)
    await shop.until(maya, conversation, "done")
    clean = (await robin.client.post("/console/v1/refunds/reconcile", json={})).json()
    assert (clean["frozen"], clean["report"]["agreed"]) == (None, 1)
    receipts.append(receipts[0])
    wrong = (await robin.client.post("/console/v1/refunds/reconcile", json={})).json()
    assert "2 times" in wrong["frozen"]
    assert (await robin.client.post("/console/v1/refunds/unfreeze", json={})).json()["frozen"] is None


async def test_the_console_is_for_people_who_signed_in(shop: ActingShop) -> None:
    for path in ("/console/v1/approvals", "/console/v1/refunds"):
        assert (await shop.served.client.get(path)).status_code == 401
    robin = await shop.served.console()
    robin.client.headers["X-CSRF-Token"] = "other"
    for path in ("/console/v1/refunds/unfreeze", "/console/v1/refunds/reconcile"):
        assert (await robin.client.post(path, json={})).status_code == 403
