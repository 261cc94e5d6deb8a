import numpy as np

from agent.calibration import Promise
from evals.refitting import Labelled, Weights, out_of_fold, refit, resplit

SHIPPED = Weights(intercept=0.0, weights=np.array([1.0, 1.0]))


def labelled(size: int, *, weights: tuple[float, float], seed: int = 0) -> Labelled:
    generator = np.random.default_rng(seed)
    rows = generator.normal(size=(size, 2))
    chance = 1 / (1 + np.exp(-(rows @ np.array(weights) + 2)))
    return Labelled(
        rows=rows,
        right=generator.random(size) < chance,
        answerable=np.ones(size, dtype=np.bool_),
        groups=tuple(str(place // 3) for place in range(size)),
    )


def test_many_labels_move_the_weights_and_few_do_not() -> None:
    far = (3.0, 0.0)
    many, few = refit(labelled(4_000, weights=far), SHIPPED), refit(labelled(12, weights=far), SHIPPED)
    assert many.weights[0] > 2.5
    assert many.weights[1] < 0.2
    assert np.abs(few.weights - SHIPPED.weights).max() < 0.3


def test_shipped_weights_that_are_far_off_do_not_run_away() -> None:
    known = labelled(600, weights=(1.0, 1.0), seed=4)
    far = Weights(intercept=-9.0, weights=np.array([-6.0, 8.0]))
    scores = refit(known, far).scores(known.rows)
    assert 0.05 < scores[known.right].mean() < 0.99
    assert scores[known.right].mean() > scores[~known.right].mean() + 0.1
    assert np.std(scores) < 0.45


def test_a_label_never_changes_the_score_of_its_own_group() -> None:
    known = labelled(90, weights=(1.0, 1.0))
    flipped = known.right.copy()
    flipped[:3] = ~flipped[:3]
    other = Labelled(rows=known.rows, right=flipped, answerable=known.answerable, groups=known.groups)
    before, after = out_of_fold(known, SHIPPED), out_of_fold(other, SHIPPED)
    assert (before[:3] == after[:3]).all()
    assert (before[3:] != after[3:]).any()


def test_promises_made_on_one_half_hold_on_the_other() -> None:
    promises = [Promise(max_error=error, confidence=0.9) for error in (0.1, 0.001)]
    found, hopeless = resplit(labelled(800, weights=(2.0, 2.0)), SHIPPED, promises, splits=60)
    assert found.promised > 30
    assert found.held >= 54
    assert found.coverage > 0.4
    assert found.error < 0.1
    assert (hopeless.promised, hopeless.held) == (0, 60)
