from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from handoff.hours import ALWAYS, DAYS, Hours, OpeningHours

OFFICE = OpeningHours(
    zone="Europe/Amsterdam",
    week={day: ["09:00-12:30", "13:30-17:00"] for day in DAYS[:5]},
    days={"2026-12-25": [], "2026-12-26": ["10:00-12:00"]},
)
NIGHT = OpeningHours(zone="America/New_York", week={day: ["22:00-06:00"] for day in DAYS})


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "is_open"),
    [
        ("2026-11-30T07:59:59", False),
        ("2026-11-30T08:00", True),  # 09:00 in Amsterdam
        ("2026-11-30T11:30", False),  # lunch
        ("2026-11-30T12:30", True),
        ("2026-11-30T16:00", False),
        ("2026-11-28T10:00", False),  # Saturday
        ("2026-12-25T10:00", False),  # a holiday on a Friday
        ("2026-12-26T10:00", True),  # a Saturday with hours of its own
        ("2026-07-01T07:00", True),  # 09:00 in summer
    ],
)
def test_the_team_is_there_in_its_hours(at: str, is_open: bool) -> None:
    assert Hours(OFFICE).is_open(utc(at)) is is_open


def test_the_next_opening_skips_weekend_and_holiday() -> None:
    assert Hours(OFFICE).next_open(utc("2026-12-24T18:00")) == utc("2026-12-26T09:00")
    assert Hours(OFFICE).next_open(utc("2026-11-27T18:00")) == utc("2026-11-30T08:00")
    assert Hours(OFFICE).next_open(utc("2026-11-30T10:00")) == utc("2026-11-30T10:00"), "open now"


def test_a_night_shift_reaches_into_the_next_day() -> None:
    hours = Hours(NIGHT)
    assert hours.is_open(utc("2026-11-30T10:59")), "05:59 in New York, yesterday's shift"
    assert not hours.is_open(utc("2026-11-30T11:00"))


def test_the_day_the_clocks_change_is_as_long_as_it_was() -> None:
    around = OpeningHours(zone="Europe/Amsterdam", week={"sun": ["00:00-24:00"]})
    spring, autumn = utc("2026-03-28T00:00"), utc("2026-10-24T00:00")
    assert Hours(around).open_time(spring, spring + timedelta(days=3)) == timedelta(hours=23)
    assert Hours(around).open_time(autumn, autumn + timedelta(days=3)) == timedelta(hours=25)


def test_an_hour_that_the_clocks_skip_opens_nothing() -> None:
    skipped = OpeningHours(zone="Europe/Amsterdam", week={"sun": ["02:00-03:00"]})
    assert Hours(skipped).open_time(utc("2026-03-28T00:00"), utc("2026-03-30T00:00")) == timedelta(0)
    assert Hours(skipped).next_open(utc("2026-03-28T12:00")) == utc("2026-04-05T00:00")


def test_a_deadline_waits_for_the_team() -> None:
    hours = Hours(OFFICE)
    assert hours.after(utc("2026-11-30T11:00"), timedelta(hours=1)) == utc("2026-11-30T13:00"), "lunch does not count"
    assert hours.after(utc("2026-12-24T15:30"), timedelta(hours=1)) == utc("2026-12-26T09:30")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"week": {}}, "never open"),
        ({"week": {"mon": []}}, "never open"),
        ({"week": {"mon": ["09:00-17:00"]}, "zone": "Mars/Olympus"}, "no time zone"),
        ({"week": {"mon": ["09:00-17:00"]}, "zone": "../../etc/passwd"}, "no time zone"),
        ({"week": {"mon": ["9-5"]}}, "write it like"),
        ({"week": {"mon": ["09:00-09:00"]}}, "no time at all"),
        ({"week": {"mon": ["09:00-12:00", "11:00-13:00"]}}, "overlap"),
        ({"week": {"monday": ["09:00-12:00"]}}, "no day of the week"),
        ({"week": {"mon": ["09:00-12:00"]}, "days": {"25 December": []}}, "no date"),
    ],
)
def test_hours_that_cannot_be_meant_are_refused_in_plain_words(wrong: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        OpeningHours.model_validate(wrong)


INSTANTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001
SPANS = st.sampled_from(
    [
        [],
        ["09:00-17:00"],
        ["00:00-24:00"],
        ["08:15-12:00", "13:00-18:45"],
        ["22:00-24:00"],
        ["00:00-02:00", "20:00-07:00"],
    ]
)
ZONES = st.sampled_from(["UTC", "Europe/Amsterdam", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"])
OPENINGS = st.builds(
    lambda zone, week: OpeningHours(zone=zone, week={**dict(zip(DAYS, week, strict=True)), "wed": ["10:00-11:00"]}),
    ZONES,
    st.lists(SPANS, min_size=7, max_size=7),
)


@settings(max_examples=60, deadline=None)
@given(OPENINGS, INSTANTS, st.integers(1, 60 * 50))
def test_a_deadline_lies_exactly_that_much_open_time_ahead(
    opening: OpeningHours, start: datetime, minutes: int
) -> None:
    hours = Hours(opening)
    due = hours.after(start, timedelta(minutes=minutes))
    assert due is not None
    assert hours.open_time(start, due) == timedelta(minutes=minutes)
    assert hours.is_open(due - timedelta(microseconds=1)), "a clock only runs out while it runs"


@settings(max_examples=60, deadline=None)
@given(OPENINGS, INSTANTS, st.integers(0, 10**6), st.integers(0, 10**6))
def test_open_time_adds_up_wherever_it_is_cut(opening: OpeningHours, start: datetime, a: int, b: int) -> None:
    hours = Hours(opening)
    middle, end = start + timedelta(seconds=a), start + timedelta(seconds=a + b)
    assert hours.open_time(start, middle) + hours.open_time(middle, end) == hours.open_time(start, end)


def test_without_hours_the_team_is_always_there() -> None:
    at = utc("2026-12-25T03:00")
    assert ALWAYS.is_open(at)
    assert ALWAYS.next_open(at) == at
    assert ALWAYS.after(at, timedelta(hours=1)) == at + timedelta(hours=1)
