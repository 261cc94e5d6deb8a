"""Does the customer ask for a person? The words of seven languages in examples/wants_person.toml, and how they combine.

A message goes in, folded (lower case, no accents); yes or no comes out. A clause that refuses a person ("I don't want a
human, just tell me") does not count, nor does a quoted button label. No model is used.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cache, cached_property
from importlib import resources

Span = tuple[int, int]

_CLAUSES = re.compile(
    r"[.,!?;:\n()¿¡…—–]+| - |\b(?:but|pero|mais|aber|sondern|mas|because|so|or)\b|\bma (?=voglio|vorrei)|"
    r"\band (?=i\b|then\b|get\b|give\b|put\b|to an?\b)|\bjust (?=tell|answer|give me the|explain|show)"
)
_QUOTED = re.compile(r"[\"“”«»][^\"“”«»]{1,80}[\"“”«»]")
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*'?")
_LONG_WORD = re.compile(r"\b[a-z]{5,15}\b")
_OFTEN_MISSPELT = (
    "human",
    "person",
    "people",
    "agent",
    "representative",
    "supervisor",
    "manager",
    "operator",
    "someone",
    "somebody",
    "speak",
)
_WAYS_OUT = frozenset({"0", "bypass"})
"""How people leave a telephone menu."""
_BY_NAME = re.compile(
    r"^(?:(?:please|can i|could i|may i|i want to|i need to|let me)[\s,]+)*(?:talk|speak) (?:to|with) (?!you\b)\w+ "
    r"from (?:the |your )?(?:support|sales|billing|returns|customer|service|warehouse|shipping|complaints)\b"
    r"|^is \w+ from (?:the |your )?(?:support|sales|billing|returns|customer|warehouse|shipping|complaints)\b"
    r".{0,20}\b(?:available|there|in|around)\b"
    r"|^(?:please )?(?:put me through|transfer me|connect me) (?:to|with) \w+[ .!]*(?:please)?[.!]*$"
)
_HOURS = re.compile(
    r"\b(?:can|could|may) (?:i|we|you)\b.{1,60}\b(?:on|at|over) "
    r"(?:(?:mon|tues|wednes|thurs|fri|satur|sun)days|(?:the )?weekends?|(?:public |bank )?holidays|night)\b"
)
"""Asks when people can be reached: the help center knows."""
_LONGEST_NAMED = 300
_LONGEST_ENTRY = 5
_WINDOW = 10
"""Fillers between the two parts of a request; longer stretches were never one thought in the examples."""
_LONGEST_CLAUSE = 100
"""Words; what goes on without a stop is read in pieces. Every part of a request is tried with every other: 800 times
"human" held up all conversations for 2.5 s; in pieces it takes 0.03 s."""


@dataclass(frozen=True)
class _Lexicon:
    """One language's entries, each a tuple of words; what each list means is said in the data file."""

    talk: frozenset[tuple[str, ...]]
    want: frozenset[tuple[str, ...]]
    person: frozenset[tuple[str, ...]]
    sure: frozenset[tuple[str, ...]]
    last: frozenset[tuple[str, ...]]
    presence: frozenset[tuple[str, ...]]
    real: frozenset[tuple[str, ...]]
    reach: frozenset[tuple[str, ...]]
    tired: frozenset[tuple[str, ...]]
    bot: frozenset[tuple[str, ...]]
    filler: frozenset[tuple[str, ...]]
    refuse: frozenset[tuple[str, ...]]
    about: frozenset[tuple[str, ...]]

    @cached_property
    def between(self) -> frozenset[tuple[str, ...]]:
        return self.filler | self.want | self.talk

    @cached_property
    def telling(self) -> frozenset[str]:
        """Words without one of which no rule can match: most messages end here (2 ms a message without it)."""
        entries = self.person | self.sure | self.last | self.bot | self.reach
        return frozenset(entry[0] for entry in entries)


