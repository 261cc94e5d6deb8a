"""`baton calibrate`: labelled questions put to the AI agent as the service has it, and what they allow to promise."""

from __future__ import annotations

import asyncio
import hashlib
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

import numpy as np

from agent.calibration import Calibration, Promise, Provenance, TopicThreshold, fingerprints
from agent.confidence import ConfidenceModel, shipped_model, shipped_name
from agent.draft import Draft, TurnHost
from evals.answers import offline_agent, turn_of
from evals.calibration import Kept, NotEnough, Numbers, Scored, calibration_error, keep_promise, most_answers_with
from evals.questions import RetrievalQuestion, Said
from evals.refitting import Labelled, out_of_fold, refit, standardised, weights_of
from evals.statistics import area_under_risk, auroc
from knowledge_base.embedding import Embedder
from knowledge_base.model import Article, SearchResult, Viewer
from knowledge_base.snapshot import Snapshot

_DEADLINE_S: Final = 60.0
_UNSORTED: Final = "other articles"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A labelled question with what the AI agent would say to it, however unsure. `cited` is the first article."""

    question: RetrievalQuestion
    evidence: dict[str, float]
    cited: str | None

    @property
    def right(self) -> bool:
        return self.question.answerable and self.cited in self.question.relevant


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What the labelled questions say. `scores` are out of fold; without a promise there is no `calibration`."""

    answered: tuple[Answered, ...]
    without_search: int
    labelled: Labelled
    scores: Numbers
    outcome: Kept | NotEnough
    calibration: Calibration | None
    figures: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotSearch:
    """The search over a snapshot, as any visitor may use it; a server may go on serving the same articles."""

    snapshot: Snapshot
    embedder: Embedder

    def search(self, question: str, *, limit: int, viewer: Viewer, earlier: Sequence[str] = ()) -> SearchResult:
        searcher = self.snapshot.searcher
        asked = searcher.question(question, earlier, self.embedder)
        return searcher.search(asked, limit, readable=self.snapshot.readable)


