"""The gate fails on losses and not on luck, measured on runs whose truth is known."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from evals.comparing import OVERALL, compare
from evals.gate import judge
from evals.power import from_pairs
from evals.rows import Row, read_rows, row_of, write_rows
from evals.sample import Sample
from evals.statistics import Numbers
from evals.trial import BadTrial, Retrieved, SaidInTrial, Trial, TurnTaken

SCORES = ("decision", "facts", "grounding", "tone", "end_state", "mrr")


def row(sample: str, number: int = 0, *, passed: bool = True, values: Mapping[str, float] | None = None) -> Row:
    given = dict(values or {"decision": float(passed)})
    failed = {name: "why" for name, value in given.items() if value < 1}
    return Row(sample=sample, number=number, cluster=sample, asked="?", passed=passed, values=given, failed=failed)


def run_of(chances: Numbers, dice: np.random.Generator, *, trials: int = 2) -> list[Row]:
    """A run of samples which pass each score with their own chance, shape (samples, scores)."""
    rows = []
    for place, chance in enumerate(chances):
        for number in range(trials):
            passed = dice.random(len(SCORES)) < chance
            values = dict(zip(SCORES, passed.astype(float).tolist(), strict=True))
            rows.append(row(f"s{place}", number, passed=bool(passed.all()), values=values))
    return rows


def chances(samples: int, dice: np.random.Generator) -> Numbers:
    """Some samples are hard: their trials differ from run to run, those of the others hardly do."""
    return np.where(dice.random((samples, len(SCORES))) < 0.15, dice.random((samples, len(SCORES))), 0.995)


def alarms(runs: int) -> float:
    dice = np.random.default_rng(11)
    found = 0
    for seed in range(runs):
        truth = chances(120, dice)
        comparison = compare(run_of(truth, dice), run_of(truth, dice), seed=seed)
        found += not judge(comparison, []).passed
    return found / runs


def caught(runs: int) -> float:
    """How often a loss of the overall score is seen that is as large as the sentence of a reseed states."""
    dice = np.random.default_rng(12)
    seen = 0
    for seed in range(runs):
        truth = chances(150, dice)
        before = run_of(truth, dice)
        stated = compare(before, run_of(truth, dice), seed=seed).power.change
        assert stated is not None
        # Samples lose the decision for good until the share of whole passes has fallen by what was stated.
        whole, worse = truth.prod(axis=1), truth.copy()
        for place in dice.permutation(150):
            if whole.mean() - worse.prod(axis=1).mean() >= stated:
                break
            worse[place, 0] = 0.0
        seen += not judge(compare(before, run_of(worse, dice), seed=seed), []).passed
    return seen / runs


def test_a_mere_reseed_raises_no_alarm_more_often_than_promised() -> None:
    """Sixty pairs of runs: 5 %, and the three standard errors of so few."""
    assert alarms(60) <= 0.05 + 3 * (0.05 * 0.95 / 60) ** 0.5


def test_a_loss_of_the_stated_size_is_caught() -> None:
    assert caught(25) >= 0.8


@pytest.mark.proof
@pytest.mark.timeout(900)
def test_alarms_and_catches_hold_over_many_runs() -> None:
    assert alarms(600) <= 0.05
    assert caught(200) >= 0.8


def test_what_is_required_fails_the_gate_without_a_baseline() -> None:
    rows = [row("a"), row("b", passed=False, values={"end_state": 0.0, "decision": 1.0})]
    assert judge(None, rows, required=["decision"]).passed
    verdict = judge(None, rows, required=["end_state"])
    assert not verdict.passed
    assert verdict.lines == ("end_state failed in 1 of 1 trials, and must in none: b",)
    assert "no sample says anything" in judge(None, rows, required=["goal"]).lines[0]


def test_the_words_of_a_loss_say_what_fell_by_how_much() -> None:
    before = [row(f"s{place}") for place in range(40)]
    after = [row(f"s{place}", passed=place >= 12) for place in range(40)]
    verdict = judge(compare(before, after), after)
    assert [loss.name for loss in verdict.losses] == [OVERALL, "decision"]
    assert verdict.lines[0].startswith("passed fell from 100.0% to 70.0% (-30.0 points, 95 % interval ")
    assert "12 samples worse, 0 better" in verdict.lines[0]


def test_gains_never_fail_the_gate() -> None:
    before = [row(f"s{place}", passed=place >= 12) for place in range(40)]
    after = [row(f"s{place}") for place in range(40)]
    assert judge(compare(before, after), after).passed


def test_runs_that_are_alike_say_from_how_many_losses_on_one_would_show() -> None:
    rows = [row(f"s{place}") for place in range(100)]
    comparison = compare(rows, rows)
    assert (comparison.tests, comparison.moved) == (0, ())
    assert str(comparison.power) == "No sample changed. With 100 samples a loss shows from 5 of them on (5.0 points)."
    worse = [row(f"s{place}", passed=place >= 5) for place in range(100)]
    # Two scores moved, so that it takes one more than for one alone.
    assert judge(compare(rows, worse), worse).passed
    worst = [row(f"s{place}", passed=place >= 6) for place in range(100)]
    assert not judge(compare(rows, worst), worst).passed


def test_only_samples_of_both_runs_are_compared() -> None:
    comparison = compare([row("a"), row("b")], [row("b", passed=False), row("c")])
    assert (comparison.samples, comparison.only_before, comparison.only_after) == (1, 1, 1)
    assert [(one.sample, one.lost, one.why) for one in comparison.moved] == [("b", True, "decision: why")]
    nothing = judge(compare([row("a")], [row("b")]), [])
    assert nothing.lines[-1] == "The baseline has none of these samples: nothing was compared."


def test_scores_that_cannot_have_lost_take_nothing_from_the_others() -> None:
    """Ten scores of which one changed are one test, not ten."""
    names = [*SCORES, "goal", "cites", "never_says", "language"]
    whole = dict.fromkeys(names, 1.0)
    before = [row(f"s{place}", values=whole) for place in range(60)]
    after = [row(f"s{place}", values={**whole, "tone": float(place >= 5)}) for place in range(60)]
    comparison = compare(before, after)
    assert comparison.tests == 1
    assert [loss.name for loss in judge(comparison, after).losses] == ["tone"]


SAMPLE = Sample.model_validate(
    {"id": "q", "question": "How long?", "group": "g", "expect": {"relevant": ["a"], "decision": "answer"}}
)


def trial(article: str) -> Trial:
    found = (Retrieved(article=article, passage="p", title="t", score=0.5, text="x"),)
    turn = TurnTaken(
        decision="answer", kind="question", question="q", confidence=0.7, evidence={"dense": 0.5}, retrieved=found,
        seconds=0.2,
    )  # fmt: skip
    said = (SaidInTrial(role="customer", text="How  long?", turn=0), SaidInTrial(role="ai_agent", text="x", turn=0))
    return Trial(sample="q", messages=said, turns=(turn,))


def test_a_row_holds_what_a_report_needs() -> None:
    right = row_of(SAMPLE, trial("a"))
    assert (right.cluster, right.asked, right.confidence, right.right) == ("g", "How long?", 0.7, True)
    assert (right.passed, right.decision, right.seconds) == (True, "answer", 0.2)
    wrong = row_of(SAMPLE, trial("b"))
    assert wrong.right is False
    assert "hit" in wrong.failed


def test_rows_and_trials_are_baselines_alike(tmp_path: Path) -> None:
    rows, trials = tmp_path / "rows.jsonl", tmp_path / "trials.jsonl"
    write_rows(rows, [row_of(SAMPLE, trial("a"))])
    trials.write_text(f"{trial('a').as_json()}\n\n")
    assert read_rows(rows, {}) == read_rows(trials, {"q": SAMPLE})
    assert read_rows(trials, {}) == []


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('{"values": {}, "format": 2}', "line 1: is a row of another format"),
        ('{"format": 7, "sample": "q"}', "line 1: is a trial of format 7"),
        ("hello", "line 1: is not one JSON object a line"),
    ],
)
def test_a_baseline_of_another_format_says_where_and_what(tmp_path: Path, line: str, words: str) -> None:
    path = tmp_path / "baseline.jsonl"
    path.write_text(line + "\n")
    with pytest.raises(BadTrial, match=words):
        read_rows(path, {})


def test_the_deviation_of_a_reseed_is_what_the_sentence_is_made_of() -> None:
    dice = np.random.default_rng(13)
    truth = chances(150, dice)
    comparison = compare(run_of(truth, dice), run_of(truth, dice))
    overall = next(one for one in comparison.changes if one.name == OVERALL)
    assert comparison.power == from_pairs(overall.paired.deviation, 150, tests=comparison.tests)
