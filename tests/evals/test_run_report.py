from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from selectolax.lexbor import LexborHTMLParser

from evals.comparing import compare
from evals.gate import judge
from evals.rows import Row
from evals.run_figures import figures_of
from evals.run_report import RunReport, as_html, as_markdown, read_traces, wanted_traces, worst
from evals.scorers import SCORERS
from evals.scorers.wording import MEANING
from evals.trial import Called, Cited, Retrieved, SaidInTrial, Trial, TurnTaken
from tests.evals.test_scorers import BRIEF

HOSTILE = "</div><script>alert(1)</script><img src=x onerror=alert(2)> \"'&amp; {{ 7*7 }}"


def row(sample: str, number: int = 0, *, passed: bool = True, confidence: float | None = None) -> Row:
    return Row(
        sample=sample,
        number=number,
        cluster=sample,
        asked=f"Question {sample}?",
        passed=passed,
        values={"decision": float(passed), "mrr": 0.5},
        failed={} if passed else {"decision": "answer, expected hand_off"},
        tags=("refunds",) if sample < "s5" else ("returns",),
        confidence=confidence,
        right=passed if confidence is not None else None,
        seconds=0.25,
    )


def rows(samples: int, trials: int = 1) -> list[Row]:
    dice = np.random.default_rng(2)
    made = []
    for place in range(samples):
        for number in range(trials):
            confidence = float(dice.random())
            made.append(row(f"s{place}", number, passed=bool(dice.random() < confidence), confidence=confidence))
    return made


def hostile_trial(sample: str) -> Trial:
    cited = Cited(marker=1, article=HOSTILE, passage="p", title=HOSTILE, quote=HOSTILE)
    turn = TurnTaken(
        decision="answer",
        kind=HOSTILE,
        question=HOSTILE,
        detail=HOSTILE,
        retrieved=(Retrieved(article=HOSTILE, passage="p", title=HOSTILE, score=0.5, text=HOSTILE),),
        tool_calls=(Called(tool=HOSTILE, arguments={"a": HOSTILE}, ok=True, code="x", message=HOSTILE),),
    )
    said = (
        SaidInTrial(role="customer", text=HOSTILE, turn=0),
        SaidInTrial(role="ai_agent", text=HOSTILE, turn=0, citations=(cited,)),
    )
    return Trial(sample=sample, messages=said, turns=(turn,), brief=BRIEF, error=HOSTILE)


def report(made: list[Row], **more: object) -> RunReport:
    return replace(RunReport(name="demo", made_at=datetime(2026, 12, 1, tzinfo=UTC), rows=made), **more)  # type: ignore[arg-type]


def test_the_figures_of_a_run() -> None:
    found = figures_of([row("a"), row("a", 1, passed=False), row("b"), row("b", 1)])
    assert (found.samples, found.trials, found.overall.value, found.overall.n) == (2, 4, 0.75, 2)
    assert found.pass_hats[2].value == 0.5
    assert [(one.name, one.figure.value, one.failed) for one in found.scores] == [
        ("decision", 0.75, 1),
        ("mrr", 0.5, 0),
    ]
    assert [(tag, figure.value) for tag, figure in found.by_tag] == [("refunds", 0.75)]
    assert (found.median, found.dollars, found.sureness) == (0.25, None, None)


def test_a_run_without_trials_has_no_figures() -> None:
    with pytest.raises(ValueError, match="without a trial"):
        figures_of([])


def test_confidence_that_tells_right_from_wrong_is_seen_to() -> None:
    good = figures_of(rows(400)).sureness
    assert good is not None
    assert good.n == 400
    assert good.error < 0.1
    blind = figures_of([replace(one, confidence=0.99) for one in rows(400)]).sureness
    assert blind is not None
    assert blind.error > 0.4
    assert blind.risk > 2 * good.risk


def test_coverage_is_the_largest_share_with_few_enough_wrong() -> None:
    made = [row(f"s{place}", passed=place < 60, confidence=1 - place / 100) for place in range(100)]
    found = figures_of(made).sureness
    assert found is not None
    assert found.coverage == 0.63  # 3 of 63 are wrong, 4 of 64 would be too many


