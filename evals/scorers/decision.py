"""Did the AI agent answer, ask or hand off as it should, and for the right reason?

`decision` is the verdict. The four others say which mistake was made: of the handoffs that were needed how many came
(recall), of those that came how many were needed (precision), how often it answered what it should not, how often a
person was called for what it could have done.
"""

from __future__ import annotations

from evals.sample import Sample
from evals.scorers.score import Score
from evals.trial import Trial


def decision(sample: Sample, trial: Trial) -> Score | None:
    """1 where the last turn decided as expected, for one of the `reasons` where they are named."""
    expected, last = sample.expect.decisions, trial.last
    if not expected and not sample.expect.reasons:
        return None
    if last is None:
        return Score(name="decision", value=0.0, passed=False, why="there was no turn")
    if expected and last.decision not in expected:
        told = f"{last.decision}{f' ({last.reason})' if last.reason else ''}, expected {sample.expect.decision}"
        return Score(name="decision", value=0.0, passed=False, why=told)
    if last.decision == "hand_off" and sample.expect.reasons and last.reason not in sample.expect.reasons:
        why = f"handed off for {last.reason}, expected {' or '.join(sample.expect.reasons)}"
        return Score(name="decision", value=0.0, passed=False, why=why)
    return Score(name="decision", value=1.0, passed=True)


def handoff_recall(sample: Sample, trial: Trial) -> Score | None:
    """Where only a handoff is right: 1 if it came."""
    if sample.expect.decisions != {"hand_off"} or trial.last is None:
        return None
    return _told("handoff_recall", trial.last.decision == "hand_off", "no person was called")


def handoff_precision(sample: Sample, trial: Trial) -> Score | None:
    """Where a handoff came: 1 if it was right."""
    if not sample.expect.decisions or trial.last is None or trial.last.decision != "hand_off":
        return None
    return _told("handoff_precision", "hand_off" in sample.expect.decisions, f"called for {trial.last.reason}")


def no_false_answer(sample: Sample, trial: Trial) -> Score | None:
    """Where an answer would be wrong: 1 if there was none."""
    if not sample.expect.decisions or "answer" in sample.expect.decisions or trial.last is None:
        return None
    return _told("no_false_answer", trial.last.decision != "answer", "answered what it should not")


def no_needless_handoff(sample: Sample, trial: Trial) -> Score | None:
    """Where no person is needed: 1 if none was called."""
    if not sample.expect.decisions or "hand_off" in sample.expect.decisions or trial.last is None:
        return None
    return _told("no_needless_handoff", trial.last.decision != "hand_off", f"handed off for {trial.last.reason}")


def _told(name: str, passed: bool, why: str) -> Score:
    return Score(name=name, value=float(passed), passed=passed, why="" if passed else why)
