"""The refund policy as it is written: bars, rules, windows and limits, read strictly from one TOML file.

A bar that fits refuses whatever else is true. Where no bar fits, exactly one rule must; `policy_check.py` proves that
for every case there is.
"""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

SHIPPED: Final = Path(__file__).parent / "refund_policy.toml"


class PolicyUnreadable(ValueError):
    """The policy file is missing, is no TOML, or says something that no policy says. The text names the place."""


class Reason(StrEnum):
    """Why a customer wants their money back."""

    CHANGED_MIND = "changed_mind"
    DAMAGED = "damaged"
    MISSING = "missing"
    WRONG_ITEM = "wrong_item"
    NOT_ARRIVED = "not_arrived"
    CANCEL = "cancel"


class Where(StrEnum):
    """Where the goods are."""

    NOT_SENT = "not_sent"
    ON_THE_WAY = "on_the_way"
    DELIVERED = "delivered"
    COMING_BACK = "coming_back"
    CAME_BACK = "came_back"
    LOST = "lost"
    CANCELLED = "cancelled"


class PaymentStanding(StrEnum):
    CAPTURED = "captured"
    UNCAPTURED = "uncaptured"
    DISPUTED = "disputed"
    UNKNOWN = "unknown"


class Outcome(StrEnum):
    """PERSON: the amount is computed, and a person must approve it. RETURN_FIRST: a refund once the goods are back."""

    REFUND = "refund"
    PERSON = "person"
    RETURN_FIRST = "return_first"
    NO = "no"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What the rules look at, for one piece. `in_time` holds the names of the windows that are still open."""

    reason: Reason
    where: Where
    payment: PaymentStanding
    in_time: frozenset[str]
    final_sale: bool


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


Words = Annotated[str, Field(min_length=10, max_length=400)]


class When(_Strict):
    """Conditions that must all hold; one that is left out always does."""

    reason: tuple[Reason, ...] | None = None
    where: tuple[Where, ...] | None = None
    payment: tuple[PaymentStanding, ...] | None = None
    in_time: str | None = None
    too_late: str | None = None
    final_sale: bool | None = None

    def fits(self, case: Case) -> bool:
        return (
            (self.reason is None or case.reason in self.reason)
            and (self.where is None or case.where in self.where)
            and (self.payment is None or case.payment in self.payment)
            and (self.in_time is None or self.in_time in case.in_time)
            and (self.too_late is None or self.too_late not in case.in_time)
            and (self.final_sale is None or case.final_sale is self.final_sale)
        )


class Bar(_Strict):
    """A reason to refuse that no rule overrides. `say` is what the customer reads."""

    id: str
    when: When
    say: Words


class Rule(Bar):
    """One way to settle a case. `shipping`: the shipping charge goes back too, with the last piece of the order.
    `less_label`: the price of our return label is taken off. `say` is what the customer reads where nothing is paid,
    and the team where a person is needed.
    """

    give: Outcome
    shipping: bool = False
    less_label: bool = False


class Season(_Strict):
    """Orders placed from `placed_from` to `placed_to` (month-day) stay in time until the next `until`, at least."""

    placed_from: str
    placed_to: str
    until: str


class Window(_Strict):
    """Open until so many days after delivery; before delivery it is open."""

    days: int = Field(ge=1, le=3650)
    season: Season | None = None

    def is_open(self, *, placed_at: datetime, delivered_at: datetime | None, now: datetime) -> bool:
        if delivered_at is None or now < delivered_at + timedelta(days=self.days):
            return True
        return self.season is not None and now < _season_end(self.season, placed_at)


def _season_end(season: Season, placed_at: datetime) -> datetime:
    """The end of the day until which an order of the season is in time; the distant past for every other order."""
    placed = f"{placed_at:%m-%d}"
    if not season.placed_from <= placed <= season.placed_to:
        return datetime.min.replace(tzinfo=UTC)
    year = placed_at.year + (1 if season.until < season.placed_from else 0)
    month, day = (int(part) for part in season.until.split("-"))
    return datetime.combine(date(year, month, day), datetime.min.time(), tzinfo=UTC) + timedelta(days=1)


Minor = Annotated[int, Field(strict=True, ge=0, le=10**12)]


class Limits(_Strict):
    """What is refunded without a person, in minor units by currency; a currency that is not named needs one always."""

    per_refund: dict[str, Minor]
    per_customer_day: dict[str, Minor]
    refunds_per_customer_week: int = Field(ge=0)


class Example(_Strict):
    """One case with the outcome it must have. `refund` is the amount in minor units where money goes back."""

    name: str
    reason: Reason
    where: Where
    delivered_days_ago: int | None = None
    price: Minor = 10_000
    pieces: int = Field(default=1, ge=1, le=100)
    asked: int = Field(default=1, ge=1, le=100)
    shipping: Minor = 0
    discount: Minor = 0
    tax: Minor = 0
    currency: str = "USD"
    country: str = "US"
    payment: PaymentStanding = PaymentStanding.CAPTURED
    final_sale: bool = False
    refunded: int = Field(default=0, ge=0, le=100)
    """How many pieces were refunded before."""
    placed_on: date | None = None
    on: date = date(2026, 6, 15)
    outcome: Outcome
    rule: str
    refund: Minor | None = None


class PolicyText(_Strict):
    """The whole file. `label` is the price of our return label by country; where none is named there is none."""

    version: str = Field(min_length=1, max_length=32)
    expected: str
    window: dict[str, Window]
    label: dict[str, tuple[str, Minor]]
    limits: Limits
    bar: tuple[Bar, ...]
    rule: tuple[Rule, ...]
    example: tuple[Example, ...]

    def bars_that_fit(self, case: Case) -> list[Bar]:
        return [bar for bar in self.bar if bar.when.fits(case)]

    def rules_that_fit(self, case: Case) -> list[Rule]:
        return [rule for rule in self.rule if rule.when.fits(case)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A policy's text and its version: the file's own word and the beginning of its hash."""

    text: PolicyText
    version: str


def read_policy(path: Path = SHIPPED) -> Policy:
    """Raises PolicyUnreadable."""
    try:
        content = path.read_bytes()
        text = PolicyText.model_validate(tomllib.loads(content.decode()))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise PolicyUnreadable(f"The refund policy {path} cannot be read: {error}") from error
    except ValidationError as invalid:
        first = invalid.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise PolicyUnreadable(f"The refund policy {path} is wrong at {place}: {first['msg']}") from invalid
    _check_names(text, path)
    return Policy(text=text, version=f"{text.version}+{hashlib.sha256(content).hexdigest()[:8]}")


def _check_names(text: PolicyText, path: Path) -> None:
    ids = [bar.id for bar in text.bar] + [rule.id for rule in text.rule]
    twice = sorted({name for name in ids if ids.count(name) > 1})
    if twice:
        raise PolicyUnreadable(f"The refund policy {path} has two rules named {twice[0]!r}.")
    for entry in (*text.bar, *text.rule):
        for window in (entry.when.in_time, entry.when.too_late):
            if window is not None and window not in text.window:
                raise PolicyUnreadable(f"Rule {entry.id!r} of {path} names the window {window!r}, which is not there.")
