"""How likely an answer from the help center is right: evidence in, one number with its parts out.

The weights were fitted offline on labelled questions (evals/fit_confidence.py) and ship as confidence_weights.json with
their provenance. Until an operator calibrates them on their own questions (agent/calibration.py) the number is a first
guess, and says so.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import Final

from agent.calibration import Calibration
from agent.draft import Confidence
from agent.responders.extractive import ExtractiveAnswer
from agent.responders.stems import stems
from knowledge_base.model import Hit, SearchResult

_NO_EVIDENCE: Final = 0.02
"""Confidence of an answer that found nothing to quote; not 0, because nothing is ever sure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """A feature's weight in log-odds for one standard deviation, and how it was standardised."""

    weight: float
    mean: float
    deviation: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfidenceModel:
    """A logistic score. `threshold`: below it an answer is not given, unless `calibration` says it by topic."""

    intercept: float
    signals: Mapping[str, Signal]
    threshold: float
    calibration: Calibration | None = None

    def score(self, evidence: Mapping[str, float]) -> Confidence:
        contributions = {
            name: signal.weight * (evidence.get(name, signal.mean) - signal.mean) / signal.deviation
            for name, signal in self.signals.items()
        }
        value = 1.0 / (1.0 + math.exp(-(self.intercept + sum(contributions.values()))))
        return Confidence(
            value=round(value, 4),
            calibrated=self.calibration is not None,
            evidence={name: round(number, 4) for name, number in evidence.items()},
            contributions={name: round(part, 4) for name, part in contributions.items()},
        )

    def threshold_for(self, article: str | None) -> float:
        """From which confidence on an answer that rests on `article` is given."""
        return self.threshold if self.calibration is None else self.calibration.threshold_for(article)

    def by(self, calibration: Calibration) -> ConfidenceModel:
        """The same signals as `calibration` weighs them. Raises KeyError where it lacks one."""
        signals = {name: replace(one, weight=calibration.weights[name]) for name, one in self.signals.items()}
        return ConfidenceModel(
            intercept=calibration.intercept,
            signals=signals,
            threshold=calibration.threshold,
            calibration=calibration,
        )


def _shipped_text() -> str:
    return resources.files("agent").joinpath("confidence_weights.json").read_text("utf-8")


@cache
def shipped_model() -> ConfidenceModel:
    """The weights that come with the project."""
    return read_model(_shipped_text())


@cache
def shipped_name() -> str:
    """Names the shipped weights, so that a calibration of others is noticed."""
    return hashlib.sha256(_shipped_text().encode()).hexdigest()[:12]


def read_model(text: str) -> ConfidenceModel:
    """A model from the JSON that evals/fit_confidence.py writes. Raises ValueError or KeyError on any other."""
    stored = json.loads(text)
    signals = {
        name: Signal(weight=float(part["weight"]), mean=float(part["mean"]), deviation=float(part["deviation"]))
        for name, part in stored["signals"].items()
    }
    return ConfidenceModel(intercept=float(stored["intercept"]), signals=signals, threshold=float(stored["threshold"]))


def certain(signal: str, value: float) -> Confidence:
    """Confidence of a turn that does not rest on the help center: a rule, a tool's result."""
    return Confidence(value=round(value, 4), calibrated=False, evidence={signal: round(value, 4)})


def nothing_found(evidence: Mapping[str, float]) -> Confidence:
    return Confidence(value=_NO_EVIDENCE, calibrated=False, evidence=dict(evidence))


def evidence_of(found: SearchResult, answer: ExtractiveAnswer, *, follow_up: bool) -> dict[str, float]:
    """Signals of how well `found` and `answer` fit the question; each is 0 where there is nothing to measure."""
    words = stems(found.question)
    asked = max(1, len(words))
    cited = answer.citations[0].article_id if answer.citations else None
    by_words = [hit.lexical_rank for hit in found.hits if hit.passage.article_id == cited and hit.lexical_rank]
    dense = _by_article(found.hits, lambda hit: hit.dense)
    lexical = _by_article(found.hits, lambda hit: hit.lexical)
    fused = _by_article(found.hits, lambda hit: hit.score)
    return {
        "dense": _first(dense),
        "dense_margin": _margin(dense),
        "lexical": min(1.0, _first(lexical) / (4.0 * asked)),
        "lexical_margin": _margin(lexical) / max(1e-6, _first(lexical)),
        "fused_margin": _margin(fused) / max(1e-6, _first(fused)),
        "agreement": _agreement(found.hits),
        "coverage": found.coverage,
        "unknown": min(1.0, len(found.unknown_words) / asked),
        "opening": _first(_by_article(found.hits, lambda hit: hit.parts.opening)),
        "word_rank": 1.0 / min(by_words) if by_words else 0.0,
        "quote": answer.cosine,
        "quote_lead": answer.lead,
        "quoted_words": answer.own,
        "said": answer.said,
        "named": answer.named,
        "length": min(1.0, math.log1p(len(found.question.split())) / 4.0),
        "follow_up": float(follow_up),
    }


def _by_article(hits: tuple[Hit, ...], value: Callable[[Hit], float]) -> list[float]:
    """The best value of each article, highest first."""
    best: dict[str, float] = {}
    for hit in hits:
        article = hit.passage.article_id
        best[article] = max(best.get(article, 0.0), value(hit))
    return sorted(best.values(), reverse=True)


def _first(values: list[float]) -> float:
    return values[0] if values else 0.0


def _margin(values: list[float]) -> float:
    """How far the best article leads. A lead over nothing is no lead."""
    return values[0] - values[1] if len(values) > 1 else 0.0


def _agreement(hits: tuple[Hit, ...]) -> float:
    """1 where both rankers put the same article first, 0.5 where one's first is among the other's first three."""
    first_dense = {hit.passage.article_id for hit in hits if hit.dense_rank == 1}
    first_lexical = {hit.passage.article_id for hit in hits if hit.lexical_rank == 1}
    if first_dense & first_lexical:
        return 1.0
    near_dense = {hit.passage.article_id for hit in hits if hit.dense_rank is not None and hit.dense_rank <= 3}
    near_lexical = {hit.passage.article_id for hit in hits if hit.lexical_rank is not None and hit.lexical_rank <= 3}
    return 0.5 if first_dense & near_lexical or first_lexical & near_dense else 0.0
