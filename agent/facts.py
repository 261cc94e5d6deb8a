# ruff: noqa: SIM905 - a word list reads better as words than as quoted items
"""The facts of a sentence that must be literally true: amounts, dates, durations, percentages, codes, plain numbers.

Each is normalised, so that "thirty days", "30 days" and "30-day" are one fact, and "30 days" and "€30" are two.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

_MONTHS: Final = {
    name: number
    for number, names in enumerate(
        "january|jan february|feb march|mar april|apr may june|jun july|jul august|aug september|sept|sep october|oct "
        "november|nov december|dec".split(),
        start=1,
    )
    for name in names.split("|")
}
_MONTH: Final = "|".join(sorted(_MONTHS, key=len, reverse=True))
_WORD_NUMBERS: Final = {
    word: value
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen twenty".split()
    )
} | {"thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90, "hundred": 100}
_SMALL: Final = "|".join(sorted(_WORD_NUMBERS, key=len, reverse=True))
_UNITS: Final = {
    "business day": "workday", "working day": "workday", "workday": "workday", "day": "day", "week": "week",
    "month": "month", "year": "year", "hour": "hour", "hr": "hour", "minute": "minute", "min": "minute",
    "second": "second", "percent": "percent", "per cent": "percent", "%": "percent",
}  # fmt: skip
_UNIT: Final = r"business[ -]days?|working[ -]days?|workdays?|days?|weeks?|months?|years?|hours?|hrs?|minutes?|mins?|" \
               r"seconds?|percent|per cent|%"  # fmt: skip
_CURRENCIES: Final = {
    "$": "USD", "usd": "USD", "us$": "USD", "dollar": "USD", "dollars": "USD", "€": "EUR", "eur": "EUR",
    "euro": "EUR", "euros": "EUR", "£": "GBP", "gbp": "GBP", "pound": "GBP", "pounds": "GBP", "cad": "CAD",
    "aud": "AUD", "chf": "CHF", "jpy": "JPY", "¥": "JPY", "yen": "JPY",
}  # fmt: skip
_CURRENCY: Final = "|".join(re.escape(mark) for mark in sorted(_CURRENCIES, key=len, reverse=True))
_NUMBER: Final = r"\d{1,15}(?:[.,]\d{1,9})*"

_ISO_DATE: Final = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})(?:T[\d:.+Z-]*)?")
_DATE: Final = re.compile(
    rf"\b(?:(?P<d1>\d{{1,2}})(?:st|nd|rd|th)?(?: of)? (?P<m1>{_MONTH})|(?P<m2>{_MONTH})\.? (?P<d2>\d{{1,2}})"
    r"(?:st|nd|rd|th)?)\b(?:,? (?P<year>\d{4})\b)?",
    re.IGNORECASE,
)
_CODE: Final = re.compile(r"\b(?=[A-Z0-9-]*[A-Z])(?=[A-Z0-9-]*\d)[A-Z0-9]+(?:-[A-Z0-9]+)*\b")
_RANGE: Final = rf"(?:(?P<low>{_NUMBER}|\b(?:{_SMALL})\b)\s*(?:-|–|—|to|or)\s*)?"
_MONEY: Final = re.compile(
    rf"(?P<mark>{_CURRENCY})\s?(?P<before>{_NUMBER})|(?P<after>{_NUMBER})\s?(?P<name>{_CURRENCY})(?![a-z])",
    re.IGNORECASE,
)
_QUANTITY: Final = re.compile(
    rf"{_RANGE}(?P<high>{_NUMBER}|\b(?:{_SMALL})\b)[\s-]?(?P<unit>{_UNIT})(?![a-z])", re.IGNORECASE
)
_PLAIN: Final = re.compile(
    rf"(?<![\w.,]){_NUMBER}(?!\w)|(?<![\w.,]){_NUMBER}(?=[A-Za-zµΩ°]{{1,4}}\b)"
    r"|\b(?:two|three|four|five|six|seven|eight|nine|ten|twelve|twenty|thirty|sixty|ninety)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Fact:
    """`kind` is a currency, a unit ("day", "workday", "percent"), "date", "year", "code" or "number"."""

    kind: str
    value: str


_Reader = Callable[[re.Match[str]], set[Fact]]


def facts_in(text: str) -> frozenset[Fact]:
    """All facts of `text`. Time grows linearly with its length."""
    found: set[Fact] = set()
    rest = _take_dates(text, found)
    rest = _take(rest, _CODE, found, lambda match: {Fact("code", match[0].replace("-", ""))})
    rest = _take(rest, _MONEY, found, _money)
    rest = _take(rest, _QUANTITY, found, _quantity)
    _take(rest, _PLAIN, found, lambda match: {Fact("number", _value(match[0]))})
    return frozenset(found)


def holds(fact: Fact, known: frozenset[Fact]) -> bool:
    """True if `known` states the fact. A bare number is stated by the same number of any kind: "5" by "5 days"."""
    if fact in known:
        return True
    return fact.kind == "number" and any(fact.value == other.value for other in known)


def without_facts(text: str) -> str:
    """`text` with its facts blanked, so that what is left are words."""
    for pattern in (_ISO_DATE, _DATE, _CODE, _MONEY, _QUANTITY, _PLAIN):
        text = pattern.sub(" ", text)
    return text


def _take_dates(text: str, found: set[Fact]) -> str:
    text = _take(
        text, _ISO_DATE, found, lambda match: {Fact("date", f"{int(match[2])}-{int(match[3])}"), Fact("year", match[1])}
    )
    return _take(text, _DATE, found, _date)


def _take(text: str, pattern: re.Pattern[str], found: set[Fact], read: _Reader) -> str:
    for match in pattern.finditer(text):
        found |= read(match)
    return pattern.sub(" ", text)


def _date(match: re.Match[str]) -> set[Fact]:
    month = _MONTHS[(match["m1"] or match["m2"]).lower()]
    facts = {Fact("date", f"{month}-{int(match['d1'] or match['d2'])}")}
    return facts | {Fact("year", match["year"])} if match["year"] else facts


def _money(match: re.Match[str]) -> set[Fact]:
    mark = (match["mark"] or match["name"]).lower()
    return {Fact(_CURRENCIES[mark], _value(match["before"] or match["after"]))}


def _quantity(match: re.Match[str]) -> set[Fact]:
    unit = match["unit"].lower().replace("-", " ")
    kind = _UNITS[unit if unit in _UNITS else unit.rstrip("s")]
    ends = [_value(number) for number in (match["low"], match["high"]) if number]
    whole = {Fact(f"{kind} range", "–".join(ends))} if len(ends) == 2 else set()
    return whole | {Fact(kind, end) for end in ends}


def _value(number: str) -> str:
    """A canonical spelling: "1,250.50" and "1.250,50" are 1250.5, "thirty" is 30, "1,000" is 1000."""
    word = number.lower()
    if word in _WORD_NUMBERS:
        return str(_WORD_NUMBERS[word])
    parts = re.split(r"[.,]", number)
    if len(parts) > 1 and len(parts[-1]) != 3:
        whole, decimals = "".join(parts[:-1]), parts[-1].rstrip("0")
    else:
        whole, decimals = "".join(parts), ""
    whole = whole.lstrip("0") or "0"
    return f"{whole}.{decimals}" if decimals else whole
