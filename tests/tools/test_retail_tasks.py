"""The tasks of tau2-bench's retail shop, replayed through offer, confirmation and execution: which end in the state
that the benchmark calls right, and which actions our tools cannot express."""

from __future__ import annotations

import copy
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from app.actions import ActionDesk, Around, action_desk
from conversations.database import open_database
from conversations.model import Assurance, JsonObject, JsonValue
from tests.conftest import Record
from tests.tools.action_cast import asking, limits, policy_with
from tests.tools.retail_shop import (
    FIRST_VERSION,
    FOLDER,
    GoldAction,
    Json,
    RetailShop,
    address_line,
    do_gold,
    first_shop,
    first_tasks,
    retail_tasks,
)
from tools.action_ledger import Confirmed
from tools.action_model import ActionState
from tools.action_worker import Business
from tools.payments import FakePayments
from tools.policy import RefundPolicy
from tools.tool import Principal
from tools.toolbox import Toolbox

pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(), reason=f"{FOLDER} is not there: set BATON_PUBLIC_DATA to the folder of the public sets"
)
READS = ("get_", "find_", "calculate", "transfer_")
SAMPLE = 4


@dataclass(kw_only=True)
class Tally:
    """`actions` counts what became of each kind, `tasks` how many whole tasks ended in the gold state."""

    actions: Counter[tuple[str, str]] = field(default_factory=Counter)
    tasks: Counter[str] = field(default_factory=Counter)


@pytest.mark.proof
@pytest.mark.timeout(600)
async def test_all_tasks_end_as_docs_tools_says(tmp_path: Path) -> None:
    tally = await replayed(retail_tasks(), tmp_path)
    assert tally.tasks == {"equal": 24, "not equal": 44, "no change asked for": 6}
    assert tally.actions == {
        ("return_delivered_order_items", "equal"): 32,
        ("modify_pending_order_address", "equal"): 16,
        ("cancel_pending_order", "equal"): 13,
        ("cancel_pending_order", "not equal"): 5,
        ("exchange_delivered_order_items", "refused: exchange_same_price"): 20,
        ("exchange_delivered_order_items", "several items in one exchange"): 5,
        ("modify_pending_order_items", "no tool"): 22,
        ("modify_user_address", "no tool"): 7,
    }


@pytest.mark.proof
@pytest.mark.timeout(1200)
@pytest.mark.skipif(not FIRST_VERSION.is_dir(), reason=f"{FIRST_VERSION} is not there")
async def test_all_tasks_of_the_first_version_end_as_docs_tools_says(tmp_path: Path) -> None:
    tally = await replayed(first_tasks(), tmp_path, stored=first_shop())
    assert tally.tasks == {"equal": 149, "not equal": 370, "no change asked for": 1}
    assert tally.actions == {
        ("return_delivered_order_items", "equal"): 144,
        ("return_delivered_order_items", "not equal"): 9,
        ("modify_pending_order_address", "equal"): 49,
        ("cancel_pending_order", "equal"): 99,
        ("cancel_pending_order", "not equal"): 83,
        ("exchange_delivered_order_items", "refused: exchange_same_price"): 102,
        ("exchange_delivered_order_items", "several items in one exchange"): 50,
        ("exchange_delivered_order_items", "which_instead: "): 9,
        ("modify_pending_order_items", "no tool"): 211,
        ("modify_pending_order_payment", "no tool"): 37,
    }


async def test_changes_of_address_end_in_the_gold_state(tmp_path: Path) -> None:
    tally = await replayed(addressed(), tmp_path)
    assert tally.actions["modify_pending_order_address", "equal"] == tally.actions.total() > 0


async def test_an_adapter_that_loses_a_change_does_not_end_in_the_gold_state(tmp_path: Path) -> None:
    """The control."""
    tally = await replayed(addressed(), tmp_path, loses_addresses=True)
    assert tally.actions["modify_pending_order_address", "not equal"] == tally.actions.total() > 0


def addressed() -> list[list[GoldAction]]:
    """A sample: the changes of address alone."""
    found = [[one for one in task if one.kind == "modify_pending_order_address"] for task in retail_tasks()]
    return [task for task in found if task][:SAMPLE]


