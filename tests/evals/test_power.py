from __future__ import annotations

import numpy as np
import pytest

from evals.paired import compare_pairs
from evals.power import from_pairs, from_share, samples_for


def test_the_sentence_says_the_change_in_points() -> None:
    assert str(from_pairs(0.295, 150)) == "With 150 samples you can see a change of 6.0 points, four times in five."


def test_what_never_varied_promises_nothing() -> None:
    assert from_share(1.0, 40).change is None
    assert "all came out alike" in str(from_share(1.0, 40))
    assert from_pairs(float("nan"), 40).change is None


def test_more_scores_need_a_larger_change_and_more_samples_a_smaller_one() -> None:
    one, ten = from_pairs(0.3, 150).change, from_pairs(0.3, 150, tests=10).change
    assert one is not None
    assert ten is not None
    assert ten > 1.3 * one
    assert from_pairs(0.3, 600).change == pytest.approx(one / 2)


def test_the_number_of_samples_is_what_shows_the_change() -> None:
    n = samples_for(0.06, 0.3)
    assert from_pairs(0.3, n).change == pytest.approx(0.06, abs=0.001)


def test_a_loss_of_the_stated_size_is_seen_four_times_in_five() -> None:
    """300 pairs of runs with a true loss of what the sentence states, by the test that the gate uses."""
    dice, n, seen = np.random.default_rng(8), 200, 0
    stated = from_pairs(0.4, n).change
    assert stated is not None
    for _ in range(300):
        before = np.zeros(n)
        after = dice.normal(-stated, 0.4, n)
        seen += compare_pairs(before, after, [str(one) for one in range(n)]).p_loss <= 0.05
    assert 0.72 <= seen / 300 <= 0.88
