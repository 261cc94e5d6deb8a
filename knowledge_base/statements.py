"""The sentences of a passage as statements that can contradict each other. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from knowledge_base.facts import Fact, facts_of, opposites, poles_of
from knowledge_base.lexical import tokens
from knowledge_base.markup import plain
from knowledge_base.model import Passage, Quote, QuoteKind
from knowledge_base.sentences import sentences

_POLICY: Final = ("time", "money", "percent", "date", "day of the year")
"""Kinds of amount that rules are made of. Two voltages or sizes differ because the things do, far more often."""
_CONDITION: Final = re.compile(
    r"\b(?:if|when|unless|in case|whether|only|until|while|once|wenn|falls|sobald|si|quand)\b|\?$", re.IGNORECASE
)
_NEGATION: Final = re.compile(
    r"\b(?:not|cannot|never|unable to|nicht|niemals|\w+n[’']t)\b(?!\s(?:only|yet))"
    r"(?P<scope>(?:(?!\b(?:and|or|but|und|oder)\b)[^.,;:]){0,60})",
    re.IGNORECASE,
)
# A capital inside a sentence, or letters with digits: a place, a product, a model.
_NAME: Final = re.compile(r"(?<![.!?:–]\s)(?<!^)\b[A-Z][\w-]*|\b[A-Za-z][\w-]*\d[\w-]*|\b\d+[A-Za-z][\w-]*")
_CELL: Final = re.compile(r"; (?=[^;:]{1,60}: )")
_PAUSE: Final = re.compile(r"[.;,](?:\s|$)")
_MAX_TEXT: Final = 500
_MIN_WORDS: Final = 4
_NEARBY: Final = 6
_SHOWN: Final = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a passage is about, by its title and heading: their stems, and those that name a thing."""

    words: frozenset[str]
    names: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A sentence, list item or table cell that could be contradicted, as stems.

    `quote` is the row of its vector. Each fact comes with the words around it. `names` are the things it names,
    `denied` the predicates it negates, `poles` its words with an opposite. It is `firm` where it is a whole sentence
    that holds under no condition.
    """

    text: str
    quote: int
    subject: Subject
    in_table: bool
    words: frozenset[str]
    names: frozenset[str]
    facts: tuple[tuple[Fact, frozenset[str]], ...]
    firm: bool
    denied: tuple[frozenset[str], ...]
    poles: frozenset[str]

    def strange_to(self, other: Statement) -> frozenset[str]:
        """The things that this one, its title or its heading names and the other does not know."""
        return (self.names | self.subject.names) - other.words - other.subject.words


@dataclass(frozen=True, slots=True, kw_only=True)
class Clash:
    """How two statements differ: each pair of words, as written in the first and in the second.

    `aligned` where the words around them are shared; `policy` for amounts that rules are made of.
    """

    differing: tuple[tuple[str, str], ...]
    aligned: bool
    policy: bool
    polarity: bool = False


def statements_of(passage: Passage, start: int) -> Iterator[Statement]:
    """The statements of a passage whose quotes' vectors begin at row `start`."""
    about = f"{passage.title} {passage.heading}"
    words = frozenset(tokens(about))
    numbers = frozenset(word for word in words if any(letter.isdigit() for letter in word))
    subject = Subject(words=words, names=numbers | names_in(about))
    for at, quote in enumerate(passage.quotes, start=start):
        if quote.kind is not QuoteKind.CODE and len(quote.text) <= _MAX_TEXT:
            for text, row in _texts(quote):
                statement = _statement(text, row, subject, at)
                if statement.facts or statement.firm:
                    yield statement


def _statement(text: str, row: str, subject: Subject, at: int) -> Statement:
    stated = text.partition(" – ")[2] if row else text  # "48 states" names the row, and claims nothing
    facts = tuple((fact, _around(text, fact)) for fact in facts_of(stated))
    said = frozenset(tokens(" ".join(fact.words for fact, _ in facts)))
    words = frozenset(tokens(text))
    firm = not row and len(words) >= _MIN_WORDS and not _CONDITION.search(text)
    return Statement(
        text=text,
        quote=at,
        subject=subject,
        in_table=bool(row),
        words=words - said,
        names=(names_in(text) - said) | frozenset(tokens(row)),
        facts=facts,
        firm=firm,
        denied=_denied(text) if firm else (),
        poles=poles_of(text) if firm else frozenset(),
    )


def clash(first: Statement, second: Statement) -> Clash | None:
    """How the two cannot both be true, if they speak of the same thing; None where they can."""
    differing = sorted(_amounts(first, second), key=lambda found: -found[2]) if first.facts and second.facts else []
    if differing:
        kinds = [fact.kind.split(" ")[0] for fact, _ in first.facts]
        return Clash(
            differing=tuple((one, two) for one, two, _ in differing[:2]),
            aligned=differing[0][2] > 0,
            policy=any(kind in _POLICY for kind in kinds),
        )
    polarity = _polarity(first, second)
    return Clash(differing=(polarity,), aligned=True, policy=True, polarity=True) if polarity else None


def _texts(quote: Quote) -> Iterator[tuple[str, str]]:
    """The texts of a quote, each with the words that name what it is about: a table's first cell and column."""
    text = plain(quote.text)
    if quote.kind is not QuoteKind.ROW:
        yield from ((sentence, "") for sentence in sentences(text))
        return
    first, *cells = _CELL.split(text)
    subject = first.partition(": ")[2] or first
    for cell in cells:
        yield f"{subject} – {cell}", f"{subject} {cell.partition(': ')[0]}"


def _denied(text: str) -> tuple[frozenset[str], ...]:
    scopes = (frozenset(tokens(match["scope"])[:2]) for match in _NEGATION.finditer(text))
    return tuple(scope for scope in scopes if scope)


def _amounts(first: Statement, second: Statement) -> Iterator[tuple[str, str, int]]:
    """Amounts of a kind on which nothing in the two agrees, with how many words around them are shared."""
    for fact, around in first.facts:
        others = [(other, words) for other, words in second.facts if fact.comparable(other)]
        mine = [own for own, _ in first.facts if any(own.comparable(other) for other, _ in others)]
        if not others or any(own.agrees(other) for own in mine for other, _ in others):
            continue
        other, words = max(others, key=lambda found: len(around & found[1]))
        yield fact.words, other.words, len(around & words)


def _polarity(first: Statement, second: Statement) -> tuple[str, str] | None:
    if not (first.firm and second.firm):
        return None
    found = opposites(first.poles, second.poles)
    if found is not None:
        return found
    for one, two in ((first, second), (second, first)):
        if one.denied and not two.denied and any(scope <= two.words for scope in one.denied):
            words = _negated(one.text), two.text if len(two.text) <= _SHOWN else two.text[:_SHOWN] + "…"
            return words if one is first else (words[1], words[0])
    return None


def _negated(text: str) -> str:
    match = _NEGATION.search(text)
    return " ".join(match.group().split()[:4]) if match else ""


def _around(text: str, fact: Fact) -> frozenset[str]:
    """The stems beside a fact, up to the next pause."""
    before, _, after = text.partition(fact.words)
    words = _PAUSE.split(before)[-1].split()[-_NEARBY:] + _PAUSE.split(after)[0].split()[:_NEARBY]
    return frozenset(tokens(" ".join(words)))


def names_in(text: str) -> frozenset[str]:
    """The stems of what a text names: places, products, models."""
    return frozenset(word for match in _NAME.finditer(text) for word in tokens(match.group()))
