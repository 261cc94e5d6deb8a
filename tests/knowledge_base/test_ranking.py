from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from knowledge_base.ranking import LEXICAL_WEIGHT, fuse


def given(*cosines: float) -> Callable[[NDArray[np.int64]], NDArray[np.float32]]:
    known = np.array(cosines, dtype=np.float32)
    return lambda rows: known[rows]


def test_a_shared_word_lifts_a_passage_and_ranks_are_told() -> None:
    scores = np.array([3.0, 0.0, 1.0], np.float32)
    found = fuse([1, 0], [0, 2], cosines=given(0.5, 0.52, 0.1), scores=scores, limit=10)
    assert [(one.row, one.dense_rank, one.lexical_rank) for one in found] == [(0, 2, 1), (1, 1, None), (2, None, 2)]
    assert found[0].score == pytest.approx(0.5 + 3 * LEXICAL_WEIGHT, abs=1e-5)
    assert found[0].cosine == pytest.approx(0.5)


def test_equal_scores_go_by_row_and_the_limit_holds() -> None:
    found = fuse([2, 0, 1], [], cosines=given(0.5, 0.5, 0.5), scores=np.zeros(3, np.float32), limit=2)
    assert [one.row for one in found] == [0, 1]


def test_nothing_nominated_is_nothing_found() -> None:
    assert fuse([], [], cosines=given(), scores=np.empty(0, np.float32), limit=5) == []
