from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from evals.questions import RetrievalQuestion
from evals.retrieval import METRICS, RetrievalReport, means, measure, score
from evals.retrieval_report import as_html, as_json, as_markdown, table_of
from knowledge_base.embedding import HashingEmbedder
from knowledge_base.knowledge_base import KnowledgeBase
from knowledge_base.snapshot import Snapshot, snapshot_of
from knowledge_base.vectors import ScanOnly
from tests.knowledge_base.shop import write_jsonl

EMBEDDER = HashingEmbedder()


@pytest.fixture
def snapshot(tmp_path: Path) -> Iterator[Snapshot]:
    """Taken while the knowledge base is open elsewhere."""
    knowledge = KnowledgeBase.open(tmp_path / "knowledge", EMBEDDER, vectors=ScanOnly())
    draft = {"id": "draft", "title": "Secret sale", "text": "A sale nobody knows of.", "published": False}
    path = write_jsonl(tmp_path / "help.jsonl")
    path.write_text(path.read_text() + json.dumps(draft) + "\n")
    knowledge.ingest([path])
    yield snapshot_of(tmp_path / "knowledge", EMBEDDER.name)
    knowledge.close()


def question(identity: str, text: str, *relevant: str, tags: tuple[str, ...] = ()) -> RetrievalQuestion:
    return RetrievalQuestion(
        id=identity, question=text, relevant=list(relevant), answerable=bool(relevant), tags=list(tags)
    )


QUESTIONS = (
    question("1", "return an item", "returns", tags=("easy",)),
    question("2", "how long is the warrranty of the lamp", "warranty", tags=("easy", "typo")),
    question("3", "parcels <b>to</b> Canada", "shipping", "nowhere"),
    question("4", "all of them wrong", "nowhere"),
    question("5", "do you sell zeppelins"),
    question("6", "reset my password", "returns"),
)


@pytest.fixture
def report(snapshot: Snapshot) -> RetrievalReport:
    return measure(QUESTIONS, snapshot, EMBEDDER)


def test_metrics_of_a_ranking_worked_out_by_hand() -> None:
    hit1, hit5, recall5, recall10, mrr, ndcg = score(["x", "a", "y", "z", "v", "b"], frozenset("abc"))
    assert (hit1, hit5) == (0, 1)
    assert [recall5, recall10, mrr] == pytest.approx([1 / 3, 2 / 3, 1 / 2])
    gained = 1 / math.log2(3) + 1 / math.log2(7)
    assert ndcg == pytest.approx(gained / (1 + 1 / math.log2(3) + 0.5))
    assert score([], frozenset("a")) == (0, 0, 0, 0, 0, 0)
    assert score(["a"], frozenset("a")) == (1, 1, 1, 1, 1, 1)


def test_an_interval_holds_the_mean_and_narrows_with_more_questions() -> None:
    few = means(np.tile([[0.0], [1.0]], (10, len(METRICS))))["mrr"]
    many = means(np.tile([[0.0], [1.0]], (1000, len(METRICS))))["mrr"]
    assert few.low < few.value == 0.5 < few.high
    assert many.high - many.low < few.high - few.low < 0.5
    assert many.high - many.low == pytest.approx(2 * 1.96 * 0.5 / math.sqrt(2000), rel=0.1)


def test_every_system_is_asked_the_same_questions(report: RetrievalReport) -> None:
    assert [one.question.id for one in report.measured] == ["1", "2", "3", "6"]
    assert [one.question.id for one in report.unanswerable] == ["5"]
    for system in ("baton", "bm25", "dense", "rrf"):
        assert {figure.n for figure in report.figures[system].values()} == {4}
        assert report.figures[system]["hit@1"].value == 0.75
    assert report.figures["baton"]["hit@5"].value == 1
    assert report.by_tag["easy"]["hit@1"].n == 2
    assert report.by_tag["typo"]["hit@1"].value == 1


def test_a_difference_is_paired(report: RetrievalReport) -> None:
    for system in ("bm25", "dense", "rrf"):
        for metric in METRICS:
            less = report.figures["baton"][metric].value - report.figures[system][metric].value
            assert report.differences[system][metric].value == pytest.approx(less)


def test_unknown_articles_are_reported_and_what_names_nothing_else_is_left_out(report: RetrievalReport) -> None:
    assert report.unknown == {"nowhere": ("3", "4")}
    assert report.left_out == ("4",)
    assert as_json(report)["left_out"] == ["4"]


def test_an_article_that_a_visitor_may_not_read_is_reported(snapshot: Snapshot) -> None:
    found = measure([question("1", "secret sale", "draft")], snapshot, EMBEDDER)
    assert found.unreadable == ("draft",)
    assert found.figures["baton"]["hit@5"].value == found.figures["rrf"]["hit@5"].value == 0


def test_with_messages_the_question_is_the_conversation_so_far(snapshot: Snapshot) -> None:
    said = [{"role": "customer", "text": "Reset my forgotten password"}, {"role": "ai_agent", "text": "Of course."}]
    line = {"id": "1", "relevant": ["passwords"], "messages": [*said, {"role": "customer", "text": "and then?"}]}
    found = measure([RetrievalQuestion.model_validate(line)], snapshot, EMBEDDER)
    assert found.figures["baton"]["hit@1"].value == 1
    alone = measure([question("1", "and then?", "passwords")], snapshot, EMBEDDER)
    assert alone.measured[0].result.hits[0].score < found.measured[0].result.hits[0].score


def test_json_has_each_metric_with_its_interval_and_no_nan(report: RetrievalReport, snapshot: Snapshot) -> None:
    found = as_json(report)
    assert found["n"] == 4
    metrics = found["metrics"]
    assert isinstance(metrics, dict)
    assert list(metrics) == list(METRICS)
    assert set(metrics["ndcg@10"]) == {"value", "low", "high"}
    assert set(found["baselines"]) == {"bm25", "dense", "rrf"}  # type: ignore[call-overload]
    nothing = as_json(measure([question("5", "zeppelins")], snapshot, EMBEDDER))
    assert json.loads(json.dumps(nothing, allow_nan=False))["metrics"]["mrr"]["value"] is None


def test_the_report_shows_the_worst_questions_with_what_was_found_and_stays_inert(report: RetrievalReport) -> None:
    page = as_html(report, "my <set>")
    assert "6: reset my password" in page
    assert "Reset your password" in page
    assert "returns (found at " in page
    assert "1: return an item" not in page
    assert "<set>" not in page
    assert "<script" not in page
    text = as_markdown(report, "my <set>")
    assert "| Baton |" in text
    assert "<set>" not in text
    assert table_of(report, "set").row_count == 7


def test_a_question_in_markup_does_nothing_in_either_report(snapshot: Snapshot) -> None:
    asked = question("1", 'password <img src="//x"> ![a](//x) | `b`', "returns")
    found = measure([asked], snapshot, EMBEDDER)
    assert "<img" not in as_html(found, "set")
    assert "<img" not in as_markdown(found, "set")
    assert "![a]" not in as_markdown(found, "set")
