from __future__ import annotations

from pathlib import Path

import pytest

from knowledge_base.lexical import LexicalIndex, build_lexical, content_words, tokens


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("How do I reset the R4?", ["reset", "r4"]),
        ("Plan B, size X", ["plan", "b", "size", "x"]),
        ("It doesn't work; the shop's lamp", ["work", "shop", "lamp"]),
        ("Rückgabe GRÖSSE", ["rückgabe", "grösse"]),
        ("退货政策", ["退货", "货政", "政策"]),
        ("IDE 1.8.19", ["ide", "1", "8", "19"]),
        ("\u200b \u202e", []),
    ],
)
def test_tokens_keep_short_names_numbers_and_every_script(text: str, expected: list[str]) -> None:
    assert tokens(text) == expected


def test_content_words_are_shown_as_they_were_written() -> None:
    assert content_words("Where are my Parcels going?") == {"parcel": "Parcels", "go": "going"}


@pytest.fixture
def index(tmp_path: Path) -> LexicalIndex:
    build_lexical([tokens("red lamp"), tokens("blue lamp lamp"), [], tokens("blue shirt")], tmp_path)
    return LexicalIndex(tmp_path)


def test_a_passage_with_the_rarer_word_scores_higher(index: LexicalIndex) -> None:
    scores = index.scores(["red", "lamp"])
    assert scores.shape == (4,)
    assert scores[0] > scores[1] > scores[2] == scores[3] == 0


def test_rarity_and_presence_of_words(index: LexicalIndex) -> None:
    assert index.rarity("unheard") > index.rarity("red") > index.rarity("lamp")
    assert index.known("red")
    assert not index.known("unheard")
    assert index.holds(0, "red")
    assert not index.holds(1, "red")


def test_unknown_words_and_no_words_score_nothing(index: LexicalIndex) -> None:
    assert not index.scores(["unheard"]).any()
    assert not index.scores([]).any()
    assert LexicalIndex.empty().scores(["x"]).shape == (0,)
