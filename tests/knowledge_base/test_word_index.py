from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge_base.word_index import LexicalIndex, WordIndexWriter


def build_lexical(passages: Sequence[Sequence[str]], folder: Path) -> None:
    """The index of `passages`, the tokens of each, in `folder`."""
    writer = WordIndexWriter(folder)
    for passage in passages:
        writer.add(passage)
    writer.finish()


def words_of(index: LexicalIndex, row: int) -> set[str]:
    """The stems that a row has, as a search sees them."""
    words = dict.fromkeys(index.words, 1.0)
    return {word for word, part in zip(words, index.parts_of(np.array([row]), words)[:, 0], strict=True) if part > 0}


@pytest.fixture
def index(tmp_path: Path) -> LexicalIndex:
    build_lexical([["red", "lamp"], ["blue", "lamp", "lamp"], [], ["blue", "shirt"]], tmp_path)
    return LexicalIndex(tmp_path)


def bm25(passages: Sequence[Sequence[str]], question: Sequence[str]) -> list[float]:
    """The formula as Lucene has it, word by word."""
    average = max(sum(len(one) for one in passages) / len(passages), 1)
    scores = []
    for passage in passages:
        counts, score = Counter(passage), 0.0
        for word in question:
            holding = sum(word in other for other in passages)
            rarity = math.log(1 + (len(passages) - holding + 0.5) / (holding + 0.5))
            norm = 1.2 * (1 - 0.75 + 0.75 * len(passage) / average)
            score += rarity * counts[word] / (counts[word] + norm)
        scores.append(score)
    return scores


def random_passages(count: int, seed: int = 3) -> list[list[str]]:
    random = np.random.default_rng(seed)
    return [[f"w{n}" for n in np.minimum(random.zipf(1.3, random.integers(0, 30)), 500)] for _ in range(count)]


def test_a_passage_with_the_rarer_word_scores_higher(index: LexicalIndex) -> None:
    scores = index.scores(["red", "lamp"])
    assert scores.shape == (4,)
    assert scores[0] > scores[1] > scores[2] == scores[3] == 0


def test_rarity_and_presence_of_words(index: LexicalIndex) -> None:
    assert index.rarity("unheard") > index.rarity("red") > index.rarity("lamp")
    assert index.known("red")
    assert not index.known("unheard")
    assert (words_of(index, 0), words_of(index, 2)) == ({"red", "lamp"}, set())
    assert sorted(index.words) == ["blue", "lamp", "red", "shirt"]


def test_unknown_words_and_no_words_score_nothing(index: LexicalIndex) -> None:
    assert not index.scores(["unheard"]).any()
    assert not index.scores([]).any()
    assert not len(index.top(["unheard"], 5).rows)
    assert LexicalIndex.empty().scores(["x"]).shape == (0,)
    assert not len(LexicalIndex.empty().top(["x"], 5).rows)


def test_scores_are_those_of_bm25(tmp_path: Path) -> None:
    passages = random_passages(300)
    build_lexical(passages, tmp_path)
    question = ["w1", "w2", "w7", "w7", "w90"]
    np.testing.assert_allclose(LexicalIndex(tmp_path).scores(question), bm25(passages, question), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("masked", [False, True])
def test_the_best_are_those_of_scoring_every_passage(tmp_path: Path, *, masked: bool) -> None:
    """Large enough for common words to be looked up instead of added up."""
    build_lexical(random_passages(12_000), tmp_path)
    index = LexicalIndex(tmp_path)
    random = np.random.default_rng(5)
    readable = random.random(index.size) < 0.3 if masked else None
    for _ in range(40):
        words = {f"w{n}": float(random.uniform(0.2, 2)) for n in random.integers(1, 60, 6)}
        scores = index.scores(words)
        if readable is not None:
            scores[~readable] = 0
        found = index.top(words, 20, readable)
        expected = np.argsort(-scores, kind="stable")[:20]
        np.testing.assert_allclose(found.scores, scores[expected], rtol=1e-4)
        assert readable is None or readable[found.rows].all()
        np.testing.assert_allclose(index.parts_of(found.rows, words).sum(axis=0), scores[found.rows], rtol=1e-4)


def test_words_of_copied_passages_are_those_of_the_version_before(tmp_path: Path) -> None:
    passages = random_passages(50)
    build_lexical(passages, tmp_path / "before")
    before = LexicalIndex(tmp_path / "before")
    writer = WordIndexWriter(tmp_path / "after", before)
    writer.add(["w1", "new"])
    writer.copy(range(10, 40))
    writer.copy(range(3, 3))
    writer.add([])
    writer.copy(range(0, 5))
    writer.finish()
    build_lexical([["w1", "new"], *passages[10:40], [], *passages[:5]], tmp_path / "anew")
    after, anew = LexicalIndex(tmp_path / "after"), LexicalIndex(tmp_path / "anew")
    for words in (["w1"], ["new"], ["w3", "w4", "w2"]):
        np.testing.assert_allclose(after.scores(words), anew.scores(words), rtol=1e-6)


@given(st.lists(st.lists(st.sampled_from("abcdef"), max_size=6), max_size=12))
@settings(max_examples=30, deadline=None)
def test_any_passages_can_be_indexed(tmp_path_factory: pytest.TempPathFactory, passages: list[list[str]]) -> None:
    folder = tmp_path_factory.mktemp("words")
    build_lexical(passages, folder)
    index = LexicalIndex(folder)
    assert index.size == len(passages)
    for row, passage in enumerate(passages):
        assert words_of(index, row) == set(passage)


@pytest.mark.parametrize("name", ["rows.npy", "words.txt", "impacts.npy", "passage_words.npy"])
def test_a_truncated_file_is_noticed(tmp_path: Path, name: str) -> None:
    build_lexical(random_passages(2000), tmp_path)
    raw = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(raw[: len(raw) // 2])
    with pytest.raises((OSError, ValueError)):
        LexicalIndex(tmp_path)
