"""When the team is there: weekly hours, split shifts and special days in one time zone. Pure.

Instants go in and come out in UTC; hours are wall-clock times where the team is, so that 09:00 stays 09:00 when the
clocks change. A day on which they change is as much longer or shorter as it really was.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HORIZON_DAYS = 400
"""How far ahead an opening is looked for: over a year, so that a shop that opens once a year is still found."""
MAX_SPANS = 12
_SPAN = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-(([01]\d|2[0-3]):([0-5]\d)|24:00)")
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Minutes from the day's midnight; an end at or before the start lies on the next day."""

    start: int
    end: int

    @classmethod
    def parse(cls, text: str) -> Span:
        """From "09:00-12:30". Raises ValueError with words for the person who wrote it."""
        found = _SPAN.fullmatch(text.replace(" ", ""))
        if found is None:
            raise ValueError(f"{text!r} is no span of hours; write it like 09:00-17:30, up to 24:00")
        start = int(found[1]) * 60 + int(found[2])
        end = 24 * 60 if found[3] == "24:00" else int(found[4]) * 60 + int(found[5])
        if start == end:
            raise ValueError(f"{text!r} is no time at all; the whole day is 00:00-24:00")
        return cls(start=start, end=end if end > start else end + 24 * 60)


class OpeningHours(BaseModel):
    """Hours as a lead writes them: `week` by day, `days` for dates that differ (an empty list is closed)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    zone: str = Field(default="UTC", max_length=64)
    week: dict[str, list[str]]
    days: dict[str, list[str]] = Field(default={}, max_length=HORIZON_DAYS)

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (KeyError, ValueError, OSError):
            raise ValueError(f"{zone!r} is no time zone; write it like Europe/Amsterdam") from None
        return zone

    @model_validator(mode="after")
    def _opens(self) -> OpeningHours:
        unknown = sorted(set(self.week) - set(DAYS))
        if unknown:
            raise ValueError(f"{unknown[0]!r} is no day of the week; the days are {', '.join(DAYS)}")
        for name, spans in [*self.week.items(), *self.days.items()]:
            _checked(name, spans)
        for name in self.days:
            _date(name)
        if not any(self.week.values()):
            raise ValueError("These hours never open: give at least one day of the week its hours, e.g. 09:00-17:00")
        return self


def _checked(name: str, spans: list[str]) -> list[Span]:
    if len(spans) > MAX_SPANS:
        raise ValueError(f"{name}: at most {MAX_SPANS} spans a day")
    found = sorted((Span.parse(text) for text in spans), key=lambda span: span.start)
    for earlier, later in zip(found, found[1:], strict=False):
        if later.start < earlier.end:
            raise ValueError(f"{name}: the spans {', '.join(spans)} overlap")
    return found


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is no date; write it like 2026-12-25") from None


class Hours:
    """Opening hours to ask questions of. Without any, the team is always there."""

    def __init__(self, opening: OpeningHours | None) -> None:
        self._opening = opening
        if opening is None:
            return
        self._zone = ZoneInfo(opening.zone)
        self._week = tuple(_checked(day, opening.week.get(day, [])) for day in DAYS)
        self._days = {_date(text): _checked(text, spans) for text, spans in opening.days.items()}

    def is_open(self, at: datetime) -> bool:
        if self._opening is None:
            return True
        start, end = next(self._open_from(at), (None, None))
        return start is not None and end is not None and start <= at < end

    def next_open(self, at: datetime) -> datetime | None:
        """`at` itself while open; None where nothing opens within 400 days."""
        if self._opening is None:
            return at
        found = next(self._open_from(at), None)
        return None if found is None else max(at, found[0])

    def open_time(self, start: datetime, end: datetime) -> timedelta:
        """How much of the time from `start` to `end` the team was there."""
        if self._opening is None:
            return max(timedelta(0), end - start)
        total = timedelta(0)
        for opens, closes in self._open_from(start):
            if opens >= end:
                break
            total += min(closes, end) - max(opens, start)
        return total

    def after(self, start: datetime, open_for: timedelta) -> datetime | None:
        """The instant by which the team has been there for `open_for` since `start`; None beyond 400 days."""
        if self._opening is None:
            return start + open_for
        left = open_for
        for opens, closes in self._open_from(start):
            begins = max(opens, start)
            if closes - begins >= left:
                return begins + left
            left -= closes - begins
        return None

    def _open_from(self, at: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Open stretches that end after `at`, in order, as UTC instants."""
        first = at.astimezone(self._zone).date() - _DAY  # yesterday's night shift may still be on
        over = datetime.min.replace(tzinfo=UTC)
        for number in range(HORIZON_DAYS):
            day = first + number * _DAY
            for span in self._days.get(day, self._week[day.weekday()]):
                # A night shift and the next morning's hours may overlap; that time passes once.
                opens, closes = max(over, self._instant(day, span.start)), self._instant(day, span.end)
                over = max(over, closes)
                if closes > at and closes > opens:
                    yield opens, closes

    def _instant(self, day: date, minute: int) -> datetime:
        days, rest = divmod(minute, 24 * 60)
        wall = datetime.combine(day + days * _DAY, time(rest // 60, rest % 60), self._zone)
        return wall.astimezone(UTC)


ALWAYS = Hours(None)
