from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, inspect

from conversations import model_use_tables
from conversations.database import MIGRATIONS, migrate, open_database
from tests.conversations.own_database import own_database


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    if request.param == "sqlite":
        engine = create_engine(f"sqlite:///{tmp_path / 'baton.db'}")
        yield engine
        engine.dispose()
        return
    with own_database(request.getfixturevalue("postgres_server")) as url:
        engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
        yield engine
        engine.dispose()


def alembic_config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def differences(connection: Connection) -> list[object]:
    options = {"compare_type": True, "compare_server_default": True, "include_name": _is_ours}
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), model_use_tables.spend.metadata))


def _is_ours(name: str | None, kind: str, parents: object) -> bool:
    """The index of words is made by hand: a virtual table on SQLite, and no other on PostgreSQL."""
    return kind != "table" or not str(name).startswith("message_search")


def schema(connection: Connection) -> dict[str, object]:
    inspector = inspect(connection)
    return {
        name: (
            sorted(column["name"] for column in inspector.get_columns(name)),
            sorted(str(index["name"]) for index in inspector.get_indexes(name)),
            sorted(str(key["name"]) for key in inspector.get_foreign_keys(name)),
            sorted(str(unique["name"]) for unique in inspector.get_unique_constraints(name)),
        )
        for name in inspector.get_table_names()
        if name != "alembic_version"
    }


def test_the_migrated_schema_is_the_one_the_code_expects(empty_database: Engine) -> None:
    with empty_database.begin() as connection:
        assert differences(connection) != [], "an empty database lacks everything"
        migrate(connection)
        assert differences(connection) == []
        # `compare_metadata` does not look at the conditions of partial indexes.
        open_handoffs = next(
            index for index in inspect(connection).get_indexes("handoffs") if index["name"] == "uq_handoffs_one_open"
        )
        condition = open_handoffs["dialect_options"][f"{connection.dialect.name}_where"]
        assert "queued" in str(condition)
        assert "accepted" in str(condition)


def test_migrating_again_changes_nothing(empty_database: Engine) -> None:
    with empty_database.begin() as connection:
        migrate(connection)
        before = schema(connection)
        migrate(connection)
        assert schema(connection) == before


def test_the_way_down_leaves_nothing_and_the_way_up_gives_the_same_again(empty_database: Engine) -> None:
    with empty_database.begin() as connection:
        migrate(connection)
        before = schema(connection)
    with empty_database.begin() as connection:
        command.downgrade(alembic_config(connection), "base")
        assert schema(connection) == {}
    with empty_database.begin() as connection:
        migrate(connection)
        assert schema(connection) == before
        assert differences(connection) == []


def test_a_migration_that_is_rolled_back_leaves_nothing(postgres_server: str) -> None:
    with own_database(postgres_server) as url:
        engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
        with engine.connect() as connection:
            migrate(connection)
            connection.rollback()
            assert schema(connection) == {}
        engine.dispose()


async def test_opening_an_old_database_twice_at_once_migrates_it_once(postgres_server: str) -> None:
    with own_database(postgres_server) as url:
        opened = await asyncio.gather(*(open_database(url) for _ in range(4)))
        for database in opened:
            await database.close()


def test_there_is_one_newest_revision() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert len(ScriptDirectory.from_config(config).get_heads()) == 1
