"""Which shop Baton is connected to, by the settings: the demo's, one at Shopify (with Stripe), or none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from app.settings import Settings
from app.wiring import utc_now
from tools.accounts import Accounts
from tools.action_worker import Business
from tools.adapters.demo_changes import DemoChanges
from tools.adapters.demo_shop import DemoShop
from tools.adapters.shopify import Shopify
from tools.adapters.stripe_payments import StripePayments
from tools.order_finding import find_order_tool
from tools.orders import OrderSystem, order_status_tool
from tools.payments import NO_CHANGES
from tools.policy import RefundPolicy
from tools.policy_rules import Policy
from tools.subscriptions import subscription_tool
from tools.tool import Tool


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectedShop:
    """`tools` need nothing but the shop; those that need the ledger join them when the record is open.

    `business` is None where the shop is only read.
    """

    accounts: Accounts
    tools: tuple[Tool, ...]
    business: Business | None


def connected_shop(
    settings: Settings, demo: DemoShop | None, rules: Policy, *, clock: Callable[[], datetime] = utc_now
) -> ConnectedShop | None:
    policy = RefundPolicy(rules)
    if demo is not None:
        changes = DemoChanges(settings.home / "shop.db", demo.payments, clock=clock)
        ending = subscription_tool(demo, policy_version=rules.version)
        business = Business(orders=demo, payments=demo.payments, changes=changes, policy=policy)
        return ConnectedShop(accounts=demo, tools=(*_reading(demo, clock), ending), business=business)
    if settings.shopify_shop is None or settings.shopify_token is None:
        return None
    shop = Shopify(settings.shopify_shop, settings.shopify_token.get_secret_value())
    return ConnectedShop(accounts=shop, tools=_reading(shop, clock), business=_refunding(settings, shop, policy))


def _reading(orders: OrderSystem, clock: Callable[[], datetime]) -> tuple[Tool, ...]:
    return (order_status_tool(orders, clock=clock), find_order_tool(orders, clock=clock))


def _refunding(settings: Settings, shop: Shopify, policy: RefundPolicy) -> Business | None:
    if settings.stripe_key is None:
        return None
    payments = StripePayments(settings.stripe_key.get_secret_value(), clock=utc_now)
    return Business(orders=shop, payments=payments, changes=NO_CHANGES, policy=policy)
