"""How much each sign of a right passage should weigh: the weights of knowledge_base/ranking.py, chosen and doubted.

    python -m evals.ranking_experiments NAME=KNOWLEDGE:QUESTIONS.jsonl … [--seconds 60]

KNOWLEDGE is a folder that holds the articles of the set, ingested. All passages are scored, not only those nominated.
The weights are searched for on all sets together, each weighing the same; then, to see how far they depend on the sets
at hand, once more without each set, which is measured with the weights found on the others. Sets whose names begin
with the same word ("arduino, fresh") are left out together.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from evals.questions import read_retrieval_questions
from evals.retrieval import METRICS, score
from knowledge_base.embedding import Embedder
from knowledge_base.encoders import open_embedder
from knowledge_base.model import ArticleId
from knowledge_base.snapshot import Snapshot, snapshot_of

SIGNS: Final = ("passage", "opening", "quote", "words")
_START: Final = (0.60, 0.24, 0.16, 0.024)
_STEP: Final = (0.0, 0.05, 0.05, 0.004)
"""The passage's weight stays: a score means nothing but an order, so one weight is free."""
_KEPT: Final = 6
_DEEP: Final = 50

Numbers = NDArray[np.float32]
Weights = tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """The signs of every passage for every question, shape (signs, questions, passages)."""

    name: str
    signs: Numbers
    starts: NDArray[np.int64]
    relevant: tuple[frozenset[str], ...]

    def figures(self, weights: Weights) -> Mapping[str, float]:
        sums = np.tensordot(np.array(weights, dtype=np.float32), self.signs, 1)
        articles = np.maximum.reduceat(sums, self.starts, axis=1)
        ranked = np.argsort(-articles, axis=1, kind="stable")[:, :_DEEP]
        rows = [score([str(one) for one in row], right) for row, right in zip(ranked, self.relevant, strict=True)]
        return dict(zip(METRICS, np.mean(rows, axis=0).tolist(), strict=True))


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m evals.ranking_experiments", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("sets", nargs="+", help="NAME=KNOWLEDGE:QUESTIONS.jsonl")
    parser.add_argument("--encoders", type=Path, default=Path("var/encoder"))
    parser.add_argument("--seconds", type=float, default=60.0, help="how long to search")
    asked = parser.parse_args(arguments)
    console = Console()
    embedder = open_embedder(None, encoders=asked.encoders, report=console.print)
    experiments = [_read(one, embedder) for one in asked.sets]
    tried = search(experiments, asked.seconds)
    console.print(_table(experiments, tried))


def gather(name: str, snapshot: Snapshot, questions: Path, embedder: Embedder) -> Experiment:
    """The signs of the answerable questions in a file."""
    version = snapshot.version
    starts = np.flatnonzero(np.diff(version.article_of, prepend=-1))
    article = np.cumsum(np.diff(version.article_of, prepend=-1) > 0) - 1
    places = {str(version.articles.at(int(version.article_of[start]))): at for at, start in enumerate(starts)}
    vectors, quote_vectors = np.asarray(version.passage_vectors), np.asarray(version.quote_vectors, dtype=np.float32)
    signs: list[Numbers] = []
    relevant: list[frozenset[str]] = []
    for one in read_retrieval_questions(questions):
        right = frozenset(str(places[named]) for named in one.relevant if ArticleId(named) in version.articles)
        if not right:
            continue
        asked = snapshot.searcher.question(one.said[-1], one.said[:-1], embedder)
        passage = vectors @ asked.vector
        quotes = quote_vectors @ asked.vector
        best = passage.copy()
        having = np.flatnonzero(np.diff(version.quote_starts))
        best[having] = np.maximum.reduceat(quotes, version.quote_starts[:-1][having])
        signs.append(np.stack([passage, passage[starts][article], best, version.lexical.scores(asked.weights)]))
        relevant.append(right)
    return Experiment(name=name, signs=np.stack(signs, axis=1), starts=starts, relevant=tuple(relevant))


def search(experiments: Sequence[Experiment], seconds: float) -> dict[Weights, Mapping[str, float]]:
    """Weights with the goodness of each set: random steps from the best so far, the shipped ones first."""
    generator = np.random.default_rng(0)
    tried: dict[Weights, Mapping[str, float]] = {}
    until = time.monotonic() + seconds
    weights: Weights = _START
    while not tried or time.monotonic() < until:
        tried[weights] = {one.name: _goodness(one.figures(weights)) for one in experiments}
        best = sorted(tried, key=lambda known: -_mean(tried[known]))[:_KEPT]
        near = best[int(generator.integers(len(best)))]
        steps = generator.normal(0, _STEP) * (generator.random(len(SIGNS)) < 0.5)
        weights = tuple(round(max(0.0, float(old + step)), 4) for old, step in zip(near, steps, strict=True))
    return tried


def chosen(tried: Mapping[Weights, Mapping[str, float]], without: Collection[str] = ()) -> Weights:
    return max(tried, key=lambda weights: _mean(tried[weights], without))


def _goodness(figures: Mapping[str, float]) -> float:
    return (figures["hit@1"] + figures["hit@5"] + 2 * figures["ndcg@10"]) / 4


def _mean(goodness: Mapping[str, float], without: Collection[str] = ()) -> float:
    kept = [value for name, value in goodness.items() if name not in without]
    return sum(kept) / len(kept) if kept else 0.0


def _table(experiments: Sequence[Experiment], tried: Mapping[Weights, Mapping[str, float]]) -> Table:
    best = chosen(tried)
    table = Table(
        title=f"{', '.join(SIGNS)}: {len(tried)} weights tried; on all {_shown(best)}; shipped {_shown(_START)}"
    )
    for column in ("set", "n", "shipped", "chosen on all", "chosen without it", "weights without it"):
        table.add_column(column)
    for one in experiments:
        kin = {other.name for other in experiments if other.name.split(",")[0] == one.name.split(",")[0]}
        without = chosen(tried, kin)
        figures = [_brief(one.figures(weights)) for weights in (_START, best, without)]
        table.add_row(one.name, str(len(one.relevant)), *figures, _shown(without))
    return table


def _brief(figures: Mapping[str, float]) -> str:
    return " / ".join(f"{figures[metric]:.3f}" for metric in ("hit@1", "hit@5", "ndcg@10"))


def _shown(weights: Weights) -> str:
    return " ".join(f"{weight:.3f}".lstrip("0") for weight in weights)


def _read(described: str, embedder: Embedder) -> Experiment:
    name, _, rest = described.partition("=")
    folder, _, questions = rest.rpartition(":")
    return gather(name, snapshot_of(Path(folder), embedder.name), Path(questions), embedder)


if __name__ == "__main__":
    main()
