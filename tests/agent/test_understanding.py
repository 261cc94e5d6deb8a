from pathlib import Path

import numpy as np
import pytest

from agent.draft import TurnKind
from agent.turn_rules import SmallTalk
from agent.understanding import Understanding, fit_heads
from knowledge_base.embedding import HashingEmbedder


@pytest.fixture(scope="module")
def understanding() -> Understanding:
    return Understanding(HashingEmbedder())


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("get me a human", TurnKind.WANTS_PERSON),
        ("thanks!", TurnKind.SMALL_TALK),
        ("cancel my order please", TurnKind.ACTION_REQUEST),
        ("where is my order?", TurnKind.ORDER_STATUS),
    ],
)
def test_words_settle_the_clear_cases(understanding: Understanding, text: str, kind: TurnKind) -> None:
    understood = understanding.by_rules(text)
    assert understood is not None
    assert understood.kind is kind
    assert understood.by == "rule"


@pytest.mark.parametrize("text", ["are you a real person?", "Are you human or a bot?", "am I talking to a real person"])
def test_who_asks_what_it_is_gets_a_straight_answer(understanding: Understanding, text: str) -> None:
    understood = understanding.by_rules(text)
    assert understood is not None
    assert understood.small_talk is SmallTalk.IDENTITY


@pytest.mark.parametrize("text", ["are you a bot or can I talk to a person?", "is this a bot? get me a human"])
def test_who_goes_on_to_ask_for_a_person_gets_one(understanding: Understanding, text: str) -> None:
    understood = understanding.by_rules(text)
    assert understood is not None
    assert understood.kind is TurnKind.WANTS_PERSON


def test_a_question_is_left_to_the_examples(understanding: Understanding) -> None:
    assert understanding.by_rules("How do I return my boots?") is None


def test_an_example_itself_is_understood_by_likeness(understanding: Understanding) -> None:
    text = "Is there any way to get hold of someone in your team?"
    understood = understanding.by_examples(text, HashingEmbedder().encode([text])[0])
    assert understood.kind is TurnKind.WANTS_PERSON
    assert understood.by == "examples"


@pytest.mark.parametrize(
    "text", ["No human needed, how long is the warranty?", "How do I cancel my order?", "How can I track an order?"]
)
def test_likeness_does_not_overrule_words_that_speak_against_it(understanding: Understanding, text: str) -> None:
    understood = understanding.by_examples(text, HashingEmbedder().encode([text])[0])
    assert understood.kind is TurnKind.QUESTION


def test_examples_are_encoded_once_and_then_read_from_the_cache(tmp_path: Path) -> None:
    first, second = HashingEmbedder(), HashingEmbedder()
    vector = first.encode(["is anybody there"])[0]
    scores = Understanding(first, cache=tmp_path).scores(vector)
    assert first.encoded > 1
    assert Understanding(second, cache=tmp_path).scores(vector) == pytest.approx(scores, abs=1e-5)
    assert second.encoded == 0


def test_a_damaged_cache_is_built_anew(tmp_path: Path) -> None:
    Understanding(HashingEmbedder(), cache=tmp_path)
    [stored] = tmp_path.glob("turn_kinds-*.npz")
    stored.write_bytes(b"half")
    Understanding(HashingEmbedder(), cache=tmp_path)
    assert stored.stat().st_size > 100


def test_a_cache_folder_that_cannot_be_written_costs_nothing_else(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    Understanding(HashingEmbedder(), cache=blocked / "below")


def test_heads_separate_what_they_were_fitted_on() -> None:
    vectors = np.eye(4, dtype=np.float32)
    targets = np.array([[1, 0], [1, 0], [0, 1], [0, 1]], dtype=np.float32)
    heads = fit_heads(vectors, targets)
    scores = np.hstack([vectors, np.full((4, 1), 0.5, dtype=np.float32)]) @ heads
    assert (scores.argmax(axis=1) == targets.argmax(axis=1)).all()
