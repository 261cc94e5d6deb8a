import math
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.calibration import (
    BadCalibration,
    Calibration,
    Promise,
    Provenance,
    TopicThreshold,
    fingerprints,
    read_calibration,
    stale_because,
)
from agent.confidence import shipped_model, shipped_name
from knowledge_base.model import Article, ArticleId

ARTICLES = [Article(id=ArticleId(str(n)), title=f"Article {n}", text="Some words.") for n in range(10)]


def calibration(**changed: object) -> Calibration:
    made_from = Provenance(
        questions=400,
        data_sha256="0" * 64,
        made_at=datetime(2026, 11, 30, tzinfo=UTC),
        encoder="encoder-1",
        weights=shipped_name(),
        knowledge_version="7",
        articles=fingerprints(ARTICLES),
    )
    given: dict[str, object] = {
        "promise": Promise(max_error=0.05, confidence=0.95),
        "intercept": 0.5,
        "weights": dict.fromkeys(shipped_model().signals, 0.5),
        "threshold": 0.8,
        "topics": [],
        "sample": [0.1, 0.9],
        "measured": {"coverage": 0.6},
        "made_from": made_from,
    }
    return Calibration.model_validate({**given, **changed})


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "calibration.json"
    assert read_calibration(path) is None
    path.write_text(calibration().model_dump_json())
    assert read_calibration(path) == calibration()


@pytest.mark.parametrize("text", ["", "{}", '{"threshold": 0.5}', "[1]"])
def test_a_file_that_is_no_calibration_is_refused_with_what_to_do(tmp_path: Path, text: str) -> None:
    path = tmp_path / "calibration.json"
    path.write_text(text)
    with pytest.raises(BadCalibration, match="run baton calibrate again"):
        read_calibration(path)


def test_a_calibrated_score_says_so_and_uses_the_new_weights() -> None:
    model = shipped_model().by(calibration())
    scored = model.score({})
    assert scored.calibrated
    assert scored.value == pytest.approx(1 / (1 + math.exp(-0.5)), abs=1e-4)
    assert model.threshold_for("anything") == 0.8


def test_a_topic_has_its_own_threshold_and_one_without_a_promise_is_never_answered() -> None:
    topics = [
        TopicThreshold(topic="Returns", threshold=0.6, questions=90, articles=["1"]),
        TopicThreshold(topic="Shipping", threshold=None, questions=90, articles=["2"]),
    ]
    found = calibration(topics=topics)
    assert found.threshold_for("1") == 0.6
    assert found.threshold_for("2") > 1
    assert found.threshold_for("9") == found.threshold_for(None) == 0.8


def stale(**changed: object) -> str | None:
    given: dict[str, object] = {"encoder": "encoder-1", "weights": shipped_name(), "articles": fingerprints(ARTICLES)}
    return stale_because(calibration().made_from, **{**given, **changed})  # type: ignore[arg-type]


def test_a_calibration_of_another_encoder_release_or_help_center_is_stale() -> None:
    assert stale() is None
    assert "encoder-2" in (stale(encoder="encoder-2") or "")
    assert "another release" in (stale(weights="other") or "")
    rewritten = [Article(id=one.id, title=one.title, text="Other words.") for one in ARTICLES[:3]]
    assert "3 of the 10 articles" in (stale(articles=fingerprints([*rewritten, *ARTICLES[3:]])) or "")


def test_a_few_changed_articles_leave_it_in_force() -> None:
    assert stale(articles=fingerprints(ARTICLES[1:])) is None
