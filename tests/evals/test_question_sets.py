from pathlib import Path

import pytest

from evals.public_sets import MissingSet
from evals.question_sets import ROOT, TRAINING, QuestionSet, question_sets


def test_sets_that_are_not_here_are_named_and_the_others_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BATON_PUBLIC_DATA", str(tmp_path))
    found = list(question_sets())
    here = {one.name: one for one in found if isinstance(one, QuestionSet)}
    assert set(here) == {"demo", "demo_customers"}
    assert sum(isinstance(one, MissingSet) for one in found) == 4
    assert "demo_customers" not in TRAINING
    assert all(len(one.questions) == len(one.groups) for one in here.values())


def test_the_demo_questions_name_articles_that_exist(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BATON_PUBLIC_DATA", str(tmp_path))
    articles = {path.stem for path in (ROOT / "demo" / "help_center").glob("*.md")}
    for one in question_sets():
        if isinstance(one, QuestionSet):
            assert {article for question in one.questions for article in question.relevant} <= articles


def test_a_third_of_the_customers_questions_has_no_answer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BATON_PUBLIC_DATA", str(tmp_path))
    customers = next(one for one in question_sets() if isinstance(one, QuestionSet) and one.name == "demo_customers")
    without = [one for one in customers.questions if not one.answerable]
    assert len(customers.questions) >= 150
    assert 0.3 <= len(without) / len(customers.questions) <= 0.36
