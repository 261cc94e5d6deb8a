"""Two runs of evaluations side by side, for a look in the console; `baton eval --against` says more.

Whether a score moved by luck is told by the sign test: had the runs been alike, each sample that changed could as well
have changed the other way.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import comb
from typing import Final

from conversations.evaluation_store import EvaluationResult

OVERALL: Final = "passed"
_NO_CHANGE: Final = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreMoved:
    """Means over the `samples` that both runs have the score for; `p` is the two-sided sign test's."""

    name: str
    samples: int
    before: float
    after: float
    better: int
    worse: int
    p: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleMoved:
    sample_id: str
    before: float
    after: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RunsCompared:
    """`samples` are in both runs. `moved` are those whose share of passed trials changed, losses first."""

    samples: int
    only_before: int
    only_after: int
    scores: tuple[ScoreMoved, ...]
    moved: tuple[SampleMoved, ...]


Means = Mapping[str, Mapping[str, float]]


def compare_runs(before: Sequence[EvaluationResult], after: Sequence[EvaluationResult]) -> RunsCompared:
    earlier, later = _means(before), _means(after)
    both = [sample for sample in later if sample in earlier]
    names = [OVERALL, *sorted({name for sample in both for name in later[sample]} - {OVERALL})]
    moved = [
        SampleMoved(sample_id=sample, before=earlier[sample][OVERALL], after=later[sample][OVERALL])
        for sample in both
        if abs(earlier[sample][OVERALL] - later[sample][OVERALL]) > _NO_CHANGE
    ]
    return RunsCompared(
        samples=len(both),
        only_before=len(earlier) - len(both),
        only_after=len(later) - len(both),
        scores=tuple(found for name in names if (found := _score(name, both, earlier, later)) is not None),
        moved=tuple(sorted(moved, key=lambda one: (one.after > one.before, one.sample_id))),
    )


def _means(results: Sequence[EvaluationResult]) -> dict[str, dict[str, float]]:
    """By sample and score, over its trials."""
    told: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for one in results:
        told[one.sample_id][OVERALL].append(float(one.passed))
        values = one.row.get("values")
        for name, value in values.items() if isinstance(values, dict) else ():
            if isinstance(value, int | float):
                told[one.sample_id][name].append(float(value))
    return {
        sample: {name: sum(values) / len(values) for name, values in scores.items()} for sample, scores in told.items()
    }


def _score(name: str, samples: Sequence[str], earlier: Means, later: Means) -> ScoreMoved | None:
    pairs = [
        (earlier[sample][name], later[sample][name])
        for sample in samples
        if name in earlier[sample] and name in later[sample]
    ]
    if not pairs:
        return None
    better = sum(after - before > _NO_CHANGE for before, after in pairs)
    worse = sum(before - after > _NO_CHANGE for before, after in pairs)
    return ScoreMoved(
        name=name,
        samples=len(pairs),
        before=sum(before for before, _ in pairs) / len(pairs),
        after=sum(after for _, after in pairs) / len(pairs),
        better=better,
        worse=worse,
        p=sign_test(better, worse),
    )


def sign_test(better: int, worse: int) -> float:
    """How often a fair coin is at least as one-sided; exact."""
    n = better + worse
    tail = sum(comb(n, k) for k in range(min(better, worse) + 1))
    return min(1.0, tail / (1 << n) * 2)
