"""Would this be refunded, how much, and why: the refund policy applied to an order.

In: an order as the shop reports it, which pieces, the reason, the present instant, and what the ledger holds already.
Out: a `Quote` or a `Refusal`. Every amount is computed here; nobody else ever names one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from tools.action_model import ActionKind, Funds, Proposal, ProposedLine
from tools.order_model import Money, Order, OrderItem, OrderState
from tools.policy_rules import Case, Outcome, PaymentStanding, Policy, Reason, Rule, Where

Piece = tuple[str, int]
"""Line id, and the number of the piece within the line."""

_WHERE: Final = {
    OrderState.PLACED: Where.NOT_SENT,
    OrderState.PAID: Where.NOT_SENT,
    OrderState.ON_HOLD: Where.NOT_SENT,
    OrderState.PACKED: Where.ON_THE_WAY,
    OrderState.SHIPPED: Where.ON_THE_WAY,
    OrderState.OUT_FOR_DELIVERY: Where.ON_THE_WAY,
    OrderState.DELIVERED: Where.DELIVERED,
    OrderState.RETURN_REQUESTED: Where.COMING_BACK,
    OrderState.RETURNED: Where.CAME_BACK,
    OrderState.LOST_IN_TRANSIT: Where.LOST,
    OrderState.CANCELLED: Where.CANCELLED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedLine:
    """So many pieces of one line: `quantity` of those that were not refunded yet (None: all), or exactly `units`."""

    line: str
    quantity: int | None = None
    units: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What the ledger holds of an order: the pieces, and the minor units that are reserved or were refunded by us."""

    pieces: frozenset[Piece] = frozenset()
    minor: int = 0


