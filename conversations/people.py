"""Customers and human agents: who they are, and their sign-ins to the console."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from conversations import tables
from conversations.database import Database
from conversations.events import CUSTOMER_IDENTIFIED, INBOX, Bus
from conversations.model import (
    Assurance,
    ConversationId,
    Customer,
    CustomerId,
    HumanAgent,
    HumanAgentId,
    Role,
)
from conversations.rows import conversation_of, customer_of, human_agent_of
from conversations.store import ConversationStore
from conversations.tables import EPOCH

PRESENCE_WINDOW = timedelta(seconds=45)
"""A human agent counts as online this long after the console was last heard of (it is heard every 15 s)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleSession:
    human_agent: HumanAgent
    csrf_token: str
    expires_at: datetime


class People:
    def __init__(
        self,
        database: Database,
        store: ConversationStore,
        bus: Bus,
        *,
        clock: Callable[[], datetime],
        new_id: Callable[[], str],
    ) -> None:
        self._database = database
        self._store = store
        self._bus = bus
        self._clock = clock
        self._new_id = new_id

    async def customer(self, customer_id: CustomerId) -> Customer | None:
        found = await self.customers([customer_id])
        return found.get(customer_id)

    async def customer_of(self, conversation_id: ConversationId) -> Customer:
        """Whose conversation it is. Raises NoResultFound for a conversation that does not exist."""
        c = tables.conversations.c
        query = select(tables.customers).join(tables.conversations, c.customer_id == tables.customers.c.id)
        async with self._database.read() as connection:
            return customer_of((await connection.execute(query.where(c.id == conversation_id))).one())

    async def customers(self, customer_ids: Sequence[CustomerId]) -> dict[CustomerId, Customer]:
        query = select(tables.customers).where(tables.customers.c.id.in_(customer_ids))
        async with self._database.read() as connection:
            found = [customer_of(row) for row in await connection.execute(query)]
        return {customer.id: customer for customer in found}

    async def new_visitor(self) -> Customer:
        """Somebody whom nothing is known about yet."""
        async with self._database.write() as connection:
            row = await connection.execute(
                insert(tables.customers).values(id=self._new_id(), created_at=self._clock()).returning(tables.customers)
            )
            return customer_of(row.one())

    async def identified(
        self, external_id: str, *, display_name: str | None, email: str | None, segments: Collection[str] = ()
    ) -> Customer:
        """The customer whom a verified identity token names, made or brought up to date."""
        told = {"display_name": display_name, "email": email, "segments": sorted(segments) or None}
        try:
            return await self._identified(external_id, told)
        except IntegrityError:  # two pages signed the same customer in at once; the other one has made the row
            return await self._identified(external_id, told)

    async def _identified(self, external_id: str, told: Mapping[str, object]) -> Customer:
        known = tables.customers.c.external_id == external_id
        async with self._database.write() as connection:
            updated = await connection.execute(
                update(tables.customers).where(known).values(**told).returning(tables.customers)
            )
            row = updated.one_or_none()
            if row is None:
                inserted = await connection.execute(
                    insert(tables.customers)
                    .values(id=self._new_id(), external_id=external_id, created_at=self._clock(), **told)
                    .returning(tables.customers)
                )
                row = inserted.one()
            return customer_of(row)

    async def customer_named(self, external_id: str) -> Customer | None:
        """The customer who was proven before to have that id in the shop."""
        query = select(tables.customers).where(tables.customers.c.external_id == external_id)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else customer_of(row)

    async def claimed(self, claimed_id: str) -> Customer:
        """The customer whom a page names without proof; never the one whom a token proved to have that id."""
        c = tables.customers.c
        try:
            async with self._database.write() as connection:
                row = await connection.execute(
                    insert(tables.customers)
                    .values(id=self._new_id(), claimed_id=claimed_id, created_at=self._clock())
                    .returning(tables.customers)
                )
                return customer_of(row.one())
        except IntegrityError:
            async with self._database.read() as connection:
                return customer_of(
                    (await connection.execute(select(tables.customers).where(c.claimed_id == claimed_id))).one()
                )

    async def adopt(self, visitor_id: CustomerId, customer: Customer) -> None:
        """Give an anonymous visitor's conversations to the customer they turned out to be.

        A customer who was named by anybody is never merged into another one.
        """
        visitor = await self.customer(visitor_id)
        if visitor is None or visitor.assurance is not Assurance.ANONYMOUS or visitor.id == customer.id:
            return
        c = tables.conversations.c
        theirs = tables.conversations.alias("theirs").c
        taken = select(theirs.client_conversation_id).where(theirs.customer_id == customer.id)
        # A page counts its own conversations; where both sides have the same number, the visitor's takes its own id.
        client_id = case((c.client_conversation_id.in_(taken), c.id), else_=c.client_conversation_id)
        async with self._database.write() as connection:
            rows = await connection.execute(
                update(tables.conversations)
                .where(c.customer_id == visitor_id)
                .values(customer_id=customer.id, client_conversation_id=client_id)
                .returning(tables.conversations)
            )
            adopted = [conversation_of(row) for row in rows]
        for conversation in adopted:
            await self._tell_identified(conversation.id, customer)

    async def _tell_identified(self, conversation_id: ConversationId, customer: Customer) -> None:
        async with self._store.change(conversation_id) as change:
            change.record(CUSTOMER_IDENTIFIED, public=True, data={"display_name": customer.display_name})
            change.topics.add(INBOX)

    async def add_human_agent(
        self, email: str, *, display_name: str, password_hash: str, role: Role = Role.ADMIN
    ) -> bool:
        """False where the address has an account already, which is then left as it is."""
        try:
            return await self._add_human_agent(email, display_name, password_hash, role)
        except IntegrityError:  # two servers made the same account at once
            return False

    async def _add_human_agent(self, email: str, display_name: str, password_hash: str, role: Role) -> bool:
        async with self._database.write() as connection:
            taken = await connection.scalar(
                select(tables.human_agents.c.id).where(tables.human_agents.c.email == email.lower())
            )
            if taken is not None:
                return False
            await connection.execute(
                insert(tables.human_agents).values(
                    id=self._new_id(),
                    email=email.lower(),
                    display_name=display_name,
                    password_hash=password_hash,
                    role=role.value,
                    available=True,
                    created_at=self._clock(),
                )
            )
            return True

    async def human_agent_with_hash(self, email: str) -> tuple[HumanAgent, str] | None:
        query = select(tables.human_agents).where(
            tables.human_agents.c.email == email.lower(), tables.human_agents.c.removed_at.is_(None)
        )
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else (human_agent_of(row), row.password_hash)

    async def human_agents(self, *, removed: bool = False) -> list[HumanAgent]:
        """The team; with `removed` those who left it too."""
        query = select(tables.human_agents).order_by(tables.human_agents.c.display_name)
        if not removed:
            query = query.where(tables.human_agents.c.removed_at.is_(None))
        async with self._database.read() as connection:
            return [human_agent_of(row) for row in await connection.execute(query)]

    async def human_agent(self, human_agent_id: HumanAgentId) -> HumanAgent | None:
        query = select(tables.human_agents).where(tables.human_agents.c.id == human_agent_id)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else human_agent_of(row)

    def is_online(self, human_agent: HumanAgent) -> bool:
        """Somebody who may be given a conversation now."""
        return human_agent.available and self.is_connected(human_agent)

    def is_connected(self, human_agent: HumanAgent) -> bool:
        """Their console is open, be they available or away."""
        return self.gone_since(human_agent) is None

    def gone_since(self, human_agent: HumanAgent) -> datetime | None:
        """When their console was last heard of; None while it is open, and the beginning of time for one never seen."""
        if human_agent.left_at is not None:
            return human_agent.left_at
        seen = human_agent.last_seen_at
        if seen is None:
            return EPOCH
        return None if self._clock() - seen < PRESENCE_WINDOW else seen

    def is_idle(self, human_agent: HumanAgent, after: timedelta) -> bool:
        """No sign of life for so long, though their console is open."""
        active = human_agent.active_at
        return active is not None and self._clock() - active >= after

    async def anybody_online(self) -> bool:
        return any(self.is_online(human_agent) for human_agent in await self.human_agents())

    async def seen(self, human_agent_id: HumanAgentId) -> None:
        """The console was heard of just now."""
        await self._update_human_agent(human_agent_id, last_seen_at=self._clock(), left_at=None)

    async def active(self, human_agent_id: HumanAgentId) -> None:
        """They did something: they are at their desk."""
        await self._update_human_agent(human_agent_id, active_at=self._clock())

    async def left(self, human_agent_id: HumanAgentId) -> None:
        """The console's last page was closed."""
        await self._update_human_agent(human_agent_id, left_at=self._clock())
        self._bus.wake(INBOX)

    async def set_available(self, human_agent_id: HumanAgentId, available: bool) -> None:
        await self._update_human_agent(human_agent_id, available=available)
        self._bus.wake(INBOX)

    async def _update_human_agent(self, human_agent_id: HumanAgentId, **values: object) -> None:
        async with self._database.write() as connection:
            await connection.execute(
                update(tables.human_agents).where(tables.human_agents.c.id == human_agent_id).values(**values)
            )

    async def open_session(
        self,
        human_agent_id: HumanAgentId,
        *,
        token: str,
        csrf_token: str,
        expires_at: datetime,
        device: str = "",
    ) -> None:
        """Only a hash of the cookie's token is kept: a copied database signs nobody in."""
        s = tables.console_sessions
        async with self._database.write() as connection:
            await connection.execute(delete(s).where(s.c.expires_at < self._clock()))
            await connection.execute(
                insert(s).values(
                    token_hash=_digest(token),
                    human_agent_id=human_agent_id,
                    csrf_token=csrf_token,
                    expires_at=expires_at,
                    created_at=self._clock(),
                    device=device,
                )
            )

    async def session(self, token: str) -> ConsoleSession | None:
        s = tables.console_sessions
        query = (
            select(tables.human_agents, s.c.csrf_token, s.c.expires_at)
            .join(s, s.c.human_agent_id == tables.human_agents.c.id)
            .where(s.c.token_hash == _digest(token), s.c.expires_at > self._clock())
            .where(tables.human_agents.c.removed_at.is_(None))
        )
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            return None
        return ConsoleSession(human_agent=human_agent_of(row), csrf_token=row.csrf_token, expires_at=row.expires_at)

    async def close_session(self, token: str) -> None:
        s = tables.console_sessions
        async with self._database.write() as connection:
            await connection.execute(delete(s).where(s.c.token_hash == _digest(token)))
        self._bus.wake(INBOX)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
