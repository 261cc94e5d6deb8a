from __future__ import annotations

import numpy as np
import pytest

from knowledge_base.ranking import LEXICAL_WEIGHT, fuse


def test_a_shared_word_lifts_a_passage_and_ranks_are_told() -> None:
    cosines, scores = np.array([0.5, 0.52, 0.1], np.float32), np.array([3.0, 0.0, 1.0], np.float32)
    found = fuse([5, 4], [4, 9], cosines=cosines, scores=scores, limit=10)
    assert [(one.row, one.dense_rank, one.lexical_rank) for one in found] == [(4, 2, 1), (5, 1, None), (9, None, 2)]
    assert found[0].score == pytest.approx(0.5 + 3 * LEXICAL_WEIGHT, abs=1e-5)


def test_equal_scores_go_by_row_and_the_limit_holds() -> None:
    same = np.full(3, 0.5, np.float32)
    found = fuse([8, 2, 5], [], cosines=same, scores=np.zeros(3, np.float32), limit=2)
    assert [one.row for one in found] == [2, 5]


def test_nothing_nominated_is_nothing_found() -> None:
    nothing = np.empty(0, np.float32)
    assert fuse([], [], cosines=nothing, scores=nothing, limit=5) == []
