"""Fixtures shared by all tests: both databases, a settable clock, a small fixed cast."""

from __future__ import annotations

import fcntl
import itertools
import os
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("ANONYMIZED_TELEMETRY", "False")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import psycopg
import pytest

from conversations.database import Database, open_database
from conversations.events import Bus
from conversations.people import People
from conversations.store import ConversationStore
from conversations.turns import TurnQueue
from knowledge_base.encoders import open_embedder
from tests.services import private_postgres


@dataclass
class Clock:
    """A clock that moves only when told, and by one millisecond per look so that instants differ."""

    now: datetime = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
    tick: timedelta = timedelta(milliseconds=1)

    def __call__(self) -> datetime:
        self.now += self.tick
        return self.now

    def advance(self, **by: float) -> None:
        self.now += timedelta(**by)


def counting_ids() -> Callable[[], str]:
    counter = itertools.count(1)
    return lambda: f"id-{next(counter):05d}"


@dataclass(kw_only=True)
class Record:
    """The record with everything around it, on one database."""

    database: Database
    url: str
    bus: Bus = field(default_factory=Bus)
    clock: Clock = field(default_factory=Clock)
    new_id: Callable[[], str] = field(default_factory=counting_ids)

    def __post_init__(self) -> None:
        self.store = ConversationStore(self.database, self.bus, clock=self.clock, new_id=self.new_id)
        self.people = People(self.database, self.store, self.bus, clock=self.clock, new_id=self.new_id)
        self.turns = TurnQueue(self.database, clock=self.clock)


@pytest.fixture(scope="session")
def encoders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The encoder as a first start exports it, made once for all tests, also where several processes run them."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "encoders"
    folder.mkdir(exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two exports at once would each take twice as long
        open_embedder(None, encoders=folder)
    return folder


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    with private_postgres() as url:
        yield url


def empty_postgres(url: str) -> None:
    """Drop everything, so that the next open migrates from nothing."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")


@pytest.fixture(scope="session")
def migrated_postgres(postgres_server: str) -> str:
    empty_postgres(postgres_server)
    return postgres_server


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'baton.db'}"
    url: str = request.getfixturevalue("migrated_postgres")
    with psycopg.connect(url, autocommit=True) as connection:
        every = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname='public'")
        names = sorted(row[0] for row in every if row[0] != "alembic_version")
        if names:
            connection.execute(f"TRUNCATE {', '.join(names)}".encode())
    return url


@pytest.fixture
async def record(database_url: str) -> AsyncIterator[Record]:
    database = await open_database(database_url)
    yield Record(database=database, url=database_url)
    await database.close()
