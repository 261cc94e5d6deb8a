"""A PostgreSQL database that one test has for itself, beside the one that all tests share."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from urllib.parse import urlsplit

import psycopg

_numbers = itertools.count(1)


@contextlib.contextmanager
def own_database(server: str) -> Iterator[str]:
    """URL of a new, empty database on `server`; dropped at the end."""
    name = f"own_{next(_numbers)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
        try:
            yield urlsplit(server)._replace(path=f"/{name}").geturl()
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def let_in(server: str, url: str, *, allowed: bool) -> None:
    """Close the database at `url` to everybody, connected ones included, or open it again."""
    name = urlsplit(url).path[1:]
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS {'true' if allowed else 'false'}".encode())
        if not allowed:
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
