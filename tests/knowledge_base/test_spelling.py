from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from knowledge_base.lexical import tokens
from knowledge_base.spelling import Speller

WHOLE = frozenset(["password", "address", "march", "switch", "warranty", "the", "where", "смена"])


@dataclass(frozen=True)
class Shelf:
    """An index with these words, each in so many passages."""

    words: dict[str, int] = field(default_factory=dict)

    def holding(self, stem: str) -> int:
        return self.words.get(stem, 0)


def counted(texts: Sequence[str]) -> list[int]:
    """An encoder that has these words in one piece and all others in two."""
    return [1 if text in WHOLE else 2 for text in texts]


def speller(languages: Sequence[str] = ("en",), **words: int) -> Speller:
    shelf = Shelf({tokens(word)[0]: count for word, count in words.items()})
    return Speller(vocabulary=shelf, count_tokens=counted, languages=languages)


@pytest.mark.parametrize("typed", ["pasword", "passwrod", "passwordd", "paxsword", "Pasword"])
def test_one_slip_is_mended(typed: str) -> None:
    assert speller(password=1).mend(f"my {typed}?") == ("my password?", {typed: "password"})


@pytest.mark.parametrize("typed", ["password", "passwords", "psasowrd", "qassword", "pw", "12345"])
def test_known_words_two_slips_first_letters_short_words_and_numbers_stay(typed: str) -> None:
    assert speller(password=1).mend(typed) == (typed, {})


def test_a_word_of_the_language_is_not_taken_for_a_slip() -> None:
    assert speller(match=9).mend("in march")[0] == "in march"


def test_a_product_name_is_mended_once_several_passages_have_it() -> None:
    assert speller(portenta=3).mend("portentta")[0] == "portenta"
    assert speller(portenta=2).mend("portentta")[0] == "portentta"


def test_a_slip_in_a_word_without_a_subject_is_mended_too() -> None:
    assert speller().mend("wheere") == ("where", {"wheere": "where"})


def test_two_letters_swapped_are_likelier_than_one_mistyped() -> None:
    assert speller(switch=1, swatch=9).mend("swtich")[0] == "switch"


def test_other_alphabets_are_mended_as_well() -> None:
    assert speller(["ru"], **{"смена": 3}).mend("смеена")[0] == "смена"


def test_scripts_without_spaces_are_left_alone() -> None:
    assert speller().mend("วิธีคืนสินค้า 商品を返品する方法") == ("วิธีคืนสินค้า 商品を返品する方法", {})


def test_only_the_first_unknown_words_are_looked_at() -> None:
    names = " ".join(f"zeppelin{letter}" for letter in "abcd")
    assert speller(password=1).mend(f"{names} pasword")[1] == {}
    assert speller(password=1).mend(f"{names[:20]} pasword")[1] == {"pasword": "password"}
