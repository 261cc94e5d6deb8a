import numpy as np
import pytest
from scipy.stats import beta, hypergeom

from agent.calibration import Promise
from evals.calibration import (
    Kept,
    NotEnough,
    Scored,
    allows,
    calibration_error,
    expected_error,
    keep_promise,
    most_answers_with,
    upper_bound,
)

PROMISE = Promise(max_error=0.05, confidence=0.95)


def sample(size: int, *, seed: int) -> Scored:
    """Scores that are the true chance of being right."""
    generator = np.random.default_rng(seed)
    scores = generator.beta(4, 0.6, size)
    return Scored(scores=scores, right=generator.random(size) < scores)


@pytest.mark.parametrize(("wrong", "answered"), [(0, 10), (1, 40), (3, 100), (9, 300), (25, 60)])
def test_the_bound_is_clopper_and_pearsons(wrong: int, answered: int) -> None:
    assert upper_bound(wrong, answered, 0.95) == pytest.approx(beta.ppf(0.95, wrong + 1, answered - wrong), abs=1e-9)


@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
@pytest.mark.parametrize("max_error", [0.02, 0.05, 0.2])
def test_a_promise_is_allowed_where_the_exact_test_rejects_that_it_breaks(max_error: float, confidence: float) -> None:
    promise = Promise(max_error=max_error, confidence=confidence)
    for answered in (20, 77, 150, 400):
        for wrong in range(6):
            broken = wrong + int(max_error * answered + 1e-9) + 1
            chance = hypergeom.cdf(wrong, 2 * answered, broken, answered)
            assert allows(wrong, answered, promise) == (chance <= 1 - confidence)


def test_a_promise_about_the_next_answers_is_stricter_than_one_about_the_rate() -> None:
    for wrong in range(5):
        assert upper_bound(wrong, most_answers_with(wrong, PROMISE), 0.95) < 0.05


def test_a_promise_is_kept_as_often_as_promised() -> None:
    held = made = 0
    for seed in range(120):
        outcome = keep_promise(sample(700, seed=seed), PROMISE)
        if isinstance(outcome, Kept):
            made += 1
            following = sample(700, seed=seed + 10_000)
            given = following.scores >= outcome.threshold
            held += float((~following.right[given]).mean()) <= PROMISE.max_error
    assert made > 60
    assert held / made >= 0.95


def test_a_threshold_chosen_for_its_own_error_breaks_its_promise_far_more_often() -> None:
    """The control: without the exact test the error measured on the labels themselves is taken for the truth."""
    held = made = 0
    for seed in range(120):
        one, following = sample(700, seed=seed), sample(700, seed=seed + 10_000)
        order = np.argsort(-one.scores)
        errors = np.cumsum(~one.right[order]) / np.arange(1, 701)
        within = np.flatnonzero(errors <= PROMISE.max_error)
        if len(within):
            made += 1
            given = following.scores >= one.scores[order][within[-1]]
            held += float((~following.right[given]).mean()) <= PROMISE.max_error
    assert held / made < 0.8


def test_too_few_questions_are_refused_with_a_number_that_would_do() -> None:
    few = sample(40, seed=1)
    outcome = keep_promise(few, PROMISE)
    assert isinstance(outcome, NotEnough)
    assert outcome.questions == 40
    assert outcome.needed is not None
    assert outcome.needed > 40


def test_answers_that_are_wrong_too_often_at_any_confidence_cannot_be_promised_by_more_questions() -> None:
    scores = np.linspace(0.1, 0.9, 400)
    outcome = keep_promise(Scored(scores=scores, right=np.arange(400) % 2 == 0), PROMISE)
    assert isinstance(outcome, NotEnough)
    assert outcome.needed is None


def test_equal_scores_are_answered_together_or_not_at_all() -> None:
    scores = np.array([0.9] * 200 + [0.5] * 200)
    right = np.array([True] * 200 + [False] * 200)
    outcome = keep_promise(Scored(scores=scores, right=right), PROMISE)
    assert isinstance(outcome, Kept)
    assert outcome.answered == 200
    assert 0.5 < outcome.threshold <= 0.9


def test_true_confidences_have_no_more_error_than_chance_and_shifted_ones_do() -> None:
    one = sample(2_000, seed=3)
    chance = expected_error(one.scores)
    assert calibration_error(one.scores, one.right) < 2 * chance
    assert calibration_error(np.clip(one.scores - 0.15, 0, 1), one.right) > 0.1
