"""Makes a follow-up stand alone: the new message together with the question it leans on.

Only words are looked at, so a message that names its own topic never drags the old one along.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from agent.guardrails import fold
from agent.responders.stems import FUNCTION_WORDS

_LONGEST_CHAIN: Final = 2
"""Follow-ups kept behind the question they started from: more of them drown the newest one."""

_CONTINUES = re.compile(
    r"^(?:(?:ok|okay|thanks|great|got it|i see|cool|oh|ah|hm+|alright|well|yes|no|sorry)[\s,.!]+)*"
    r"(?:and|what about|how about|what if|but|or|same (?:for|with|thing)|also for|even (?:if|for|with)|"
    r"only|except|then|so what|"
    r"y|et|und|e|mais|pero|aber|ma|mas)\b"
)
_FRAGMENT = re.compile(
    r"^(?:for|to|in|from|with|without|on|at|via|by|if|when|even|not|after|before|during|outside|inside|using) "
)
_LEANS = re.compile(
    r"\b(?:it|its|that|this one|that one|those|these|them|they|their|there|then|one|ones|the same|"
    r"the other|others?|another one|"
    r"he|she|him|her|the (?:first|second|third|last|former|latter)(?: one| step| option)?|(?:step|option|number) \d)\b"
)
_EXPLETIVE = re.compile(
    r"\b(?:is it (?:possible|ok|okay|true|safe|allowed|necessary|legal)|it (?:is|was|says|seems|looks)|"
    r"is there|are there|there (?:is|are)|"
    r"that (?:i|you|we|is|are|was|has|have|can|will|my)|one of|when it comes|what time is it|how is it)\b"
)
_BARE_QUESTION = re.compile(
    r"^(?:(?:and|but|ok|so|then|also)[\s,]+)*(?:why(?: not)?|when|where|how|how (?:long|much|many|often|"
    r"far|soon|so|come)|who|which(?: one| ones)?|what|"
    r"what (?:else|then|next|for|kind|time)|since when|until when|by when|for how long|is that all|"
    r"anything else|really|are you sure|"
    r"what does that mean|like what|such as|for example|can you explain|more details?|tell me more|"
    r"explain|go on)(?: exactly| please| then)?[ ?.!]*$"
)
_INCOMPLETE = re.compile(
    r"^(?:how (?:long|much|many|often|soon|fast)|what|when|where|who|which|why|is|are|do|does|can|will|"
    r"should)\b[\w' ]{0,40}"
    r"\b(?:does it|is it|will it|would it|do they|are they|will they|to do that|do that|do this|about it|"
    r"with it|for it|take|cost|costs|work|"
    r"expire|apply|i do|it be|i get|it cover|happen|happens|pay|need)[ ?.!]*$"
)
_WHOLE_QUESTION = re.compile(
    r"^(?:and|but|or|so|then)\b.{0,12}\b(?:(?:how|where|what|which|when|why) (?:do|does|can|is|are|should|will|to)|"
    r"(?:do|does|can|is|are|will) (?:you|i|we|my|your))\b(?!.*\b(?:it|that|them|those|these|this)\b)"
)
_SWAPS = re.compile(
    r"^(?:(?:ok|okay|thanks|great|got it|i see)[\s,.!]+)*(?:and|what about|how about|or|und|et|y|e|en)\s+"
    r"(?:(?P<how>to|for|in|from|with|on|at|into)\s+)?(?P<what>[^?!.,;]{1,40}?)[\s?!.]*$",
    re.IGNORECASE,
)
_SWAPPED = re.compile(r"\b(?P<how>to|for|in|from|with|on|at|into)\s+(?P<what>[^?!.,;]{1,40}?)[\s?!.]*$", re.IGNORECASE)
_MOST_SWAPPED: Final = 3
"""Content words of what is put in another's place: "to the UK" for "to Canada", no clause for a clause."""
_LONGEST_NARROWED: Final = 12
_CLAUSE = re.compile(
    r"\b(?:how|what|when|where|who|which|why|if|is|are|do|does|can|could|will|would|should|it|them|they|that|this|i|we|"
    r"you|not|want|need|get|send|pay|return|order)\b",
    re.IGNORECASE,
)
_FILLERS = frozenset(
    """
    a an the and or but so ok okay for to in on of at with is are was were be do does did can could will
    would i you we it its my your me us this that these those what which who when where why how please pls
    thanks then about if also there much many long any some have has had get
    """.split()  # noqa: SIM905
)
_VAGUE = frozenset(
    """
    problem problems issue issues question questions help thing things broken broke work works working
    worked error errors wrong stuff trouble change changed update use used take takes cost costs find fix
    happen happens happened explain info information details support not doesn't doesnt don't dont won't
    wont can't cant isn't isnt didn't good bad hello product item
    """.split()  # noqa: SIM905
)
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")


