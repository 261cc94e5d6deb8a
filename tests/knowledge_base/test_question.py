from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from knowledge_base.embedding import HashingEmbedder
from knowledge_base.lexical import tokens
from knowledge_base.model import Vectors
from knowledge_base.question import Question, question_of
from knowledge_base.spelling import Speller

EMBEDDER = HashingEmbedder()


class Anything:
    def holding(self, stem: str) -> int:
        return 1


SPELLER = Speller(vocabulary=Anything(), count_tokens=EMBEDDER.count_tokens, languages=("en",))


def asked(text: str, *earlier: str) -> Question:
    return question_of(text, earlier, SPELLER, EMBEDDER)


def vector(text: str) -> Vectors:
    return EMBEDDER.encode([text]).reshape(-1)


def test_a_question_alone_is_searched_for_as_it_stands() -> None:
    found = asked("How do I return a lamp?")
    assert found.weights == {"return": 1.0, "lamp": 1.0}
    assert found.vector == pytest.approx(vector("How do I return a lamp?"))
    assert found.context == found.text


@pytest.mark.parametrize("follow_up", ["and how long does it take?", "why?", "what about shoes", "is it free"])
def test_a_follow_up_takes_the_earlier_question_along(follow_up: str) -> None:
    found = asked(follow_up, "How do I return a lamp?")
    assert 0 < found.weights["lamp"] < 1
    assert float(found.vector @ vector("How do I return a lamp?")) > 0.2
    assert np.linalg.norm(found.vector) == pytest.approx(1, abs=1e-5)
    assert found.context == f"How do I return a lamp? {follow_up}"


@pytest.mark.parametrize(
    "text",
    [
        "Where is the warranty of the blue shirt described?",
        "is it possible to pay by invoice in Canada",
        "someone wrote that you ship parcels to Peru",
    ],
)
def test_a_question_of_its_own_leaves_another_subject_behind(text: str) -> None:
    found = asked(text, "How do I reset my password?")
    assert found.weights.keys() == asked(text).weights.keys()
    assert found.vector == pytest.approx(vector(text))
    assert found.context == text


def test_a_question_on_the_same_subject_takes_it_along_without_pointing_at_it() -> None:
    found = asked("return the red lamp after thirty days", "return the red lamp unopened")
    assert 0 < found.weights[tokens("unopened")[0]] < 1


def test_older_messages_weigh_less_and_the_oldest_nothing() -> None:
    earlier = ["alpha alpha", "bravo bravo", "charlie charlie", "delta delta", "echo echo"]
    weights = asked("and?", *earlier).weights
    named = [weights.get(tokens(word.split()[0])[0], 0.0) for word in earlier]
    assert named == sorted(named)
    assert named[0] == 0 < named[1]


def test_a_word_of_the_question_itself_keeps_its_whole_weight() -> None:
    assert asked("what about the lamp", "Return a lamp").weights["lamp"] == 1.0


def test_a_slip_is_mended_before_the_question_is_encoded() -> None:
    class Knows:
        def holding(self, stem: str) -> int:
            return 3 if stem == "password" else 0

    def whole(texts: Sequence[str]) -> list[int]:
        return [1 if text == "password" else 2 for text in texts]

    speller = Speller(vocabulary=Knows(), count_tokens=whole, languages=("en",))
    found = question_of("my pasword", (), speller, EMBEDDER)
    assert found.text == "my pasword"
    assert found.mended == {"pasword": "password"}
    assert found.vector == pytest.approx(vector("my password"))
    assert found.weights == {"password": 1.0}


def test_a_known_vector_is_not_encoded_again() -> None:
    embedder = HashingEmbedder()
    known = embedder.encode(["return a lamp"])
    before = embedder.encoded
    found = question_of("return a lamp", (), SPELLER, embedder, known)
    assert embedder.encoded == before
    assert found.vector == pytest.approx(known[0])
