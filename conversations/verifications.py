"""Codes that prove who a customer is, and what they proved: counted and compared where no two requests can race.

Only hashes of codes and addresses are kept. A verification counts in one conversation, for one customer and address.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NewType

from sqlalchemy import case, delete, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from conversations import identity_tables, tables
from conversations.database import Database
from conversations.model import ConversationId, CustomerId

CodeId = NewType("CodeId", str)
CODE_VALID: Final = timedelta(minutes=10)
TRIES: Final = 3
SENDS_PER_ADDRESS: Final = 3
SENDS_PER_CONVERSATION: Final = 6
WINDOW: Final = timedelta(minutes=30)
"""How long a verification lasts, and within which an address gets at most three codes."""
_FOR_GOOD: Final = timedelta(days=36_500)

_codes = identity_tables.verification_codes.c
_counts = identity_tables.verification_counts.c
_verified = identity_tables.verifications.c


class TooManyCodes(Exception):
    """No more codes for this address at present, or for this conversation at all. Which of them is not told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCode:
    """A code that is about to be sent. The hashes are HMACs under a key that the database does not hold."""

    id: CodeId
    conversation_id: ConversationId
    customer_id: CustomerId
    address_hash: str
    code_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What became of one try. `left` tries remain; 0 where the code is used up, expired or was never sent."""

    right: bool
    left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    conversation_id: ConversationId
    customer_id: CustomerId
    external_id: str
    address_hash: str
    expires_at: datetime


class Verifications:
    """Reads and writes the tables of codes and verifications."""

    def __init__(self, database: Database, *, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    async def add_code(self, new: NewCode) -> datetime:
        """Note a code before it is sent; earlier ones of the conversation end. Returns when it expires.

        Raises TooManyCodes, and then nothing was noted or counted.
        """
        now = self._clock()
        async with self._database.write() as connection:
            await self._count(connection, f"a:{new.address_hash}", SENDS_PER_ADDRESS, now + WINDOW)
            await self._count(connection, f"c:{new.conversation_id}", SENDS_PER_CONVERSATION, now + _FOR_GOOD)
            await connection.execute(
                delete(identity_tables.verification_codes).where(_codes.conversation_id == new.conversation_id)
            )
            await connection.execute(
                insert(identity_tables.verification_codes).values(
                    id=new.id,
                    conversation_id=new.conversation_id,
                    customer_id=new.customer_id,
                    address_hash=new.address_hash,
                    code_hash=new.code_hash,
                    tries=0,
                    sent_at=now,
                    expires_at=now + CODE_VALID,
                )
            )
        return now + CODE_VALID

    async def name_subject(self, code_id: CodeId, external_id: str, address_hash: str) -> bool:
        """Say whom the code proves and where it goes; until then it fits nothing. False where it ended meanwhile."""
        async with self._database.write() as connection:
            named = await connection.execute(
                update(identity_tables.verification_codes)
                .where(_codes.id == code_id)
                .values(external_id=external_id, address_hash=address_hash)
            )
            return named.rowcount == 1

    async def code_id(self, conversation_id: ConversationId, customer_id: CustomerId) -> CodeId | None:
        """The code that may be entered in a conversation; a stranger to it, and a code of nobody, look the same."""
        query = select(_codes.id).where(_codes.conversation_id == conversation_id, _codes.customer_id == customer_id)
        async with self._database.read() as connection:
            found = (await connection.execute(query)).scalar_one_or_none()
        return None if found is None else CodeId(str(found))

    async def try_code(self, code_id: CodeId, code_hash: str) -> Tried:
        """Compare once. The try is counted by the statement that allows it, so that twenty at once are three."""
        now = self._clock()
        open_ = (_codes.id == code_id, _codes.tries < TRIES, _codes.expires_at > now)
        async with self._database.write() as connection:
            counted = await connection.execute(
                update(identity_tables.verification_codes)
                .where(*open_)
                .values(tries=_codes.tries + 1)
                .returning(identity_tables.verification_codes)
            )
            row = counted.one_or_none()
            if row is None:
                return Tried(right=False, left=0)
            if not hmac.compare_digest(row.code_hash, code_hash) or row.external_id is None:
                return Tried(right=False, left=TRIES - row.tries)
            await connection.execute(delete(identity_tables.verification_codes).where(_codes.id == code_id))
            ended = delete(identity_tables.verifications).where(_verified.conversation_id == row.conversation_id)
            await connection.execute(ended)
            await connection.execute(
                insert(identity_tables.verifications).values(
                    conversation_id=row.conversation_id,
                    customer_id=row.customer_id,
                    external_id=row.external_id,
                    address_hash=row.address_hash,
                    verified_at=now,
                    expires_at=now + WINDOW,
                )
            )
        return Tried(right=True, left=0)

    async def of(self, conversation_ids: Collection[ConversationId]) -> dict[ConversationId, Verified]:
        """What is proven now in these conversations, by the customers they belong to."""
        query = (
            select(identity_tables.verifications)
            .join(tables.conversations, tables.conversations.c.id == _verified.conversation_id)
            .where(
                _verified.conversation_id.in_(conversation_ids),
                _verified.customer_id == tables.conversations.c.customer_id,
                _verified.expires_at > self._clock(),
            )
        )
        async with self._database.read() as connection:
            rows = await connection.execute(query)
            return {
                row.conversation_id: Verified(
                    conversation_id=row.conversation_id,
                    customer_id=row.customer_id,
                    external_id=row.external_id,
                    address_hash=row.address_hash,
                    expires_at=row.expires_at,
                )
                for row in rows
            }

    async def end(self, customer_id: CustomerId) -> None:
        """Nothing that this customer proved by a code counts any longer, and no code of theirs can be entered."""
        async with self._database.write() as connection:
            await connection.execute(delete(identity_tables.verifications).where(_verified.customer_id == customer_id))
            await connection.execute(
                delete(identity_tables.verification_codes).where(_codes.customer_id == customer_id)
            )

    async def use_token(self, token_id: str, expires_at: datetime) -> bool:
        """False where an identity token of this id was used before. Ids are forgotten once their tokens expired."""
        used = identity_tables.identity_tokens
        try:
            async with self._database.write() as connection:
                await connection.execute(delete(used).where(used.c.expires_at < self._clock()))
                digest = hashlib.sha256(token_id.encode()).hexdigest()
                await connection.execute(insert(used).values(token_hash=digest, expires_at=expires_at))
        except IntegrityError:
            return False
        return True

    async def _count(self, connection: AsyncConnection, what: str, most: int, window_ends: datetime) -> None:
        """One more of `what`, by one statement: a check before the count would let two through. Raises TooManyCodes."""
        now = self._clock()
        dialect = sqlite if self._database.is_sqlite else postgresql
        first = dialect.insert(identity_tables.verification_counts).values(
            counted=what, sent=1, window_ends=window_ends
        )
        over = _counts.window_ends <= now
        counted = await connection.execute(
            first.on_conflict_do_update(
                index_elements=[_counts.counted],
                set_={
                    "sent": case((over, 1), else_=_counts.sent + 1),
                    "window_ends": case((over, first.excluded.window_ends), else_=_counts.window_ends),
                },
                where=or_(over, _counts.sent < most),
            ).returning(_counts.sent)
        )
        if counted.one_or_none() is None:
            raise TooManyCodes
