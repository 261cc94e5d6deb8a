"""Is a question one of the known matters? Measured on clinc150, far and near, from the vectors alone.

    python -m evals.scope [--encoders FOLDER]

Known are 150 intents with a hundred examples each. Far: 1,000 questions of no intent. Near: a fifth of each domain's
intents is held out, five times; nothing of them is used. The score is the sum of three signs in equal parts, each in
standard deviations of the known validation questions: how far the likeliest intent leads (log-odds), how much all
intents are spoken to (log-sum-exp), and how close the five nearest examples are where directions that vary within
intents count less. No weight was fitted on a question of no intent.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from rich.console import Console
from scipy.special import logsumexp
from sklearn.linear_model import LogisticRegression

from evals import public_sets
from evals.public_sets import Asked
from evals.statistics import Numbers, auroc
from evals.train_understanding import Vectorised
from knowledge_base.encoders import open_embedder
from knowledge_base.model import Vectors

_STRENGTH: Final = 10.0
_SHRUNK: Final = 0.6
"""How far the covariance within intents is drawn towards a round one: 384 dimensions from a hundred examples each."""
_NEAREST: Final = 5
_SEEDS: Final = 5
_SHARE: Final = 5


@dataclass(frozen=True, slots=True)
class Texts:
    """Questions with their vectors, row by row."""

    asked: Sequence[Asked]
    vectors: Vectors

    def where(self, keep: Numbers) -> Texts:
        rows = np.flatnonzero(keep)
        return Texts([self.asked[int(row)] for row in rows], self.vectors[rows])


class Scope:
    """Fitted on examples of what is known; a higher score is further inside."""

    def __init__(self, known: Texts, validation: Texts) -> None:
        labels = np.array([one.intent for one in known.asked])
        self._lead = LogisticRegression(C=_STRENGTH, max_iter=150).fit(known.vectors, labels)
        self._middle = known.vectors.mean(axis=0)
        self._whitened = _whitening(known.vectors, labels)
        self._examples = self._turned(known.vectors)
        signs = self._signs(validation.vectors)
        self._mean, self._deviation = signs.mean(axis=0), signs.std(axis=0)

    def score(self, vectors: Vectors) -> Numbers:
        return np.asarray(((self._signs(vectors) - self._mean) / self._deviation).sum(axis=1))

    def _signs(self, vectors: Vectors) -> Numbers:
        spoken = self._lead.decision_function(vectors)
        everything = logsumexp(spoken, axis=1)
        likeliest = np.clip(np.exp(spoken.max(axis=1) - everything), 0.0, 1.0 - 1e-9)
        near = np.sort(self._turned(vectors) @ self._examples.T, axis=1)[:, -_NEAREST:].mean(axis=1)
        return np.column_stack([np.log(likeliest / (1.0 - likeliest)), everything, near])

    def _turned(self, vectors: Vectors) -> Numbers:
        turned = (vectors - self._middle) @ self._whitened
        return np.asarray(turned / np.linalg.norm(turned, axis=1, keepdims=True))


def _whitening(vectors: Vectors, labels: Numbers) -> Numbers:
    names, of = np.unique(labels, return_inverse=True)
    means = np.stack([vectors[of == place].mean(axis=0) for place in range(len(names))])
    within = vectors - means[of]
    spread = within.T @ within / len(vectors)
    size = len(spread)
    spread = (1.0 - _SHRUNK) * spread + _SHRUNK * np.trace(spread) / size * np.eye(size)
    values, directions = np.linalg.eigh(spread)
    return np.asarray(directions / np.sqrt(values))


def held_out(asked: Sequence[Asked], seed: int) -> frozenset[str]:
    """A fifth of each domain's intents."""
    drawn = np.random.default_rng(seed)
    domains = sorted({one.domain for one in asked})
    listed = {domain: sorted({one.intent for one in asked if one.domain == domain}) for domain in domains}
    return frozenset(
        str(intent) for named in listed.values() for intent in drawn.choice(named, len(named) // _SHARE, replace=False)
    )


def near(known: Texts, validation: Texts, test: Texts, seed: int) -> float:
    """AUROC of the test questions whose intents are known against those whose intents were held out."""
    out = held_out(known.asked, seed)
    inside = [np.array([one.intent not in out for one in texts.asked]) for texts in (known, validation, test)]
    scope = Scope(known.where(inside[0]), validation.where(inside[1]))
    return auroc(list(scope.score(test.vectors)), list(inside[2])).value


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m evals.scope", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--encoders", default="var/encoder", help="where exported encoders are kept")
    parser.add_argument("--cache", type=Path, default=Path("var/evals/vectors"), help="where vectors are kept")
    given = parser.parse_args(arguments)
    console = Console()
    vectorised = Vectorised(open_embedder(None, encoders=Path(given.encoders), report=console.print), given.cache)

    def read(part: str) -> Texts:
        asked = public_sets.intents(part)
        return Texts(asked, vectorised.vectors([one.text for one in asked]))

    known, validation, test, nowhere = (read(part) for part in ("train", "val", "test", "oos_test"))
    scope = Scope(known, validation)
    scores = [*scope.score(test.vectors), *scope.score(nowhere.vectors)]
    far = auroc(scores, [True] * len(test.asked) + [False] * len(nowhere.asked))
    console.print(f"far: AUROC {far} (n {len(test.asked)} + {len(nowhere.asked)})")
    found = [near(known, validation, test, seed) for seed in range(_SEEDS)]
    told = ", ".join(f"{value:.3f}" for value in found)
    console.print(f"near: AUROC {np.mean(found):.3f}, standard deviation {np.std(found, ddof=1):.3f} ({told})")


if __name__ == "__main__":
    main()
