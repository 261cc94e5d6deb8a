"""Which order and which lines a customer means: by number, product words, colour or date, among their own orders.

Only the customer's words choose, and only among what is theirs anyway. Several that fit equally well are several: the
customer is asked, nothing is guessed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from tools.order_model import Order, OrderItem, compact_number, same_number

_WORD: Final = re.compile(r"[a-z]+(?:'s)?|\d+(?:[.,]\d+)?")
_NUMBER: Final = re.compile(r"(?<![\w-])#?(?:[A-Za-z]{1,4}[- ]?)?\d{4,12}(?![\w-])")
_COLOURS: Final[dict[str, frozenset[str]]] = {
    name: frozenset([name, *shades.split()])
    for name, shades in {
        "blue": "navy ink azure indigo slate",
        "green": "moss sage fern pine olive",
        "grey": "gray slate charcoal graphite silver",
        "gray": "grey slate charcoal graphite silver",
        "black": "ink charcoal",
        "red": "coral crimson",
        "orange": "coral rust",
        "pink": "coral rose",
        "brown": "sand tan",
        "beige": "sand tan",
        "yellow": "sand mustard",
    }.items()
}
"""Colours as customers name them, and the shades by which shops sell them."""
_SAME: Final[dict[str, str]] = {
    "backpack": "pack", "daypack": "pack", "rucksack": "pack", "bag": "pack", "shoe": "boot",
    "sneaker": "boot", "flask": "bottle", "thermos": "bottle", "torch": "headlamp", "light": "lamp", "lantern": "lamp",
    "headlamp": "lamp", "cooker": "stove",
    "burner": "stove", "coat": "jacket", "anorak": "jacket", "parka": "jacket", "pad": "mat", "mattress": "mat",
}  # fmt: skip
_EMPTY: Final = frozenset(
    """
    a an and the my our your this that these those of for from in on at to with without by is are was were be it its
    i we you me us s t one ones order orders item items parcel package delivery please can could would want need like
    cancel refund return exchange change address money back arrived came broken damaged missing wrong last week month
    yesterday today ago days men women mens womens us uk size l m xl number which what where how not no yes do did
    have has had got get been bought ordered purchased placed received delivered shipped two three both all only label
    """.split()  # noqa: SIM905
)
_MONTHS: Final = (
    "january february march april may june july august september october november december".split()  # noqa: SIM905
)
_WEEKDAYS: Final = "monday tuesday wednesday thursday friday saturday sunday".split()  # noqa: SIM905
_COUNTS: Final = {"one": 1, "two": 2, "both": 2, "three": 3, "four": 4, "five": 5}
_NEWEST: Final = re.compile(r"\b(?:my|the) (?:last|latest|newest|most recent|recent) (?:order|purchase|one)\b")
_OLDEST: Final = re.compile(r"\b(?:my|the) (?:first|oldest|earliest) (?:order|purchase)\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """From and until, both included."""

    first: date
    last: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What the words fit. `orders` holds every order that fits equally well: one is meant, several must be asked about,
    none was found. `by` is "number", "words" (something named it) or "" (nothing did)."""

    orders: tuple[Order, ...]
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedLine:
    """A line and how many pieces of it; None: all there are."""

    item: OrderItem
    quantity: int | None


def numbers_in(words: str) -> list[str]:
    """Order numbers as they stand in a text, compacted, in their order."""
    found = [compact_number(match.group()) for match in _NUMBER.finditer(words)]
    return [number for number in found if number is not None]


def orders_meant(
    orders: Sequence[Order], words: str, *, today: date, suits: Callable[[Order], bool] = lambda _: True
) -> Named:
    """`orders` are the customer's own, newest first. `suits` says which of them a request makes sense for: it narrows
    down what the words leave open, and never excludes what they name."""
    numbers = numbers_in(words)
    by_number = tuple(order for order in orders if any(same_number(order.number, number) for number in numbers))
    if by_number:
        return Named(orders=by_number, by="number")
    folded = _folded(words)
    fitting, named = list(orders), False
    days = days_meant(folded, today=today)
    if days is not None:
        dated = [order for order in fitting if _in(order, days)]
        fitting, named = dated, True
    wanted = _content(folded)
    if wanted and fitting:
        scores = [_overlap(wanted, order) for order in fitting]
        if max(scores) > 0:
            fitting = [order for order, score in zip(fitting, scores, strict=True) if score == max(scores)]
            named = True
    if len(fitting) > 1 and (_NEWEST.search(folded) or _OLDEST.search(folded)):
        return Named(orders=(fitting[0] if _NEWEST.search(folded) else fitting[-1],), by="words")
    if len(fitting) > 1:
        fitting = [order for order in fitting if suits(order)] or fitting
    return Named(orders=tuple(fitting), by="words" if named else "")


def lines_meant(order: Order, words: str) -> tuple[NamedLine, ...]:
    """The lines of `order` that the words name; the only line there is; or none, where it is left open."""
    folded = _folded(words)
    wanted = _content(folded)
    scores = [len(wanted & _tokens(item.name)) + len(_colours(wanted) & _tokens(item.name)) for item in order.items]
    best = max(scores, default=0)
    chosen = [item for item, score in zip(order.items, scores, strict=True) if score == best > 0]
    if not chosen and len(order.items) == 1:
        chosen = list(order.items)
    return tuple(NamedLine(item=item, quantity=_count(folded, item) if len(chosen) == 1 else None) for item in chosen)


