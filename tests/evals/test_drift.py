import numpy as np
import pytest
from scipy.stats import kstwobign

from evals.drift import _p, calibrated_confidences, drift


def confidences(seed: int, *, a: float = 3.0, size: int = 300) -> list[float]:
    return [float(one) for one in np.random.default_rng(seed).beta(a, 1, size)]


def test_conversations_like_the_sample_have_not_moved() -> None:
    for seed in range(10):
        assert not drift(confidences(100), confidences(seed)).moved


def test_conversations_about_other_things_have_moved() -> None:
    found = drift(confidences(100), confidences(1, a=1.0))
    assert found.moved
    assert "baton calibrate again" in found.in_words


def test_equal_samples_have_no_distance() -> None:
    found = drift(confidences(1), confidences(1))
    assert (found.stability, found.distance, found.p) == (0.0, 0.0, 1.0)


@pytest.mark.parametrize("distance", [0.05, 0.1, 0.2])
def test_the_chance_is_kolmogorovs(distance: float) -> None:
    assert _p(distance, 300, 200) == pytest.approx(float(kstwobign.sf(distance * np.sqrt(120))), abs=1e-6)


def test_only_calibrated_turns_that_searched_are_compared() -> None:
    calibrated = {"hits": [{}], "confidence": {"value": 0.7, "calibrated": True}}
    others = [{}, {"hits": [], "confidence": {"value": 1, "calibrated": True}}]
    guessed = {"hits": [{}], "confidence": {"value": 0.7, "calibrated": False}}
    assert calibrated_confidences([calibrated, *others, guessed]) == [0.7]  # type: ignore[list-item]
