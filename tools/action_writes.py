"""What is written to the action ledger inside a `Change` of a conversation: the state of an action, its entry, the
money and the event that the pages follow commit together, or not at all.

Single conditional writes; what they mean is `action_ledger.py`'s business.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import cast

from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from conversations import tables
from conversations.change import Change
from conversations.events import ACTION_CHANGED, ACTIONS
from conversations.model import Actor
from tools.action_model import NEXT, Action, ActionId, ActionState, Funds
from tools.action_store import HOLDING_MONEY, action_of
from tools.policy import Piece

_a = tables.actions.c
_f = tables.payment_funds.c
_p = tables.action_pieces.c


class PieceTaken(Exception):
    """Another action holds one of the pieces already."""


async def find(change: Change, action_id: ActionId) -> Action | None:
    """The action, if it is of the conversation that is being changed."""
    query = select(tables.actions).where(_a.id == action_id, _a.conversation_id == change.conversation.id)
    row = (await change.connection.execute(query)).one_or_none()
    return None if row is None else action_of(row)


async def open_proposals(change: Change) -> list[Action]:
    query = select(tables.actions).where(
        _a.conversation_id == change.conversation.id, _a.state == ActionState.PROPOSED.value
    )
    return [action_of(row) for row in await change.connection.execute(query)]


async def add(change: Change, action: Action, *, actor: Actor, external_customer_id: str) -> Action:
    """Put a new action on the record; it is due when it expires. Gives it back with its place in the event log."""
    seq = _tell(change, action.id, action.state)
    proposal = action.proposal
    await change.connection.execute(
        insert(tables.actions).values(
            id=action.id,
            conversation_id=action.conversation_id,
            customer_id=action.customer_id,
            external_customer_id=external_customer_id,
            kind=proposal.kind.value,
            state=action.state.value,
            order_number=proposal.order_number,
            digest=action.digest,
            payload=proposal.payload,
            payment=proposal.funds.payment if proposal.funds else None,
            currency=proposal.funds.amount.currency if proposal.funds else None,
            amount_minor=proposal.funds.amount.minor if proposal.funds else 0,
            seq=seq,
            proposed_at=action.proposed_at,
            expires_at=action.expires_at,
            updated_at=action.updated_at,
            approval=action.approval,
            requested_by=action.requested_by,
            attempts=0,
            due_at=action.expires_at,
            note=action.note,
        )
    )
    await _write_entry(change, action, action.state, actor, "")
    return await _again(change, action.id)


async def move(
    change: Change, action: Action, to: ActionState, *, actor: Actor, detail: str = "", **values: object
) -> Action | None:
    """Take a legal step from exactly the state that `action` shows; None where it has moved on meanwhile.

    Raises ValueError for a step that is not in the table.
    """
    if to not in NEXT[action.state]:
        raise ValueError(f"an action never goes from {action.state.value!r} to {to.value!r}")
    values = {"state": to.value, "updated_at": change.now, "note": detail, "due_at": None, **values}
    stepped = await change.connection.execute(
        update(tables.actions)
        .where(
            _a.id == action.id,
            _a.state == action.state.value,
            _a.attempts == action.attempts,  # a worker that was thought dead comes back with an answer of its own
            _a.digest == action.digest,
        )
        .values(**values)
    )
    if stepped.rowcount != 1:
        return None
    await _write_entry(change, action, to, actor, detail)
    _tell(change, action.id, to)
    return await _again(change, action.id)


async def remark(change: Change, action: Action, *, actor: Actor, detail: str, **values: object) -> Action | None:
    """Note something without a step: why a person is needed, what a look-up found."""
    values = {"updated_at": change.now, "note": detail, **values}
    noted = await change.connection.execute(
        update(tables.actions).where(_a.id == action.id, _a.state == action.state.value).values(**values)
    )
    if noted.rowcount != 1:
        return None
    await _write_entry(change, action, action.state, actor, detail)
    _tell(change, action.id, action.state)
    return await _again(change, action.id)


def _tell(change: Change, action_id: ActionId, state: ActionState) -> int:
    change.topics.add(ACTIONS)
    return change.record(ACTION_CHANGED, public=True, data={"action_id": action_id, "state": state.value})


async def _write_entry(change: Change, action: Action, state: ActionState, actor: Actor, detail: str) -> None:
    e = tables.action_entries.c
    number = select(func.coalesce(func.max(e.n), 0) + 1).where(e.action_id == action.id).scalar_subquery()
    await change.connection.execute(
        insert(tables.action_entries).values(
            action_id=action.id,
            n=number,
            state=state.value,
            digest=action.digest,
            policy_version=action.proposal.policy_version,
            actor_kind=actor.kind.value,
            actor_id=actor.id,
            at=change.now,
            detail=detail,
        )
    )


async def enter_once(change: Change, action: Action, *, actor: Actor, detail: str) -> bool:
    """A line in the action's history without a step; False, and nothing written, where it has that line already."""
    e = tables.action_entries.c
    same = select(func.count()).where(e.action_id == action.id, e.detail == detail)
    if await change.connection.scalar(same):
        return False
    await _write_entry(change, action, action.state, actor, detail)
    return True


