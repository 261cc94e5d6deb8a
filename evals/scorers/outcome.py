"""Did the run come to its end, and did a simulated customer get what they came for?"""

from __future__ import annotations

from evals.sample import Sample
from evals.scorers.score import Score
from evals.trial import Trial


def completed(sample: Sample, trial: Trial) -> Score:
    """1 unless the run broke off: what it would have been worth is not known, so that it cannot count as right."""
    why = (trial.error or "")[:300]
    return Score(name="completed", value=float(trial.error is None), passed=trial.error is None, why=why)


def goal(sample: Sample, trial: Trial) -> Score | None:
    """1 where a simulated customer reached their goal, judged on the state of things and not on words."""
    if trial.goal_reached is None:
        return None
    why = "" if trial.goal_reached else f"ended with {trial.ended} after {len(trial.turns)} turns"
    return Score(name="goal", value=float(trial.goal_reached), passed=trial.goal_reached, why=why)
