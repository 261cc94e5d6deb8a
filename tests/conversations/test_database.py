from __future__ import annotations

import asyncio
import sqlite3
import threading
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from conversations import tables
from conversations.database import SQLITE_PRAGMAS, DatabaseUnavailable, DatabaseUnsafe, open_database
from tests.conftest import Clock, Record
from tests.conversations.own_database import let_in, own_database


async def test_sqlite_answers_every_pragma_as_promised_on_reading_and_writing_connections(tmp_path: Path) -> None:
    database = await open_database(f"sqlite:///{tmp_path / 'baton.db'}")
    expected = {name: value for name, (_, value) in SQLITE_PRAGMAS.items()}
    assert expected == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 10_000}
    for way in (database.read, database.write):
        async with way() as connection:
            found = {name: (await connection.exec_driver_sql(f"PRAGMA {name}")).scalar() for name in expected}
        assert found == expected
    await database.close()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
async def test_a_sqlite_that_cannot_keep_a_journal_is_refused(url: str) -> None:
    with pytest.raises(DatabaseUnsafe, match="journal_mode='memory'"):
        await open_database(url)


async def test_a_refused_database_leaves_no_thread_behind() -> None:
    before = threading.active_count()
    with pytest.raises(DatabaseUnsafe):
        await open_database("sqlite://")
    assert threading.active_count() == before


async def test_a_postgresql_that_does_not_wait_for_its_log_is_refused(postgres_server: str) -> None:
    with own_database(postgres_server) as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"ALTER DATABASE {connection.info.dbname} SET synchronous_commit = off".encode())
        with pytest.raises(DatabaseUnsafe, match="synchronous_commit=off"):
            await open_database(url)


@pytest.mark.parametrize("url", ["mysql://127.0.0.1/baton", "mssql+pyodbc://x", "redis://127.0.0.1", "baton.db", ""])
async def test_an_address_of_something_else_is_refused_in_words(url: str) -> None:
    with pytest.raises(DatabaseUnsafe, match="sqlite:/// or postgresql://"):
        await open_database(url)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
async def test_postgresql_is_known_by_all_its_names(postgres_server: str, scheme: str) -> None:
    with own_database(postgres_server) as url:
        database = await open_database(url.replace("postgresql", scheme, 1))
        assert not database.is_sqlite
        await database.close()


async def test_a_server_that_is_not_there_is_called_unavailable() -> None:
    with pytest.raises(DatabaseUnavailable, match="does not answer"):
        await open_database("postgresql://baton@127.0.0.1:1/baton")


async def test_a_folder_that_is_not_there_is_called_unavailable(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnavailable, match="does not answer"):
        await open_database(f"sqlite:///{tmp_path / 'missing' / 'baton.db'}")


async def test_a_database_that_went_away_is_unavailable_and_comes_back(postgres_server: str) -> None:
    with own_database(postgres_server) as url:
        database = await open_database(url)
        record = Record(database=database, url=url)
        let_in(postgres_server, url, allowed=False)
        with pytest.raises(DatabaseUnavailable):
            await record.people.new_visitor()
        with pytest.raises(DatabaseUnavailable):
            await record.people.human_agents()
        let_in(postgres_server, url, allowed=True)
        assert await record.people.new_visitor()
        await database.close()


async def test_what_the_database_refuses_is_no_outage(record: Record) -> None:
    rows = [{"id": "same", "created_at": Clock()()}] * 2
    with pytest.raises(IntegrityError):
        async with record.database.write() as connection:
            await connection.execute(insert(tables.customers), rows)


async def test_a_write_that_fails_leaves_nothing(record: Record) -> None:
    async def crash() -> None:
        async with record.database.write() as connection:
            await connection.execute(insert(tables.customers).values(id="gone", created_at=record.clock()))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await crash()
    async with record.database.read() as connection:
        assert (await connection.execute(select(tables.customers))).all() == []


async def test_references_are_checked(record: Record) -> None:
    with pytest.raises(IntegrityError):
        await record.store.start("nobody", "first")  # type: ignore[arg-type]


async def test_reading_does_not_wait_for_a_writer(tmp_path: Path) -> None:
    path = tmp_path / "baton.db"
    database = await open_database(f"sqlite:///{path}")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    async with asyncio.timeout(2), database.read() as connection:
        assert (await connection.execute(select(tables.customers))).all() == []
    other.close()
    await database.close()


async def test_instants_keep_their_microseconds(record: Record) -> None:
    record.clock.advance(microseconds=123_457)
    ava = await record.people.new_visitor()
    assert ava.created_at.microsecond % 1_000 == 457
    assert await record.people.customer(ava.id) == ava
