"""Actions over HTTP: the customer's click on a card, and what people at the console approve, refuse and look into."""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import datetime
from typing import Annotated, Literal, TypeVar

from fastapi import APIRouter, Depends
from pydantic import Field, JsonValue

from app.actions import ActionDesk
from app.cards import Card
from app.console_api import Me, signed_in
from app.errors import Problem, Refused
from app.schemas import Empty, Request, Shape
from app.widget_api import BatonHere, SessionCustomer
from app.wiring import Baton
from conversations.change import NewMessage
from conversations.model import Actor, AuthorKind, ConversationId, Customer, HumanAgent, HumanAgentId
from tools import action_ledger
from tools.action_ledger import Asking, Confirmed
from tools.action_model import Action, ActionId, ActionState
from tools.policy import AskedLine, Quote
from tools.policy_rules import Reason
from tools.tool import ToolFailed

_T = TypeVar("_T")
router = APIRouter()
WHO = [Depends(signed_in)]  # asked before what is set up here
_NO_SHOP = Problem(status=404, code="not_found", detail="No shop is connected, so there are no actions.")
_SHOP_AWAY = Problem(status=503, code="shop_away", detail="The shop's system does not answer right now; try again.")
_WORDS = {
    action_ledger.Refused.NOT_FOUND: (404, "This offer does not exist."),
    action_ledger.Refused.EXPIRED: (409, "This offer has ended. Ask again for a new one."),
    action_ledger.Refused.WITHDRAWN: (409, "This offer is no longer open."),
    action_ledger.Refused.SIGN_IN: (403, "Please sign in again, then confirm."),
    action_ledger.Refused.OWN_REQUEST: (403, "You asked for this yourself; a colleague has to approve it."),
    action_ledger.Refused.CHANGED: (409, "This is not what you looked at any more; reload and look again."),
    action_ledger.Refused.SETTLED: (409, "Somebody has settled this already."),
}


def desk_of(baton: BatonHere) -> ActionDesk:
    if baton.actions is None:
        raise Refused(_NO_SHOP)
    return baton.actions


DeskHere = Annotated[ActionDesk, Depends(desk_of)]


class Confirm(Request):
    token: str = Field(max_length=200)


class Approve(Request):
    digest: str = Field(min_length=64, max_length=64)


class Refuse(Approve):
    why: str = Field(default="", max_length=500)


class AskedItem(Request):
    line: str = Field(max_length=200)
    quantity: int | None = Field(default=None, ge=1, le=1_000, strict=True)


class ProposeRefund(Request):
    """No amount, no currency and no destination: those are the policy's."""

    order_number: str = Field(max_length=64)
    reason: Literal["changed_mind", "damaged", "missing", "wrong_item", "not_arrived", "cancel"]
    items: list[AskedItem] = Field(default=[], max_length=50)


class AskPolicy(Request):
    external_customer_id: str = Field(max_length=200)
    order_number: str = Field(max_length=64)


class EntryShape(Shape):
    state: str
    actor_kind: str
    actor_name: str | None
    at: datetime
    detail: str


class ActionShape(Shape):
    """A card with what only the team sees. `payload` is exactly what an approval is for; `digest` names it."""

    card: Card
    conversation_id: str
    customer_name: str | None
    state: str
    digest: str
    payload: dict[str, JsonValue]
    approval: str | None
    requested_by: str | None
    mine: bool
    note: str
    entries: list[EntryShape]


class ActionList(Shape):
    actions: list[ActionShape]


class ReportShape(Shape):
    at: datetime
    agreed: int
    pending: int
    undone: int
    elsewhere: int
    mismatches: list[str]


class RefundsState(Shape):
    """`frozen` says why refunds wait for people, or is null."""

    frozen: str | None
    waiting: int
    report: ReportShape | None


class OutlookAnswer(Shape):
    reason: str
    outcome: str
    rule: str
    words: str
    amount: str | None
    needs_person: str | None


class OutlookLine(Shape):
    line: str
    name: str
    quantity: int


class OutlookShape(Shape):
    order_number: str
    state: str
    policy_version: str
    lines: list[OutlookLine]
    answers: list[OutlookAnswer]


