"""What every payment provider must do, whoever it is: one suite for each `Payments` there is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.tools.stripe_server import KEY, StripeBooks, stripe_server
from tools.adapters.demo_payments import Captured, DemoPayments
from tools.adapters.stripe_payments import StripePayments
from tools.order_model import Money
from tools.payments import Declined, EffectState, FakePayments, Payments, Receipt, RefundRequest, Unsure
from tools.tool import ToolFailed

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
CAPTURED = {"pi_1": Money(minor=10_000, currency="USD"), "pi_2": Money(minor=500, currency="JPY")}
DISPUTED = Money(minor=9_000, currency="USD")


@dataclass(frozen=True)
class Provider:
    """A provider with `pi_1` and `pi_2` captured and `pi_disputed` disputed; `long_ago` is before all its refunds."""

    payments: Payments
    long_ago: datetime


def fake() -> FakePayments:
    payments = FakePayments(clock=lambda: NOW)
    for name, amount in CAPTURED.items():
        payments.capture(name, amount)
    payments.capture("pi_disputed", DISPUTED)
    payments.dispute("pi_disputed")
    return payments


def demo(path: Path) -> DemoPayments:
    payments = DemoPayments(path / "payments.db", clock=lambda: NOW)
    captures = [Captured(payment=name, amount=amount) for name, amount in CAPTURED.items()]
    payments.open([*captures, Captured(payment="pi_disputed", amount=DISPUTED, disputed=True)])
    return payments


@pytest.fixture
def books() -> StripeBooks:
    books = StripeBooks()
    for name, amount in CAPTURED.items():
        books.capture(name, amount.minor, amount.currency)
    books.capture("pi_disputed", DISPUTED.minor, DISPUTED.currency, disputed=True)
    return books


@pytest.fixture
def stripe(books: StripeBooks) -> Iterator[StripePayments]:
    with stripe_server(books) as url:
        now = lambda: datetime.fromtimestamp(books.now, tz=UTC)  # noqa: E731
        yield StripePayments(KEY, clock=now, base_url=url, seconds=0.5)


@pytest.fixture(params=["fake", "demo", "stripe"])
def provider(request: pytest.FixtureRequest, tmp_path: Path) -> Provider:
    made: dict[str, Callable[[], Payments]] = {
        "fake": fake,
        "demo": lambda: demo(tmp_path),
        "stripe": lambda: request.getfixturevalue("stripe"),
    }
    return Provider(payments=made[request.param](), long_ago=NOW - timedelta(days=365))


def asked(n: int = 1, minor: int = 1_000, *, payment: str = "pi_1", currency: str = "USD") -> RefundRequest:
    amount = Money(minor=minor, currency=currency)
    return RefundRequest(key=f"key-{n}", reference=f"ref-{n}", payment=payment, amount=amount)


async def test_a_refund_is_booked_and_found_by_our_reference(provider: Provider) -> None:
    made = await provider.payments.refund(asked())
    assert isinstance(made, Receipt)
    assert (made.state, made.amount, made.payment) == (
        EffectState.SUCCEEDED,
        Money(minor=1_000, currency="USD"),
        "pi_1",
    )
    assert await provider.payments.look_up("ref-1") == made
    assert await provider.payments.look_up("ref-2") is None


async def test_the_same_key_is_the_same_refund(provider: Provider) -> None:
    answers = [await provider.payments.refund(asked()) for _ in range(3)]
    assert answers[0] == answers[1] == answers[2]
    assert len(await provider.payments.refunds(provider.long_ago)) == 1


async def test_a_key_that_comes_back_with_another_request_is_refused(provider: Provider) -> None:
    await provider.payments.refund(asked())
    answer = await provider.payments.refund(replace(asked(), amount=Money(minor=2_000, currency="USD")))
    assert isinstance(answer, Declined)
    assert answer.code == "key_reused"
    assert len(await provider.payments.refunds(provider.long_ago)) == 1


async def test_no_more_goes_back_than_was_captured(provider: Provider) -> None:
    assert isinstance(await provider.payments.refund(asked(1, 6_000)), Receipt)
    answer = await provider.payments.refund(asked(2, 4_001))
    assert isinstance(answer, Declined)
    assert answer.code == "exceeds_captured"
    assert isinstance(await provider.payments.refund(asked(3, 4_000)), Receipt)


async def test_twenty_at_once_stay_within_what_was_captured(provider: Provider) -> None:
    answers = await asyncio.gather(*(provider.payments.refund(asked(n, 1_500)) for n in range(20)))
    assert sum(isinstance(answer, Receipt) for answer in answers) == 6


async def test_yen_have_no_cents(provider: Provider) -> None:
    made = await provider.payments.refund(asked(1, 500, payment="pi_2", currency="JPY"))
    assert isinstance(made, Receipt)
    assert made.amount == Money(minor=500, currency="JPY")


@pytest.mark.parametrize(("payment", "code"), [("pi_0", "no_such_payment"), ("pi_disputed", "disputed")])
async def test_what_cannot_be_refunded_is_declined_with_its_reason(provider: Provider, payment: str, code: str) -> None:
    answer = await provider.payments.refund(asked(payment=payment))
    assert isinstance(answer, Declined)
    assert answer.code == code


async def test_refunds_come_oldest_first_and_all_of_them(provider: Provider) -> None:
    for n in range(120):
        await provider.payments.refund(asked(n, 10))
    found = await provider.payments.refunds(provider.long_ago)
    assert [receipt.reference for receipt in found] == [f"ref-{n}" for n in range(120)]


@pytest.mark.parametrize(
    ("fault", "booked"), [("timeout_before", 0), ("500_before", 0), ("timeout_after", 1), ("500_after", 1)]
)
async def test_without_an_answer_from_stripe_nobody_is_sure_until_it_is_looked_up(
    stripe: StripePayments, books: StripeBooks, fault: str, booked: int
) -> None:
    books.fault = fault
    assert isinstance(await stripe.refund(asked()), Unsure)
    assert ((await stripe.look_up("ref-1")) is not None) == bool(booked)
    assert isinstance(await stripe.refund(asked()), Receipt), "the same key finds what was booked"
    assert len(books.refunds) == 1
    assert len([path for verb, path in books.asked if verb == "POST"]) == 2, "the SDK retries nothing by itself"


async def test_a_key_in_flight_is_no_answer(stripe: StripePayments, books: StripeBooks) -> None:
    books.in_flight.add("key-1")
    assert isinstance(await stripe.refund(asked()), Unsure)


async def test_a_key_that_stripe_refuses_moves_nothing(books: StripeBooks) -> None:
    with stripe_server(books) as url:
        answer = await StripePayments("sk_wrong", base_url=url).refund(asked())
    assert isinstance(answer, Declined)
    assert (answer.code, books.refunds) == ("not_authorised", [])
    assert "sk_wrong" not in answer.detail


async def test_books_that_cannot_be_read_are_a_failed_tool(stripe: StripePayments, books: StripeBooks) -> None:
    books.fault = "down"
    with pytest.raises(ToolFailed):
        await stripe.look_up("ref-1")


async def test_a_refund_that_fails_days_later_is_seen(stripe: StripePayments, books: StripeBooks) -> None:
    await stripe.refund(asked())
    books.refunds[0]["status"] = "failed"
    found = await stripe.look_up("ref-1")
    assert found is not None
    assert found.state is EffectState.FAILED


@pytest.mark.parametrize(("minor", "currency", "sent"), [(500, "ISK", 50_000), (1_230, "KWD", 1_230)])
async def test_currencies_that_stripe_counts_its_own_way(
    stripe: StripePayments, books: StripeBooks, minor: int, currency: str, sent: int
) -> None:
    books.capture("pi_3", 100_000, currency)
    made = await stripe.refund(asked(1, minor, payment="pi_3", currency=currency))
    assert isinstance(made, Receipt)
    assert (books.refunds[0]["amount"], made.amount) == (sent, Money(minor=minor, currency=currency))


async def test_a_thousandth_that_stripe_cannot_pay_is_declined(stripe: StripePayments, books: StripeBooks) -> None:
    answer = await stripe.refund(asked(1, 1_234, currency="KWD"))
    assert isinstance(answer, Declined)
    assert books.asked == []
