"""A shop with a payment provider that keeps books, and the ledger and worker on a real database around them."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from conversations.inbound import customer_actor
from conversations.model import AI_AGENT, ConversationId, Customer, HumanAgent
from tests.conftest import Record
from tools.action_ledger import ActionLedger, Asking, Confirmed
from tools.action_model import Action, Proposal
from tools.action_store import ActionStore
from tools.action_worker import ActionWorker, Business
from tools.confirmation import ConfirmationTokens
from tools.order_model import Money, Order, OrderItem, OrderState, Payment, Shipment
from tools.orders import FakeOrderSystem
from tools.payment_faults import Fault, FaultyPayments
from tools.payments import FakeOrderChanges, FakePayments
from tools.policy import AskedLine, Quote, RefundPolicy
from tools.policy_rules import Limits, Policy, Reason, read_policy

CUSTOMER = "cust_1001"


def usd(minor: int) -> Money:
    return Money(minor=minor, currency="USD")


def limits(per_refund: int = 15_000, per_day: int = 30_000, per_week: int = 3) -> Limits:
    return Limits(per_refund={"USD": per_refund}, per_customer_day={"USD": per_day}, refunds_per_customer_week=per_week)


def policy_with(of: Limits) -> Policy:
    shipped = read_policy()
    return replace(shipped, text=shipped.text.model_copy(update={"limits": of}))


@dataclass(kw_only=True)
class Shop:
    """`faults` are what the provider does wrong, call by call."""

    record: Record
    limits: Limits = field(default_factory=limits)
    faults: Iterable[Fault] = ()
    look_ups_down: Iterable[bool] = ()

    def __post_init__(self) -> None:
        clock = self.record.clock
        self.orders: dict[str, list[Order]] = {}
        self.books = FakePayments(clock=clock)
        self.payments = FaultyPayments(self.books, self.faults, clock=clock, look_ups_down=self.look_ups_down)
        self.changes = FakeOrderChanges(clock=clock)
        self.policy = RefundPolicy(policy_with(self.limits))
        self.actions = ActionStore(self.record.database)
        self.ledger = ActionLedger(
            self.record.store,
            self.actions,
            tokens=ConfirmationTokens("k" * 32),
            limits=self.limits,
            clock=clock,
            new_id=self.record.new_id,
        )
        self.worker = self.another_worker()
        self._numbers = itertools.count(1)

    def another_worker(self, *, orders_down: bool = False) -> ActionWorker:
        business = Business(
            orders=FakeOrderSystem(self.orders, failing=orders_down),
            payments=self.payments,
            changes=self.changes,
            policy=self.policy,
        )
        return ActionWorker(self.ledger, business, self.record.bus, clock=self.record.clock)

    def order(
        self, number: str, *items: tuple[str, int, int], customer: str = CUSTOMER, state: OrderState | None = None
    ) -> Order:
        """An order delivered two days ago, paid by card; items are (sku, quantity, price)."""
        total = usd(sum(quantity * price for _, quantity, price in items))
        now = self.record.clock.now
        order = Order(
            number=number,
            state=state or OrderState.DELIVERED,
            placed_at=now - timedelta(days=6),
            items=tuple(
                OrderItem(sku=sku, name=sku.title(), quantity=quantity, price=usd(price))
                for sku, quantity, price in items
            ),
            shipping_charge=usd(0),
            total=total,
            shipment=Shipment(
                method="Standard",
                carrier="UPS",
                tracking_number=None,
                shipped_at=None,
                delivered_at=now - timedelta(days=2),
                expected_on=None,
            ),
            payment=Payment(reference=f"pay_{number}", method="Visa ending 4242", captured=total),
            country="US",
        )
        self.orders.setdefault(customer, []).append(order)
        self.books.capture(f"pay_{number}", total)
        return order

    def replace_order(self, order: Order, customer: str = CUSTOMER) -> None:
        self.orders[customer] = [order if one.number == order.number else one for one in self.orders.get(customer, [])]

    async def customer(self, external_id: str = CUSTOMER) -> Customer:
        return await self.record.people.identified(external_id, display_name="Maya", email="maya@example.com")

    async def conversation(self, customer: Customer) -> ConversationId:
        return (await self.record.store.start(customer.id, f"c{next(self._numbers)}")).id

    async def person(self, name: str) -> HumanAgent:
        email = f"{name}@example.com"
        await self.record.people.add_human_agent(email, display_name=name, password_hash="x")
        found = await self.record.people.human_agent_with_hash(email)
        assert found is not None
        return found[0]

    async def quote(self, order: Order, *lines: AskedLine, reason: Reason = Reason.DAMAGED) -> Quote:
        assert order.payment is not None
        held = await self.actions.held(order.number, order.payment.reference)
        quote = self.policy.quote(order, lines, reason=reason, now=self.record.clock(), held=held)
        assert isinstance(quote, Quote), quote
        return quote

    async def offer(
        self,
        order: Order,
        *lines: AskedLine,
        conversation: ConversationId,
        customer: str = CUSTOMER,
        requested_by: HumanAgent | None = None,
    ) -> Action:
        proposal = (await self.quote(order, *lines)).proposal(customer)
        return await self.offered(proposal, conversation, requested_by=requested_by)

    async def offered(
        self, proposal: Proposal, conversation: ConversationId, *, requested_by: HumanAgent | None = None
    ) -> Action:
        async with self.record.store.change(conversation) as change:
            return await self.ledger.propose(change, proposal, by=AI_AGENT, requested_by=requested_by)

    async def confirmed(self, action: Action, customer: Customer, token: str | None = None) -> Action:
        said = token if token is not None else self.ledger.tokens.token(action)
        confirmed = await self.ledger.confirm(action.conversation_id, action.id, said, asking(customer))
        assert isinstance(confirmed, Confirmed), confirmed
        return confirmed.action

    async def now(self, action: Action) -> Action:
        found = await self.actions.action(action.id)
        assert found is not None
        return found

    async def settle(self, *, days: int = 3) -> None:
        """Let the worker and the banks work until nothing is left to do."""
        for _ in range(days * 24):
            await self.worker.run_until_idle()
            self.payments.let_time_pass()
            self.record.clock.advance(hours=1)
        await self.worker.run_until_idle()


def asking(customer: Customer) -> Asking:
    return Asking(
        customer_id=customer.id,
        external_customer_id=customer.external_id,
        display_name=customer_actor(customer).display_name,
    )


def line(sku: str, quantity: int | None = 1) -> AskedLine:
    return AskedLine(line=sku, quantity=quantity)


def effects(shop: Shop) -> Sequence[str]:
    """The references of the refunds that the provider's books hold."""
    return [receipt.reference or "" for receipt in shop.books.receipts]