async def _again(change: Change, action_id: ActionId) -> Action:
    row = (await change.connection.execute(select(tables.actions).where(_a.id == action_id))).one()
    return action_of(row)


async def claim(change: Change, action: Action, pieces: Sequence[Piece]) -> None:
    """Hold the pieces for this action. Raises PieceTaken, and then the whole change must be given up."""
    rows = [
        {"order_number": action.proposal.order_number, "line": line, "unit": unit, "action_id": action.id}
        for line, unit in pieces
    ]
    try:
        await change.connection.execute(insert(tables.action_pieces), rows)
    except IntegrityError as taken:
        raise PieceTaken from taken


async def release(change: Change, action: Action) -> None:
    await change.connection.execute(delete(tables.action_pieces).where(_p.action_id == action.id))


async def one_at_a_time(change: Change, external_customer_id: str) -> None:
    """Hold up other refunds of this customer until the change ends: limits are sums over several rows.

    SQLite has one writer anyway.
    """
    if change.connection.dialect.name == "postgresql":
        await change.connection.execute(
            text("SELECT pg_advisory_xact_lock(hashtextextended(:customer, 0))"), {"customer": external_customer_id}
        )


async def refunded_since(change: Change, external_customer_id: str, currency: str, since: datetime) -> tuple[int, int]:
    """How many refunds of this customer hold money, confirmed since then, and their sum in that currency."""
    query = select(_a.currency, func.count().label("n"), func.sum(_a.amount_minor).label("minor")).where(
        _a.external_customer_id == external_customer_id,
        _a.amount_minor > 0,
        _a.state.in_(HOLDING_MONEY),
        _a.confirmed_at >= since,
    )
    rows = list(await change.connection.execute(query.group_by(_a.currency)))
    return sum(row.n for row in rows), sum(int(row.minor) for row in rows if row.currency == currency)


async def frozen(change: Change) -> str | None:
    z = tables.refund_freezes.c
    return cast("str | None", await change.connection.scalar(select(z.reason).where(z.lifted_at.is_(None)).limit(1)))


async def reserve(change: Change, funds: Funds) -> bool:
    """Put the amount aside, if with everything that is reserved, refunded or went back elsewhere it was captured.

    One conditional update: two that run at once can never both see the same money. Two never make the row at once:
    a payment is one customer's, and `one_at_a_time` was called.
    """
    captured, elsewhere = funds.captured.minor, funds.refunded_elsewhere.minor
    known = await change.connection.scalar(select(_f.payment).where(_f.payment == funds.payment))
    if known is None:
        row = {"payment": funds.payment, "currency": funds.amount.currency, "captured_minor": captured}
        row |= {"elsewhere_minor": elsewhere, "reserved_minor": 0, "succeeded_minor": 0}
        await change.connection.execute(insert(tables.payment_funds).values(**row))
    put_aside = await change.connection.execute(
        update(tables.payment_funds)
        .where(
            _f.payment == funds.payment,
            _f.currency == funds.amount.currency,
            elsewhere + _f.reserved_minor + _f.succeeded_minor + funds.amount.minor <= captured,
        )
        .values(
            captured_minor=captured,
            elsewhere_minor=elsewhere,
            reserved_minor=_f.reserved_minor + funds.amount.minor,
        )
    )
    return put_aside.rowcount == 1


async def settle(change: Change, funds: Funds, *, reserved: int = 0, succeeded: int = 0) -> None:
    """Shift what is reserved and what succeeded of a payment by so many minor units."""
    await change.connection.execute(
        update(tables.payment_funds)
        .where(_f.payment == funds.payment)
        .values(reserved_minor=_f.reserved_minor + reserved, succeeded_minor=_f.succeeded_minor + succeeded)
    )
