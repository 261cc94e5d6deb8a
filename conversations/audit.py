"""Who did and saw what: an append-only log in which every line seals the ones before it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select, text

from conversations import tables
from conversations.database import Database
from conversations.model import HumanAgentId

START = "0" * 64
PAGE = 1_000
_LOCK = text("SELECT pg_advisory_xact_lock(8247002)")
_a = tables.audit_log.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """`who` is None for nobody signed in. `outcome` is the status that was answered."""

    number: int
    at: datetime
    who: HumanAgentId | None
    name: str
    did: str
    to: str
    outcome: int
    seal: str


class AuditLog:
    def __init__(self, database: Database, *, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    async def write(self, *, who: HumanAgentId | None, name: str, did: str, to: str, outcome: int) -> None:
        newest = select(_a.number, _a.seal).order_by(_a.number.desc()).limit(1)
        async with self._database.write() as connection:
            if not self._database.is_sqlite:
                await connection.execute(_LOCK)  # one chain, one writer at a time
            last = (await connection.execute(newest)).one_or_none()
            number, before = (last.number + 1, last.seal) if last is not None else (1, START)
            values: dict[str, object] = {"number": number, "at": self._clock(), "who": who, "name": name}
            values |= {"did": did, "to": to, "outcome": outcome}
            await connection.execute(insert(tables.audit_log).values(**values, seal=_seal(before, values)))

    async def lines(self, *, before: int | None, limit: int) -> list[Line]:
        """Newest first."""
        query = select(tables.audit_log).order_by(_a.number.desc()).limit(limit)
        if before is not None:
            query = query.where(_a.number < before)
        async with self._database.read() as connection:
            return [_line(row) for row in await connection.execute(query)]

    async def first_broken(self) -> int | None:
        """The number of the first line that was changed, or whose predecessor is missing; None where all is sound.

        Lines cut off at the end leave no trace in the chain: keep the newest seal somewhere else to notice that.
        """
        number, seal = 0, START
        while True:
            query = select(tables.audit_log).where(_a.number > number).order_by(_a.number).limit(PAGE)
            async with self._database.read() as connection:
                rows = (await connection.execute(query)).all()
            for row in rows:
                values = {name: getattr(row, name) for name in ("number", "at", "who", "name", "did", "to", "outcome")}
                if row.number != number + 1 or row.seal != _seal(seal, values):
                    return number + 1
                number, seal = row.number, row.seal
            if len(rows) < PAGE:
                return None


def _seal(before: str, values: dict[str, object]) -> str:
    told = {**values, "at": str(values["at"])}
    return hashlib.sha256(f"{before}\n{json.dumps(told, sort_keys=True)}".encode()).hexdigest()


def _line(row: Row[Any]) -> Line:
    return Line(
        number=row.number,
        at=row.at,
        who=row.who,
        name=row.name,
        did=row.did,
        to=row.to,
        outcome=row.outcome,
        seal=row.seal,
    )
