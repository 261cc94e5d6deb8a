from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from evals.clustered import clustered_mean, clustered_means, pass_hat
from evals.statistics import share


def each(n: int) -> list[str]:
    return [str(one) for one in range(n)]


def test_of_single_rows_the_interval_is_that_of_scipys_bootstrap() -> None:
    values = np.random.default_rng(1).beta(2, 1, 200)
    found = clustered_mean(values.tolist(), each(200))
    theirs = stats.bootstrap((values,), np.mean, method="percentile", rng=2).confidence_interval
    assert found.value == pytest.approx(values.mean())
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=0.006)


def test_trials_of_one_sample_count_together() -> None:
    """Four trials that always agree tell no more than one: the width is that of the samples (closed form)."""
    passed = np.random.default_rng(4).random(150) < 0.7
    found = clustered_mean(np.repeat(passed, 4).astype(float).tolist(), np.repeat(each(150), 4).tolist())
    width = 2 * 1.96 * (passed.mean() * (1 - passed.mean()) / 150) ** 0.5
    assert found.high - found.low == pytest.approx(width, rel=0.1)
    naive = clustered_mean(np.repeat(passed, 4).astype(float).tolist(), each(600))
    assert naive.high - naive.low < 0.6 * width
    assert found.n == 150


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    dice = np.random.default_rng(5)
    held = 0
    for seed in range(300):
        chance = dice.beta(3, 2, 80)
        passed = dice.random((80, 3)) < chance[:, None]
        found = clustered_mean(passed.ravel().astype(float).tolist(), np.repeat(each(80), 3).tolist(), seed=seed)
        held += found.low <= 0.6 <= found.high
    assert 0.91 <= held / 300 <= 0.98


def test_where_nothing_varies_the_interval_is_that_of_a_share() -> None:
    found = clustered_mean([1.0] * 40, np.repeat(each(20), 2).tolist())
    assert (found.low, found.high) == (share([True] * 20).low, 1.0)


def test_a_row_that_says_nothing_about_a_score_counts_for_the_others() -> None:
    nothing = float("nan")
    first, second, third = clustered_means(
        np.array([[1.0, nothing, nothing], [0.0, 1.0, nothing], [0.5, 0.0, nothing]]), each(3)
    )
    assert (first.value, first.n, second.value, second.n) == (0.5, 3, 0.5, 2)
    assert math.isnan(third.value)
    assert third.n == 0


def test_no_rows_say_nothing() -> None:
    assert clustered_mean([], []).n == 0


@pytest.mark.parametrize("k", [1, 2, 3, 5])
def test_pass_hat_is_the_mean_over_every_choice_of_k_trials(k: int) -> None:
    trials = [[True, True, False, True, True], [False] * 5, [True] * 5, [True, False, False, True, False]]
    brute = [[all(chosen) for chosen in itertools.combinations(one, k)] for one in trials]
    assert pass_hat(trials, k).value == pytest.approx(np.mean([np.mean(one) for one in brute]))


def test_pass_hat_is_unbiased() -> None:
    """Samples that pass with the chance 0.8 pass all of 3 with 0.512, measured from 4 trials each; (3/4)^3 is not."""
    passed = np.random.default_rng(6).random((4_000, 4)) < 0.8
    found = pass_hat(passed.tolist(), 3)
    assert found.value == pytest.approx(0.512, abs=0.02)
    assert float((passed.mean(axis=1) ** 3).mean()) > 0.56


def test_too_few_trials_say_nothing_of_pass_hat() -> None:
    assert pass_hat([[True], [True, False]], 2).n == 1
