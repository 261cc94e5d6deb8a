"""What a sentence states that another could contradict: amounts, dates, and whether something is so. Pure.

English has number words, negations and opposites; amounts and dates are read in any language that writes digits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from knowledge_base.lexical import tokens

_NUMBER: Final = r"\d{1,3}(?:[,.\u00a0\u202f ]\d{3})+(?:[.,]\d{1,2})?|\d+(?:[.,]\d+)?"
_RANGE: Final = r"(?:\s?(?:[-–—]|to|bis|or|and|à|a)\s?)"
_MONEY: Final[Mapping[str, str]] = {
    "€": "€", "eur": "€", "euro": "€", "euros": "€", "$": "$", "usd": "$", "dollar": "$", "dollars": "$",
    "£": "£", "gbp": "£", "pound": "£", "pounds": "£", "chf": "CHF", "¥": "¥", "yen": "¥",
}  # fmt: skip
_HOURS: Final[Mapping[str, float]] = {
    "second": 1 / 3600, "seconds": 1 / 3600, "sec": 1 / 3600, "sekunden": 1 / 3600,
    "minute": 1 / 60, "minutes": 1 / 60, "min": 1 / 60, "mins": 1 / 60, "minuten": 1 / 60, "minutos": 1 / 60,
    "hour": 1, "hours": 1, "hrs": 1, "h": 1, "stunde": 1, "stunden": 1, "heures": 1, "horas": 1, "ore": 1,
    "day": 24, "days": 24, "tag": 24, "tage": 24, "tagen": 24, "werktage": 24, "werktagen": 24, "jours": 24,
    "jour": 24, "días": 24, "giorni": 24, "dagen": 24,
    "week": 168, "weeks": 168, "woche": 168, "wochen": 168, "semaines": 168, "semanas": 168, "settimane": 168,
    "month": 720, "months": 720, "monat": 720, "monate": 720, "monaten": 720, "mois": 720, "meses": 720, "mesi": 720,
    "year": 8640, "years": 8640, "jahr": 8640, "jahre": 8640, "jahren": 8640, "ans": 8640, "años": 8640, "anni": 8640,
}  # fmt: skip
"""Hours in each unit of time: "2 weeks" is "14 days", and a month is taken as 30 days."""
_MEASURES: Final[Mapping[str, tuple[str, float]]] = {
    "mm": ("length", 0.001), "cm": ("length", 0.01), "m": ("length", 1), "km": ("length", 1000),
    "inch": ("length", 0.0254), "inches": ("length", 0.0254), "ft": ("length", 0.3048), "feet": ("length", 0.3048),
    "g": ("weight", 0.001), "kg": ("weight", 1), "lb": ("weight", 0.4536), "lbs": ("weight", 0.4536),
    "ml": ("volume", 0.001), "l": ("volume", 1), "litre": ("volume", 1), "litres": ("volume", 1),
    "liters": ("volume", 1),
    "kb": ("bytes", 1e3), "mb": ("bytes", 1e6), "gb": ("bytes", 1e9), "tb": ("bytes", 1e12), "kib": ("bytes", 1024),
    "mv": ("volts", 0.001), "v": ("volts", 1), "volts": ("volts", 1), "ma": ("amperes", 0.001), "a": ("amperes", 1),
    "mhz": ("hertz", 1e6), "ghz": ("hertz", 1e9), "khz": ("hertz", 1e3), "hz": ("hertz", 1), "°c": ("°C", 1),
    "degrees": ("degrees", 1), "baud": ("baud", 1), "bits": ("bits", 1), "bit": ("bits", 1),
}  # fmt: skip
_WORDS: Final[Mapping[str, str]] = {
    "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8",
    "nine": "9", "ten": "10", "twelve": "12", "fourteen": "14", "fifteen": "15", "twenty": "20", "thirty": "30",
    "sixty": "60", "ninety": "90",
}  # fmt: skip
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH_NAMES: Final = (
    r"jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|"
    r"nov(?:ember)?|dec(?:ember)?"
)
_DATE: Final = re.compile(
    r"(?<![\d.])(?:(?P<iso>\d{4})-(?P<iso_month>\d{2})-(?P<iso_day>\d{2})\b"
    rf"|\b(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s(?:of\s)?(?P<month>{_MONTH_NAMES})\b\.?,?(?:\s(?P<year>\d{{4}}))?"
    rf"|\b(?P<month2>{_MONTH_NAMES})\b\.?\s(?P<day2>\d{{1,2}})(?:st|nd|rd|th)?\b(?:,?\s(?P<year2>\d{{4}}))?"
    r"|\b(?P<day3>\d{1,2})\.(?P<month3>\d{1,2})\.(?P<year3>\d{4})\b)(?![.\d]\d)",
    re.IGNORECASE,
)
# A version (1.8.19), a model (R4, 33IoT), a phone number and a time of day are no amounts.
_AMOUNT: Final = re.compile(
    rf"(?<![\w.,/:])(?<!\w[-–])(?P<before>[€$£¥]|(?:EUR|USD|GBP|CHF)\s?)?\s?(?P<low>[-+−]?(?:{_NUMBER}))(?![\d:]|[.,]\d)"
    rf"(?:\s?(?:%|°[CF]|[€$£])?{_RANGE}(?P<high>[-+−]?[€$£]?(?:{_NUMBER}))(?![\d:]|[.,]\d))?"
    r"(?:[\s\u00a0-]?(?P<unit>%|percent|[€$£¥]|°[CF]|[^\W\d_]{1,20})(?![\w]))?"
    r"(?:[\s-](?P<noun>[^\W\d_]{2,20}))?",
)
_VERSION: Final = re.compile(r"(?:[a-z,–]\s[A-Z]\w*|\b[A-Z]{2,})\s$")
"""What stands before a number that is part of a name: "the Nano 33", "IDE 2"."""
_WORD_NUMBER: Final = re.compile(rf"\b({'|'.join(_WORDS)})(?=[\s-](?!of\b))", re.IGNORECASE)
_FREE: Final = re.compile(
    r"(?<!feel )(?<!-)\bfree(?: of charge\b|(?! (?:to|up|of|from)\b|-)\b)|\b(?:no|without) (?:charge|cost|fee)\b",
    re.IGNORECASE,
)
_OPPOSITES: Final = (
    ("always", "never"), ("included", "excluded"), ("required", "optional"), ("mandatory", "optional"),
    ("allowed", "forbidden"), ("allowed", "prohibited"), ("possible", "impossible"), ("accepted", "refused"),
    ("refundable", "non-refundable"), ("compatible", "incompatible"), ("supported", "unsupported"),
)  # fmt: skip
_PARTNERS: Final = {
    word: frozenset(two if word == one else one for one, two in _OPPOSITES if word in (one, two))
    for word in {word for pair in _OPPOSITES for word in pair}
}
_WORD: Final = re.compile(r"[\w-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """An amount or a date, `low` and `high` in the unit of its kind (hours, metres, …), `words` as it was written."""

    kind: str
    low: float
    high: float
    words: str

    def comparable(self, other: Fact) -> bool:
        """Of one kind; "free" is an amount of any currency."""
        same = self.kind == other.kind
        return same or ("money" in (self.kind, other.kind) and self.kind[:5] == other.kind[:5] == "money")

    def agrees(self, other: Fact) -> bool:
        """Whether one says nothing that the other rules out: equal, or within its range. Of comparable facts only."""
        inside = self.low <= other.low and other.high <= self.high
        return inside or (other.low <= self.low and self.high <= other.high)


def facts_of(text: str) -> list[Fact]:
    """The dates and amounts in plain text, in order."""
    return [*_dates(text), *_amounts(_DATE.sub(" ", text))]


def poles_of(text: str) -> frozenset[str]:
    """The words of a text that have an opposite."""
    return frozenset(_PARTNERS) & frozenset(_WORD.findall(text.lower()))


def opposites(poles: frozenset[str], others: frozenset[str]) -> tuple[str, str] | None:
    """A word of the one and its opposite in the other, where neither has both."""
    for word in sorted(poles - others):
        for partner in sorted(_PARTNERS[word] & (others - poles)):
            return word, partner
    return None


def _dates(text: str) -> Iterator[Fact]:
    for match in _DATE.finditer(text):
        day = int(match["iso_day"] or match["day"] or match["day2"] or match["day3"])
        month = match["month"] or match["month2"]
        number = _MONTHS.index(month[:3].lower()) + 1 if month else int(match["iso_month"] or match["month3"])
        year = match["iso"] or match["year"] or match["year2"] or match["year3"]
        # A date without its year can only be held against another one without.
        value = float(int(year or 0) * 10_000 + number * 100 + day)
        yield Fact(kind="date" if year else "day of the year", low=value, high=value, words=match.group().strip(" ,."))


def _amounts(text: str) -> Iterator[Fact]:
    for match in _FREE.finditer(text):
        yield Fact(kind="money", low=0, high=0, words=match.group())
    text = _WORD_NUMBER.sub(lambda match: _WORDS[match[1].lower()], text)
    for match in _AMOUNT.finditer(text):
        low = _value(match["low"])
        high = _value(match["high"]) if match["high"] else low
        unit = _unit(match)
        if unit is not None and low <= high:
            kind, scale = unit
            yield Fact(kind=kind, low=low * scale, high=high * scale, words=_words(match))


def _unit(match: re.Match[str]) -> tuple[str, float] | None:
    """The kind of amount and what its number is multiplied by; None for a number that counts nothing."""
    before, unit, noun = match["before"], (match["unit"] or ""), (match["noun"] or "").lower()
    if before:
        return f"money {_MONEY[before.strip().lower()]}", 1
    lower = unit.lower()
    if lower in _MONEY:
        return f"money {_MONEY[lower]}", 1
    if lower in ("%", "percent"):
        return "percent", 1
    if lower in _HOURS:
        return "time", _HOURS[lower]
    if lower in ("business", "working", "calendar", "full") and noun in _HOURS:
        return "time", _HOURS[noun]
    if lower in _MEASURES and (len(unit) > 1 or unit in "VAmglL"):
        return _MEASURES[lower]
    # "5 devices" against "3 devices"; "2 of", "2 and" count nothing.
    counted = tokens(unit) if len(unit) > 2 and not _VERSION.search(match.string[: match.start("low")]) else []
    return (f"{counted[0]} (count)", 1) if counted else None


def _words(match: re.Match[str]) -> str:
    text = match.group()
    if match["before"]:
        text = text[: match.end("high" if match["high"] else "low") - match.start()]
    elif match["noun"] and (match["unit"] or "").lower() not in ("business", "working", "calendar", "full"):
        text = text[: match.start("noun") - match.start()]
    return text.strip().rstrip("-")


def _value(text: str) -> float:
    text = re.sub(r"[\u00a0\u202f +€$£]", "", text).replace("−", "-")
    if re.fullmatch(r"-?\d{1,3}(?:[.,]\d{3})+", text):
        return float(re.sub(r"[.,]", "", text))
    whole, mark, part = text.replace(",", ".").rpartition(".")
    return float(whole.replace(".", "") + mark + part)
