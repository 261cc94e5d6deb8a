"""Two runs side by side: what became better, what worse, by how much, and which of it is more than luck."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from evals.paired import Paired, compare_pairs, holm
from evals.power import Power, from_pairs, least_losses
from evals.rows import Row
from evals.statistics import Numbers

OVERALL: Final = "passed"
"""The score of a whole trial: 1 where all that decides was passed."""
TESTED: Final = (
    OVERALL, "completed", "goal", "decision", "facts", "never_says", "end_state", "tool_calls", "never_calls", "cites",
    "citation_precision", "grounding", "no_false_answer", "no_needless_handoff", "mrr", "brief_truth",
    "repeat_questions", "tone", "language",
)  # fmt: skip
"""Scores that are tested for a loss. The others move with these: testing them too would only cost power."""
_ALPHA: Final = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """One score in both runs. `adjusted` is the one-sided p of a loss after Holm, nan where it was not tested.

    `p` within `paired` is two-sided and for itself alone.
    """

    name: str
    before: float
    after: float
    paired: Paired
    adjusted: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A sample whose share of passed trials changed."""

    sample: str
    asked: str
    before: float
    after: float
    why: str

    @property
    def lost(self) -> bool:
        return self.after < self.before


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """`samples` are in both runs; `only_before` and `only_after` count those that are not, and are not compared.

    `tests` is how many scores could have shown a loss; `power` what the overall score can show after Holm.
    """

    samples: int
    only_before: int
    only_after: int
    changes: tuple[Changed, ...]
    moved: tuple[Moved, ...]
    tests: int
    power: Power


def compare(before: Sequence[Row], after: Sequence[Row], *, seed: int = 0) -> Comparison:
    """Samples by id; each score over the samples that both runs have it for."""
    earlier, later = _by_sample(before), _by_sample(after)
    both = [sample for sample in later if sample in earlier]
    names = [OVERALL, *dict.fromkeys(name for sample in both for row in later[sample] for name in row.values)]
    columns = {name: _columns(name, both, earlier, later) for name in names}
    pairs = {name: compare_pairs(*column, seed=seed) for name, column in columns.items() if len(column[2])}
    tested = {name: pair.p_loss for name, pair in pairs.items() if name in TESTED and pair.least_p <= _ALPHA}
    adjusted = holm(tested)
    changes = tuple(
        Changed(
            name=name,
            before=float(columns[name][0].mean()),
            after=float(columns[name][1].mean()),
            paired=pair,
            adjusted=adjusted.get(name, float("nan")),
        )
        for name, pair in pairs.items()
    )
    return Comparison(
        samples=len(both),
        only_before=len(earlier) - len(both),
        only_after=len(later) - len(both),
        changes=changes,
        moved=_moved(both, earlier, later),
        tests=len(tested),
        power=_power(pairs.get(OVERALL), len(both), max(1, len(tested))),
    )


def _power(overall: Paired | None, samples: int, tests: int) -> Power:
    if overall is None or not overall.deviation > 0:
        return least_losses(samples, tests=tests)
    return from_pairs(overall.deviation, samples, tests=tests)


def _by_sample(rows: Sequence[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[row.sample].append(row)
    return found


Column = tuple[Numbers, Numbers, list[str]]


def _columns(
    name: str, samples: Sequence[str], earlier: Mapping[str, list[Row]], later: Mapping[str, list[Row]]
) -> Column:
    """(before, after, clusters) of the samples that both runs have this score for."""
    pairs = [(_mean(name, earlier[one]), _mean(name, later[one]), later[one][0].cluster) for one in samples]
    kept = [(first, second, cluster) for first, second, cluster in pairs if first is not None and second is not None]
    before = np.array([first for first, _, _ in kept], dtype=np.float64)
    after = np.array([second for _, second, _ in kept], dtype=np.float64)
    return before, after, [cluster for _, _, cluster in kept]


def _mean(name: str, rows: Sequence[Row]) -> float | None:
    values = [float(row.passed) if name == OVERALL else row.values.get(name) for row in rows]
    told = [value for value in values if value is not None]
    return sum(told) / len(told) if told else None


def _moved(
    samples: Sequence[str], earlier: Mapping[str, list[Row]], later: Mapping[str, list[Row]]
) -> tuple[Moved, ...]:
    """The largest losses first, then the largest gains."""
    found = []
    for sample in samples:
        first, second = _mean(OVERALL, earlier[sample]), _mean(OVERALL, later[sample])
        if first is None or second is None or first == second:
            continue
        told = later[sample] if second < first else earlier[sample]
        found.append(
            Moved(sample=sample, asked=told[0].asked, before=first, after=second, why=_why(told, lost=second < first))
        )
    return tuple(sorted(found, key=lambda one: (not one.lost, -abs(one.after - one.before))))


def _why(rows: Sequence[Row], *, lost: bool) -> str:
    """What failed in the trials that did; of a gain what no longer does."""
    failed = next((row.failed for row in rows if not row.passed), {})
    told = "; ".join(f"{name}: {why}" if why else name for name, why in failed.items())
    return told if lost or not told else f"no longer: {told}"
