"""One way to the database, for SQLite and PostgreSQL: opened, checked, migrated, then used in short transactions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from pathlib import Path

from sqlalchemy import Connection, event, make_url, text
from sqlalchemy.dialects.sqlite.aiosqlite import AsyncAdapt_aiosqlite_connection
from sqlalchemy.exc import ArgumentError, InterfaceError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from conversations import identity_tables, sqlite_driver  # noqa: F401 - all tables are known where one is opened

MIGRATIONS = Path(__file__).parent / "migrations"

# What SQLite must answer when asked back. synchronous=NORMAL lost 1,023 acknowledged rows in 100 simulated power cuts.
SQLITE_PRAGMAS: dict[str, tuple[str, str | int]] = {
    "journal_mode": ("WAL", "wal"),
    "synchronous": ("FULL", 2),
    "foreign_keys": ("ON", 1),
    "busy_timeout": ("10000", 10000),
}


class DatabaseUnsafe(Exception):
    """The database does not give what the record promises; the message says which setting and what to do."""


class DatabaseUnavailable(OSError):
    """The database cannot be reached or is locked. What was acknowledged is still in it; trying again may work."""


class Database:
    """Short transactions on one engine. `write()` holds the write lock from its start, `read()` never does."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        # Each statement reads what is committed; without BEGIN and ROLLBACK a read is one trip instead of three.
        options = {"baton_read": True} if engine.dialect.name == "sqlite" else {"isolation_level": "AUTOCOMMIT"}
        self._reading = engine.execution_options(**options)
        # SQLite has one writer; queueing here is fair, where its own busy wait polls with sleeps of up to 100 ms.
        self._writer = asyncio.Lock() if engine.dialect.name == "sqlite" else None

    @property
    def is_sqlite(self) -> bool:
        return self._engine.dialect.name == "sqlite"

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        with _reaching():
            async with self._reading.connect() as connection:
                yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        with _reaching():
            async with self._writer or nullcontext(), self._engine.begin() as connection:
                yield connection

    async def close(self) -> None:
        await self._engine.dispose()


async def open_database(url: str) -> Database:
    """Open, check and migrate the database at `url` (sqlite:///path or postgresql://…).

    Raises DatabaseUnsafe and DatabaseUnavailable.
    """
    engine = _engine(_with_async_driver(url))
    try:
        with _reaching():
            await _check_settings(engine)
            async with engine.begin() as connection:
                await connection.run_sync(migrate)
    except BaseException:
        await engine.dispose()
        raise
    return Database(engine)


@contextmanager
def _reaching() -> Iterator[None]:
    """Tell "the database is away" from a defect, for callers that know nothing of SQLAlchemy."""
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        raise DatabaseUnavailable(f"The database does not answer: {' '.join(str(error.orig).split())}") from error


def migrate(connection: Connection) -> None:
    """Bring the schema to the newest revision, inside the caller's transaction."""
    from alembic import command  # noqa: PLC0415  (a quarter of a second that only opening a database needs)
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(8247001)"))  # two servers starting at once
    command.upgrade(config, "head")


def _with_async_driver(url: str) -> str:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise DatabaseUnsafe("BATON_DATABASE_URL is no URL; it starts with sqlite:/// or postgresql://") from error
    drivers = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}
    family = parsed.drivername.split("+")[0]
    if family not in drivers:
        raise DatabaseUnsafe(f"BATON_DATABASE_URL must start with sqlite:/// or postgresql://, not {family!r}")
    return parsed.set(drivername=drivers[family]).render_as_string(hide_password=False)


def _engine(url: str) -> AsyncEngine:
    if not url.startswith("sqlite"):
        return create_async_engine(url, pool_pre_ping=True, skip_autocommit_rollback=True)
    engine = create_async_engine(url, connect_args={"async_creator_fn": sqlite_driver.connect})
    _follow_sqlite_recipe(engine)
    return engine


def _follow_sqlite_recipe(engine: AsyncEngine) -> None:
    """Our own BEGIN: the driver's default starts transactions late and loses updates between processes."""

    @event.listens_for(engine.sync_engine, "connect")
    def _on_connect(connection: AsyncAdapt_aiosqlite_connection, record: object) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for name, (value, _) in SQLITE_PRAGMAS.items():
            cursor.execute(f"PRAGMA {name}={value}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _on_begin(connection: Connection) -> None:
        if not connection.get_execution_options().get("baton_read"):
            connection.exec_driver_sql("BEGIN IMMEDIATE")


async def _check_settings(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            for name, (_, expected) in SQLITE_PRAGMAS.items():
                found = (await connection.exec_driver_sql(f"PRAGMA {name}")).scalar()
                if found != expected:
                    raise DatabaseUnsafe(
                        f"SQLite answers {name}={found!r} where {expected!r} is needed to keep acknowledged messages; "
                        "put BATON_DATA_DIR on a local disk that supports WAL"
                    )
            return
        for name in ("fsync", "synchronous_commit"):
            found = (await connection.execute(text(f"SHOW {name}"))).scalar()
            if found == "off":
                raise DatabaseUnsafe(f"PostgreSQL answers {name}=off, which can lose acknowledged messages; turn it on")
