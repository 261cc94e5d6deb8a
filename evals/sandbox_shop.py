"""The sandbox's own copy of the demo shop: set up for one sample, looked at afterwards for everything that changed."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, cast

from pydantic import JsonValue

from evals.sample import Sample, ShopState
from evals.trial import Effect, ShopAfter
from tools.adapters.demo_shop import DemoShop, load_demo_shop
from tools.adapters.demo_shop_json import order_row, read_order

DEMO_SHOP: Final = Path(__file__).parent.parent / "demo" / "shop.json"
_Json = dict[str, Any]
_COMPARED: Final = ("status", "ship_to", "items", "events", "payment")
"""What of an order an effect can show in; the rest never changes."""


class BadShop(ValueError):
    """A sample's orders cannot be put on top of the demo shop's; the message says which and why."""


def shop_json(demo: _Json, state: ShopState) -> _Json:
    """The demo shop with the orders of a sample on top. Raises BadShop."""
    shop = {**demo, "orders": [deepcopy(order) for order in demo["orders"]]}
    for given in state.orders:
        number, like = str(given["number"]), given.get("like")
        by_number = {order["number"]: order for order in shop["orders"]}
        start = by_number.get(number) if like is None else by_number.get(str(like))
        if like is not None and start is None:
            raise BadShop(f"order {number} is to be like {like}, which the shop does not have")
        changes = {name: value for name, value in given.items() if name != "like"}
        merged = _merged(start or {}, changes)
        try:
            order_row(merged, datetime.now().astimezone())
        except KeyError as missing:
            raise BadShop(f'order {number} needs the field {missing}; or start from another: "like": …') from None
        except (ValueError, TypeError) as wrong:
            raise BadShop(f"order {number}: {wrong}") from None
        shop["orders"] = [order for order in shop["orders"] if order["number"] != number] + [merged]
    return shop


def _merged(start: Mapping[str, Any], changes: Mapping[str, Any]) -> _Json:
    merged = deepcopy(dict(start))
    for name, value in changes.items():
        both = isinstance(value, dict) and isinstance(merged.get(name), dict)
        merged[name] = _merged(merged[name], value) if both else value
    return merged


def unfit_for_demo(samples: Sequence[Sample]) -> list[str]:
    """What the demo shop cannot be set up for, a line for each: unknown customers, orders that lack something."""
    demo: _Json = json.loads(DEMO_SHOP.read_text(encoding="utf-8"))
    known = {str(one[name]) for one in demo["customers"] for name in ("key", "external_id")}
    wrong = []
    for sample in samples:
        if sample.customer is not None and sample.customer not in known:
            wrong.append(f"sample {sample.id}: the demo shop has no customer {sample.customer!r}")
        try:
            shop_json(demo, sample.shop)
        except BadShop as bad:
            wrong.append(f"sample {sample.id}: {bad}")
    return wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """The files as they are: bodies of orders with their customer by number, subscriptions that end, and minor units
    given back through the provider's books by order."""

    orders: Mapping[str, tuple[str, str]]
    ending: Mapping[str, bool]
    refunded: Mapping[str, int]


