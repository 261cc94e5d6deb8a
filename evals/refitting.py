"""The shipped signals weighed anew on labelled questions, and how well a promise made that way is kept.

Few labels move the weights little: they are held to the shipped ones by a prior. A threshold is chosen on scores out of
fold, so that no question is scored by weights that saw its label; `resplit` makes the whole calibration on one random
half and counts on the other whether its promise was kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from agent.calibration import Promise
from agent.confidence import ConfidenceModel
from evals.calibration import Flags, NotEnough, Numbers, Scored, keep_promise

_PRIOR: Final = 15.0
"""How strongly a weight is held to the shipped one, as the precision of a normal prior on weights of standardised
signals: 15 lets 400 labels move one by about .2. Between 8 and 25 no AUROC of five sets moves by more than .005."""
_FREE: Final = 0.5
"""The same for the intercept: how often a help center has an answer is its own affair."""
_FOLDS: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """Labelled questions. `rows` are the model's standardised signals, shape (n, signals); the rest shape (n,).

    Questions with the same `group` (paraphrases, one conversation) share a fold.
    """

    rows: Numbers
    right: Flags
    answerable: Flags
    groups: tuple[str, ...]

    def only(self, which: np.ndarray) -> Labelled:
        return Labelled(
            rows=self.rows[which],
            right=self.right[which],
            answerable=self.answerable[which],
            groups=tuple(self.groups[place] for place in which),
        )

    def __len__(self) -> int:
        return len(self.right)


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """An intercept and a weight for each signal, in the order of `Labelled.rows`."""

    intercept: float
    weights: Numbers

    def scores(self, rows: Numbers) -> Numbers:
        return np.asarray(1.0 / (1.0 + np.exp(-(rows @ self.weights + self.intercept))), dtype=np.float64)


def weights_of(model: ConfidenceModel) -> Weights:
    return Weights(intercept=model.intercept, weights=np.array([one.weight for one in model.signals.values()]))


def standardised(model: ConfidenceModel, evidence: Sequence[dict[str, float]]) -> Numbers:
    """One row for each evidence; a signal that is missing counts as average."""
    return np.array(
        [
            [(one.get(name, signal.mean) - signal.mean) / signal.deviation for name, signal in model.signals.items()]
            for one in evidence
        ],
        dtype=np.float64,
    ).reshape(len(evidence), len(model.signals))


def refit(labelled: Labelled, shipped: Weights) -> Weights:
    """Logistic regression held to the shipped weights, by Newton's method with steps that only go down.

    Whole steps run away where the shipped weights are far off: CLAP-NQ, scored by those of the other sets, ended with
    every score at 0 or 1.
    """
    rows = np.column_stack([labelled.rows, np.ones(len(labelled))])
    target = labelled.right.astype(np.float64)
    start = np.append(shipped.weights, shipped.intercept)
    prior = np.append(np.full(len(shipped.weights), _PRIOR), _FREE)

    def loss(at: Numbers) -> float:
        logits = rows @ at
        return float((np.logaddexp(0.0, logits) - target * logits).sum() + (prior * (at - start) ** 2).sum() / 2)

    found = start.copy()
    for _ in range(100):
        predicted = 1.0 / (1.0 + np.exp(-np.clip(rows @ found, -500.0, 500.0)))
        slope = rows.T @ (predicted - target) + prior * (found - start)
        bend = (rows * (predicted * (1 - predicted))[:, None]).T @ rows + np.diag(prior)
        step = np.linalg.solve(bend, slope)
        while loss(found - step) > loss(found) and float(np.abs(step).max()) > 1e-9:
            step = step / 2
        found = found - step
        if float(np.abs(step).max()) < 1e-8:
            break
    return Weights(intercept=float(found[-1]), weights=found[:-1])


def out_of_fold(labelled: Labelled, shipped: Weights, *, seed: int = 3) -> Numbers:
    """Each question's score by weights that never saw its group."""
    names = sorted(set(labelled.groups))
    fold_of = dict(zip(names, np.random.default_rng(seed).permutation(len(names)) % _FOLDS, strict=True))
    folds = np.array([fold_of[group] for group in labelled.groups])
    scores = np.zeros(len(labelled))
    for fold in range(_FOLDS):
        held = np.flatnonzero(folds == fold)
        if len(held):
            scores[held] = refit(labelled.only(np.flatnonzero(folds != fold)), shipped).scores(labelled.rows[held])
    return scores


@dataclass(frozen=True, slots=True, kw_only=True)
class Resplit:
    """What became of promises made on random halves. `coverage` (of the answerable) and `error` are means over them.

    A promise that was not made is not broken: it counts among the `held`.
    """

    splits: int
    promised: int
    held: int
    coverage: float
    error: float


def resplit(
    labelled: Labelled, shipped: Weights, promises: Sequence[Promise], *, splits: int = 200, seed: int = 1
) -> list[Resplit]:
    """One for each of `promises`, all on the same random halves."""
    generator = np.random.default_rng(seed)
    outcomes = [
        _split(labelled, shipped, promises, np.array_split(generator.permutation(len(labelled)), 2))
        for _ in range(splits)
    ]
    return [_kept(promise, [one[place] for one in outcomes], splits=splits) for place, promise in enumerate(promises)]


def _kept(promise: Promise, outcomes: Sequence[tuple[float, float] | None], *, splits: int) -> Resplit:
    made = [one for one in outcomes if one is not None]
    return Resplit(
        splits=splits,
        promised=len(made),
        held=splits - sum(error > promise.max_error for _, error in made),
        coverage=float(np.mean([coverage for coverage, _ in made])) if made else 0.0,
        error=float(np.mean([error for _, error in made])) if made else 0.0,
    )


def _split(
    labelled: Labelled, shipped: Weights, promises: Sequence[Promise], halves: Sequence[np.ndarray]
) -> list[tuple[float, float] | None]:
    """Coverage and error on the second half of each promise made on the first; None where none could be made."""
    made, counted = labelled.only(halves[0]), labelled.only(halves[1])
    scored = Scored(scores=out_of_fold(made, shipped), right=made.right)
    following = refit(made, shipped).scores(counted.rows)
    outcomes = (keep_promise(scored, promise) for promise in promises)
    return [
        None if isinstance(kept, NotEnough) else _counted(following >= kept.threshold, counted) for kept in outcomes
    ]


def _counted(given: Flags, counted: Labelled) -> tuple[float, float]:
    coverage = float(given[counted.answerable].mean()) if counted.answerable.any() else 0.0
    return coverage, float((~counted.right[given]).mean()) if given.any() else 0.0