def asks_for_person(folded: str) -> bool:
    """True when some clause of `folded` asks for a person and does not refuse or merely mention one."""
    if _HOURS.search(folded[:_LONGEST_NAMED]):
        return False
    if folded.strip(" .!") in _WAYS_OUT or _BY_NAME.search(folded[:_LONGEST_NAMED]):
        return True
    return any(_asks(words, lexicon) for words in clauses(folded) for lexicon in _lexicons_for(words))


def refuses_person(folded: str) -> bool:
    """True when no person is wanted, or one asks when people are there: then likeness to an example decides nothing."""
    if _HOURS.search(folded[:_LONGEST_NAMED]):
        return True
    for words in clauses(folded):
        for lexicon in _lexicons_for(words):
            refusals = _spans(words, lexicon.refuse) + _spans(words, lexicon.about)
            if any(_found(words[end:], lexicon.person) for _, end in refusals):
                return True
    return False


def mentions_person(folded: str) -> bool:
    """True when somebody who could be asked for, or a bot, is named at all, in whatever sense."""
    return any(
        _found(words, lexicon.person) or _found(words, lexicon.sure) or _found(words, lexicon.bot)
        for words in clauses(folded)
        for lexicon in _lexicons_for(words)
    )


def clauses(folded: str) -> list[tuple[str, ...]]:
    """The words of each clause, without quoted passages unless a quote is all there is."""
    folded = _without_slips(folded)
    unquoted = _QUOTED.sub(" , ", folded)
    text = unquoted if len(_WORD.findall(unquoted)) >= 3 else folded
    parts = (tuple(_WORD.findall(part)) for part in _CLAUSES.split(text.replace("-", " ")))
    return [part[at : at + _LONGEST_CLAUSE] for part in parts for at in range(0, len(part), _LONGEST_CLAUSE)]


def _asks(words: tuple[str, ...], lexicon: _Lexicon) -> bool:
    start = _request(words, lexicon)
    if start is None:
        return _tired_of_bots(words, lexicon)
    if _found(words, lexicon.about):
        return False
    return not any(_refused_by(words, span, start, lexicon) for span in _spans(words, lexicon.refuse))


def _refused_by(words: tuple[str, ...], refusal: Span, start: int, lexicon: _Lexicon) -> bool:
    """ "don't want to" refuses what follows at once, not what comes after another thought."""
    return refusal[0] <= start and _all_filler(words[refusal[1] : start], lexicon)


def _request(words: tuple[str, ...], lexicon: _Lexicon) -> int | None:
    """Where a request for a person begins in the clause, or None."""
    sure = _spans(words, lexicon.sure)
    sure += [span for span in _spans(words, lexicon.last) if _ends(words, span[1], lexicon)]
    persons = _spans(words, lexicon.person) + sure
    verbs = _spans(words, lexicon.talk)
    pairs = [*_pairs(words, verbs, persons, lexicon), *_pairs(words, persons, verbs, lexicon)]
    pairs += _pairs(words, _spans(words, lexicon.want), sure, lexicon)
    real = [span for span in _spans(words, lexicon.real) + persons if _ends(words, span[1], lexicon)]
    pairs += [span for span in _pairs(words, _spans(words, lexicon.presence), real, lexicon) if span[0] == 0]
    reach = [span for span in _spans(words, lexicon.reach) if _ends(words, span[1], lexicon)]
    # "can someone who knows about boots call me": whatever is said of the person in between.
    pairs += [
        (who[0], end[1]) for who in persons if who[0] <= 1 for end in reach if who[1] < end[0] and end[1] == len(words)
    ]
    pairs += [*_pairs(words, persons, reach, lexicon), *(s for s in reach if _all_filler(words[: s[0]], lexicon))]
    pairs += [span for span in sure if _all_filler(words[: span[0]], lexicon) and _ends(words, span[1], lexicon)]
    return min((start for start, _ in pairs), default=None)


