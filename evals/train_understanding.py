"""Trains the heads of agent/heads.npz from labelled examples and reports how well they do on what they did not see.

    python -m evals.train_understanding [--write] [--cache FOLDER]

Public sets are read where BATON_PUBLIC_DATA points; their sentences stay there, weights of them ship. Figures are
five-fold cross-validated within the set they are named after; whatever else a head learns from is in every fold's
training part.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, cast

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

from agent.guardrails import clean
from agent.heads import BUCKETS, FILE, VECTOR_WEIGHT, grams_of, signs_of
from agent.mood import ANGRY
from agent.understanding import FAR, WISHES
from evals import public_sets
from evals.statistics import Figure, auroc, figure
from knowledge_base.embedding import Embedder
from knowledge_base.encoders import open_embedder
from knowledge_base.model import Vectors

_EXAMPLES: Final = Path("agent/examples/turn_kinds.jsonl")
_FOLDS: Final = 5
_SEED: Final = 7
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Examples:
    """Labelled texts of one source; `measured` says that the head's figure is told on them."""

    source: str
    texts: tuple[str, ...]
    labels: tuple[bool, ...]
    measured: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """One head: what it reads beside the vector, how far its weights are held back, what it learns from.

    `strength` is the inverse of the L2 penalty; `rare` how much more a positive example counts than a negative one;
    `threshold` the probability from which the AI agent acts on it.
    """

    name: str
    examples: tuple[Examples, ...]
    strength: float
    threshold: float
    grams: bool = False
    signs: bool = False
    rare: float = 1.0


def trainings() -> list[Training]:
    wish = Training(name="wants_person", examples=_wants_person(), signs=True, strength=10.0, threshold=WISHES)
    return [
        replace(wish, rare=4.0),
        Training(name="angry", examples=_angry(), grams=True, strength=0.6, threshold=ANGRY),
        Training(name="out_of_scope", examples=_out_of_scope(), strength=10.0, threshold=FAR),
    ]


def _wants_person() -> tuple[Examples, ...]:
    banking = public_sets.banking_utterances()
    own = [json.loads(line) for line in _EXAMPLES.read_text("utf-8").splitlines()]
    return (
        _examples("nlupp_handoff_banking", [(one.text, one.wants_person) for one in banking], measured=True),
        _examples("turn_kinds.jsonl", [(row["text"], row["kind"] == "wants_person") for row in own]),
    )


def _angry() -> tuple[Examples, ...]:
    return (_examples("goemotions_ekman", public_sets.angry_comments(), measured=True),)


def _out_of_scope() -> tuple[Examples, ...]:
    """Matters of support against talk and questions that no company's support is for."""
    support = [(one.text, False) for one in public_sets.support_intents()]
    banking = [(one.text, False) for one in public_sets.banking_utterances()]
    asked = public_sets.intents("train")
    used = _SUPPORT_DOMAINS | _FAR_DOMAINS
    far = [(one.text, one.domain in _FAR_DOMAINS) for one in asked if one.domain in used]
    faq = [(question.said[-1].text, False) for question in public_sets.stackfaq(0.0).questions]
    trivia = [(question.said[-1].text, True) for question in public_sets.clapnq().questions]
    nowhere = [(one.text, True) for part in ("oos_train", "oos_val") for one in public_sets.intents(part)]
    return (
        _examples("clinc150", [*far, *nowhere], measured=True),
        _examples("bitext_intents", support),
        _examples("nlupp_handoff_banking", banking),
        _examples("stackfaq", faq),
        _examples("clapnq_dev", trivia),
    )


_SUPPORT_DOMAINS: Final = frozenset({"banking", "credit_cards", "work", "travel", "auto_and_commute"})
_FAR_DOMAINS: Final = frozenset({"small_talk", "utility", "kitchen_and_dining"})
"""Of clinc150. Commands to a smart speaker are left out, which know "cancel" and "order"."""


def _examples(source: str, rows: Sequence[tuple[str, bool]], *, measured: bool = False) -> Examples:
    texts, labels = zip(*rows, strict=True)
    return Examples(source=source, texts=tuple(texts), labels=tuple(labels), measured=measured)


class Vectorised:
    """Texts to rows, each encoded once; vectors are kept in `cache` between runs where one is given."""

    def __init__(self, embedder: Embedder, cache: Path | None) -> None:
        self._embedder = embedder
        self._cache = cache

    def vectors(self, texts: Sequence[str]) -> Vectors:
        read = [clean(text) or "…" for text in texts]
        if self._cache is None:
            return self._embedder.encode(read)
        key = hashlib.sha256("\n".join([self._embedder.name, *read]).encode()).hexdigest()[:16]
        path = self._cache / f"{key}.npy"
        if path.exists():
            return cast("Vectors", np.load(path))
        self._cache.mkdir(parents=True, exist_ok=True)
        vectors = self._embedder.encode(read)
        np.save(path, vectors)
        return vectors

    def rows(self, training: Training, texts: Sequence[str]) -> sparse.csr_matrix:
        """The vector, the rules' signs and the n-grams of each text, as the head weighs them."""
        read = [clean(text) or "…" for text in texts]
        parts = [sparse.csr_matrix(self.vectors(texts) * VECTOR_WEIGHT)]
        if training.signs:
            parts.append(sparse.csr_matrix(np.array([signs_of(text) for text in read], dtype=np.float32)))
        if training.grams:
            parts.append(_grams(read))
        return sparse.csr_matrix(sparse.hstack(parts))


