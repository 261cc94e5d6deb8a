"""What an encoder's precision costs in ranking: nDCG@10 of articles by their nearest passage, over vectors alone."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from evals.public_sets import MissingSet, PublicSet, mtrag, stackfaq
from evals.questions import LabelledQuestion, read_questions
from evals.statistics import mean
from knowledge_base.embedding import Embedder
from knowledge_base.encoders import open_embedder
from knowledge_base.model import Article, ArticleId
from knowledge_base.splitting import split

_DATASETS: Final = Path(__file__).parent / "datasets"
_DEPTH: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class RankingLoss:
    """nDCG@10 under both precisions on the same questions; `difference` is int8 less fp32, with its 95 % interval."""

    name: str
    questions: int
    passages: int
    fp32: float
    int8: float
    difference: float
    low: float
    high: float


def ranking_losses(encoders: Path) -> list[RankingLoss]:
    """One line for each set that is on this machine."""
    whole = open_embedder(None, encoders=encoders, precision="fp32")
    quantised = open_embedder(None, encoders=encoders, precision="int8")
    return [_loss(one, whole, quantised) for one in _sets()]


def _sets() -> Iterator[PublicSet]:
    for read in (_arduino, stackfaq, mtrag):
        try:
            yield read()
        except MissingSet:
            continue


def _arduino() -> PublicSet:
    path = Path(os.environ.get("BATON_PUBLIC_DATA", "../shared/data")) / "arduino_help" / "articles.jsonl"
    if not path.exists():
        raise MissingSet(f"{path} is not there.")
    articles = tuple(json.loads(line) for line in path.read_text("utf-8").splitlines())
    questions = read_questions(_DATASETS / "arduino_questions.jsonl")
    return PublicSet(name="arduino", articles=articles, questions=tuple(questions), groups=())


def _loss(given: PublicSet, whole: Embedder, quantised: Embedder) -> RankingLoss:
    texts, owners = [], []
    for row in given.articles:
        article = Article(id=ArticleId(row["id"]), title=row["title"], text=row["text"])
        for one in split(article, whole.count_tokens):
            texts.append(one.embedded)
            owners.append(row["id"])
    answerable = [one for one in given.questions if one.relevant]
    before = _ndcgs(whole, texts, owners, answerable)
    after = _ndcgs(quantised, texts, owners, answerable)
    difference = mean([new - old for new, old in zip(after, before, strict=True)])
    return RankingLoss(
        name=given.name,
        questions=len(answerable),
        passages=len(texts),
        fp32=float(np.mean(before)),
        int8=float(np.mean(after)),
        difference=difference.value,
        low=difference.low,
        high=difference.high,
    )


def _ndcgs(
    embedder: Embedder, texts: Sequence[str], owners: Sequence[str], questions: Sequence[LabelledQuestion]
) -> list[float]:
    passages = embedder.encode(texts)
    asked = embedder.encode([_asked(one) for one in questions], questions=True)
    scores = asked @ passages.T
    return [ndcg(_ranked(row, owners), one.relevant) for row, one in zip(scores, questions, strict=True)]


def _asked(question: LabelledQuestion) -> str:
    """All that the customer said, for the last message often only makes sense after the others."""
    return "\n".join(one.text for one in question.said if one.role == "customer")


def _ranked(scores: np.ndarray[tuple[int], np.dtype[np.float32]], owners: Sequence[str]) -> list[str]:
    found = dict.fromkeys(owners[place] for place in np.argsort(-scores, kind="stable"))
    return list(found)[:_DEPTH]


def ndcg(ranked: Sequence[str], relevant: Sequence[str]) -> float:
    """nDCG@10 with relevance 0 or 1."""
    wanted = set(relevant)
    gain = sum(1 / math.log2(2 + place) for place, one in enumerate(ranked[:_DEPTH]) if one in wanted)
    return gain / sum(1 / math.log2(2 + place) for place in range(min(_DEPTH, len(wanted))))