def _tired_of_bots(words: tuple[str, ...], lexicon: _Lexicon) -> bool:
    bots = [span for span in _spans(words, lexicon.bot) if _ends(words, span[1], lexicon)]
    return bool(_pairs(words, _spans(words, lexicon.tired), bots, lexicon)) and words[-3:-1] != ("not", "a")


def _pairs(words: tuple[str, ...], firsts: list[Span], seconds: list[Span], lexicon: _Lexicon) -> list[Span]:
    """Spans from a first part to a second one with nothing but fillers between them."""
    return [
        (first[0], second[1])
        for first in firsts
        for second in seconds
        if 0 <= second[0] - first[1] <= _WINDOW and _all_filler(words[first[1] : second[0]], lexicon)
    ]


def _ends(words: tuple[str, ...], end: int, lexicon: _Lexicon) -> bool:
    return _all_filler(words[end:], lexicon)


def _all_filler(words: tuple[str, ...], lexicon: _Lexicon) -> bool:
    allowed = lexicon.between
    place = 0
    while place < len(words):
        longest = min(_LONGEST_ENTRY, len(words) - place)
        step = next((n for n in range(longest, 0, -1) if words[place : place + n] in allowed), 0)
        if step == 0:
            return False
        place += step
    return True


def _found(words: tuple[str, ...], entries: frozenset[tuple[str, ...]]) -> bool:
    return bool(_spans(words, entries))


def _spans(words: tuple[str, ...], entries: frozenset[tuple[str, ...]]) -> list[Span]:
    heads = _heads(entries)
    return [
        (start, start + length)
        for start in range(len(words))
        if words[start] in heads
        for length in range(1, min(_LONGEST_ENTRY, len(words) - start) + 1)
        if words[start : start + length] in entries
    ]


def _without_slips(folded: str) -> str:
    """Words for a person with one letter wrong, missing, doubled or swapped, put right."""
    return _LONG_WORD.sub(lambda found: _meant(found.group()), folded)


def _meant(word: str) -> str:
    if word in _known_words():
        return word
    return next((right for right in _OFTEN_MISSPELT if _one_slip(word, right)), word)


def _one_slip(word: str, right: str) -> bool:
    if abs(len(word) - len(right)) > 1 or word[0] != right[0]:
        return False
    start = next((place for place, pair in enumerate(zip(word, right, strict=False)) if pair[0] != pair[1]), None)
    if start is None:
        return True
    rest, wanted = word[start:], right[start:]
    swapped = rest[:2] == wanted[1::-1] and rest[2:] == wanted[2:]
    return swapped or rest[1:] == wanted or rest == wanted[1:] or rest[1:] == wanted[1:]


@cache
def _known_words() -> frozenset[str]:
    """Words of the lists and their plurals: "operatore" is Italian, not a slip."""
    listed = {
        word
        for lexicon in _lexicons()
        for field in fields(_Lexicon)
        for entry in getattr(lexicon, field.name)
        for word in entry
    }
    return frozenset(listed | {f"{word}s" for word in listed} | {"humane", "personal", "personally"})


def _lexicons_for(words: tuple[str, ...]) -> tuple[_Lexicon, ...]:
    return tuple(lexicon for lexicon in _lexicons() if not lexicon.telling.isdisjoint(words))


@cache
def _heads(entries: frozenset[tuple[str, ...]]) -> frozenset[str]:
    return frozenset(entry[0] for entry in entries)


@cache
def _lexicons() -> tuple[_Lexicon, ...]:
    text = resources.files("agent").joinpath("examples/wants_person.toml").read_text(encoding="utf-8")
    return tuple(_lexicon(language) for language in tomllib.loads(text).values())


def _lexicon(language: dict[str, str]) -> _Lexicon:
    return _Lexicon(**{field.name: frozenset(_entries(language[field.name])) for field in fields(_Lexicon)})


def _entries(listed: str) -> Iterator[tuple[str, ...]]:
    for entry in listed.split(","):
        yield tuple(_WORD.findall(entry))