NOTHING_HELD: Final = Held()
_LESS_IS_LEFT: Final = "Less is left of the payment than these items cost."


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """`code` is the outcome of the rule or one of "no_such_line", "already_refunded", "currency", "nothing_left".

    `rule` is the id of the rule in the policy file, or the code; `message` is what the customer reads.
    """

    code: str
    rule: str
    message: str
    policy_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """What goes back, computed. `proposal` makes the action of it."""

    order_number: str
    reason: Reason
    lines: tuple[ProposedLine, ...]
    funds: Funds
    destination: str
    rule: str
    breakdown: tuple[tuple[str, str], ...]
    needs_person: str | None
    expected: str
    policy_version: str

    def proposal(self, external_customer_id: str, *, kind: ActionKind = ActionKind.REFUND) -> Proposal:
        return Proposal(
            kind=kind,
            external_customer_id=external_customer_id,
            order_number=self.order_number,
            lines=self.lines,
            destination=self.destination,
            reason=self.reason.value,
            policy_version=self.policy_version,
            rule=self.rule,
            funds=self.funds,
            breakdown=self.breakdown,
            expected=self.expected,
            needs_person=self.needs_person,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chosen:
    item: OrderItem
    units: tuple[int, ...]
    rule: Rule


class RefundPolicy:
    """`policy` applied. Pure: the same arguments always give the same quote."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._text = policy.text

    @property
    def policy(self) -> Policy:
        return self._policy

    def says(self, rule: str) -> str:
        """The words of a rule or bar of the file; "" for one that is not in it."""
        return next((entry.say for entry in (*self._text.bar, *self._text.rule) if entry.id == rule), "")

    def quote(
        self, order: Order, lines: Sequence[AskedLine], *, reason: Reason, now: datetime, held: Held = NOTHING_HELD
    ) -> Quote | Refusal:
        """An empty `lines` asks for the whole order. A piece in `held`, or in a refund of the shop, is gone."""
        if _mixed_currencies(order):
            return self._refused("currency", "The amounts of this order are not all in the currency it was paid in.")
        gone = held.pieces | {piece for refund in order.refunds for piece in refund.units}
        asked = lines or [AskedLine(line=item.line_id) for item in order.items]
        chosen: list[_Chosen] = []
        for one in asked:
            found = self._choose(order, one, reason, now, gone)
            if isinstance(found, Refusal):
                if lines:
                    return found
                continue  # of a whole order, what is left is meant
            chosen.append(found)
        if not chosen:
            return found if isinstance(found, Refusal) else self._refused("no_such_line", "This order has no items.")
        if len({one.item.line_id for one in chosen}) != len(chosen):
            return self._refused("no_such_line", "The same item was named twice.")
        return self._computed(order, chosen, reason, gone, held)

    def _choose(
        self, order: Order, asked: AskedLine, reason: Reason, now: datetime, gone: frozenset[Piece]
    ) -> _Chosen | Refusal:
        item = next((item for item in order.items if item.line_id == asked.line), None)
        if item is None or (asked.quantity is not None and not 1 <= asked.quantity <= item.quantity):
            return self._refused("no_such_line", "This order has no such item, or not so many of it.")
        left = [unit for unit in range(item.quantity) if (item.line_id, unit) not in gone]
        wanted = left[: asked.quantity] if asked.units is None else list(asked.units)
        if not wanted or not set(wanted) <= set(left) or len(wanted) < (asked.quantity or 0):
            return self._refused("already_refunded", f"{item.name} was refunded already, or its refund is on its way.")
        case = self._case(order, item, reason, now)
        for bar in self._text.bars_that_fit(case):
            return self._refused(Outcome.NO.value, bar.say, rule=bar.id)
        fitting = self._text.rules_that_fit(case)
        if len(fitting) != 1:  # the checker finds these; a policy that was never checked pays nothing
            return self._refused("no_rule", "Our refund rules do not settle this case; a person has to look at it.")
        [rule] = fitting
        if rule.give in (Outcome.NO, Outcome.RETURN_FIRST):
            return self._refused(rule.give.value, rule.say, rule=rule.id)
        return _Chosen(item=item, units=tuple(wanted), rule=rule)

    def _case(self, order: Order, item: OrderItem, reason: Reason, now: datetime) -> Case:
        delivered = order.shipment.delivered_at
        return Case(
            reason=reason,
            where=where_is(order),
            payment=_standing(order),
            in_time=frozenset(
                name
                for name, window in self._text.window.items()
                if window.is_open(placed_at=order.placed_at, delivered_at=delivered, now=now)
            ),
            final_sale=item.final_sale,
        )

    def _computed(
        self, order: Order, chosen: list[_Chosen], reason: Reason, gone: frozenset[Piece], held: Held
    ) -> Quote | Refusal:
        payment = order.payment
        if payment is None:
            return self._refused("no_payment", "We cannot see how this order was paid; a person has to look at it.")
        currency = payment.captured.currency
        shares = piece_shares(order)
        lines = tuple(_line(one, shares, currency) for one in chosen)
        rows = self._rows(order, chosen, lines, last=_is_last(order, chosen, gone))
        elsewhere = sum(refund.amount.minor for refund in order.refunds if refund.reference is None)
        left = payment.captured.minor - elsewhere - held.minor
        asked = sum(minor for _, minor in rows)
        amount = Money(minor=min(asked, left), currency=currency)
        if amount.minor <= 0:
            return self._refused("nothing_left", "There is nothing left to refund of what was paid for this.")
        doubts = [*self._doubts(order, chosen, amount), *([_LESS_IS_LEFT] if asked > left else [])]
        return Quote(
            order_number=order.number,
            reason=reason,
            lines=lines,
            funds=Funds(
                amount=amount,
                payment=payment.reference,
                captured=payment.captured,
                refunded_elsewhere=Money(minor=elsewhere, currency=currency),
            ),
            destination=payment.method,
            rule=chosen[0].rule.id,
            breakdown=tuple((words, str(Money(minor=minor, currency=currency))) for words, minor in rows),
            needs_person=" ".join(dict.fromkeys(doubts)) or None,
            expected=self._text.expected,
            policy_version=self._policy.version,
        )

    def _rows(
        self, order: Order, chosen: list[_Chosen], lines: tuple[ProposedLine, ...], *, last: bool
    ) -> list[tuple[str, int]]:
        """What the amount is made of, in words and minor units."""
        rows = [("Items", sum(line.amount.minor for line in lines if line.amount is not None))]
        if last and order.shipping_charge.minor and all(one.rule.shipping for one in chosen):
            rows.append(("Shipping", order.shipping_charge.minor))
        label = self._label(order, chosen)
        if label is not None and label.currency == order.total.currency:
            rows.append(("Return label", -label.minor))
        return rows

    def _label(self, order: Order, chosen: list[_Chosen]) -> Money | None:
        """The price of the return label that is taken off, in whatever currency it is priced in."""
        priced = self._text.label.get(order.country or "")
        if priced is None or not any(one.rule.less_label for one in chosen):
            return None
        return Money(minor=priced[1], currency=priced[0])

    def _doubts(self, order: Order, chosen: list[_Chosen], amount: Money) -> list[str]:
        """Why a person must approve, in words."""
        doubts = [one.rule.say for one in chosen if one.rule.give is Outcome.PERSON]
        label = self._label(order, chosen)
        if label is not None and label.currency != amount.currency:
            doubts.append(f"The return label is priced in {label.currency}, the order in {amount.currency}.")
        if any(refund.reference is None and not refund.units for refund in order.refunds):
            doubts.append("Part of this order was refunded before, without saying for which items.")
        return doubts + self._over_limit(amount)

    def _over_limit(self, amount: Money) -> list[str]:
        limit = self._text.limits.per_refund.get(amount.currency)
        if limit is None:
            return [f"No limit is set for refunds in {amount.currency}."]
        most = Money(minor=limit, currency=amount.currency)
        return [f"{amount} is more than the {most} that are refunded without a person."] if amount.minor > limit else []

    def _refused(self, code: str, message: str, *, rule: str | None = None) -> Refusal:
        return Refusal(code=code, rule=rule or code, message=message, policy_version=self._policy.version)


def where_is(order: Order) -> Where:
    """Where an order's goods are; a refund alone does not move them."""
    known = _WHERE.get(order.state)
    if known is not None:
        return known
    return Where.DELIVERED if order.shipment.delivered_at else Where.NOT_SENT


def piece_shares(order: Order) -> dict[Piece, int]:
    """What each piece of an order cost, in minor units: its price with its part of the discount and the tax.

    The parts are cut from the whole by running totals, so that they add up to it exactly, whatever is refunded when.
    """
    pieces = [
        ((item.line_id, unit), item.price.minor)
        for item in sorted(order.items, key=lambda item: item.line_id)
        for unit in range(item.quantity)
    ]
    weight = sum(price for _, price in pieces)
    paid = weight - (order.discount.minor if order.discount else 0) + (order.tax.minor if order.tax else 0)
    shares: dict[Piece, int] = {}
    so_far = 0
    for piece, price in pieces:
        before, so_far = so_far, so_far + price
        shares[piece] = so_far * paid // weight - before * paid // weight if weight else 0
    return shares


def _line(one: _Chosen, shares: dict[Piece, int], currency: str) -> ProposedLine:
    minor = sum(shares[one.item.line_id, unit] for unit in one.units)
    return ProposedLine(
        line=one.item.line_id, name=one.item.name, units=one.units, amount=Money(minor=minor, currency=currency)
    )


def _is_last(order: Order, chosen: list[_Chosen], gone: frozenset[Piece]) -> bool:
    going = {(one.item.line_id, unit) for one in chosen for unit in one.units}
    return all((item.line_id, unit) in gone | going for item in order.items for unit in range(item.quantity))


def _standing(order: Order) -> PaymentStanding:
    if order.payment is None:
        return PaymentStanding.UNKNOWN
    if order.payment.disputed:
        return PaymentStanding.DISPUTED
    return PaymentStanding.CAPTURED if order.payment.captured.minor > 0 else PaymentStanding.UNCAPTURED


def _mixed_currencies(order: Order) -> bool:
    amounts = [order.total, order.shipping_charge, *(item.price for item in order.items)]
    amounts += [amount for amount in (order.discount, order.tax) if amount is not None]
    amounts += [refund.amount for refund in order.refunds]
    if order.payment is not None:
        amounts.append(order.payment.captured)
    return len({amount.currency for amount in amounts}) != 1