def test_every_score_has_its_meaning_in_words() -> None:
    assert len(MEANING) == len(SCORERS) + 1  # and the whole


def test_nothing_of_strangers_becomes_markup() -> None:
    made = [replace(row("s1", passed=False), asked=HOSTILE, sample=HOSTILE, failed={HOSTILE: HOSTILE}, tags=(HOSTILE,))]
    before = [replace(made[0], passed=True, failed={}, values={"decision": 1.0})]
    comparison = compare(before, made)
    page = as_html(
        report(
            made,
            name=HOSTILE,
            against=HOSTILE,
            comparison=comparison,
            verdict=replace(judge(comparison, made), lines=(HOSTILE,)),
            traces={(HOSTILE, 0): hostile_trial(HOSTILE)},
            earlier={(HOSTILE, 0): hostile_trial(HOSTILE)},
        )
    )
    tree = LexborHTMLParser(page)
    assert tree.css("script, img, iframe, object, link, a") == []
    assert not [node for node in tree.css("*") if any(name.startswith("on") for name in node.attributes)]
    assert page.count("&lt;script&gt;alert(1)") >= 20
    assert "{{ 7*7 }}" in page


def test_markdown_of_strangers_is_text() -> None:
    asked = "| a | <b>x</b> [click](https://evil.example) @everyone `x` ![](http://evil.example/x.png)\n# big"
    made = [replace(row("s1", passed=False), asked=asked)]
    text = as_markdown(report(made, comparison=compare([row("s1")], made)))
    line = next(one for one in text.splitlines() if one.startswith("- worse"))
    for bad in ("<b>", "[click](", "@everyone", "https://", "\n# big", "![]"):
        assert bad not in line
    assert "\\[click\\]" in line


def test_the_markdown_says_the_verdict_the_figures_and_what_changed() -> None:
    before, after = [row(f"s{n}") for n in range(30)], [row(f"s{n}", passed=n > 9) for n in range(30)]
    comparison = compare(before, after)
    told = report(after, comparison=comparison, verdict=judge(comparison, after), against="main")
    lines = as_markdown(told).splitlines()
    assert lines[2] == "**Gate ❌ failed**, against main"
    assert any(line.startswith("**66.7%** of 30 trials of 30 samples passed") for line in lines)
    assert any(line.startswith("| passed | 100.0% | 66.7% | -33.3 |") for line in lines)
    assert "10 samples got worse, 0 better." in lines


def test_the_worst_are_those_that_fail_most_and_are_surest_one_of_each_sample() -> None:
    half = {"decision": 0.0, "facts": 1.0}
    made = [
        row("good"),
        replace(row("half", passed=False), values=half, confidence=0.1),
        replace(row("sure", passed=False), values=half, confidence=0.9),
        replace(row("all", passed=False), values={"decision": 0.0, "facts": 0.0}),
        row("all", 1, passed=False),
        *(row(f"more{n}", passed=False) for n in range(30)),
    ]
    first = worst(made)
    assert len(first) == 20
    assert len({one.sample for one in first}) == 20
    assert [one.sample for one in worst(made[:4])] == ["all", "sure", "half"]


def test_only_the_trials_that_are_shown_are_read(tmp_path: Path) -> None:
    path = tmp_path / "trials.jsonl"
    path.write_text("".join(f"{hostile_trial(f's{n}').as_json()}\n" for n in range(5)) + "{}\n")
    made = [row("s1", passed=False), row("s2"), row("s3")]
    wanted = wanted_traces(made, compare([row("s1"), row("s2", passed=False)], made))
    assert wanted == {("s1", 0), ("s2", 0)}
    assert set(read_traces(path, wanted)) == wanted


def test_the_page_needs_nothing_else_and_its_plots_are_told_in_words() -> None:
    page = as_html(report(rows(60, trials=2)))
    assert "http" not in page.replace("http-equiv", "")
    tree = LexborHTMLParser(page)
    told = [node.attributes["aria-label"] or "" for node in tree.css("svg[role=img]")]
    assert [one.split(":")[0] for one in told] == ["confidence and share right", "share answered and share wrong"]
    assert len(tree.css("details")) == len(worst(rows(60, trials=2)))
