"""Proves a refund policy: every case fits exactly one rule, every rule is needed, every example comes out right."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import combinations, product

from tools.order_model import Money, Order, OrderItem, OrderState, Payment, Refund, Shipment
from tools.policy import AskedLine, Quote, RefundPolicy, Refusal
from tools.policy_rules import Case, Example, Outcome, PaymentStanding, Policy, PolicyText, Reason, Where

MOST_SHOWN = 5

_STATE = {
    Where.NOT_SENT: OrderState.PAID,
    Where.ON_THE_WAY: OrderState.SHIPPED,
    Where.DELIVERED: OrderState.DELIVERED,
    Where.COMING_BACK: OrderState.RETURN_REQUESTED,
    Where.CAME_BACK: OrderState.RETURNED,
    Where.LOST: OrderState.LOST_IN_TRANSIT,
    Where.CANCELLED: OrderState.CANCELLED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """`kind` is "gap", "contradiction", "unreachable" or "example"."""

    kind: str
    text: str


def every_case(text: PolicyText) -> Iterator[Case]:
    """All combinations of what the rules can tell apart. A shorter window is never open when a longer one is shut."""
    names = sorted(text.window)
    sets = [frozenset(some) for size in range(len(names) + 1) for some in combinations(names, size)]
    possible = [some for some in sets if _possible(some, text)]
    for reason, where, payment, in_time, final_sale in product(Reason, Where, PaymentStanding, possible, (False, True)):
        yield Case(reason=reason, where=where, payment=payment, in_time=in_time, final_sale=final_sale)


def _possible(open_windows: frozenset[str], text: PolicyText) -> bool:
    shut = [text.window[name] for name in text.window if name not in open_windows]
    still = [text.window[name] for name in open_windows]
    # A season keeps its window open longer, so a window without one may be shut while a shorter seasonal one is open.
    return not any(a.days < b.days and a.season is None for a in still for b in shut)


def check(policy: Policy) -> list[Problem]:
    """Everything that is wrong with the policy; empty when it is sound."""
    return [*_holes(policy.text), *_unreachable(policy.text), *_wrong_examples(policy)]


def _holes(text: PolicyText) -> list[Problem]:
    found: dict[tuple[str, ...], list[Case]] = {}
    for case in every_case(text):
        if text.bars_that_fit(case):
            continue
        fitting = tuple(rule.id for rule in text.rules_that_fit(case))
        if len(fitting) != 1:
            found.setdefault(fitting, []).append(case)
    problems = []
    for fitting, cases in found.items():
        where = "; ".join(_words(case) for case in cases[:MOST_SHOWN])
        more = f" and {len(cases) - MOST_SHOWN} more" if len(cases) > MOST_SHOWN else ""
        if fitting:
            problems.append(Problem(kind="contradiction", text=f"{' and '.join(fitting)} both fit: {where}{more}"))
        else:
            problems.append(Problem(kind="gap", text=f"no rule fits: {where}{more}"))
    return problems


def _unreachable(text: PolicyText) -> list[Problem]:
    used: set[str] = set()
    for case in every_case(text):
        bars = text.bars_that_fit(case)
        used.update(entry.id for entry in (bars or text.rules_that_fit(case)))
    return [
        Problem(kind="unreachable", text=f"{entry.id} never applies")
        for entry in (*text.bar, *text.rule)
        if entry.id not in used
    ]


def _wrong_examples(policy: Policy) -> list[Problem]:
    refunds = RefundPolicy(policy)
    covered = {example.rule for example in policy.text.example}
    missing = [entry.id for entry in (*policy.text.bar, *policy.text.rule) if entry.id not in covered]
    problems = [
        Problem(kind="example", text=f"{example.name}: {wrong}")
        for example in policy.text.example
        if (wrong := run_example(refunds, example))
    ]
    return problems + [Problem(kind="example", text=f"{name} has no example") for name in missing]


def run_example(refunds: RefundPolicy, example: Example) -> str:
    """What came out instead of what the example says; "" where it is as written."""
    now = datetime.combine(example.on, time(12), tzinfo=UTC)
    asked = [AskedLine(line="item", quantity=example.asked)]
    came = refunds.quote(example_order(example, now), asked, reason=example.reason, now=now)
    got: tuple[str, str, int | None]
    if isinstance(came, Refusal):
        code = came.code if came.code in tuple(Outcome) else Outcome.NO.value
        got = (code, came.rule, None)
    else:
        got = (_outcome(came).value, came.rule, came.funds.amount.minor)
    wanted = (example.outcome.value, example.rule, example.refund)
    return "" if got == wanted else f"expected {wanted}, came out as {got}"


def _outcome(quote: Quote) -> Outcome:
    return Outcome.PERSON if quote.needs_person else Outcome.REFUND


def example_order(example: Example, now: datetime) -> Order:
    """The order that an example describes, as seen at `now`."""

    def money(minor: int) -> Money:
        return Money(minor=minor, currency=example.currency)

    delivered = None if example.delivered_days_ago is None else now - timedelta(days=example.delivered_days_ago)
    placed = datetime.combine(example.placed_on, time(12), tzinfo=UTC) if example.placed_on else None
    total = example.price * example.pieces - example.discount + example.tax + example.shipping
    captured = {PaymentStanding.UNCAPTURED: 0}.get(example.payment, total)
    payment = Payment(
        reference="pay_1",
        method="Visa ending 4242",
        captured=money(captured),
        disputed=example.payment is PaymentStanding.DISPUTED,
    )
    each = (total - example.shipping) // example.pieces
    refunds = tuple(
        Refund(amount=money(each), at=now, reason="earlier", units=(("item", unit),))
        for unit in range(example.refunded)
    )
    return Order(
        number="EX-1000",
        state=_STATE[example.where],
        placed_at=placed or (delivered or now) - timedelta(days=4),
        items=(
            OrderItem(
                sku="item",
                name="Example item",
                quantity=example.pieces,
                price=money(example.price),
                final_sale=example.final_sale,
            ),
        ),
        shipping_charge=money(example.shipping),
        total=money(total),
        shipment=Shipment(
            method="Standard",
            carrier=None,
            tracking_number=None,
            shipped_at=None,
            delivered_at=delivered,
            expected_on=None,
        ),
        refunds=refunds,
        discount=money(example.discount) if example.discount else None,
        tax=money(example.tax) if example.tax else None,
        payment=None if example.payment is PaymentStanding.UNKNOWN else payment,
        country=example.country,
    )


def _words(case: Case) -> str:
    windows = ", ".join(sorted(case.in_time)) or "none"
    final = ", final sale" if case.final_sale else ""
    return f"{case.reason.value}, {case.where.value}, windows open: {windows}{final}"
