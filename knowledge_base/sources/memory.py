"""What a source remembers between syncs: ETags, cursors, articles as they were read last."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Final, Protocol, Self

from conversations.model import JsonObject

_SCHEMA: Final = "CREATE TABLE IF NOT EXISTS memory (key TEXT PRIMARY KEY, record TEXT NOT NULL) WITHOUT ROWID"


class Memory(Protocol):
    """Records by key. What was put is there after a crash."""

    def get(self, key: str) -> JsonObject | None: ...

    def put(self, key: str, record: JsonObject) -> None: ...

    def forget(self, key: str) -> None: ...

    def keys(self) -> list[str]: ...


class KeptMemory:
    """A small SQLite file. Holds copies only: an unreadable one is begun anew."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        try:
            self._connection = _connect(path)
        except sqlite3.DatabaseError:
            path.unlink(missing_ok=True)
            self._connection = _connect(path)

    def get(self, key: str) -> JsonObject | None:
        row = self._connection.execute("SELECT record FROM memory WHERE key = ?", (key,)).fetchone()
        record: JsonObject | None = json.loads(row[0]) if row else None
        return record

    def put(self, key: str, record: JsonObject) -> None:
        self._connection.execute("INSERT OR REPLACE INTO memory VALUES (?, ?)", (key, json.dumps(record)))

    def forget(self, key: str) -> None:
        self._connection.execute("DELETE FROM memory WHERE key = ?", (key,))

    def keys(self) -> list[str]:
        return [str(row[0]) for row in self._connection.execute("SELECT key FROM memory ORDER BY key")]

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class BriefMemory:
    """Forgets everything with the process; the fake of the port."""

    def __init__(self) -> None:
        self._records: dict[str, JsonObject] = {}

    def get(self, key: str) -> JsonObject | None:
        return self._records.get(key)

    def put(self, key: str, record: JsonObject) -> None:
        self._records[key] = record

    def forget(self, key: str) -> None:
        self._records.pop(key, None)

    def keys(self) -> list[str]:
        return sorted(self._records)


def _connect(path: Path) -> sqlite3.Connection:
    # Autocommit with WAL and NORMAL: a record survives kill -9; after a power cut the last ones are read again.
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute(_SCHEMA)
    return connection