def days_meant(folded: str, *, today: date) -> Days | None:
    """ "last week", "yesterday", "three days ago", "in October", "on Friday", "2026-11-03"; else None."""
    if found := re.search(r"\b(\d{4})-(\d{2})-(\d{2})\b", folded):
        return _exact(int(found[1]), int(found[2]), int(found[3]))
    if re.search(r"\byesterday\b", folded):
        return _around(today - timedelta(days=1))
    if re.search(r"\b(?:today|this morning)\b", folded):
        return _around(today)
    if found := re.search(r"\b(\d{1,3}|one|two|three|four|five|a) (day|week|month)s? ago\b", folded):
        count = _COUNTS.get(found[1], 1) if not found[1].isdigit() else int(found[1])
        length = {"day": 1, "week": 7, "month": 30}[found[2]]
        return _around(today - timedelta(days=count * length), slack=length // 2)
    if found := re.search(r"\b(last|this|past) (week|month)\b", folded):
        return _week_or_month(found[1], found[2], today)
    return _named_day(folded, today)


def _week_or_month(which: str, what: str, today: date) -> Days:
    """ "Last week" is the calendar week before this one, and on to four days ago, as people use it."""
    if what == "week":
        monday = today - timedelta(days=today.weekday())
        if which == "this":
            return Days(first=monday, last=today)
        return Days(first=monday - timedelta(days=7), last=max(monday - timedelta(days=1), today - timedelta(days=4)))
    first = today.replace(day=1)
    if which == "this":
        return Days(first=first, last=today)
    return Days(first=(first - timedelta(days=1)).replace(day=1), last=first - timedelta(days=1))


def _named_day(folded: str, today: date) -> Days | None:
    if found := re.search(rf"\b(?:last |on )({'|'.join(_WEEKDAYS)})\b", folded):
        back = (today.weekday() - _WEEKDAYS.index(found[1])) % 7 or 7
        return _around(today - timedelta(days=back), slack=0)
    if found := re.search(rf"\b(?:in|from|of|since|last) ({'|'.join(_MONTHS)})\b", folded):
        month = _MONTHS.index(found[1]) + 1
        first = date(today.year if month <= today.month else today.year - 1, month, 1)
        return Days(first=first, last=(first + timedelta(days=31)).replace(day=1) - timedelta(days=1))
    return None


def _exact(year: int, month: int, day: int) -> Days | None:
    try:
        return _around(date(year, month, day), slack=0)
    except ValueError:
        return None


def _around(day: date, *, slack: int = 0) -> Days:
    return Days(first=day - timedelta(days=slack), last=day + timedelta(days=slack))


def _in(order: Order, days: Days) -> bool:
    """Placed or delivered then: "the one from Friday" may be either."""
    delivered = order.shipment.delivered_at
    dates = [order.placed_at.date()] + ([delivered.date()] if delivered else [])
    return any(days.first <= one <= days.last for one in dates)


def _overlap(wanted: frozenset[str], order: Order) -> int:
    """How much of the words the best line of the order answers; a colour counts as much as a word."""
    named = wanted | _colours(wanted)
    return max((len(named & _tokens(item.name)) for item in order.items), default=0)


def _colours(wanted: frozenset[str]) -> frozenset[str]:
    return frozenset(shade for word in wanted for shade in _COLOURS.get(word, ()))


def _tokens(name: str) -> frozenset[str]:
    return _content(_folded(name))


def _content(folded: str) -> frozenset[str]:
    return frozenset(_stem(word) for word in _WORD.findall(folded) if word not in _EMPTY)


def _stem(word: str) -> str:
    word = word.removesuffix("'s")
    if len(word) > 3 and word.endswith("s") and not word.endswith("ss"):
        word = word[:-1]
    return _SAME.get(word, word)


def _count(folded: str, item: OrderItem) -> int | None:
    """ "one of the two bottles" or "a bottle": one. Without a number, or with one that the line does not have: None."""
    if item.quantity == 1:
        return None
    found = re.search(r"\b(one|two|both|three|four|five|\d{1,2})\b(?: \w+){0,2}? (?:of|\w+s\b)", folded)
    if found is None:
        return 1 if _just_one(folded, item) else None
    count = int(found[1]) if found[1].isdigit() else _COUNTS[found[1]]
    return count if 0 < count <= item.quantity else None


def _just_one(folded: str, item: OrderItem) -> bool:
    """ "A bottle came broken", "the other bottle", "just one": of several pieces, one is meant."""
    if re.search(r"\b(?:just|only) (?:the )?one\b|\b(?:the )?other one\b", folded):
        return True
    named = re.finditer(r"\b(?:an?|one|another|the other) (?:\w+ ){0,2}?(\w+)\b", folded)
    nouns = (found[1] for found in named if not re.search(r"(?<!s)s$", found[1]))
    return any(_content(noun) <= _tokens(item.name) for noun in nouns if _content(noun))


def _folded(text: str) -> str:
    decomposed = unicodedata.normalize("NFD", text.lower().replace("’", "'"))
    return "".join(sign for sign in decomposed if not unicodedata.combining(sign))
