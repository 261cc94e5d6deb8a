"""Were the articles found that answer the question? Looks at the first five of the turn that found most of them."""

from __future__ import annotations

from collections.abc import Callable
from math import log2
from typing import Final

from evals.sample import Sample
from evals.scorers.score import Score
from evals.trial import Trial, TurnTaken

_PLACES: Final = 5
Measure = Callable[[list[int], int], float]
"""From the places of the right articles (1 is the top) and how many there are."""


def hit(sample: Sample, trial: Trial) -> Score | None:
    """1 where any of them is among the five."""
    return _score("hit", sample, trial, lambda places, _: float(bool(places)))


def recall(sample: Sample, trial: Trial) -> Score | None:
    """The share of them that is among the five."""
    return _score("recall", sample, trial, lambda places, wanted: len(places) / min(wanted, _PLACES))


def reciprocal_rank(sample: Sample, trial: Trial) -> Score | None:
    """1 over the place of the first of them."""
    return _score("mrr", sample, trial, lambda places, _: 1 / places[0] if places else 0.0)


def gain(sample: Sample, trial: Trial) -> Score | None:
    """nDCG: how near to the top all of them are."""
    return _score("ndcg", sample, trial, _gain)


def _gain(places: list[int], wanted: int) -> float:
    best = sum(1 / log2(place + 1) for place in range(1, min(wanted, _PLACES) + 1))
    return min(1.0, sum(1 / log2(place + 1) for place in places) / best)


def _score(name: str, sample: Sample, trial: Trial, measure: Measure) -> Score | None:
    relevant = set(sample.expect.relevant or ())
    if not relevant or not trial.turns:
        return None
    places = max((_places(turn, relevant) for turn in trial.turns), key=lambda found: (len(found), -sum(found)))
    value = measure(places, len(relevant))
    shown = ", ".join(map(str, places)) or f"none in the first {_PLACES}"
    return Score(name=name, value=value, passed=bool(places), why=f"of {len(relevant)} right articles at: {shown}")


def _places(turn: TurnTaken, relevant: set[str]) -> list[int]:
    articles = list(dict.fromkeys(found.article for found in turn.retrieved))[:_PLACES]
    return [place for place, article in enumerate(articles, start=1) if article in relevant]
