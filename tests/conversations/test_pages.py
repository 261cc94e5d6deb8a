from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.model import HumanAgentId
from conversations.pages import InvalidCursor, decode_cursor, encode_cursor
from conversations.store import View
from tests.conftest import Record

NINE = datetime(2026, 11, 22, 9, 0, 0, 123456, tzinfo=UTC)


def packed(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@given(st.datetimes(timezones=st.just(UTC)), st.text("0123456789abcdef-", min_size=1, max_size=64))
def test_a_cursor_gives_back_what_it_was_made_from(at: datetime, row_id: str) -> None:
    cursor = encode_cursor(at, row_id)
    assert decode_cursor(cursor) == (at, row_id)
    assert set(cursor) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def test_an_instant_elsewhere_is_the_same_instant_in_utc() -> None:
    elsewhere = NINE.astimezone(timezone(timedelta(hours=5)))
    at, _ = decode_cursor(encode_cursor(elsewhere, "a"))
    assert (at, at.tzinfo) == (NINE, UTC)


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "!",
        "ä",
        "\x00",
        "a" * 100_000,
        encode_cursor(NINE, "a")[:-3],
        packed([]),
        packed({}),
        packed(None),
        packed(7),
        packed([NINE.isoformat()]),
        packed([NINE.isoformat(), "a", "b"]),
        packed([NINE.isoformat(), 7]),
        packed([7, "a"]),
        packed(["yesterday", "a"]),
        packed(["2026-11-22T09:00:00", "a"]),
        packed(["0001-01-01T00:00:00+14:00", "a"]),
        packed(["9999-12-31T23:59:59-14:00", "a"]),
        packed([NINE.isoformat(), "a\x00"]),
        packed([NINE.isoformat(), "\ud800"]),
        base64.urlsafe_b64encode(b"[" * 50_000).decode(),
        base64.urlsafe_b64encode(b"\xff\xfe").decode(),
    ],
)
def test_a_cursor_that_is_not_ours_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidCursor, match="first page"):
        decode_cursor(cursor)


@given(st.text(max_size=200))
def test_no_text_at_all_does_worse_than_being_refused(cursor: str) -> None:
    try:
        at, row_id = decode_cursor(cursor)
    except InvalidCursor:
        return
    assert decode_cursor(encode_cursor(at, row_id)) == (at, row_id)


@pytest.mark.parametrize("view", View)
async def test_any_cursor_that_is_taken_is_one_the_database_can_use(record: Record, view: View) -> None:
    for row_id in ("", "a", "'; DROP TABLE messages; --", "%", "~" * 300):
        cursor = encode_cursor(NINE, row_id)
        page = await record.store.inbox(view, human_agent_id=HumanAgentId("x"), limit=5, cursor=cursor)
        assert page.items == []
