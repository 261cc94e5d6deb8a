"""Was it done within the turns and the seconds that the sample allows?"""

from __future__ import annotations

from evals.sample import Sample
from evals.scorers.score import Score
from evals.trial import Trial


def turns(sample: Sample, trial: Trial) -> Score | None:
    """1 within `max_turns`, else the share of them in what it took."""
    allowed = sample.expect.max_turns
    if allowed is None:
        return None
    taken = len(trial.turns)
    within = taken <= allowed
    why = "" if within else f"{taken} turns, {allowed} allowed"
    return Score(name="turns", value=1.0 if within else allowed / taken, passed=within, why=why)


def seconds(sample: Sample, trial: Trial) -> Score | None:
    """1 where the slowest turn is within `max_seconds`, else the share of them in what it took."""
    allowed = sample.expect.max_seconds
    if allowed is None or not trial.turns:
        return None
    slowest = max(turn.seconds for turn in trial.turns)
    within = slowest <= allowed
    why = "" if within else f"a turn took {slowest:.2f} s, {allowed:g} allowed"
    return Score(name="seconds", value=1.0 if within else allowed / slowest, passed=within, why=why)