class SandboxShop:
    """One shop in `folder`, made new by `prepare` before each trial; one trial at a time."""

    def __init__(self, folder: Path, *, start: datetime, clock: Callable[[], datetime]) -> None:
        self._start = start
        self._clock = clock
        self._demo: _Json = json.loads(DEMO_SHOP.read_text(encoding="utf-8"))
        self._pristine, self._own = folder / "pristine", folder
        self._load(DEMO_SHOP, self._pristine, start)
        self.shop = self._load(DEMO_SHOP, self._own, start)
        self._before = self._untouched = self._look()
        self._as_loaded = True

    def prepare(self, sample: Sample) -> None:
        """Put the shop into the state that the sample asks for. Raises BadShop."""
        if not sample.shop.orders and sample.at is None:
            if not self._as_loaded:
                for name in ("shop.db", "payments.db"):
                    shutil.copyfile(self._pristine / name, self._own / name)
                self._as_loaded = True
            self._before = self._untouched
            return
        shop = shop_json(self._demo, sample.shop)
        source = self._own / "shop.json"
        source.write_text(json.dumps(shop), encoding="utf-8")
        for name in ("shop.db", "payments.db"):
            (self._own / name).unlink(missing_ok=True)
        self._load(source, self._own, sample.at or self._start)
        self._as_loaded = False
        self._before = self._look()

    def after(self, sample: Sample, external_id: str | None) -> ShopAfter:
        """What changed since `prepare`; the orders of that customer, of the sample and of what changed."""
        now = self._look()
        effects = _effects(self._before, now)
        self._as_loaded = self._as_loaded and not effects and now == self._before
        wanted = {str(order["number"]) for order in sample.shop.orders} | {effect.what for effect in effects}
        if sample.expect.end_state is not None:
            wanted |= sample.expect.end_state.orders.keys()
        shown = [number for number, (whose, _) in now.orders.items() if number in wanted or whose == external_id]
        return ShopAfter(
            orders={number: _order(now, number) for number in shown},
            subscriptions={one: {"ending": ending} for one, ending in now.ending.items()},
            effects=effects,
        )

    def customer(self, named: str) -> tuple[str, str, str] | None:
        """(external id, name, address) of a demo customer, named by key or external id."""
        for one in self._demo["customers"]:
            if named in (one["key"], one["external_id"]):
                return one["external_id"], one["display_name"], one["email"]
        return None

    def _load(self, source: Path, folder: Path, now: datetime) -> DemoShop:
        folder.mkdir(parents=True, exist_ok=True)
        return load_demo_shop(source, folder / "shop.db", now=now, clock=self._clock)

    def _look(self) -> _Seen:
        with closing(sqlite3.connect(self._own / "shop.db")) as shop:
            orders = {
                str(json.loads(body)["number"]): (str(whose), str(body))
                for whose, body in shop.execute("SELECT customer_id, body FROM orders ORDER BY compact")
            }
            ending = {str(one): bool(ends) for one, ends in shop.execute("SELECT id, ending FROM subscriptions")}
        with closing(sqlite3.connect(self._own / "payments.db")) as books:
            made = books.execute(
                "SELECT payment, sum(amount) FROM refunds WHERE reference IS NOT NULL AND state != 'failed' "
                "GROUP BY payment"
            )
            refunded = {str(payment).removeprefix("pay_"): int(amount) for payment, amount in made}
        return _Seen(orders=orders, ending=ending, refunded=refunded)


def _effects(before: _Seen, now: _Seen) -> tuple[Effect, ...]:
    found = [
        Effect(kind="refund", what=number, field="refunded_minor", before=0, after=amount)
        for number, amount in now.refunded.items()
    ]
    for number, (_, body) in now.orders.items():
        was = before.orders.get(number, ("", "{}"))[1]
        if was == body:
            continue
        old, new = json.loads(was), json.loads(body)
        found += [
            Effect(kind="order", what=number, field=name, before=old.get(name), after=new.get(name))
            for name in _COMPARED
            if old.get(name) != new.get(name)
        ]
    found += [
        Effect(kind="subscription", what=one, field="ending", before=before.ending.get(one), after=ending)
        for one, ending in now.ending.items()
        if before.ending.get(one) != ending
    ]
    return tuple(found)


def _order(seen: _Seen, number: str) -> dict[str, JsonValue]:
    whose, body = seen.orders[number]
    order = read_order(json.loads(body))
    earlier = sum(refund.amount.minor for refund in order.refunds)
    shown = {
        "customer": whose,
        "status": order.state.value,
        "total_minor": order.total.minor,
        "refunded_minor": earlier + seen.refunded.get(number, 0),
        "ship_to": order.ship_to,
        "items": {item.sku: item.quantity for item in order.items},
    }
    return cast("dict[str, JsonValue]", shown)