def answer_all(
    questions: Sequence[RetrievalQuestion], search: SnapshotSearch, cache: Path, progress: Callable[[int], None]
) -> tuple[list[Answered], int]:
    """Every question as the service would answer it without a threshold, and how many needed no search."""
    eager = replace(shipped_model(), threshold=0.0)
    agent = offline_agent(search, search.embedder, cache, eager)
    answered: list[Answered] = []

    async def ask() -> None:
        for done, question in enumerate(questions, start=1):
            draft = await agent.reply(turn_of(_said(question)), host=TurnHost(), deadline_s=_DEADLINE_S)
            if draft.hits:
                answered.append(_answered(question, draft))
            progress(done)

    asyncio.run(ask())
    return answered, len(questions) - len(answered)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a calibration comes from."""

    data_sha256: str
    made_at: datetime
    encoder: str
    knowledge_version: str
    articles: tuple[Article, ...]

    @classmethod
    def of(cls, file: Path, search: SnapshotSearch, made_at: datetime) -> Source:
        version = search.snapshot.version
        return cls(
            data_sha256=hashlib.sha256(file.read_bytes()).hexdigest(),
            made_at=made_at,
            encoder=version.encoder,
            knowledge_version=str(version.number),
            articles=tuple(version.articles[key].article for key in version.articles),
        )


def measure(
    answered: Sequence[Answered], without_search: int, promise: Promise, source: Source, *, by_topic: bool = False
) -> Measured:
    """Weights, threshold and figures. Needs at least one question that was looked up."""
    model = shipped_model()
    labelled = _labelled(answered, model)
    scores = out_of_fold(labelled, weights_of(model))
    scored = Scored(scores=scores, right=labelled.right)
    outcome = keep_promise(scored, promise)
    topics = _topics(answered, scored, promise, source.articles) if by_topic else []
    figures = _figures(answered, labelled, scores, outcome)
    found = refit(labelled, weights_of(model))
    calibration = None
    if isinstance(outcome, Kept):
        calibration = Calibration(
            promise=promise,
            intercept=round(found.intercept, 6),
            weights={name: round(float(w), 6) for name, w in zip(model.signals, found.weights, strict=True)},
            threshold=outcome.threshold,
            topics=topics,
            sample=[round(float(score), 4) for score in np.sort(scores)],
            measured={name: round(value, 4) for name, value in figures.items()},
            made_from=Provenance(
                questions=len(answered),
                data_sha256=source.data_sha256,
                made_at=source.made_at,
                encoder=source.encoder,
                weights=shipped_name(),
                knowledge_version=source.knowledge_version,
                articles=fingerprints(source.articles),
            ),
        )
    return Measured(
        answered=tuple(answered),
        without_search=without_search,
        labelled=labelled,
        scores=scores,
        outcome=outcome,
        calibration=calibration,
        figures=figures,
    )


def _labelled(answered: Sequence[Answered], model: ConfidenceModel) -> Labelled:
    return Labelled(
        rows=standardised(model, [one.evidence for one in answered]),
        right=np.array([one.right for one in answered], dtype=np.bool_),
        answerable=np.array([one.question.answerable for one in answered], dtype=np.bool_),
        groups=tuple(one.question.group or one.question.id for one in answered),
    )


def _topics(
    answered: Sequence[Answered], scored: Scored, promise: Promise, articles: Sequence[Article]
) -> list[TopicThreshold]:
    """A threshold of its own for each topic with questions enough, the rest together, all promised at once.

    Which topics get one depends on how many questions cite them, never on how many were right; the confidence that
    is left for each is split evenly among them, so that all of the promises hold together.
    """
    topic_of = {str(article.id): article.metadata.get("category", _UNSORTED) for article in articles}
    places: dict[str, list[int]] = defaultdict(list)
    for place, one in enumerate(answered):
        places[topic_of.get(one.cited or "", _UNSORTED)].append(place)
    shared = _shared(promise, len(places))
    large = {topic for topic, own in places.items() if len(own) >= most_answers_with(0, shared)} - {_UNSORTED}
    group_of = {topic: topic if topic in large else _UNSORTED for topic in {*topic_of.values(), _UNSORTED}}
    groups: dict[str, list[int]] = defaultdict(list)
    for topic, own in places.items():
        groups[group_of[topic]] += own
    shared = _shared(promise, len(groups))
    return [
        _topic(group, sorted(own), scored, shared, [key for key, topic in topic_of.items() if group_of[topic] == group])
        for group, own in sorted(groups.items())
    ]


def _shared(promise: Promise, groups: int) -> Promise:
    return Promise(max_error=promise.max_error, confidence=1 - (1 - promise.confidence) / max(1, groups))


def _topic(topic: str, own: list[int], scored: Scored, promise: Promise, articles: list[str]) -> TopicThreshold:
    kept = keep_promise(scored.rows(np.array(own, dtype=np.int64)), promise)
    threshold = kept.threshold if isinstance(kept, Kept) else None
    return TopicThreshold(topic=topic, threshold=threshold, questions=len(own), articles=sorted(articles))


def _figures(
    answered: Sequence[Answered], labelled: Labelled, scores: Numbers, outcome: Kept | NotEnough
) -> dict[str, float]:
    right, answerable = labelled.right.tolist(), labelled.answerable.tolist()
    similarity = [one.evidence.get("dense", 0.0) for one in answered]
    figures = {
        "questions": float(len(answered)),
        "auroc_right": auroc(scores.tolist(), right).value,
        "auroc_answerable": auroc(scores.tolist(), answerable).value,
        "aurc": area_under_risk(scores.tolist(), right),
        "aurc_similarity": area_under_risk(similarity, right),
        "aurc_perfect": area_under_risk([float(one) for one in right], right),
        "ece": calibration_error(scores, labelled.right),
    }
    if isinstance(outcome, Kept):
        given = scores >= outcome.threshold
        figures["answered"] = float(given.sum())
        figures["error"] = outcome.wrong / outcome.answered
        figures["coverage"] = float(given[labelled.answerable].mean()) if labelled.answerable.any() else 0.0
    return {name: value for name, value in figures.items() if value == value}


def _answered(question: RetrievalQuestion, draft: Draft) -> Answered:
    return Answered(
        question=question,
        evidence=draft.confidence.evidence,
        cited=draft.citations[0].article_id if draft.citations else None,
    )


def _said(question: RetrievalQuestion) -> list[Said]:
    if not question.messages:
        return [Said(role="customer", text=question.question or "")]
    return [
        Said(role="customer" if one.role == "customer" else "ai_agent", text=one.text or "…")
        for one in question.messages
        if one.role != "system"
    ]
