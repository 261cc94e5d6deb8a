# ruff: noqa: SIM905 - a word list reads better as words than as quoted items
"""The words of English support texts, as far as comparing two sentences needs them."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from agent.facts import without_facts

NEGATIONS: Final = frozenset(
    "not no never none nothing neither nor cannot without non unable except excluding excluded refuse refused "
    "decline declined deny denied prohibited forbidden impossible nonrefundable unlike".split()
)
EXCEPTIONS: Final = frozenset("unless except excluding".split())
RESTRICTIONS: Final = EXCEPTIONS | frozenset("only solely exclusively".split())
OPPOSITES: Final = (
    ("before", "after"), ("within", "after"), ("more", "less"), ("over", "under"), ("above", "below"),
    ("include", "exclude"), ("includes", "excludes"), ("included", "excluded"), ("minimum", "maximum"),
    ("least", "most"), ("increase", "decrease"), ("enable", "disable"), ("accept", "reject"), ("open", "closed"),
    ("possible", "impossible"), ("refundable", "nonrefundable"), ("earliest", "latest"), ("first", "last"),
    ("buyer", "seller"), ("we", "you"), ("us", "you"), ("our", "your"), ("free", "paid"), ("domestic", "international"),
    ("longer", "shorter"), ("higher", "lower"), ("earlier", "later"), ("inside", "outside"), ("new", "used"),
    ("delivered", "shipped"), ("all", "most"), ("every", "most"), ("any", "most"), ("all", "some"),
)  # fmt: skip
"""A claim that holds one word of a pair, where its source sentence holds only the other, says something else."""

ABSOLUTES: Final = frozenset(
    "free complimentary waived lifetime unlimited forever always never anytime instantly instant immediately double "
    "triple twice half extra bonus entire guaranteed worldwide everyone everybody anyone automatically".split()
)
"""Words that are a rule of their own: a claim may hold one only where its source does."""

_OUTCOMES: Final = {
    "delivered": "delivered", "arrived": "delivered", "received": "delivered", "shipped": "shipped", "sent": "shipped",
    "dispatched": "shipped", "way": "shipped", "refunded": "refunded", "refund": "refunded", "reimbursed": "refunded",
    "cancelled": "cancelled", "canceled": "cancelled", "returned": "returned", "lost": "lost", "late": "late",
    "delayed": "late", "paid": "paid", "packed": "packed", "hold": "hold", "approved": "approved",
    "replaced": "replaced", "exchanged": "exchanged",
}  # fmt: skip
"""What can have become of an order. To the stems below "delivered" and "shipped" are one word; to a customer not."""

_STOP: Final = frozenset(
    "a an the this that these those it its they them their there here he she his her i me my we us our ours you your "
    "yours who whom whose which what when where why how and or but if so than then as at by for from in into of off "
    "on onto out over to up with about is are was were be been being am do does did done doing have has had having "
    "can could will would shall should may might must also just very please any some each every all both such too "
    "get gets got make makes via per within before after until during again once more most other own same "
    "not no nor only yes okay ok s t ll ve re d m".split()
)
_SAME: Final = {
    "delivery": "ship", "deliver": "ship", "dispatch": "ship", "shipment": "ship", "shipping": "ship", "mail": "send",
    "purchase": "buy", "bought": "buy", "cost": "price", "fee": "price", "charge": "price", "costs": "price",
    "item": "product", "article": "product", "goods": "product", "parcel": "package", "cellphone": "phone",
    "reimburse": "refund", "sent": "send", "paid": "pay", "payment": "pay", "customers": "customer",
}  # fmt: skip
_ENDINGS: Final = (
    ("ies", "y"), ("sses", "ss"), ("ing", ""), ("edly", ""), ("ed", ""), ("es", ""), ("ly", ""), ("s", ""), ("e", ""),
)  # fmt: skip
_TOKEN: Final = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_NAME: Final = re.compile(r"(?<![.!?:…\"“*_-] )(?<!^)(?<!\n)\b([A-Z][\w'’]*[a-z]\w*|[A-Z]{2,})\b")
_NOT_NAMES: Final = frozenset(
    "i i'm i've i'll ok faq please note january february march april may june july august september october november "
    "december".split()
)
"""Months are parts of dates, which are compared as facts: "November 3" is in "2026-11-03"."""


@lru_cache(maxsize=2_048)
def tokens(text: str) -> tuple[str, ...]:
    """Lower-case words and numbers in order; "can't" and "can’t" are "can't", "non-stop" is two."""
    return tuple(match[0].lower().replace("’", "'") for match in _TOKEN.finditer(text))


@lru_cache(maxsize=2_048)
def content_stems(text: str) -> frozenset[str]:
    """Stems of the words that carry meaning; facts (numbers, dates, amounts) are left to `facts_in`."""
    words = (word.removesuffix("'s") for word in tokens(without_facts(text)))
    return frozenset(_stem(word) for word in words if len(word) > 1 and word not in _STOP and not word.endswith("n't"))


def outcomes_in(text: str) -> frozenset[str]:
    """What the text says became of an order or a parcel, each outcome under one name."""
    return frozenset(outcome for word in tokens(text) if (outcome := _OUTCOMES.get(word)) is not None)


def names_in(text: str) -> frozenset[str]:
    """Lower-case words written with a capital inside a sentence, and abbreviations such as EU."""
    found = (match[1].lower().replace("’", "'").removesuffix("'s") for match in _NAME.finditer(text))
    return frozenset(word for word in found if word not in _NOT_NAMES)


def _stem(word: str) -> str:
    """English endings off: enough for "returned", "returning" and "returns" to meet; not a linguist's stem."""
    word = _SAME.get(word, word)
    for ending, replacement in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            word = word[: len(word) - len(ending)] + replacement
            break
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "aeiouls":
        word = word[:-1]
    return _SAME.get(word, word)