@router.post("/widget/v1/conversations/{conversation_id}/actions/{action_id}/confirm", tags=["widget"])
async def confirm(
    conversation_id: ConversationId,
    action_id: ActionId,
    body: Confirm,
    baton: BatonHere,
    desk: DeskHere,
    customer: SessionCustomer,
) -> Card:
    """The customer's yes to exactly this card. Twice is once; where it was asked for before, that card is given."""
    await baton.limits.check("confirm", customer.id, limit=f"{baton.settings.messages_per_minute}/minute")
    who = await asking(baton, conversation_id, customer)
    confirmed = await desk.ledger.confirm(conversation_id, action_id, body.token, who)
    if not isinstance(confirmed, Confirmed):
        raise _refused(confirmed)
    return desk.cards.card(confirmed.action, for_customer=True)


@router.post("/widget/v1/conversations/{conversation_id}/actions/{action_id}/decline", tags=["widget"])
async def decline(
    conversation_id: ConversationId,
    action_id: ActionId,
    body: Empty,
    baton: BatonHere,
    desk: DeskHere,
    customer: SessionCustomer,
) -> Card:
    who = await asking(baton, conversation_id, customer)
    declined = await desk.ledger.decline(conversation_id, action_id, who)
    if not isinstance(declined, Action):
        raise _refused(declined)
    return desk.cards.card(declined, for_customer=True)


async def asking(baton: Baton, conversation_id: ConversationId, customer: Customer) -> Asking:
    """Who confirms, by what is proven for them in this conversation now."""
    principal = await baton.principal(conversation_id, customer)
    return Asking(
        customer_id=customer.id, external_customer_id=principal.external_id, display_name=customer.display_name
    )


@router.get("/console/v1/conversations/{conversation_id}/actions", tags=["console"], dependencies=WHO)
async def actions_of(conversation_id: ConversationId, baton: BatonHere, desk: DeskHere, me: Me) -> ActionList:
    await baton.store.conversation(conversation_id)
    return await _listed(baton, desk, await desk.ledger.actions.of_conversation(conversation_id), me)


@router.post("/console/v1/conversations/{conversation_id}/refunds", status_code=201, tags=["console"], dependencies=WHO)
async def propose(
    conversation_id: ConversationId, body: ProposeRefund, baton: BatonHere, desk: DeskHere, me: Me
) -> Card:
    """Offer the conversation's customer a refund, by the same policy; they confirm it on their card."""
    customer = await baton.people.customer_of(conversation_id)
    external = (await asking(baton, conversation_id, customer)).external_customer_id
    order = None if external is None else await _from_shop(desk.refunds.order(external, body.order_number))
    if order is None or external is None:
        raise Refused(Problem(status=404, code="not_found", detail="This customer has no such order."))
    lines = [AskedLine(line=item.line, quantity=item.quantity) for item in body.items]
    answer = await desk.refunds.quote(order, lines, Reason(body.reason))
    if not isinstance(answer, Quote):
        raise Refused(Problem(status=409, code=answer.code, detail=answer.message))
    by = Actor(kind=AuthorKind.HUMAN_AGENT, id=me.id, display_name=me.display_name)
    async with baton.store.change(conversation_id) as change:
        text = f"I have prepared a refund of {answer.funds.amount} for order {order.number}. Please confirm it below."
        await change.post(NewMessage(author=by, text=text))
        action = await desk.ledger.propose(change, answer.proposal(external), by=by, requested_by=me)
    return desk.cards.card(action, for_customer=False)


@router.get("/console/v1/approvals", tags=["console"], dependencies=WHO)
async def approvals(baton: BatonHere, desk: DeskHere, me: Me) -> ActionList:
    """What waits for a person, the longest first."""
    return await _listed(baton, desk, await desk.ledger.actions.waiting_for_person(), me)


@router.post("/console/v1/actions/{action_id}/approve", tags=["console"], dependencies=WHO)
async def approve(action_id: ActionId, body: Approve, baton: BatonHere, desk: DeskHere, me: Me) -> ActionShape:
    return await _judged(baton, desk, await desk.ledger.approve(action_id, body.digest, me), me)


@router.post("/console/v1/actions/{action_id}/refuse", tags=["console"], dependencies=WHO)
async def refuse(action_id: ActionId, body: Refuse, baton: BatonHere, desk: DeskHere, me: Me) -> ActionShape:
    return await _judged(baton, desk, await desk.ledger.refuse(action_id, body.digest, me, body.why), me)


@router.get("/console/v1/refunds", tags=["console"], dependencies=WHO)
async def refunds(desk: DeskHere, me: Me) -> RefundsState:
    return await _state(desk)


