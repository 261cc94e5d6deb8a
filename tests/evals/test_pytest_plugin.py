"""The pytest plugin as an engineer uses it: in a folder of their own, in a process of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EVALS = """
import pytest
from evals.pytest_plugin import assert_reply

def test_answers(baton_sample):
    reply = baton_sample("How long can I return something?")
    assert_reply(reply, says="45 days", cites="return-window", decision="answer")
    assert "45 days" in reply.text and reply.cites == ("return-window",)

def test_refunds(baton_sample):
    reply = baton_sample("One of the bottles in NP-49127 arrived dented, I want my money back for it", {"confirm": True}, customer="maya")
    assert_reply(reply, end_state={"refunded": {"NP-49127": 3400}})

def test_is_wrong(baton_sample):
    assert_reply(baton_sample("How long can I return something?"), says="ten years", decision="hand_off")

def test_expects_what_there_is_not(baton_sample):
    with pytest.raises(ValueError, match="color"):
        assert_reply(baton_sample("Hello"), color="red")

@pytest.mark.baton_samples("questions.csv")
def test_questions(baton_sample, sample):
    assert_reply(baton_sample(sample))
"""  # noqa: E501 - a test file as people write them
LIGHT = """
import sys
def test_nothing_heavy_is_loaded():
    heavy = {"torch", "chromadb", "fastapi", "sqlalchemy", "langchain_openai", "evals.asking"} & set(sys.modules)
    assert not heavy, heavy
"""


def outcome_of(folder: Path, data: Path, *arguments: str) -> str:
    plugin = ("-p", "no:baton", "-p", "evals.pytest_plugin", "-p", "no:cacheprovider")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "BATON_DATA_DIR": str(data)}
    command = [sys.executable, "-m", "pytest", *plugin, "-q", "-rA", f"--rootdir={folder}", *arguments, str(folder)]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    return done.stdout + done.stderr


@pytest.mark.model
def test_evals_are_written_as_tests(tmp_path: Path, data_dir: Path, few_articles: Path) -> None:
    (tmp_path / "test_mine.py").write_text(EVALS, encoding="utf-8")
    (tmp_path / "questions.csv").write_text(
        "question,says\nDo you ship to Canada?,Canada\nHow long can I return things?,nine years\n", encoding="utf-8"
    )
    told = outcome_of(tmp_path, data_dir, "--baton-demo", f"--baton-articles={few_articles}")
    passed = set(re.findall(r"^PASSED test_mine\.py::(\S+)", told, re.MULTILINE))
    failed = set(re.findall(r"^FAILED test_mine\.py::(\S+)", told, re.MULTILINE))
    assert passed == {"test_answers", "test_refunds", "test_expects_what_there_is_not", "test_questions[row-2]"}, told
    assert failed == {"test_is_wrong", "test_questions[row-3]"}, told
    assert "not said: ten years" in told
    assert "Customer: How long can I return something?" in told
    assert "cites return-window" in told


def test_a_file_that_cannot_be_read_is_said_with_its_name(tmp_path: Path, data_dir: Path) -> None:
    (tmp_path / "test_mine.py").write_text(EVALS, encoding="utf-8")
    (tmp_path / "questions.csv").write_text("says\nCanada\n", encoding="utf-8")
    assert "questions.csv" in outcome_of(tmp_path, data_dir, "--collect-only")


def test_who_writes_no_evals_pays_nothing(tmp_path: Path, data_dir: Path) -> None:
    (tmp_path / "test_light.py").write_text(LIGHT, encoding="utf-8")
    assert "1 passed" in outcome_of(tmp_path, data_dir)
