"""Keyset pages: a cursor names the last row seen, so page 1,000 costs what page 1 costs."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, TypeVar

Item = TypeVar("Item")


class InvalidCursor(ValueError):
    """The cursor was not made by us; start again from the first page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[Item]):
    items: list[Item]
    next_cursor: str | None


def encode_cursor(at: datetime, row_id: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([at.isoformat(), row_id]).encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> tuple[datetime, str]:
    """The instant and id that `encode_cursor` was given. Raises InvalidCursor."""
    try:
        at, row_id = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        instant = datetime.fromisoformat(at)
        utc = instant.astimezone(UTC)
    except (binascii.Error, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise InvalidCursor("this page cursor is not valid; load the first page again") from error
    # Ids are plain; PostgreSQL fails on NUL, and both databases on lone surrogates.
    if not isinstance(row_id, str) or not (row_id.isascii() and row_id.isprintable()) or instant.tzinfo is None:
        raise InvalidCursor("this page cursor is not valid; load the first page again")
    return utc, row_id
