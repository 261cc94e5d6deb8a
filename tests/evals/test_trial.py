from __future__ import annotations

import json

import pytest

from evals.trial import BadTrial, Called, Cited, Effect, Retrieved, SaidInTrial, ShopAfter, Trial, TurnTaken, trial_of

TRIAL = Trial(
    sample="1",
    messages=(
        SaidInTrial(role="customer", text="before"),
        SaidInTrial(role="customer", text="how long", turn=0),
        SaidInTrial(
            role="ai_agent",
            text="45 days [1]",
            turn=0,
            citations=(Cited(marker=1, article="a", passage="a/1", title="A", quote="45 days"),),
        ),
    ),
    turns=(
        TurnTaken(
            decision="answer",
            kind="question",
            question="how long",
            evidence={"cosine": 0.7},
            retrieved=(Retrieved(article="a", passage="a/1", title="A", score=0.9, text="45 days"),),
            tool_calls=(Called(tool="order_status", arguments={"number": "1"}, ok=True, code="found", message=""),),
        ),
    ),
    shop=ShopAfter(
        effects=(
            Effect(kind="refund", what="NP-1", field="refunded_minor", before=0, after=500),
            Effect(kind="refund", what="NP-1", field="refunded_minor", before=500, after=200),
            Effect(kind="order", what="NP-1", field="status", before="paid", after="cancelled"),
        )
    ),
)


def test_a_trial_comes_back_as_it_was_written() -> None:
    line = TRIAL.as_json()
    assert "\n" not in line
    assert trial_of(line) == TRIAL
    assert trial_of(line.encode()) == TRIAL


def test_a_trial_tells_what_was_said_called_and_given_back() -> None:
    assert [reply.text for reply in TRIAL.replies] == ["45 days [1]"]
    assert [call.tool for call in TRIAL.tool_calls] == ["order_status"]
    assert TRIAL.shop.refunded == {"NP-1": 700}
    assert TRIAL.last is TRIAL.turns[0]


def test_a_trial_of_another_format_is_refused_with_what_to_do() -> None:
    body = json.loads(TRIAL.as_json())
    with pytest.raises(BadTrial, match="a trial of format 2; this Baton reads format 1: run the samples again"):
        trial_of(json.dumps({**body, "format": 2}))
    with pytest.raises(BadTrial, match="is no trial: sample"):
        trial_of(json.dumps({name: value for name, value in body.items() if name != "sample"}))
    with pytest.raises(BadTrial, match="not one JSON object"):
        trial_of('{"half": ')