async def replayed(
    tasks: Sequence[Sequence[GoldAction]], folder: Path, *, loses_addresses: bool = False, stored: Json | None = None
) -> Tally:
    stored = stored or json.loads((FOLDER / "db.json").read_text(encoding="utf-8"))
    tally = Tally()
    for n, task in enumerate(tasks):
        url = f"sqlite:///{folder / f'task{n}.db'}"
        record = Record(database=await open_database(url), url=url)
        shop = RetailShop(copy.deepcopy(stored), clock=record.clock, loses_addresses=loses_addresses)
        gold = copy.deepcopy(stored)
        outcomes = [
            await one_action(record, shop, gold, action) for action in task if not action.kind.startswith(READS)
        ]
        tally.actions.update(outcomes)
        same = all(outcome == "equal" for _, outcome in outcomes) and shop.data == gold
        tally.tasks["no change asked for" if not outcomes else "equal" if same else "not equal"] += 1
        await record.database.close()
    return tally


async def one_action(record: Record, shop: RetailShop, gold: Json, action: GoldAction) -> tuple[str, str]:
    """The kind of the action, and what became of it: "equal", "not equal", or why it was not offered."""
    asked = as_call(shop, action)
    if isinstance(asked, str):
        return action.kind, asked
    toolbox, desk = opened(record, shop)
    owner = shop.data["orders"][action.arguments["order_id"]]["user_id"]
    customer = await record.people.identified(owner, display_name=owner, email=f"{owner}@example.com")
    principal = Principal(customer_id=customer.id, external_id=owner, assurance=Assurance.VERIFIED)
    do_gold(gold, action)
    result = await toolbox.call(principal, asked[0], asked[1], deadline_s=5)
    if result.proposal is None:
        return action.kind, f"{result.code}: {result.data.get('rule', '')}"
    conversation = (await record.store.start(customer.id, record.new_id())).id
    async with record.store.change(conversation) as change:
        await desk.propose(change, result.proposal)
    [offered] = await desk.offered(conversation)
    token = desk.ledger.tokens.token(offered)
    assert isinstance(await desk.ledger.confirm(conversation, offered.id, token, asking(customer)), Confirmed)
    await desk.worker.run_until_idle()
    [done] = await desk.offered(conversation)
    assert done.state is ActionState.SUCCEEDED, (action, done)
    number = action.arguments["order_id"]
    same = shop.data["orders"][number] == gold["orders"][number] and shop.data["users"][owner] == gold["users"][owner]
    return action.kind, "equal" if same else "not equal"


def opened(record: Record, shop: RetailShop) -> tuple[Toolbox, ActionDesk]:
    """The desk as the service builds it; the benchmark's policy has no limits on amounts, so neither has this one."""
    rules = policy_with(limits(per_refund=10**9, per_day=10**9, per_week=10**6))
    payments = FakePayments(clock=record.clock)
    business = Business(orders=shop, payments=payments, changes=shop, policy=RefundPolicy(rules))
    around = Around(
        database=record.database, store=record.store, bus=record.bus, clock=record.clock, new_id=record.new_id
    )
    toolbox = Toolbox([])
    return toolbox, action_desk(business, around, key="k" * 32, toolbox=toolbox)


def as_call(shop: RetailShop, action: GoldAction) -> tuple[str, JsonObject] | str:
    """Our tool and its arguments, or why there is none."""
    asked = action.arguments
    match action.kind:
        case "cancel_pending_order":
            return "offer_cancellation", {"order_number": asked["order_id"]}
        case "modify_pending_order_address":
            return "offer_address_change", {"order_number": asked["order_id"], "new_address": address_line(asked)}
        case "return_delivered_order_items":
            items: list[JsonValue] = [{"item": line} for line in lines_of(shop, asked)]
            return "offer_return_label", {"order_number": asked["order_id"], "reason": "changed_mind", "items": items}
        case "exchange_delivered_order_items":
            if len(asked["item_ids"]) > 1:
                return "several items in one exchange"
            [line], [new] = lines_of(shop, asked), asked["new_item_ids"]
            product = next(one for one in shop.data["products"].values() if new in one["variants"])
            words = " ".join(f"{name} {value}" for name, value in sorted(product["variants"][new]["options"].items()))
            return "offer_exchange", {"order_number": asked["order_id"], "item": line, "replacement": words}
        case _:
            return "no tool"


def lines_of(shop: RetailShop, asked: Json) -> list[str]:
    """The lines of the order that hold these items, each line once."""
    left = list(enumerate(shop.data["orders"][asked["order_id"]]["items"]))
    lines = []
    for sku in asked["item_ids"]:
        place, one = next((place, one) for place, one in left if one["item_id"] == sku)
        left.remove((place, one))
        lines.append(f"line-{place}")
    return lines
