from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.action_model import ActionKind, Funds, proposal_of
from tools.order_model import Money, Order, OrderItem, OrderState, Payment, Refund, Shipment
from tools.policy import AskedLine, Held, Quote, RefundPolicy, Refusal, piece_shares
from tools.policy_rules import Reason, read_policy

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
POLICY = RefundPolicy(read_policy())


def usd(minor: int) -> Money:
    return Money(minor=minor, currency="USD")


def order(*items: tuple[str, int, int], shipping: int = 0, discount: int = 0, tax: int = 0) -> Order:
    """Delivered two days ago; items are (sku, quantity, price)."""
    goods = sum(quantity * price for _, quantity, price in items)
    total = usd(goods + shipping - discount + tax)
    return Order(
        number="NP-1000",
        state=OrderState.DELIVERED,
        placed_at=NOW - timedelta(days=6),
        items=tuple(
            OrderItem(sku=sku, name=sku, quantity=quantity, price=usd(price)) for sku, quantity, price in items
        ),
        shipping_charge=usd(shipping),
        total=total,
        shipment=Shipment(
            method="Standard",
            carrier="UPS",
            tracking_number=None,
            shipped_at=None,
            delivered_at=NOW - timedelta(days=2),
            expected_on=None,
        ),
        discount=usd(discount) if discount else None,
        tax=usd(tax) if tax else None,
        payment=Payment(reference="pay_1", method="Visa ending 4242", captured=total),
        country="US",
    )


def quoted(of: Order, *lines: AskedLine, held: Held | None = None, reason: Reason = Reason.DAMAGED) -> Quote:
    quote = POLICY.quote(of, lines, reason=reason, now=NOW, held=held or Held())
    assert isinstance(quote, Quote), quote
    return quote


def refused(of: Order, *lines: AskedLine, held: Held | None = None, reason: Reason = Reason.DAMAGED) -> Refusal:
    refusal = POLICY.quote(of, lines, reason=reason, now=NOW, held=held or Held())
    assert isinstance(refusal, Refusal), refusal
    return refusal


def test_one_of_two_pieces_is_refunded_to_where_it_was_paid_from() -> None:
    quote = quoted(order(("bottle", 2, 3400), shipping=1295), AskedLine(line="bottle", quantity=1))
    assert quote.funds.amount == usd(3400)
    assert quote.funds.payment == "pay_1"
    assert quote.destination == "Visa ending 4242"
    assert quote.lines[0].units == (0,)
    assert quote.needs_person is None


def test_a_quote_makes_the_proposal_of_exactly_that_refund() -> None:
    quote = quoted(order(("bottle", 2, 3400)), AskedLine(line="bottle", quantity=1))
    proposal = quote.proposal("cust_1")
    assert proposal.kind is ActionKind.REFUND
    assert proposal.funds == quote.funds
    assert proposal_of(proposal.payload) == proposal
    assert proposal.digest != quote.proposal("cust_2").digest


def test_without_lines_everything_that_is_left_is_meant() -> None:
    quote = quoted(
        order(("a", 1, 1000), ("b", 2, 500), shipping=300), held=Held(pieces=frozenset({("b", 0)}), minor=500)
    )
    assert [line.units for line in quote.lines] == [(0,), (1,)]
    assert quote.funds.amount == usd(1000 + 500 + 300)


def test_a_piece_that_the_ledger_holds_is_not_refunded_again() -> None:
    held = Held(pieces=frozenset({("bottle", 0), ("bottle", 1)}), minor=6800)
    assert (
        refused(order(("bottle", 2, 3400)), AskedLine(line="bottle", quantity=1), held=held).code == "already_refunded"
    )
    assert refused(order(("bottle", 2, 3400)), held=held).code == "already_refunded"


@pytest.mark.parametrize(
    "asked", [AskedLine(line="other"), AskedLine(line="bottle", quantity=0), AskedLine(line="bottle", quantity=3)]
)
def test_a_line_that_is_not_in_the_order_is_refused(asked: AskedLine) -> None:
    assert refused(order(("bottle", 2, 3400)), asked).code == "no_such_line"


def test_the_same_line_twice_is_refused() -> None:
    one = AskedLine(line="bottle", quantity=1)
    assert refused(order(("bottle", 2, 3400)), one, one).code == "no_such_line"


def test_amounts_in_two_currencies_are_refused() -> None:
    of = order(("bottle", 1, 3400))
    assert refused(replace(of, shipping_charge=Money(minor=1, currency="EUR"))).code == "currency"
    paid = Payment(reference="p", method="card", captured=Money(minor=3400, currency="JPY"))
    assert refused(replace(of, payment=paid)).code == "currency"


def test_money_that_the_shop_gave_back_is_not_given_twice() -> None:
    back = Refund(amount=usd(6000), at=NOW, reason="by hand")
    quote = quoted(replace(order(("bottle", 2, 3400)), refunds=(back,)), AskedLine(line="bottle", quantity=1))
    assert quote.funds.amount == usd(800)
    assert quote.needs_person is not None
    assert "Less is left" in quote.needs_person
    whole = Refund(amount=usd(6800), at=NOW, reason="by hand")
    of = replace(order(("bottle", 2, 3400)), refunds=(whole,))
    assert refused(of, AskedLine(line="bottle", quantity=1)).code == "nothing_left"


def test_our_own_refund_that_the_shop_shows_is_not_counted_twice() -> None:
    ours = Refund(amount=usd(3400), at=NOW, reason="damaged", reference="act-1", units=(("bottle", 0),))
    of = replace(order(("bottle", 2, 3400)), refunds=(ours,))
    quote = quoted(of, held=Held(pieces=frozenset({("bottle", 0)}), minor=3400))
    assert quote.funds.amount == usd(3400)
    assert quote.funds.refunded_elsewhere == usd(0)
    assert quote.needs_person is None


def test_above_the_limit_a_person_approves() -> None:
    assert quoted(order(("boots", 1, 15000))).needs_person is None
    over = quoted(order(("boots", 1, 15001))).needs_person
    assert over is not None
    assert "$150.01" in over


@given(
    items=st.lists(st.tuples(st.integers(1, 5), st.integers(0, 9_999)), min_size=1, max_size=5),
    discount=st.integers(0, 500),
    tax=st.integers(0, 500),
)
def test_the_parts_of_the_pieces_add_up_to_what_was_paid(items: list[tuple[int, int]], discount: int, tax: int) -> None:
    of = order(*((f"s{n}", quantity, price) for n, (quantity, price) in enumerate(items)), discount=discount, tax=tax)
    goods = sum(quantity * price for quantity, price in items)
    shares = piece_shares(of)
    assert sum(shares.values()) == (goods - discount + tax if goods else 0)
    assert len(shares) == sum(quantity for quantity, _ in items)


@pytest.mark.parametrize(
    ("amount", "captured", "elsewhere"),
    [(usd(0), usd(5), usd(0)), (usd(-1), usd(5), usd(0)), (usd(6), usd(5), usd(0)), (usd(3), usd(5), usd(3))],
)
def test_funds_that_make_no_sense_cannot_be_built(amount: Money, captured: Money, elsewhere: Money) -> None:
    with pytest.raises(ValueError, match="proposal"):
        Funds(amount=amount, payment="p", captured=captured, refunded_elsewhere=elsewhere)


def test_funds_have_one_currency() -> None:
    with pytest.raises(ValueError, match="one currency"):
        Funds(amount=Money(minor=1, currency="JPY"), payment="p", captured=usd(5), refunded_elsewhere=usd(0))
