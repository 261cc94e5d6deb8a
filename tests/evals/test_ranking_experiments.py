from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from evals.public_sets import PublicSet, write
from evals.questions import LabelledQuestion, read_retrieval_questions
from evals.ranking_experiments import SIGNS, Experiment, Weights, chosen, gather, search
from knowledge_base.embedding import HashingEmbedder
from knowledge_base.knowledge_base import KnowledgeBase
from knowledge_base.snapshot import snapshot_of
from knowledge_base.vectors import ScanOnly
from tests.knowledge_base.shop import ARTICLES

EMBEDDER = HashingEmbedder()


def labelled(identity: str, text: str, *relevant: str) -> LabelledQuestion:
    return LabelledQuestion(
        id=identity,
        question=text,
        relevant=list(relevant),
        answerable=bool(relevant),
        decision="answer" if relevant else "handoff",
    )


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    articles = tuple({"id": key, "title": title, "text": text} for key, (title, text) in ARTICLES.items())
    questions = (
        labelled("1", "return an item", "returns"),
        labelled("2", "zeppelin"),
        labelled("3", "warranty of the R4 lamp", "warranty"),
    )
    write(PublicSet(name="shop", articles=articles, questions=questions, groups=("1", "2", "3")), tmp_path)
    knowledge = KnowledgeBase.open(tmp_path / "knowledge", EMBEDDER, vectors=ScanOnly())
    knowledge.ingest([tmp_path / "articles.jsonl"])
    yield tmp_path
    knowledge.close()


@pytest.fixture
def experiment(folder: Path) -> Experiment:
    return gather("shop", snapshot_of(folder / "knowledge", EMBEDDER.name), folder / "questions.jsonl", EMBEDDER)


def test_a_written_set_is_read_by_the_command(folder: Path) -> None:
    found = read_retrieval_questions(folder / "questions.jsonl")
    assert [(one.id, one.relevant, one.answerable) for one in found] == [
        ("1", ["returns"], True),
        ("2", [], False),
        ("3", ["warranty"], True),
    ]


def test_every_sign_of_every_passage_is_gathered(experiment: Experiment) -> None:
    assert experiment.signs.shape == (len(SIGNS), 2, 4)
    assert experiment.figures((0.6, 0.24, 0.16, 0.024))["hit@1"] == 1


def test_weights_are_chosen_without_the_sets_left_out(experiment: Experiment) -> None:
    tried = search([experiment], seconds=0.2)
    assert next(iter(tried)) == (0.60, 0.24, 0.16, 0.024)
    assert all(weights[0] == 0.6 for weights in tried)
    told: dict[Weights, dict[str, float]] = {(1.0, 0.0): {"a": 0.9, "b": 0.1}, (0.0, 1.0): {"a": 0.2, "b": 0.7}}
    assert chosen(told) == (1.0, 0.0)
    assert chosen(told, {"a"}) == (0.0, 1.0)
