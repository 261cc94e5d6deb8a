"""SQLite behind one thread hop a statement.

aiosqlite hands each driver call to its thread; making a cursor, executing, fetching and closing are four such trips
for one statement, and a whole turn made 157 of them (0.1–0.2 ms each). Here a statement is one trip: its rows come back
with it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import aiosqlite

_Parameters = Sequence[Any]


class _Cursor(aiosqlite.Cursor):
    _rows: list[sqlite3.Row]

    async def execute(self, sql: str, parameters: Iterable[Any] | None = None) -> aiosqlite.Cursor:
        work = partial(self._run, sql, tuple(parameters or ()))
        self._rows = await self._execute(work)  # type: ignore[no-untyped-call]
        return self

    def _run(self, sql: str, parameters: _Parameters) -> list[sqlite3.Row]:
        self._cursor.execute(sql, parameters)
        return self._cursor.fetchall() if self._cursor.description else []

    async def fetchall(self) -> Iterable[sqlite3.Row]:
        return self._rows

    async def close(self) -> None:
        """All rows are read, so SQLite has reset the statement already."""


class _Connection(aiosqlite.Connection):
    async def _connect(self) -> aiosqlite.Connection:
        try:
            return await super()._connect()
        except BaseException:
            self._thread.join(1)  # left alone it may outlive the event loop, and print a traceback about it
            raise

    def cursor(self) -> _Cursor:  # type: ignore[override]  # SQLAlchemy awaits only what it gets from __aenter__
        return _Cursor(self, self._conn.cursor())

    async def rollback(self) -> None:
        """The pool asks for it whenever a connection comes back; after a commit or a read nothing is left to undo."""
        if self._conn.in_transaction:
            await super().rollback()


def connect(path: str, **options: Any) -> aiosqlite.Connection:  # noqa: ANN401 - the driver's own options
    """What SQLAlchemy's aiosqlite dialect awaits for a connection."""
    # Cursors are made on the loop's thread and run on the connection's; never on both at a time.
    connector: Callable[[], sqlite3.Connection] = partial(
        sqlite3.connect, path, **{**options, "check_same_thread": False}
    )
    connection = _Connection(connector, 64)
    connection._thread.daemon = True  # a forgotten connection must not keep the process alive
    return connection
