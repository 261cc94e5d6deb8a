"""What a trial is worth: pure functions from a sample and its trial to a score, one file each.

A scorer answers None where the sample says nothing about what it measures. Adding one is its file and its line here;
its name is in `DECIDING` where a trial that fails it has failed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from evals.sample import Sample
from evals.scorers import (
    brief,
    budget,
    citations,
    decision,
    end_state,
    facts,
    grounding,
    language,
    outcome,
    repeat_questions,
    retrieval,
    tone,
    tool_calls,
)
from evals.scorers.score import Score
from evals.trial import Trial

Scorer = Callable[[Sample, Trial], Score | None]

SCORERS: Final[tuple[Scorer, ...]] = (
    outcome.completed,
    outcome.goal,
    decision.decision,
    facts.facts,
    facts.forbidden_facts,
    end_state.end_state,
    tool_calls.tool_calls,
    tool_calls.never_calls,
    citations.recall,
    citations.precision,
    grounding.grounding,
    decision.handoff_recall,
    decision.handoff_precision,
    decision.no_false_answer,
    decision.no_needless_handoff,
    retrieval.hit,
    retrieval.recall,
    retrieval.reciprocal_rank,
    retrieval.gain,
    brief.completeness,
    brief.truth,
    repeat_questions.repeat_questions,
    tone.tone,
    language.language,
    budget.turns,
    budget.seconds,
)
DECIDING: Final = frozenset(
    {
        "completed", "goal", "decision", "facts", "never_says", "end_state", "tool_calls", "never_calls", "cites",
        "grounding", "brief_truth", "tone", "language", "turns", "seconds",
    }
)  # fmt: skip
"""A trial passes that passes all of these that say anything. The others tell why, or how well."""


def scores_of(sample: Sample, trial: Trial) -> tuple[Score, ...]:
    """Every score that the sample asks for, in the order of `SCORERS`."""
    found = (scorer(sample, trial) for scorer in SCORERS)
    return tuple(score for score in found if score is not None)


def passed(scores: Iterable[Score]) -> bool:
    """Whether the trial with these scores is as the sample wants it."""
    return all(score.passed for score in scores if score.name in DECIDING)


__all__ = ["DECIDING", "SCORERS", "Score", "Scorer", "passed", "scores_of"]
