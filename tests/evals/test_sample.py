from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from evals.questions import Said
from evals.sample import Sample, Step, schema
from evals.scorers import SCORERS, scores_of
from evals.scorers.score import Score
from evals.trial import Trial

ROOT = Path(__file__).parents[2]


def test_the_published_schema_is_the_one_of_the_code() -> None:
    assert (ROOT / "docs" / "sample.schema.json").read_text(encoding="utf-8") == schema()


def test_a_sample_happens_in_exactly_one_way() -> None:
    with pytest.raises(ValidationError, match="nothing happens"):
        Sample(id="1")
    with pytest.raises(ValidationError, match="question and says_in_turn are both there"):
        Sample(id="1", question="hi", says_in_turn=["hi"])
    with pytest.raises(ValidationError, match="must be the customer's"):
        Sample(id="1", messages=[Said(role="customer", text="hi"), Said(role="ai_agent", text="hello")])


def test_what_was_said_so_far_is_apart_from_what_the_customer_does() -> None:
    said = [Said(role="customer", text="hi"), Said(role="ai_agent", text="hello"), Said(role="customer", text="a tent")]
    sample = Sample(id="1", messages=said)
    assert [one.text for one in sample.so_far] == ["hi", "hello"]
    assert sample.steps == [Step(say="a tent")]


def test_steps_are_texts_or_one_press_each() -> None:
    sample = Sample.model_validate_json('{"id": "1", "says_in_turn": ["refund it", {"confirm": true}, {"choose": 2}]}')
    assert sample.steps == [Step(say="refund it"), Step(confirm=True), Step(choose=2)]
    with pytest.raises(ValidationError, match="one thing"):
        Step(confirm=True, decline=True)
    with pytest.raises(ValidationError, match="one thing"):
        Step()


def test_expectations_name_alternatives_and_known_reasons() -> None:
    expect = Sample.model_validate_json(
        '{"id": "1", "question": "q", "expect": {"decision": "clarify|hand_off"}}'
    ).expect
    assert expect.decisions == {"clarify", "hand_off"}
    with pytest.raises(ValidationError, match="is no reason to hand off"):
        Sample.model_validate_json('{"id": "1", "question": "q", "expect": {"reasons": ["tired"]}}')


def test_a_score_is_a_share() -> None:
    with pytest.raises(ValueError, match="not from 0 to 1"):
        Score(name="hit", value=1.2, passed=True)


def test_a_sample_that_expects_nothing_gets_no_score_that_is_not_about_every_sample() -> None:
    names = [score.name for score in scores_of(Sample(id="1", question="q"), Trial(sample="1"))]
    assert len(names) == len(set(names)) <= len(SCORERS)


def test_the_schema_is_json() -> None:
    assert json.loads(schema())["title"] == "Sample"
