from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli import cli
from evals.command import evals
from tests.knowledge_base.shop import write_jsonl

assert evals is not None
RUNNER = CliRunner()
LINE = '{"id": "1", "question": "return an item", "relevant": ["returns"], "answerable": true}\n'


def questions(tmp_path: Path, text: str = LINE) -> str:
    path = tmp_path / "questions.jsonl"
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["missing.jsonl"], "cannot be read"),
        (["questions.jsonl", "--report", "report.pdf"], "should end in .html or .md"),
        (["questions.jsonl", "--report", "nowhere/report.md"], "is not a folder"),
        (["bad.jsonl"], "line 1: "),
    ],
)
def test_what_cannot_be_done_is_said_before_anything_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    questions(tmp_path)
    (tmp_path / "bad.jsonl").write_text("{}\n")
    done = RUNNER.invoke(cli, ["eval", "retrieval", *arguments])
    assert done.exit_code == 1
    assert said in " ".join(done.output.split())


def test_the_command_starts_without_heavy_packages() -> None:
    heavy = "numpy, torch, chromadb, onnxruntime, fastapi"
    code = f"import sys, evals.command; print([m for m in '{heavy}'.split(', ') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Name a file of labelled questions"),
        (["missing.jsonl"], "cannot be read"),
        (["questions.jsonl", "--report", "report.md"], "should end in .html"),
        (["--check"], "Nothing is calibrated yet"),
    ],
)
def test_a_calibration_that_cannot_be_made_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BATON_DATA_DIR", str(tmp_path / "var"))
    questions(tmp_path)
    done = RUNNER.invoke(cli, ["calibrate", *arguments])
    assert done.exit_code == 1
    assert said in " ".join(done.output.split())


@pytest.mark.model
def test_one_question_is_too_few_for_a_promise_and_enough_for_a_loose_one_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BATON_DATA_DIR", str(tmp_path / "var"))
    articles = write_jsonl(tmp_path / "help.jsonl")
    assert RUNNER.invoke(cli, ["ingest", str(articles)]).exit_code == 0
    refused = RUNNER.invoke(cli, ["calibrate", questions(tmp_path)])
    assert refused.exit_code == 1
    assert "Not enough labelled questions for this promise" in " ".join(refused.output.split())
    many = questions(tmp_path, "".join(LINE.replace('"1"', f'"{n}"') for n in range(12)))
    report = tmp_path / "report.html"
    loose = ["calibrate", many, "--max-error", "0.5", "--confidence", "0.8", "--report", str(report)]
    made = RUNNER.invoke(cli, loose)
    assert made.exit_code == 0, made.output
    assert "Reliability curve" in report.read_text()
    asked = RUNNER.invoke(cli, ["ask", "How do I return an item?", "--json"])
    assert json.loads(asked.stdout)["evidence"]["calibrated"] is True


@pytest.mark.model
def test_articles_are_searched_for_this_once_and_a_report_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoders: Path
) -> None:
    monkeypatch.setenv("BATON_DATA_DIR", str(tmp_path / "var"))
    (tmp_path / "var").mkdir(mode=0o700)
    (tmp_path / "var" / "encoder").symlink_to(encoders)
    articles = write_jsonl(tmp_path / "help.jsonl")
    report = tmp_path / "report.html"
    arguments = ["eval", "retrieval", questions(tmp_path), "--articles", str(articles), "--report", str(report)]
    done = RUNNER.invoke(cli, [*arguments, "--json"])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["n"] == 1
    assert found["metrics"]["hit@1"] == {"value": 1.0, "low": 1.0, "high": 1.0}
    assert "Retrieval: questions" in report.read_text()
    assert not (tmp_path / "var" / "knowledge").exists()
    nothing = RUNNER.invoke(cli, ["eval", "retrieval", questions(tmp_path)])
    assert nothing.exit_code == 1
    assert "Ingest a help center first" in " ".join(nothing.output.split())
