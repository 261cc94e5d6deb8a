"""What labelled questions say about the confidence: kept in a file, read when the service starts.

`baton calibrate` writes it. It weighs the signals of the shipped score anew, so that the score is the probability of
being right on this help center, and names the threshold from which the promised share of answers is right. It stops
counting when what it was measured on is gone.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from knowledge_base.model import Article

_CHANGED: Final = 0.2
"""Share of the articles that may be new, gone or rewritten before the promise is about another help center."""


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Promise(_Frozen):
    """Of the answers given, at most `max_error` are wrong, with this `confidence`."""

    max_error: float = Field(gt=0, lt=1)
    confidence: float = Field(gt=0, lt=1)


class TopicThreshold(_Frozen):
    """The threshold for answers that rest on one of `articles`. None: nothing can be promised, they are not given."""

    topic: str
    threshold: float | None
    questions: int
    articles: list[str]


class Provenance(_Frozen):
    """What it was measured with. `articles` has the fingerprint of each article that was there."""

    questions: int
    data_sha256: str
    made_at: datetime
    encoder: str
    weights: str
    knowledge_version: str
    articles: dict[str, str]


class Calibration(_Frozen):
    """`intercept` and `weights` (of standardised signals) take the place of the shipped ones.

    `sample` are the confidences of the labelled questions, each by weights that never saw it, ascending: what those of
    real conversations are compared with. `measured` has the figures of the report by name.
    """

    promise: Promise
    intercept: float
    weights: dict[str, float]
    threshold: float = Field(ge=0, le=1)
    topics: list[TopicThreshold]
    sample: list[float]
    measured: dict[str, float]
    made_from: Provenance

    def threshold_for(self, article: str | None) -> float:
        """From which confidence on an answer that rests on `article` is given; above 1 it never is."""
        for topic in self.topics:
            if article in topic.articles:
                return topic.threshold if topic.threshold is not None else math.inf
        return self.threshold


class BadCalibration(ValueError):
    """The file is not a calibration. The message says which and why."""


def read_calibration(path: Path) -> Calibration | None:
    """The calibration in `path`, None where there is none. Raises BadCalibration."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    try:
        return Calibration.model_validate_json(text)
    except ValidationError as failure:
        where = ".".join(str(part) for part in failure.errors()[0]["loc"])
        raise BadCalibration(f"{path} is not a calibration ({where}): run baton calibrate again.") from None


def fingerprints(articles: Iterable[Article]) -> dict[str, str]:
    """Of each article's words; what is not shown to customers does not count."""
    return {
        article.id: hashlib.sha256(f"{article.title}\n{article.text}".encode()).hexdigest()[:12] for article in articles
    }


def stale_because(made_from: Provenance, *, encoder: str, weights: str, articles: Mapping[str, str]) -> str | None:
    """Why the promise does not hold for this service, in words; None while it does."""
    if made_from.encoder != encoder:
        return f"it was measured with the encoder {made_from.encoder}, now it is {encoder}"
    if made_from.weights != weights:
        return "it was measured with the confidence of another release"
    known = made_from.articles
    changed = sum(known.get(one) != articles.get(one) for one in known.keys() | articles.keys())
    if changed > _CHANGED * max(1, len(known)):
        return f"{changed} of the {len(known)} articles it was measured on are new, gone or rewritten"
    return None
