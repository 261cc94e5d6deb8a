"""The team's accounts: roles, invitations, sessions, and leaving."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from conversations import tables
from conversations.database import Database
from conversations.events import INBOX, Bus
from conversations.model import Conversation, HumanAgentId, Role, Status
from conversations.rows import conversation_of

INVITATION_VALID = timedelta(days=7)
_p = tables.human_agents.c
_i = tables.invitations.c
_s = tables.console_sessions.c


class LastAdmin(Exception):
    """Without this account nobody could look after the others."""


class AlreadyInTeam(Exception):
    """The address has an account."""


class InvitationGone(Exception):
    """The invitation was used, taken back, or is too old."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    id: str
    email: str
    role: Role
    invited_by: HumanAgentId
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """One open session of an account. `device` is what its browser said of itself."""

    id: str
    device: str
    created_at: datetime | None
    expires_at: datetime


class Team:
    def __init__(
        self, database: Database, bus: Bus, *, clock: Callable[[], datetime], new_id: Callable[[], str]
    ) -> None:
        self._database = database
        self._bus = bus
        self._clock = clock
        self._new_id = new_id

    async def invite(self, email: str, *, role: Role, by: HumanAgentId, token: str) -> Invitation:
        """An earlier invitation of the address ends. Only a hash of the token is kept. Raises AlreadyInTeam."""
        address, now = email.strip().lower(), self._clock()
        invitation = Invitation(
            id=self._new_id(), email=address, role=role, invited_by=by, expires_at=now + INVITATION_VALID
        )
        async with self._database.write() as connection:
            taken = select(_p.id).where(_p.email == address, _p.removed_at.is_(None))
            if (await connection.execute(taken)).one_or_none() is not None:
                raise AlreadyInTeam
            await connection.execute(delete(tables.invitations).where(_i.email == address))
            await connection.execute(
                insert(tables.invitations).values(
                    id=invitation.id,
                    token_hash=_digest(token),
                    email=address,
                    role=role.value,
                    invited_by=by,
                    expires_at=invitation.expires_at,
                )
            )
        return invitation

    async def invitations(self) -> list[Invitation]:
        query = select(tables.invitations).where(_i.expires_at > self._clock()).order_by(_i.email)
        async with self._database.read() as connection:
            return [_invitation(row) for row in await connection.execute(query)]

    async def take_back(self, invitation_id: str) -> None:
        async with self._database.write() as connection:
            await connection.execute(delete(tables.invitations).where(_i.id == invitation_id))

    async def accept(self, token: str, *, display_name: str, password_hash: str) -> None:
        """Make the account; the invitation is used up. Raises InvitationGone."""
        used = delete(tables.invitations).where(_i.token_hash == _digest(token), _i.expires_at > self._clock())
        try:
            async with self._database.write() as connection:
                row = (await connection.execute(used.returning(_i.email, _i.role))).one_or_none()
                if row is None:
                    raise InvitationGone
                await self._put(connection, row.email, row.role, display_name, password_hash)
        except IntegrityError:
            raise InvitationGone from None
        self._bus.wake(INBOX)

    async def _put(
        self, connection: AsyncConnection, email: str, role: str, display_name: str, password_hash: str
    ) -> None:
        """A colleague who left and comes back gets the same account: what they wrote keeps its author."""
        told = {"display_name": display_name, "password_hash": password_hash, "role": role, "removed_at": None}
        back = update(tables.human_agents).where(_p.email == email, _p.removed_at.is_not(None))
        if (await connection.execute(back.values(**told, available=True))).rowcount:
            return
        new = {"id": self._new_id(), "email": email, "available": True, "created_at": self._clock()}
        await connection.execute(insert(tables.human_agents).values(**new, **told))

    async def set_role(self, human_agent_id: HumanAgentId, role: Role) -> bool:
        """False where there is no such account. Raises LastAdmin."""
        async with self._database.write() as connection:
            await self._keep_an_admin(connection, human_agent_id, still=role is Role.ADMIN)
            there = (_p.id == human_agent_id, _p.removed_at.is_(None))
            changed = await connection.execute(update(tables.human_agents).where(*there).values(role=role.value))
        self._bus.wake(INBOX)
        return changed.rowcount == 1

    async def remove(self, human_agent_id: HumanAgentId) -> list[Conversation] | None:
        """End the account and its sessions at once; its open conversations, to be given back to the queue.

        None where there is no such account. Raises LastAdmin.
        """
        async with self._database.write() as connection:
            await self._keep_an_admin(connection, human_agent_id, still=False)
            there = (_p.id == human_agent_id, _p.removed_at.is_(None))
            gone = {"removed_at": self._clock(), "available": False, "left_at": self._clock()}
            if not (await connection.execute(update(tables.human_agents).where(*there).values(**gone))).rowcount:
                return None
            await connection.execute(delete(tables.console_sessions).where(_s.human_agent_id == human_agent_id))
        self._bus.wake(INBOX)
        return await self.open_conversations(human_agent_id)

    async def open_conversations(self, human_agent_id: HumanAgentId) -> list[Conversation]:
        c = tables.conversations.c
        theirs = select(tables.conversations).where(c.assignee_id == human_agent_id, c.status == Status.ASSIGNED.value)
        async with self._database.read() as connection:
            return [conversation_of(row) for row in await connection.execute(theirs)]

    async def _keep_an_admin(self, connection: AsyncConnection, human_agent_id: str, *, still: bool) -> None:
        admins = select(_p.id).where(_p.role == Role.ADMIN.value, _p.removed_at.is_(None)).with_for_update()
        found = set((await connection.execute(admins)).scalars())
        if found == {human_agent_id} and not still:
            raise LastAdmin

    async def sign_ins(self, human_agent_id: HumanAgentId) -> list[SignIn]:
        query = select(tables.console_sessions).where(
            _s.human_agent_id == human_agent_id, _s.expires_at > self._clock()
        )
        async with self._database.read() as connection:
            return [_sign_in(row) for row in await connection.execute(query.order_by(_s.expires_at.desc()))]

    async def end_sign_ins(self, human_agent_id: HumanAgentId, *, only: str | None = None) -> int:
        """All sessions of an account, or one of them by its id; how many ended."""
        whose = [_s.human_agent_id == human_agent_id]
        if only is not None:
            whose.append(func.substr(_s.token_hash, 1, len(only)) == only)
        async with self._database.write() as connection:
            ended = await connection.execute(delete(tables.console_sessions).where(*whose))
        self._bus.wake(INBOX)
        return ended.rowcount


SHOWN_OF_HASH = 16


def _sign_in(row: Row[Any]) -> SignIn:
    return SignIn(
        id=row.token_hash[:SHOWN_OF_HASH], device=row.device or "", created_at=row.created_at, expires_at=row.expires_at
    )


def _invitation(row: Row[Any]) -> Invitation:
    return Invitation(
        id=row.id, email=row.email, role=Role(row.role), invited_by=row.invited_by, expires_at=row.expires_at
    )


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
