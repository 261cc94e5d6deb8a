"""Words: a tokeniser for help centers, and BM25 over passages."""

from __future__ import annotations

import logging
import math
import re
import threading
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final, Self

import bm25s
import numpy as np
import Stemmer
from numpy.typing import NDArray

from knowledge_base.model import Passage

logging.getLogger("bm25s").setLevel(logging.WARNING)  # it announces each index it builds

_TITLE_WEIGHT: Final = 2
_MAX_QUESTION_TOKENS: Final = 200
_CJK: Final = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uac00-\ud7af"
_TOKEN: Final = re.compile(rf"[{_CJK}]+|[^\W_{_CJK}]+")
_IS_CJK: Final = re.compile(f"[{_CJK}]")
_APOSTROPHE: Final = re.compile(r"(?<=\w)['’](?=\w)")

STOP_WORDS: Final = frozenset(
    """
    a about above after again all also am an and any anybody anyone anything are as at be because been before being
    between both but by can cannot cant could couldnt did didnt do does doesnt doing dont down during each else ever
    every everything few for from further get gets getting got had has hasnt have havent having he hello help her here
    hers hey hi him his how hows i id if ill im in into is isnt it its itself ive just know let lets like many may me
    might more most much must my myself need no nor not now of off ok okay on once one only or other our ours out over
    own please same she should shouldnt so some someone something such tell than thank thanks that thats the their
    theirs them then there theres these they thing things this those through to too try trying under until up us very
    want wants was wasnt way we were werent what whats when where wheres whether which while who whom whose why will
    with without wont would wouldnt yes yet you your youre yours
    """.split()  # noqa: SIM905 - a paragraph of words is easier to mend than a list
)
"""Words that carry no subject. They stay in the index of no passage and count in no coverage."""


def tokens(text: str) -> list[str]:
    """Lower-case stems in order, stop words left out: letters and digits of any script ("r4", "x"), CJK as bigrams."""
    text = _APOSTROPHE.sub("", unicodedata.normalize("NFKC", text).casefold())
    found: list[str] = []
    for word in _TOKEN.findall(text):
        if _IS_CJK.match(word):
            found += [word[i : i + 2] for i in range(len(word) - 1)] or [word]
        elif word not in STOP_WORDS:
            found.append(_stem(word))
    return found


def content_words(text: str) -> dict[str, str]:
    """Stems of the content words of `text`, each with the word as it was written first."""
    text = _APOSTROPHE.sub("", unicodedata.normalize("NFKC", text))
    found: dict[str, str] = {}
    for word in _TOKEN.findall(text):
        for stem in tokens(word)[:_MAX_QUESTION_TOKENS]:
            found.setdefault(stem, word)
    return found


def passage_tokens(passage: Passage, words: str) -> list[str]:
    """What BM25 sees of a passage; title and heading count double, as they name the subject."""
    named = tokens(f"{passage.title} {passage.heading}")
    return named * _TITLE_WEIGHT + tokens(words)


class LexicalIndex:
    """BM25 over numbered passages. Read only; safe to share between threads."""

    def __init__(self, folder: Path | None) -> None:
        self._index: bm25s.BM25 | None = None
        self._frequencies: NDArray[np.int64] = np.empty(0, dtype=np.int64)
        self.size = 0
        if folder is not None:
            self._index = bm25s.BM25.load(str(folder), mmap=True, load_vocab=True)
            self._starts = np.asarray(self._index.scores["indptr"])
            self._rows = self._index.scores["indices"]
            self._frequencies = np.diff(self._starts)
            self.size = int(self._index.scores["num_docs"])

    @classmethod
    def empty(cls) -> Self:
        return cls(None)

    def scores(self, stems: Sequence[str]) -> NDArray[np.float32]:
        """The BM25 score of every passage, shape (size,)."""
        known = [number for stem in stems[:_MAX_QUESTION_TOKENS] if (number := self._number(stem)) is not None]
        if self._index is None or not known:
            return np.zeros(self.size, dtype=np.float32)
        return np.asarray(self._index.get_scores_from_ids(known), dtype=np.float32)

    def known(self, stem: str) -> bool:
        return self._number(stem) is not None

    def rarity(self, stem: str) -> float:
        """Inverse document frequency, at its highest for a word that no passage has."""
        number = self._number(stem)
        holding = int(self._frequencies[number]) if number is not None else 0
        return math.log(1 + (self.size - holding + 0.5) / (holding + 0.5))

    def holds(self, row: int, stem: str) -> bool:
        """Whether passage `row` has this word in its title, heading or text."""
        number = self._number(stem)
        if number is None:
            return False
        rows = self._rows[self._starts[number] : self._starts[number + 1]]
        return bool((rows == row).any())

    def _number(self, stem: str) -> int | None:
        if self._index is None:
            return None
        number = self._index.vocab_dict.get(stem)
        return number if number is not None and number < len(self._frequencies) else None


def build_lexical(passages: Sequence[Sequence[str]], folder: Path) -> None:
    """Write the index of `passages` (the tokens of each) into `folder`."""
    vocabulary: dict[str, int] = {"": 0}
    ids = [[vocabulary.setdefault(token, len(vocabulary)) for token in passage or ("",)] for passage in passages]
    index = bm25s.BM25(k1=1.2, b=0.75)
    index.index((ids, vocabulary), show_progress=False)
    index.save(str(folder), show_progress=False)


class _Stemmers(threading.local):
    """One for each thread: a stemmer keeps state while it works."""

    def __init__(self) -> None:
        self.english = Stemmer.Stemmer("english", 0)


_stemmers = _Stemmers()


@lru_cache(maxsize=50_000)
def _stem(word: str) -> str:
    return str(_stemmers.english.stemWord(word))