class Leaning(IntEnum):
    """How much a message needs the one before: NONE, MAYBE (its own hits decide), CLEARLY."""

    NONE = 0
    MAYBE = 1
    CLEARLY = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class StandAlone:
    """`question` is what to search for; `own` the new words alone. They differ where `leaning` is not NONE.

    `whole` says that `question` needs nothing said before: "shipping to the UK?" of "and the UK?" after Canada.
    """

    question: str
    own: str
    leaning: Leaning
    whole: bool = False


def stand_alone(new: str, earlier: Sequence[str]) -> StandAlone:
    """`new` made to stand alone by `earlier` questions of the same episode, oldest first."""
    swapped = _swapped(new, earlier[-1]) if earlier else None
    if swapped is not None:
        return StandAlone(question=swapped, own=new, leaning=Leaning.CLEARLY, whole=True)
    leaning = _leaning(new) if earlier else Leaning.NONE
    if leaning is Leaning.NONE:
        return StandAlone(question=new, own=new, leaning=leaning)
    return StandAlone(question=" ".join([*_topic(earlier), new]), own=new, leaning=leaning)


def content_words(text: str) -> list[str]:
    """The words of `text` that could name a topic, folded."""
    return [word for word in _WORD.findall(fold(text)) if word not in _FILLERS]


def _swapped(new: str, before: str) -> str | None:
    """The question before with what it was about at its end replaced by what is named now, or None.

    Where it ended in no place or purpose, one that is named with its preposition is put there: "and to Canada?".
    """
    names, asked = _SWAPS.match(new.strip()), _SWAPPED.search(before)
    if names is None or "\n" in before.strip():
        return None
    if asked is None:
        return _narrowed(names, before)
    same = names["how"] is None or names["how"].casefold() == asked["how"].casefold()
    few = all(0 < len(content_words(one["what"])) <= _MOST_SWAPPED for one in (names, asked))
    if not same or not few or any(_CLAUSE.search(one["what"]) for one in (names, asked)):
        return None
    return f"{before[: asked.start('what')]}{names['what'].strip()}?"


def _narrowed(names: re.Match[str], before: str) -> str | None:
    few = 0 < len(content_words(names["what"])) <= _MOST_SWAPPED and len(before.split()) <= _LONGEST_NARROWED
    if names["how"] is None or not few or _CLAUSE.search(names["what"]):
        return None
    if not before.strip().endswith("?") or leans(before):
        return None
    return f"{before.strip(' ?!.')} {names['how']} {names['what'].strip()}?"


def _topic(earlier: Sequence[str]) -> list[str]:
    """The question that opened the topic and the last follow-ups to it."""
    chain: list[str] = []
    for place in range(len(earlier) - 1, -1, -1):
        chain.insert(0, earlier[place])
        if place == 0 or _leaning(earlier[place]) is Leaning.NONE:
            break
    if len(chain) > _LONGEST_CHAIN + 1:
        chain = [chain[0], *chain[-_LONGEST_CHAIN:]]
    return chain


def _leaning(text: str) -> Leaning:
    folded = fold(text).strip()
    topical = len(content_words(folded))
    if _BARE_QUESTION.match(folded):
        return Leaning.CLEARLY
    if _CONTINUES.match(folded):
        whole = _WHOLE_QUESTION.search(folded) is not None and topical >= 2
        return Leaning.MAYBE if whole or topical > 5 else Leaning.CLEARLY
    leans = _LEANS.search(_EXPLETIVE.sub(" ", folded)) is not None
    if _INCOMPLETE.match(folded) and topical <= 3:
        return Leaning.CLEARLY if leans or topical <= 1 else Leaning.MAYBE
    if leans:
        return Leaning.CLEARLY if topical <= 3 else Leaning.MAYBE
    if (_FRAGMENT.match(folded) and topical <= 4) or topical == 0:
        # "How long do I have" names nothing at all: alone it can only be asked back.
        return Leaning.CLEARLY
    return Leaning.MAYBE if topical <= 2 and len(folded.split()) <= 4 else Leaning.NONE


def is_vague(text: str) -> bool:
    """True when a message names nothing to look up: "it doesn't work", "how much is it", "help"."""
    return all(word in _VAGUE or word in FUNCTION_WORDS for word in content_words(text))


def leans(text: str) -> bool:
    """True when a message points at something that was not said in it ("can I change it")."""
    return _leaning(text) is Leaning.CLEARLY