def _grams(texts: Sequence[str]) -> sparse.csr_matrix:
    found = [grams_of(text) for text in texts]
    where = np.repeat(np.arange(len(found)), [len(one) for one in found])
    places = np.fromiter((place for one in found for place in one), dtype=np.int64)
    values = np.fromiter((value for one in found for value in one.values()), dtype=np.float32)
    return sparse.csr_matrix((values, (where, places)), shape=(len(found), BUCKETS))


def out_of_fold(training: Training, rows: Mapping[str, sparse.csr_matrix], *, seed: int = _SEED) -> NDArray[np.float64]:
    """Probabilities of the measured examples, each by a head that was trained without it."""
    [measured] = [one for one in training.examples if one.measured]
    others = [one for one in training.examples if not one.measured]
    labels = np.array(measured.labels)
    found = np.zeros(len(labels))
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=seed)
    for kept, held in folds.split(np.zeros(len(labels)), labels):
        known = sparse.vstack([rows[measured.source][kept], *(rows[one.source] for one in others)])
        told = np.concatenate([labels[kept], *(np.array(one.labels) for one in others)])
        found[held] = _fitted(training, sparse.csr_matrix(known), told).predict_proba(rows[measured.source][held])[:, 1]
    return found


def _fitted(training: Training, rows: sparse.csr_matrix, labels: Flags) -> LogisticRegression:
    fitted = LogisticRegression(C=training.strength, max_iter=500, class_weight={0: 1.0, 1: training.rare})
    return fitted.fit(rows, labels)


def figures_of(labels: Sequence[bool], probabilities: NDArray[np.float64], threshold: float) -> dict[str, Figure]:
    """Area under ROC, and F1, precision and recall at the threshold."""
    rows = np.column_stack([np.array(labels, dtype=np.float64), (probabilities >= threshold).astype(np.float64)])
    return {
        "AUROC": auroc(list(probabilities), list(labels)),
        "F1": figure(rows, lambda r: float(2 * (r[:, 0] * r[:, 1]).sum() / max(1.0, r.sum()))),
        "precision": figure(rows, lambda r: float((r[:, 0] * r[:, 1]).sum() / max(1.0, r[:, 1].sum()))),
        "recall": figure(rows, lambda r: float((r[:, 0] * r[:, 1]).sum() / max(1.0, r[:, 0].sum()))),
    }


def arrays_of(
    training: Training, rows: Mapping[str, sparse.csr_matrix], dimensions: int
) -> dict[str, NDArray[np.generic]]:
    """The head trained on all its examples, as it ships."""
    everything = sparse.csr_matrix(sparse.vstack([rows[one.source] for one in training.examples]))
    labels = np.concatenate([np.array(one.labels) for one in training.examples])
    fitted = _fitted(training, everything, labels)
    weights = fitted.coef_[0]
    after = dimensions + (4 if training.signs else 0)
    signs = weights[dimensions:after] if training.signs else np.zeros(4)
    arrays: dict[str, NDArray[np.generic]] = {
        "bias": np.array(fitted.intercept_[0], dtype=np.float32),
        "vector": weights[:dimensions].astype(np.float32),
        "signs": signs.astype(np.float32),
        "scale": np.zeros((), dtype=np.float32),
    }
    if training.grams:
        scale = float(np.abs(weights[after:]).max()) / 127.0
        arrays["scale"] = np.array(scale, dtype=np.float32)
        arrays["grams"] = np.round(weights[after:] / scale).astype(np.int8)
    return {f"{training.name}.{name}": array for name, array in arrays.items()}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m evals.train_understanding", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--encoders", default="var/encoder", help="where exported encoders are kept")
    parser.add_argument("--cache", type=Path, default=Path("var/evals/vectors"), help="where vectors are kept")
    parser.add_argument("--write", action="store_true", help=f"write agent/{FILE}")
    asked = parser.parse_args(arguments)
    console = Console()
    embedder = open_embedder(None, encoders=Path(asked.encoders), report=console.print)
    vectorised = Vectorised(embedder, asked.cache)
    arrays: dict[str, NDArray[np.generic]] = {}
    about: dict[str, object] = {
        "encoder": embedder.name,
        "trained_at": datetime.now(UTC).date().isoformat(),
        "heads": {},
    }
    for training in trainings():
        rows = {one.source: vectorised.rows(training, one.texts) for one in training.examples}
        [measured] = [one for one in training.examples if one.measured]
        figures = figures_of(measured.labels, out_of_fold(training, rows), training.threshold)
        arrays |= arrays_of(training, rows, embedder.dimensions)
        cast("dict[str, object]", about["heads"])[training.name] = {
            "trained_on": {one.source: len(one.texts) for one in training.examples},
            "measured_on": measured.source,
            "threshold": training.threshold,
            **{name: round(one.value, 4) for name, one in figures.items()},
        }
        told = ", ".join(f"{name} {one}" for name, one in figures.items())
        console.print(
            f"{training.name} on {measured.source} (n {len(measured.texts)}, {sum(measured.labels)} so): {told}"
        )
    if asked.write:
        path = Path("agent") / FILE
        np.savez_compressed(path, about=np.array(json.dumps(about)), **arrays)  # type: ignore[arg-type]
        console.print(f"wrote {path}, {path.stat().st_size / 1024:.0f} kB")


if __name__ == "__main__":
    main()
