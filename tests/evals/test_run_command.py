"""`baton eval FILE…` from a table of questions to a verdict, as an operator types it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from app.cli import cli
from app.settings import Settings
from app.wiring import new_id, utc_now
from conversations.database import open_database
from conversations.evaluation_store import Evaluations
from evals.command import evals

assert evals is not None
QUESTIONS = (
    "How long can I return something?;45 days",
    "How many days do I have to return an item?;45 days",
    "What is the return window?;45 days",
    "Until when can I send things back?;45 days",
    "How long is the return period?;45 days",
    "Can I return an item after two weeks?;45 days",
    "Do you ship to Canada?;Canada",
    "Can you deliver to Canada?;Canada",
    "Is shipping to Canada possible?;Canada",
    "How much is shipping to Canada?;Canada",
)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data_dir: Path) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BATON_DATA_DIR", str(data_dir))
    (tmp_path / "questions.csv").write_text("question;says\n" + "\n".join(QUESTIONS) + "\n", encoding="utf-8")
    return tmp_path


def evaluated(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, ["eval", "questions.csv", *map(str, arguments)])


def test_a_table_of_questions_becomes_a_report_a_baseline_and_a_verdict(place: Path, few_articles: Path) -> None:
    first = evaluated(
        "--articles",
        few_articles,
        "--keep",
        "base.jsonl",
        "--html",
        "page.html",
        "--results",
        "a.jsonl",
        "--inspect",
        "log.json",
    )
    assert first.exit_code == 0, first.output
    _is_log_of_inspect(place / "log.json")
    assert "10 samples" in first.output
    assert len(place.joinpath("base.jsonl").read_text().splitlines()) == len(QUESTIONS)
    page = place.joinpath("page.html").read_text()
    assert "questions.csv" in page
    assert "return-window" in page

    again = evaluated("--articles", few_articles, "--against", "base.jsonl", "--results", "b.jsonl")
    assert again.exit_code == 0, again.output
    assert "No loss beyond luck in 10 samples." in again.output

    knows_less = few_articles / "contact-us.md"
    report = ("--against", "a.jsonl", "--markdown", "note.md", "--results", "c.jsonl")
    worse = evaluated("--articles", knows_less, *report)
    assert worse.exit_code == 1
    assert "No loss beyond luck" not in worse.output
    assert place.joinpath("note.md").read_text().startswith("### Evals: questions.csv")


async def test_a_run_is_in_the_console_too_unless_it_is_not_wanted(
    place: Path, few_articles: Path, data_dir: Path
) -> None:
    about = ("--articles", few_articles, "--require", "completed")
    for further in (("--results", "a.jsonl"), ("--results", "a.jsonl", "--no-record")):
        done = await asyncio.to_thread(evaluated, *about, *further)
        assert done.exit_code == 0, done.output
    database = await open_database(f"sqlite:///{data_dir / 'baton.db'}")
    evaluations = Evaluations(database, clock=utc_now, new_id=new_id)
    runs = [
        run for run in await evaluations.runs(limit=10) if run.summary["verdict"] == ["No baseline to compare with."]
    ]
    results = await evaluations.results(runs[0].id)
    whole = await evaluations.result(runs[0].id, "row-2", 0)
    await database.close()
    assert [(run.name, run.samples, run.trials) for run in runs] == [("questions.csv", 10, 10)]
    assert runs[0].passed == sum(one.passed for one in results)
    assert whole is not None
    assert whole.sample["question"] == "How long can I return something?"
    assert whole.trial["messages"]
    scores = runs[0].summary["scores"]
    assert isinstance(scores, list)
    assert "facts" in {str(one["name"]) for one in scores if isinstance(one, dict)}


def test_a_score_that_is_required_fails_without_a_baseline(place: Path, few_articles: Path) -> None:
    with (place / "questions.csv").open("a", encoding="utf-8") as table:
        table.write("Do you ship to Canada?;by submarine\n")
    done = evaluated("--articles", few_articles, "--require", "facts", "--results", "a.jsonl")
    assert done.exit_code == 1
    told = " ".join(done.output.split())
    assert "of 11 trials, and must in none:" in told
    assert "row-12" in told.partition("must in none:")[2]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--against", "gone.jsonl"], "gone.jsonl is not there: a baseline is a file of results"),
        (["--against", "base.jsonl"], "base.jsonl, line 1: is a row of another format"),
        (["--html", "nowhere/page.html"], "nowhere is not a folder"),
        (["--keep", "nowhere/base.jsonl"], "nowhere is not a folder"),
    ],
)
def test_what_would_fail_at_the_end_is_refused_at_once(place: Path, arguments: list[str], said: str) -> None:
    (place / "base.jsonl").write_text('{"format": 7, "values": {}}\n', encoding="utf-8")
    done = evaluated(*arguments)
    assert done.exit_code == 1
    assert said in " ".join(done.output.split())


def test_a_finished_file_of_results_is_kept_in_the_record_once(place: Path, few_articles: Path, data_dir: Path) -> None:
    (place / "questions.csv").write_text("question;says\nHow long can I return something?;45 days\n", encoding="utf-8")
    for _ in range(2):
        ran = evaluated("--articles", few_articles, "--results", "once.jsonl")
        assert ran.exit_code == 0, ran.output

    async def kept() -> int:
        database = await open_database(Settings().record_url)
        try:
            runs = await Evaluations(database, clock=utc_now, new_id=new_id).runs(limit=50)
        finally:
            await database.close()
        return sum(run.trials == 1 for run in runs)

    assert asyncio.run(kept()) == 1


def _is_log_of_inspect(path: Path) -> None:
    """What the published schema (version 2) requires, and what the viewer shows."""
    log = json.loads(path.read_text(encoding="utf-8"), parse_constant=pytest.fail)
    assert (log["version"], log["status"]) == (2, "success")
    assert {"created", "task", "dataset", "model", "config"} <= log["eval"].keys()
    assert log["results"]["total_samples"] == len(log["samples"]) == len(QUESTIONS)
    assert all({"name", "scorer", "metrics"} <= score.keys() for score in log["results"]["scores"])
    for sample in log["samples"]:
        assert {"id", "epoch", "input", "target"} <= sample.keys()
        assert [message["role"] for message in sample["messages"]] == ["user", "assistant"]
        assert sample["output"]["choices"][0]["message"]["content"]
        assert sample["scores"]["passed"]["value"] in ("C", "I")
