from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from evals.questions import LabelledQuestion, read_questions
from evals.understanding import read_phrasings

DATASETS = Path(__file__).parents[2] / "evals" / "datasets"
PHRASINGS = DATASETS / "phrasings.jsonl"
RETRIEVAL = DATASETS / "arduino_retrieval.jsonl"
QUESTION_SETS = sorted(path for path in DATASETS.glob("*.jsonl") if path != PHRASINGS)


@pytest.fixture(scope="module")
def retrieval() -> list[LabelledQuestion]:
    return read_questions(RETRIEVAL)


@pytest.mark.parametrize("path", QUESTION_SETS, ids=lambda path: path.stem)
def test_every_question_set_reads_and_its_labels_agree_with_each_other(path: Path) -> None:
    questions = read_questions(path)
    assert questions
    for one in questions:
        assert one.answerable == bool(one.relevant) == (one.decision == "answer"), one.id
        assert len(set(one.relevant)) == len(one.relevant), one.id
        assert all(said.text.strip() for said in one.said), one.id
        assert (one.question is None) == bool(one.messages), one.id


def test_phrasings_read() -> None:
    assert read_phrasings(PHRASINGS)


def test_ids_are_unique_across_all_question_sets() -> None:
    ids = Counter(one.id for path in QUESTION_SETS for one in read_questions(path))
    assert [found for found, times in ids.items() if times > 1] == []


def test_the_retrieval_set_has_200_answerable_questions_and_100_that_only_sound_so(
    retrieval: list[LabelledQuestion],
) -> None:
    answerable = [one for one in retrieval if one.answerable]
    unanswerable = [one for one in retrieval if not one.answerable]
    assert (len(answerable), len(unanswerable)) == (200, 100)
    assert all("near_miss" in one.tags for one in unanswerable)
    assert len({found for one in answerable for found in one.relevant}) >= 140


def test_half_of_the_retrieval_questions_share_no_word_with_a_title(retrieval: list[LabelledQuestion]) -> None:
    kinds = [set(one.tags) & {"title_words", "no_title_words"} for one in retrieval if one.answerable]
    assert all(len(found) == 1 for found in kinds)
    assert sum(found == {"no_title_words"} for found in kinds) >= 100


def test_no_retrieval_question_is_asked_twice_or_in_another_set(retrieval: list[LabelledQuestion]) -> None:
    elsewhere = [one for path in QUESTION_SETS if path != RETRIEVAL for one in read_questions(path)]
    asked = Counter(_words(one) for one in retrieval)
    assert [words for words, times in asked.items() if times > 1] == []
    assert asked.keys() & {_words(one) for one in elsewhere} == set()


def test_the_tag_follow_up_is_on_the_conversations_and_on_nothing_else(retrieval: list[LabelledQuestion]) -> None:
    assert all(("follow_up" in one.tags) == bool(one.messages) for one in retrieval)


def _words(question: LabelledQuestion) -> str:
    """The whole conversation, so that one last message may follow two different beginnings."""
    return " ".join(said.text for said in question.said).casefold()