@router.post("/console/v1/refunds/reconcile", tags=["console"], dependencies=WHO)
async def reconcile(body: Empty, desk: DeskHere, me: Me) -> RefundsState:
    """Compare our books with the provider's now."""
    await _from_shop(desk.reconcile())
    return await _state(desk)


@router.post("/console/v1/refunds/unfreeze", tags=["console"], dependencies=WHO)
async def unfreeze(body: Empty, desk: DeskHere, me: Me) -> RefundsState:
    """Let refunds go out by themselves again, after somebody has looked at why they were stopped."""
    await desk.ledger.unfreeze(me)
    return await _state(desk)


@router.post("/console/v1/policy/outlook", tags=["console"], dependencies=WHO)
async def outlook(body: AskPolicy, desk: DeskHere, me: Me) -> OutlookShape:
    """Would this order get a refund today, and why: for every reason that a customer may give."""
    found = await _from_shop(desk.refunds.outlook(body.external_customer_id, body.order_number))
    if found is None:
        raise Refused(Problem(status=404, code="not_found", detail="This customer has no such order."))
    return OutlookShape(
        order_number=found.order.number,
        state=found.order.state.value,
        policy_version=desk.refunds.policy.policy.version,
        lines=[OutlookLine(line=one.line_id, name=one.name, quantity=one.quantity) for one in found.order.items],
        answers=[
            OutlookAnswer(
                reason=reason.value,
                outcome=("person" if answer.needs_person else "refund") if isinstance(answer, Quote) else answer.code,
                rule=answer.rule,
                words=desk.refunds.policy.says(answer.rule) if isinstance(answer, Quote) else answer.message,
                amount=str(answer.funds.amount) if isinstance(answer, Quote) else None,
                needs_person=answer.needs_person if isinstance(answer, Quote) else None,
            )
            for reason, answer in found.answers
        ],
    )


async def _state(desk: ActionDesk) -> RefundsState:
    waiting = await desk.ledger.actions.waiting_for_person()
    report = None
    if desk.reports:
        at, newest = desk.reports[-1]
        report = ReportShape(
            at=at,
            agreed=newest.agreed,
            pending=newest.pending,
            undone=newest.undone,
            elsewhere=newest.elsewhere,
            mismatches=[f"{one.reference}: {one.text}" for one in newest.mismatches],
        )
    return RefundsState(frozen=await desk.ledger.actions.frozen(), waiting=len(waiting), report=report)


async def _judged(
    baton: Baton, desk: ActionDesk, outcome: Action | action_ledger.Refused, me: HumanAgent
) -> ActionShape:
    if not isinstance(outcome, Action):
        raise _refused(outcome)
    [shape] = (await _listed(baton, desk, [outcome], me)).actions
    return shape


async def _listed(baton: Baton, desk: ActionDesk, found: list[Action], me: HumanAgent) -> ActionList:
    people = {one.id: one.display_name for one in await baton.people.human_agents()}
    customers = await baton.people.customers(sorted({action.customer_id for action in found}))
    shapes = []
    for action in found:
        entries = await desk.ledger.actions.entries(action.id)
        customer = customers.get(action.customer_id)
        shapes.append(
            ActionShape(
                card=desk.cards.card(action, for_customer=False),
                conversation_id=action.conversation_id,
                customer_name=customer.display_name if customer else None,
                state=action.state.value,
                digest=action.digest,
                payload=action.proposal.payload,
                approval=action.approval if action.state is ActionState.CONFIRMED else None,
                requested_by=people.get(action.requested_by) if action.requested_by else None,
                mine=action.requested_by == me.id,
                note=action.note,
                entries=[
                    EntryShape(
                        state=entry.state.value,
                        actor_kind=entry.actor_kind,
                        actor_name=people.get(HumanAgentId(entry.actor_id or "")),
                        at=entry.at,
                        detail=entry.detail,
                    )
                    for entry in entries
                ],
            )
        )
    return ActionList(actions=shapes)


async def _from_shop(work: Awaitable[_T]) -> _T:
    """The result, or a 503 while the shop or the provider is away."""
    try:
        return await work
    except ToolFailed:
        raise Refused(_SHOP_AWAY) from None


def _refused(why: action_ledger.Refused) -> Refused:
    status, detail = _WORDS[why]
    return Refused(Problem(status=status, code=why.value, detail=detail))
