from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from evals.paired import compare_pairs, holm
from evals.statistics import Numbers


def each(n: int) -> list[str]:
    return [str(one) for one in range(n)]


def compared(before: Numbers, after: Numbers) -> tuple[float, float]:
    found = compare_pairs(before, after, each(len(before)))
    return found.p, found.p_loss


@pytest.mark.parametrize(("better", "worse"), [(1, 9), (9, 1), (5, 5), (0, 4), (40, 61), (700, 620)])
def test_of_passes_and_failures_it_is_mcnemars_exact_test(better: int, worse: int) -> None:
    before = np.array([0.0] * better + [1.0] * worse + [1.0] * 30)
    after = np.array([1.0] * better + [0.0] * worse + [1.0] * 30)
    p, p_loss = compared(before, after)
    # Beyond 1,000 changes the normal approximation stands in: it agrees to three digits.
    assert p == pytest.approx(stats.binomtest(better, better + worse).pvalue, abs=1e-3)
    assert p_loss == pytest.approx(stats.binomtest(better, better + worse, alternative="less").pvalue, abs=1e-3)


@pytest.mark.parametrize("n", [9, 60])
def test_of_shares_it_is_the_permutation_test_of_scipy(n: int) -> None:
    dice = np.random.default_rng(n)
    before, after = dice.random(n), dice.random(n) - 0.15
    theirs = stats.permutation_test(
        (after, before),
        lambda x, y, axis: (x - y).mean(axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=20_000,
        rng=1,
    )
    assert compared(before, after)[0] == pytest.approx(theirs.pvalue, abs=0.012)


def test_the_effect_is_cohens_d_of_pairs_and_the_counts_are_of_samples() -> None:
    before, after = np.array([1.0, 1.0, 0.0, 0.5, 1.0]), np.array([1.0, 0.0, 1.0, 0.75, 1.0])
    found = compare_pairs(before, after, each(5))
    differences = after - before
    assert (found.better, found.worse, found.same) == (2, 1, 2)
    assert found.effect == pytest.approx(differences.mean() / differences.std(ddof=1))
    assert found.difference.value == pytest.approx(0.05)


def test_runs_that_are_alike_differ_by_nothing() -> None:
    found = compare_pairs(np.ones(20), np.ones(20), each(20))
    assert (found.p, found.p_loss, found.difference.value, found.difference.low) == (1.0, 1.0, 0.0, 0.0)
    assert math.isnan(found.effect)


def test_thirds_that_cancel_are_no_change() -> None:
    thirds = np.full(12, 1 / 3)
    assert compare_pairs(thirds + thirds + thirds, np.ones(12), each(12)).same == 12


def test_samples_of_one_conversation_are_one_piece_of_evidence() -> None:
    before, after = np.ones(30), np.concatenate([np.zeros(10), np.ones(20)])
    alone = compare_pairs(before, after, each(30))
    together = compare_pairs(before, after, ["one"] * 10 + each(20))
    assert alone.p_loss < 0.002
    assert together.p_loss == 0.5


def test_no_false_alarm_more_often_than_promised_where_only_the_seed_changed() -> None:
    """600 pairs of runs of the same thing: an alarm at 5 % comes in at most 5 % (and three standard errors)."""
    dice = np.random.default_rng(3)
    chance = dice.beta(4, 1, 120)
    alarms = 0
    for _ in range(600):
        before, after = (dice.binomial(2, chance) / 2 for _ in range(2))
        alarms += compare_pairs(before, after, each(120)).p_loss <= 0.05
    assert alarms / 600 <= 0.05 + 3 * (0.05 * 0.95 / 600) ** 0.5


def test_holm_raises_what_was_tested_together() -> None:
    assert holm({"a": 0.01, "b": 0.04, "c": 0.03}) == pytest.approx({"a": 0.03, "b": 0.06, "c": 0.06})
    assert holm({}) == {}


def test_what_says_nothing_is_no_test() -> None:
    adjusted = holm({"a": 0.02, "b": float("nan")})
    assert adjusted["a"] == 0.02
    assert math.isnan(adjusted["b"])
