"""Which shop the settings connect, and which tools the AI agent has for it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from pydantic import SecretStr

from app.settings import Settings
from app.shops import connected_shop
from tools.adapters.demo_shop import load_demo_shop
from tools.adapters.stripe_payments import StripePayments
from tools.policy_rules import read_policy

SHOP_JSON = Path(__file__).parents[2] / "demo" / "shop.json"
RULES = read_policy()
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def settings(folder: Path, **values: object) -> Settings:
    return Settings(data_dir=folder, _env_file=None, **values)  # type: ignore[arg-type]


def test_without_a_shop_there_are_no_tools(tmp_path: Path) -> None:
    assert connected_shop(settings(tmp_path), None, RULES) is None


def test_the_demo_shop_takes_everything(tmp_path: Path) -> None:
    demo = load_demo_shop(SHOP_JSON, tmp_path / "shop.db", now=NOW)
    connected = connected_shop(settings(tmp_path), demo, RULES)
    assert connected is not None
    assert connected.business is not None
    names = {tool.name for tool in connected.tools}
    assert names == {"order_status", "find_order", "offer_subscription_end"}


def test_a_shopify_shop_is_read_and_with_stripe_refunded(tmp_path: Path) -> None:
    shopify = {"shopify_shop": "example.myshopify.com", "shopify_token": SecretStr("shpat_1")}
    read = connected_shop(settings(tmp_path, **shopify), None, RULES)
    assert read is not None
    assert read.business is None
    refunded = connected_shop(settings(tmp_path, **shopify, stripe_key=SecretStr("rk_test_1")), None, RULES)
    assert refunded is not None
    assert refunded.business is not None
    assert isinstance(refunded.business.payments, StripePayments)
