"""Texts that people keep at hand for their replies, and the variables in them.

A text is filled for one conversation when somebody takes it. What is not known there stays as it is written, so that
whoever sends it sees what is missing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from conversations import tables
from conversations.database import Database
from conversations.model import HumanAgentId

CUSTOMER_FIRST_NAME, AGENT_NAME, ORDER_NUMBER = "customer.first_name", "agent.name", "order.number"
VARIABLES = (CUSTOMER_FIRST_NAME, AGENT_NAME, ORDER_NUMBER)
MOST = 500
"""Saved replies in all, so that the menu can hold them."""
_VARIABLE = re.compile(r"\{\{\s*([a-z_.]+)\s*\}\}")
_r = tables.saved_replies.c


class ShortcutTaken(Exception):
    """Another saved reply has the shortcut."""


class TooManySavedReplies(Exception):
    """There are as many as the menu can hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedText:
    """What a person writes. `shortcut` is typed after a slash; `team` None is everyone."""

    title: str
    shortcut: str
    text: str
    team: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedReply:
    id: str
    written: SavedText
    used: int
    """How often somebody took it."""
    saved_at: datetime
    saved_by: HumanAgentId


def unknown_in(text: str) -> str | None:
    """The first thing in braces that is no variable, as it is written; None where all are."""
    if "{{" not in (rest := _VARIABLE.sub(lambda found: "" if found[1] in VARIABLES else found[0], text)):
        return "}}" if "}}" in rest else None
    begins = rest.index("{{")
    ends = rest.find("}}", begins)
    return rest[begins : ends + 2] if ends >= 0 else rest[begins:][:40]


def filled(text: str, known: Mapping[str, str]) -> str:
    """`text` with what is known put in once: braces in a value mean nothing."""
    return _VARIABLE.sub(lambda found: known.get(found[1]) or "{{" + found[1] + "}}", text)


class SavedReplies:
    def __init__(self, database: Database, *, clock: Callable[[], datetime], new_id: Callable[[], str]) -> None:
        self._database = database
        self._clock = clock
        self._new_id = new_id

    async def all(self) -> list[SavedReply]:
        """The most used first."""
        query = select(tables.saved_replies).order_by(_r.used.desc(), _r.title, _r.id)
        async with self._database.read() as connection:
            return [_reply(row) for row in await connection.execute(query)]

    async def add(self, written: SavedText, *, by: HumanAgentId) -> SavedReply:
        """Raises ShortcutTaken, TooManySavedReplies."""
        count = select(func.count()).select_from(tables.saved_replies)
        added = insert(tables.saved_replies).values(id=self._new_id(), used=0, **self._values(written, by))
        try:
            async with self._database.write() as connection:
                if (await connection.execute(count)).scalar_one() >= MOST:
                    raise TooManySavedReplies
                return _reply((await connection.execute(added.returning(tables.saved_replies))).one())
        except IntegrityError:
            raise ShortcutTaken from None

    async def change(self, reply_id: str, written: SavedText, *, by: HumanAgentId) -> SavedReply | None:
        """None where there is no such reply. Raises ShortcutTaken."""
        changed = update(tables.saved_replies).where(_r.id == reply_id).values(**self._values(written, by))
        try:
            async with self._database.write() as connection:
                row = (await connection.execute(changed.returning(tables.saved_replies))).one_or_none()
        except IntegrityError:
            raise ShortcutTaken from None
        return None if row is None else _reply(row)

    async def remove(self, reply_id: str) -> None:
        async with self._database.write() as connection:
            await connection.execute(delete(tables.saved_replies).where(_r.id == reply_id))

    async def take(self, reply_id: str) -> SavedReply | None:
        """The reply, with one more use counted; None where there is none."""
        counted = update(tables.saved_replies).where(_r.id == reply_id).values(used=_r.used + 1)
        async with self._database.write() as connection:
            row = (await connection.execute(counted.returning(tables.saved_replies))).one_or_none()
        return None if row is None else _reply(row)

    def _values(self, written: SavedText, by: HumanAgentId) -> dict[str, object]:
        return {
            "title": written.title,
            "shortcut": written.shortcut,
            "text": written.text,
            "team": written.team,
            "saved_at": self._clock(),
            "saved_by": by,
        }


def _reply(row: Row[Any]) -> SavedReply:
    written = SavedText(title=row.title, shortcut=row.shortcut, text=row.text, team=row.team)
    return SavedReply(id=row.id, written=written, used=row.used, saved_at=row.saved_at, saved_by=row.saved_by)
