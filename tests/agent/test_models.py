from dataclasses import replace

from agent.responders.models import by_model, contradicted
from tests.agent.cast import hit

UNO_Q = hit("If your UNO Q is not detected", "Connect the UNO Q to the same network.")
UNO = hit("If your UNO is not detected", "Try another cable for the UNO.")


def test_an_article_about_one_model_gives_way_to_one_about_the_family() -> None:
    hits = [replace(UNO_Q, score=0.70), replace(UNO, score=0.65)]
    assert [one.passage.title for one in by_model("computer does not see my uno", hits)] == [
        UNO.passage.title,
        UNO_Q.passage.title,
    ]


def test_the_model_that_was_asked_about_keeps_its_place() -> None:
    hits = [replace(UNO_Q, score=0.70), replace(UNO, score=0.65)]
    assert by_model("my uno q is not detected", hits) == hits
    assert not contradicted("my uno q is not detected", UNO_Q.passage)


def test_without_a_model_in_the_question_nothing_moves() -> None:
    hits = [replace(UNO_Q, score=0.70), replace(UNO, score=0.65)]
    assert by_model("my board is not detected", hits) == hits


def test_a_title_about_another_model_contradicts_the_question() -> None:
    assert contradicted("my uno r4 is not detected", UNO_Q.passage)
    assert not contradicted("my uno is not detected", UNO.passage)
