"""Slips of the keyboard in a question: a word that nobody knows becomes the word one slip away that is known."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from knowledge_base.lexical import stems_of

_SHORTEST: Final = 5
"""Letters. Shorter words lie one slip from too many others ("lam" is lamp, lab, ham)."""
_LONGEST: Final = 24
_MOST: Final = 4
"""Unknown words of one question that are looked at: each costs about a millisecond."""
_COMMON: Final = 3
"""Passages that must hold a word which the encoder does not know, so that it is a name here and not a slip too."""
_WORD: Final = re.compile(rf"(?<!\w)[A-Za-z\u00c0-\u024f\u0370-\u03ff\u0400-\u04ff]{{{_SHORTEST},{_LONGEST}}}(?!\w)")
"""Latin, Greek, Cyrillic. A run of a script without spaces is no word."""
_ALPHABETS: Final = (
    "abcdefghijklmnopqrstuvwxyz",
    "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
    "αβγδεζηθικλμνξοπρσςτυφχψω",
)

CountTokens = Callable[[Sequence[str]], list[int]]


class Vocabulary(Protocol):
    """The words of an index."""

    def holding(self, stem: str) -> int:
        """How many passages have this word."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Speller:
    """Knows the words of an index, by stem, and those that the encoder has whole: its vocabulary has the words of a
    language in one piece, and what is misspelt in several.

    Without the second, "march" becomes "match" where the help center has no march: hit@1 of the questions concerned
    went from .889 to .950 on StackFAQ (60), and from .667 to .556 on the Arduino questions (9); with it from .889 to
    .978 (45) and 1.000 stayed (3).
    """

    vocabulary: Vocabulary
    count_tokens: CountTokens
    languages: Sequence[str]

    def mend(self, text: str) -> tuple[str, Mapping[str, str]]:
        """`text` with its slips mended, and what was mended: the word as typed, and as it is looked up."""
        # All at once: asking the tokenizer costs more than what it does with a word.
        unheld = [word for word in dict.fromkeys(_WORD.findall(text)) if not self._held(word.casefold())]
        if not unheld:
            return text, {}
        counts = self.count_tokens([word.casefold() for word in unheld])
        unknown = [word for word, count in zip(unheld, counts, strict=True) if count > 1][:_MOST]
        meant = {word: self._meant(word.casefold()) for word in unknown}
        mended = {word: found for word, found in meant.items() if found is not None}
        return (_WORD.sub(lambda match: mended.get(match[0], match[0]), text) if mended else text), mended

    def _meant(self, word: str) -> str | None:
        held = [(near, slip, held) for near, slip in _one_slip_away(word) if (held := self._held(near))]
        if not held:
            return None
        whole = [count == 1 for count in self.count_tokens([near for near, _, _ in held])]
        best = max(
            ((known, -slip, held, near) for known, (near, slip, held) in zip(whole, held, strict=True)),
            key=lambda one: one[:3],
        )
        return best[3] if best[0] or best[2] >= _COMMON else None

    def _held(self, word: str) -> int:
        """Passages that have `word`; a word without a subject counts as one that all have."""
        stems = stems_of(word, self.languages)
        if not stems:
            return 1_000_000
        return max(self.vocabulary.holding(stem) for stem in stems)


def _one_slip_away(word: str) -> Iterator[tuple[str, int]]:
    """Words with two letters swapped (0), or one left out, put in or mistyped (1); first letters are rarely wrong."""
    alphabet = next((letters for letters in _ALPHABETS if word[0] in letters), "")
    for place in range(1, len(word) - 1):
        if word[place] != word[place + 1]:
            yield word[:place] + word[place + 1] + word[place] + word[place + 2 :], 0
    for place in range(1, len(word)):
        yield word[:place] + word[place + 1 :], 1
        for letter in alphabet:
            if letter != word[place]:
                yield word[:place] + letter + word[place + 1 :], 1
            yield word[:place] + letter + word[place:], 1
    for letter in alphabet:
        yield word + letter, 1
