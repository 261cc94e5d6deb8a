"""The action ledger's tables, read; and the few writes that touch no conversation: freezes, and who works on what."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final, cast

from sqlalchemy import ColumnElement, Row, func, insert, select, update

from conversations import tables
from conversations.database import Database
from conversations.model import ConversationId, HumanAgentId, JsonObject
from tools.action_model import Action, ActionId, ActionState, Entry, digest_of, proposal_of
from tools.policy import Held, Piece

_a = tables.actions.c
_p = tables.action_pieces.c
HOLDING_MONEY: Final = tuple(
    state.value for state in (ActionState.RESERVED, ActionState.SENDING, ActionState.UNKNOWN, ActionState.SUCCEEDED)
)


PASSED_ON: Final = "A person takes over, because it did not go through."
"""The line in an action's history that is written when its conversation is passed on for it."""


class LedgerDamaged(Exception):
    """A stored action is not the one that its digest names. Nothing may be done on its behalf."""


class ActionStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def action(self, action_id: ActionId) -> Action | None:
        found = await self._actions(_a.id == action_id)
        return found[0] if found else None

    async def of_conversation(self, conversation_id: ConversationId) -> list[Action]:
        """In the order in which they were proposed."""
        return await self._actions(_a.conversation_id == conversation_id)

    async def waiting_for_person(self) -> list[Action]:
        """The longest waiting first."""
        waiting = (_a.state == ActionState.CONFIRMED.value) & _a.approval.is_not(None)
        return await self._actions(waiting)

    async def in_states(self, states: Collection[ActionState], *, since: datetime | None = None) -> list[Action]:
        where: ColumnElement[bool] = _a.state.in_([state.value for state in states])
        return await self._actions(where if since is None else where & (_a.updated_at >= since))

    async def _actions(self, where: ColumnElement[bool]) -> list[Action]:
        query = select(tables.actions).where(where).order_by(_a.proposed_at, _a.id)
        async with self._database.read() as connection:
            return [action_of(row) for row in await connection.execute(query)]

    async def by_reference(self, references: Collection[str]) -> dict[str, Action]:
        return {action.id: action for action in await self._actions(_a.id.in_(list(references)))}

    async def entries(self, action_id: ActionId) -> list[Entry]:
        e = tables.action_entries.c
        query = select(tables.action_entries).where(e.action_id == action_id).order_by(e.n)
        async with self._database.read() as connection:
            return [_entry_of(row) for row in await connection.execute(query)]

    async def holder_of(self, order_number: str, pieces: Collection[Piece]) -> Action | None:
        """Who holds any of these pieces."""
        query = select(_p.line, _p.unit, _p.action_id).where(_p.order_number == order_number)
        async with self._database.read() as connection:
            rows = list(await connection.execute(query))
        holders = [row.action_id for row in rows if (row.line, row.unit) in set(pieces)]
        return await self.action(ActionId(holders[0])) if holders else None

    async def held(self, order_number: str, payment: str | None, *, but: ActionId | None = None) -> Held:
        """What the ledger holds of an order and its payment; `but` leaves one action out."""
        async with self._database.read() as connection:
            pieces = await connection.execute(
                select(_p.line, _p.unit).where(_p.order_number == order_number, _p.action_id != (but or ""))
            )
            held = frozenset((row.line, row.unit) for row in pieces)
            minor = await connection.scalar(
                select(func.sum(_a.amount_minor)).where(
                    _a.payment == payment, _a.state.in_(HOLDING_MONEY), _a.id != (but or "")
                )
            )
        return Held(pieces=held, minor=int(minor or 0))

    async def frozen(self) -> str | None:
        """Why refunds wait for people, or None."""
        query = select(tables.refund_freezes.c.reason).where(tables.refund_freezes.c.lifted_at.is_(None))
        async with self._database.read() as connection:
            return cast("str | None", await connection.scalar(query.order_by(tables.refund_freezes.c.at).limit(1)))

    async def freeze(self, freeze_id: str, reason: str, *, now: datetime) -> None:
        async with self._database.write() as connection:
            await connection.execute(insert(tables.refund_freezes).values(id=freeze_id, at=now, reason=reason))

    async def unfreeze(self, by: HumanAgentId, *, now: datetime) -> bool:
        """False where nothing was frozen."""
        z = tables.refund_freezes
        async with self._database.write() as connection:
            lifted = await connection.execute(
                update(z).where(z.c.lifted_at.is_(None)).values(lifted_at=now, lifted_by=by)
            )
            return bool(lifted.rowcount)

    async def take(self, *, now: datetime, lease: timedelta) -> ActionId | None:
        """The action that has been due for longest, kept from other workers for `lease`; None where nothing is due."""
        due = select(_a.id).where(_a.due_at <= now).order_by(_a.due_at, _a.id).limit(1)
        taken = (
            update(tables.actions)
            .where(_a.id == due.with_for_update(skip_locked=True).scalar_subquery(), _a.due_at <= now)
            .values(due_at=now + lease)
            .returning(_a.id)
        )
        async with self._database.write() as connection:
            return cast("ActionId | None", await connection.scalar(taken))

    async def put_off(self, action_id: ActionId, due_at: datetime | None) -> None:
        """Nothing new happened; look again then, or never by yourself."""
        async with self._database.write() as connection:
            await connection.execute(
                update(tables.actions).where(_a.id == action_id, _a.due_at.is_not(None)).values(due_at=due_at)
            )

    async def stuck(
        self, *, failed_since: datetime, unknown_before: datetime, pending_before: datetime
    ) -> list[Action]:
        """What was confirmed and failed since then, or has been without an answer (or on its way, with a receipt) since
        before that, and that no person has been told of. A damaged one is left out: it has frozen the refunds.
        """
        e = tables.action_entries.c
        told = select(e.n).where(e.action_id == _a.id, e.detail == PASSED_ON).exists()
        waiting = _a.state == ActionState.UNKNOWN.value
        unknown = waiting & _a.receipt.is_(None) & (_a.sent_at < unknown_before)
        pending = waiting & _a.receipt.is_not(None) & (_a.sent_at < pending_before)
        failed = (_a.state == ActionState.FAILED.value) & (_a.updated_at >= failed_since)
        query = select(tables.actions).where(~told, unknown | pending | failed).order_by(_a.updated_at, _a.id)
        async with self._database.read() as connection:
            rows = list(await connection.execute(query))
        return [action_of(row) for row in rows if digest_of(cast("JsonObject", row.payload)) == row.digest]

    async def counts(self) -> dict[ActionState, int]:
        query = select(_a.state, func.count().label("n")).group_by(_a.state)
        async with self._database.read() as connection:
            return {ActionState(row.state): row.n for row in await connection.execute(query)}


def action_of(row: Row[tuple[object, ...]]) -> Action:
    payload = cast("JsonObject", row.payload)
    if digest_of(payload) != row.digest:
        raise LedgerDamaged(f"action {row.id} is not what was proposed and confirmed")
    return Action(
        id=row.id,
        conversation_id=row.conversation_id,
        customer_id=row.customer_id,
        state=ActionState(row.state),
        proposal=proposal_of(payload),
        digest=row.digest,
        seq=row.seq,
        proposed_at=row.proposed_at,
        expires_at=row.expires_at,
        updated_at=row.updated_at,
        approval=row.approval,
        requested_by=row.requested_by,
        approved_by=row.approved_by,
        key=row.key,
        sent_at=row.sent_at,
        attempts=row.attempts,
        receipt=row.receipt,
        note=row.note,
    )


def _entry_of(row: Row[tuple[object, ...]]) -> Entry:
    return Entry(
        action_id=row.action_id,
        n=row.n,
        state=ActionState(row.state),
        digest=row.digest,
        policy_version=row.policy_version,
        actor_kind=row.actor_kind,
        actor_id=row.actor_id,
        at=row.at,
        detail=row.detail,
    )
