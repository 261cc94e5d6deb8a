"""How well a help center is searched, on labelled questions, beside the plain ways to search the same passages.

Articles are ranked by their best passage. All shares are over the questions that an article answers.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evals.questions import RetrievalQuestion
from evals.statistics import Figure, Numbers, auroc
from knowledge_base.embedding import Embedder
from knowledge_base.lexical import tokens
from knowledge_base.model import ArticleId, SearchResult
from knowledge_base.snapshot import Snapshot

_PASSAGES: Final = 50
"""Passages taken of a search, so that ten articles are among them."""
_DEEP: Final = 500
"""Passages of a plain ranking that are looked through for articles."""
_RRF: Final = 60
_RESAMPLES: Final = 2_000
_MAX_QUESTION: Final = 4000
METRICS: Final = ("hit@1", "hit@5", "recall@5", "recall@10", "mrr", "ndcg@10")
PRODUCT: Final = "baton"
BASELINES: Final = ("bm25", "dense", "rrf")
SYSTEMS: Final = (PRODUCT, *BASELINES)
Ranking = Sequence[str]
"""Article ids, best first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One question with the article ranking of each system; `result` is what the product found."""

    question: RetrievalQuestion
    relevant: frozenset[str]
    rankings: Mapping[str, Ranking]
    result: SearchResult
    seconds: float

    def value(self, system: str, metric: str) -> float:
        return score(self.rankings[system], self.relevant)[METRICS.index(metric)]


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrievalReport:
    """`figures` and `differences` (product less baseline, paired) by system and metric; `by_tag` the product's alone.

    `unknown` are relevant ids that no article has, with the questions that name them; `unreadable` those of articles
    that a visitor may not read now. `tells_apart` is the AUROC of the first hit's score, answerable against not.
    """

    measured: tuple[Measured, ...]
    unanswerable: tuple[Measured, ...]
    left_out: tuple[str, ...]
    unknown: Mapping[str, tuple[str, ...]]
    unreadable: tuple[str, ...]
    figures: Mapping[str, Mapping[str, Figure]]
    differences: Mapping[str, Mapping[str, Figure]]
    by_tag: Mapping[str, Mapping[str, Figure]] = field(default_factory=dict)
    tells_apart: Figure | None = None


def measure(
    questions: Sequence[RetrievalQuestion],
    snapshot: Snapshot,
    embedder: Embedder,
    progress: Callable[[int], None] = lambda done: None,
) -> RetrievalReport:
    """Ask every question of every system. `progress` is told how many are done."""
    known = snapshot.version.articles
    plain = PlainSearch(snapshot, embedder)
    unknown: dict[str, tuple[str, ...]] = {}
    measured: list[Measured] = []
    unanswerable: list[Measured] = []
    left_out: list[str] = []
    for done, question in enumerate(questions, start=1):
        missing = [one for one in question.relevant if ArticleId(one) not in known]
        for one in missing:
            unknown[one] = (*unknown.get(one, ()), question.id)
        relevant = frozenset(question.relevant) - frozenset(missing)
        if question.answerable and not relevant:
            left_out.append(question.id)
        else:
            asked = _asked(question, relevant, snapshot, plain)
            (measured if question.answerable else unanswerable).append(asked)
        progress(done)
    return _report(measured, unanswerable, left_out, unknown, snapshot)


def score(ranking: Ranking, relevant: frozenset[str]) -> tuple[float, ...]:
    """The METRICS of one ranking: shares from 0 to 1. MRR looks at the whole ranking, nDCG counts an article once."""
    right = [place for place, article in enumerate(ranking) if article in relevant]
    first = right[0] if right else math.inf
    ideal = sum(1 / math.log2(place + 2) for place in range(min(10, len(relevant))))
    gained = sum(1 / math.log2(place + 2) for place in right if place < 10)
    return (
        float(first == 0),
        float(first < 5),
        sum(place < 5 for place in right) / len(relevant),
        sum(place < 10 for place in right) / len(relevant),
        1 / (first + 1),
        gained / ideal,
    )


def by_article(rows: NDArray[np.int64], snapshot: Snapshot) -> Ranking:
    """The articles of ranked passages, each at the place of its best one."""
    places = dict.fromkeys(snapshot.version.article_of[rows].tolist())
    return [snapshot.version.articles.at(place) for place in places]


class PlainSearch:
    """What the product is compared with: BM25 alone, cosines alone and reciprocal rank fusion of the two.

    They rank all passages, for the text as it stands.
    """

    def __init__(self, snapshot: Snapshot, embedder: Embedder) -> None:
        self.snapshot = snapshot
        self.embedder = embedder
        self._vectors = np.asarray(snapshot.version.passage_vectors)

    def rankings(self, text: str) -> dict[str, Ranking]:
        readable = self.snapshot.readable
        meaning = self._vectors @ self.embedder.encode([text], questions=True)[0]
        words = self.snapshot.version.lexical.scores(tokens(text))
        if readable is not None:
            meaning = np.where(readable, meaning, -np.inf)
            words = np.where(readable, words, 0)
        dense = np.argsort(-meaning, kind="stable")
        dense = dense[np.isfinite(meaning[dense])]
        lexical = np.argsort(-words, kind="stable")
        lexical = lexical[words[lexical] > 0]
        fused = np.zeros(len(meaning))
        for ranked in (dense, lexical):
            fused[ranked] += 1.0 / (_RRF + 1 + np.arange(len(ranked)))
        together = np.argsort(-fused, kind="stable")
        rankings = {"bm25": lexical, "dense": dense, "rrf": together[fused[together] > 0]}
        return {name: by_article(rows[:_DEEP], self.snapshot) for name, rows in rankings.items()}


def _asked(question: RetrievalQuestion, relevant: frozenset[str], snapshot: Snapshot, plain: PlainSearch) -> Measured:
    said = [text[:_MAX_QUESTION] for text in question.said]
    started = time.perf_counter()
    asked = snapshot.searcher.question(said[-1], said[:-1], plain.embedder)
    result = snapshot.searcher.search(asked, _PASSAGES, readable=snapshot.readable)
    seconds = time.perf_counter() - started
    found = list(dict.fromkeys(str(hit.passage.article_id) for hit in result.hits))
    return Measured(
        question=question,
        relevant=relevant,
        rankings={PRODUCT: found, **plain.rankings(" ".join(said)[:_MAX_QUESTION])},
        result=result,
        seconds=seconds,
    )


def _report(
    measured: Sequence[Measured],
    unanswerable: Sequence[Measured],
    left_out: Sequence[str],
    unknown: Mapping[str, tuple[str, ...]],
    snapshot: Snapshot,
) -> RetrievalReport:
    values = {system: _values(measured, system) for system in SYSTEMS}
    tags = sorted({tag for one in measured for tag in one.question.tags})
    tagged = {tag: np.array([tag in one.question.tags for one in measured]) for tag in tags}
    apart = [*measured, *unanswerable]
    return RetrievalReport(
        measured=tuple(measured),
        unanswerable=tuple(unanswerable),
        left_out=tuple(left_out),
        unknown=unknown,
        unreadable=_unreadable(measured, snapshot),
        figures={system: means(found) for system, found in values.items()},
        differences={system: means(values[PRODUCT] - values[system]) for system in BASELINES},
        by_tag={tag: means(values[PRODUCT][has]) for tag, has in tagged.items()},
        tells_apart=auroc(
            [one.result.hits[0].score if one.result.hits else 0.0 for one in apart],
            [one.question.answerable for one in apart],
        )
        if measured and unanswerable
        else None,
    )


def means(values: Numbers) -> dict[str, Figure]:
    """The mean of each column, one for each of METRICS, with a 95 % interval from resampling the questions."""
    n = len(values)
    if not n:
        nothing = Figure(value=math.nan, n=0, low=math.nan, high=math.nan)
        return dict.fromkeys(METRICS, nothing)
    generator = np.random.default_rng(0)
    drawn = generator.multinomial(n, np.full(n, 1 / n), size=_RESAMPLES) @ values / n
    low, high = np.percentile(drawn, (2.5, 97.5), axis=0)
    mean = values.mean(axis=0)
    return {
        metric: Figure(value=float(mean[at]), n=n, low=float(low[at]), high=float(high[at]))
        for at, metric in enumerate(METRICS)
    }


def _values(measured: Sequence[Measured], system: str) -> Numbers:
    rows = [score(one.rankings[system], one.relevant) for one in measured]
    return np.array(rows, dtype=np.float64).reshape(-1, len(METRICS))


def _unreadable(measured: Sequence[Measured], snapshot: Snapshot) -> tuple[str, ...]:
    if snapshot.readable is None:
        return ()
    articles = snapshot.version.articles
    named = sorted({one for question in measured for one in question.relevant})
    rows = {one: articles.rows(ArticleId(one)) for one in named}
    return tuple(one for one, own in rows.items() if not snapshot.readable[own.start : own.stop].any())
