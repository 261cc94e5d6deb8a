from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain

import numpy as np
import pytest
from numpy.typing import NDArray

from knowledge_base.nearest import Found, Rows
from knowledge_base.ranking import QUOTED, Nominated, Quoted, Ranked, fuse

Numbers = NDArray[np.float32]


def numbers(*values: float) -> Numbers:
    return np.array(values, dtype=np.float32)


def found(*rows: int) -> Found:
    return Found(rows=np.array(rows, dtype=np.int64), scores=np.zeros(len(rows), np.float32))


def quotes(**scores: Sequence[float]) -> Callable[[Rows], Quoted]:
    def quoted(rows: Rows) -> Quoted:
        own = [scores.get(f"row{row}", ()) for row in rows]
        return Quoted(scores=numbers(*chain(*own)), ends=np.cumsum([len(one) for one in own], dtype=np.int64))

    return quoted


NOWHERE = found()
NO_QUOTES = quotes()


def fused(
    *, passage: Numbers, opening: Numbers | None = None, words: Numbers | None = None, limit: int = 10,
    scores: Callable[[Rows], Quoted] = NO_QUOTES,
    dense: Found = NOWHERE, lexical: Found = NOWHERE,
) -> list[Ranked]:  # fmt: skip
    nothing = np.zeros(len(passage), np.float32)
    nominated = Nominated(
        rows=np.arange(len(passage)),
        passage=passage,
        opening=nothing if opening is None else opening,
        words=nothing if words is None else words,
    )
    return fuse(nominated, scores, dense=dense, lexical=lexical, limit=limit)


def rows_of(ranked: Sequence[Ranked]) -> list[int]:
    return [one.row for one in ranked]


def test_a_shared_word_lifts_a_passage_and_ranks_are_told() -> None:
    ranked = fused(
        passage=numbers(0.5, 0.52, 0.1), words=numbers(3.0, 0.0, 1.0), dense=found(1, 0), lexical=found(0, 2)
    )
    assert [(one.row, one.dense_rank, one.lexical_rank) for one in ranked] == [(0, 2, 1), (1, 1, None), (2, None, 2)]
    assert ranked[0].cosine == pytest.approx(0.5)
    assert ranked[0].lexical == 3.0


def test_of_two_equal_passages_the_one_in_an_article_about_the_subject_comes_first() -> None:
    assert rows_of(fused(passage=numbers(0.5, 0.5), opening=numbers(0.1, 0.6))) == [1, 0]


def test_of_two_equal_passages_the_one_with_the_better_quote_comes_first() -> None:
    ranked = fused(passage=numbers(0.5, 0.5), scores=quotes(row0=[0.1, 0.3], row1=[0.0, 0.9]))
    assert rows_of(ranked) == [1, 0]
    assert list(ranked[0].quote_scores) == pytest.approx([0.0, 0.9])


def test_a_score_is_the_sum_of_its_parts_and_a_perfect_match_without_words_is_a_cosine_of_one() -> None:
    (one,) = fused(passage=numbers(0.4), opening=numbers(0.2), words=numbers(5), scores=quotes(row0=[0.6]))
    parts = one.parts
    assert one.score == pytest.approx(parts.passage + parts.opening + parts.quote + parts.words, abs=1e-5)
    assert min(parts.passage, parts.opening, parts.quote, parts.words) > 0
    (perfect,) = fused(passage=numbers(1), opening=numbers(1), scores=quotes(row0=[1]))
    assert perfect.score == pytest.approx(1)


def test_a_passage_without_quotes_is_its_own_best_quote() -> None:
    (bare,) = fused(passage=numbers(0.5))
    (quoted,) = fused(passage=numbers(0.5), scores=quotes(row0=[0.5]))
    assert bare.score == quoted.score


def test_equal_scores_go_by_row_and_the_limit_holds() -> None:
    assert rows_of(fused(passage=numbers(0.5, 0.5, 0.5), limit=2)) == [0, 1]


def test_only_the_best_are_compared_quote_by_quote_but_never_fewer_than_asked_for() -> None:
    asked: list[int] = []

    def scores(rows: Rows) -> Quoted:
        asked.append(len(rows))
        return NO_QUOTES(rows)

    many = np.linspace(0, 1, 3 * QUOTED, dtype=np.float32)
    assert len(fused(passage=many, limit=5, scores=scores)) == 5
    assert len(fused(passage=many, limit=2 * QUOTED, scores=scores)) == 2 * QUOTED
    assert asked == [QUOTED, 2 * QUOTED]


def test_a_passage_without_quotes_between_others_does_not_shift_theirs() -> None:
    ranked = fused(passage=numbers(0.3, 0.3, 0.3), scores=quotes(row0=[0.1], row2=[0.9, 0.2]))
    assert rows_of(ranked) == [2, 1, 0]
    assert [len(one.quote_scores) for one in ranked] == [2, 0, 1]


def test_nothing_nominated_is_nothing_found() -> None:
    assert fused(passage=numbers()) == []
