from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from knowledge_base.lock import KnowledgeLock
from tests.services import free_port

ROOT = Path(__file__).parent.parent.parent
ARTICLES = {
    "returns": "# Returns\n\nYou can return anything within 30 days. Use the label that came with the parcel.\n",
    "shipping": "# Shipping\n\nA parcel to Canada takes 6 to 9 business days. Shipping to Canada costs $15.\n",
    "stove": "---\nid: stove-care\ntitle: Stove care\n---\n\nLet the stove cool down before you clean it.\n",
}


def environment(home: Path, **settings: str) -> dict[str, str]:
    outside = {name: value for name, value in os.environ.items() if not name.startswith("BATON_")}
    return outside | {"BATON_DATA_DIR": str(home)} | {f"BATON_{name}": value for name, value in settings.items()}


def baton(home: Path, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """One command, from a folder without a .env file."""
    home.parent.mkdir(parents=True, exist_ok=True)
    given = environment(home, **settings) | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "app.cli", *words]
    return subprocess.run(command, cwd=home.parent, env=given, capture_output=True, text=True, timeout=90, check=False)


def asked(home: Path, *words: str, **settings: str) -> dict[str, Any]:
    """The one JSON object that a command prints."""
    done = baton(home, *words, "--json", **settings)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    assert done.stdout.count("\n") == 1
    return answer


def refused(done: subprocess.CompletedProcess[str]) -> str:
    """What a command says that could not do it: one sentence on stderr, the last line of it, and status 1."""
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    return done.stderr.strip().splitlines()[-1].strip()


WRONG_SETTINGS = [
    ({"PORT": "http"}, "BATON_PORT"),
    ({"LINK_HOSTS": "a.example"}, "link_hosts"),
    ({"SESSION_SECRET": "hunter2"}, "BATON_SESSION_SECRET"),
    ({"DATABASE_URL": "mysql://127.0.0.1/x"}, "sqlite:/// or postgresql://"),
    ({"DATABASE_URL": "postgresql://127.0.0.1:1/x"}, "does not answer"),
]


@pytest.mark.parametrize(("settings", "named"), WRONG_SETTINGS)
def test_wrong_settings_are_named_in_one_sentence(tmp_path: Path, settings: dict[str, str], named: str) -> None:
    done = baton(tmp_path / "home", "serve", **({"PORT": str(free_port())} | settings))
    sentence = refused(done)
    assert named in sentence
    assert len(done.stderr.strip().splitlines()) == 1
    assert "hunter2" not in done.stderr


def test_a_busy_port_is_refused_before_anything_is_loaded(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        sentence = refused(baton(tmp_path / "home", "serve", PORT=str(port)))
    assert f"127.0.0.1:{port}" in sentence
    assert "BATON_PORT=" in sentence
    assert not (tmp_path / "home").exists()


def test_an_address_that_is_not_ours_is_refused(tmp_path: Path) -> None:
    assert "203.0.113.7" in refused(baton(tmp_path / "home", "serve", "--host", "203.0.113.7"))


def test_a_data_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("not a folder")
    done = baton(tmp_path / "home", "add-person", "noor@shop.example", "--name", "Noor", "--password", "secret")
    assert str(tmp_path / "home") in refused(done)


def test_a_person_gets_one_account_by_address(tmp_path: Path) -> None:
    words = ("add-person", "noor@shop.example", "--name", "Noor", "--password", "secret")
    first = baton(tmp_path / "home", *words)
    assert first.returncode == 0, first.stderr
    assert "noor@shop.example" in first.stdout
    assert "account already" in refused(baton(tmp_path / "home", *words))


def test_without_a_command_the_help_is_shown(tmp_path: Path) -> None:
    shown = baton(tmp_path / "home", "--help").stdout
    for command in (
        "serve",
        "ingest",
        "sync",
        "sources",
        "versions",
        "rollback",
        "diff",
        "search",
        "ask",
        "add-person",
    ):
        assert command in shown


@pytest.mark.parametrize(
    "words", [("ask",), ("search", "x", "--limit", "0"), ("ingest",), ("sing",), ("serve", "--lou")]
)
def test_a_misspelt_command_is_a_usage_error(tmp_path: Path, words: tuple[str, ...]) -> None:
    done = baton(tmp_path / "home", *words)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("help-center")
    for name, text in ARTICLES.items():
        (folder / f"{name}.md").write_text(text)
    return folder


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, folder: Path, encoders: Path) -> Path:
    """A data folder with three articles taken in."""
    home = tmp_path_factory.mktemp("cli") / "home"
    home.mkdir(mode=0o700)
    (home / "encoder").symlink_to(encoders)
    done = baton(home, "ingest", str(folder))
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("3 added, 0 changed, 0 removed, 0 unchanged")
    return home


@pytest.mark.model
def test_an_answer_is_one_json_object_with_everything_behind_it(home: Path) -> None:
    answer = asked(home, "ask", "How long do I have to return something?")
    assert {"answer", "citations", "confidence", "evidence", "decision", "reason"} <= set(answer)
    assert answer["decision"] == "answer"
    assert answer["reason"] is None
    assert "30 days" in answer["answer"]
    assert [citation["article_id"] for citation in answer["citations"]] == ["returns"]
    assert 0 < answer["confidence"] <= 1
    assert isinstance(answer["evidence"]["calibrated"], bool)
    assert answer["evidence"]["signals"]


@pytest.mark.model
def test_what_no_article_answers_would_be_handed_off_with_a_reason(home: Path) -> None:
    answer = asked(home, "ask", "Can you cancel my flight to Lisbon?")
    assert answer["decision"] == "handoff"
    assert answer["reason"]
    assert answer["citations"] == []


@pytest.mark.model
def test_a_search_shows_the_passages_with_their_scores(home: Path) -> None:
    hits = asked(home, "search", "cleaning the stove", "--limit", "2")["hits"]
    assert len(hits) <= 2
    assert hits[0]["article_id"] == "stove-care"
    assert {"passage_id", "title", "heading", "score", "dense", "lexical", "text"} <= set(hits[0])


@pytest.mark.model
def test_a_path_with_nothing_in_it_is_refused_and_what_was_there_stays(
    home: Path, folder: Path, tmp_path: Path
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    assert str(tmp_path / "missing") in refused(baton(home, "ingest", str(tmp_path / "missing")))
    assert "no Markdown files" in refused(baton(home, "ingest", str(empty)))
    assert baton(home, "ingest", str(folder)).stdout.startswith("0 added, 0 changed, 0 removed, 3 unchanged")


@pytest.mark.model
def test_an_encoder_that_is_nowhere_is_named(home: Path) -> None:
    assert "no-such-model" in refused(baton(home, "search", "x", ENCODER="/no-such-model"))


@contextmanager
def serving(home: Path) -> Iterator[str]:
    """The address of a server that holds the knowledge."""
    port = free_port()
    log = (home.parent / "server.log").open("w")
    command = [sys.executable, "-m", "app.cli", "serve", "--port", str(port)]
    process = subprocess.Popen(command, cwd=ROOT, env=environment(home), stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 60
        while not answers(f"http://127.0.0.1:{port}/healthz"):
            assert process.poll() is None, Path(log.name).read_text()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        assert process.wait(20) is not None
        log.close()


def answers(url: str) -> bool:
    try:
        return httpx2.get(url).status_code == 200
    except httpx2.HTTPError:
        return False


@pytest.mark.model
def test_while_a_server_holds_the_knowledge_the_commands_go_through_it(
    home: Path, tmp_path: Path, folder: Path
) -> None:
    more = tmp_path / "more"
    more.mkdir()
    for name, text in {**ARTICLES, "kayaks": "# Kayaks\n\nWe rent kayaks on weekends for $40 a day.\n"}.items():
        (more / f"{name}.md").write_text(text)
    with serving(home) as address:
        before = httpx2.get(f"{address}/help/kayaks").status_code
        done = baton(home, "ingest", str(more))
        assert done.returncode == 0, done.stderr
        page = httpx2.get(f"{address}/help/kayaks")
        assert (before, page.status_code) == (404, 200), "the server has it at once"
        assert "We rent kayaks" in page.text
        assert "rent kayaks" in asked(home, "ask", "Do you rent kayaks?")["answer"]
        assert "nothing at" in refused(baton(home, "ingest", str(tmp_path / "missing"))).lower()
    shown = baton(home, "search", "kayaks").stdout
    assert shown.startswith("1. Kayaks"), "and it is there when the server is gone"
    assert "BM25" in shown


@pytest.mark.model
def test_a_holder_of_the_knowledge_that_is_no_server_is_waited_for_by_nobody(home: Path) -> None:
    lock = KnowledgeLock.take(home / "knowledge")
    try:
        assert "in use by process" in refused(baton(home, "ask", "returns"))
        lock.announce("http://127.0.0.1:1")
        assert "did not answer" in refused(baton(home, "ask", "returns"))
    finally:
        lock.release()


def test_what_customers_write_is_for_the_account_that_serves_only(tmp_path: Path) -> None:
    words = ("add-person", "noor@shop.example", "--name", "Noor", "--password", "secret")
    assert baton(tmp_path / "home", *words).returncode == 0
    kept = [tmp_path / "home", *(tmp_path / "home").rglob("*")]
    assert (tmp_path / "home" / "baton.db") in kept
    assert [path for path in kept if path.stat().st_mode & 0o077] == []


def test_a_name_cannot_drive_the_terminal_it_is_shown_on(tmp_path: Path) -> None:
    words = ("add-person", "noor@shop.example", "--name", "Noor\x1b]0;taken over\x07\x9b2J", "--password", "secret")
    done = baton(tmp_path / "home", *words)
    assert "Noor�]0;taken over��2J can sign in" in done.stdout


@pytest.mark.model
def test_before_anything_of_yours_is_ingested_the_demo_is_asked(home: Path, tmp_path: Path) -> None:
    fresh = tmp_path / "fresh"
    (fresh / "knowledge").mkdir(parents=True)  # what asking too early leaves behind
    shutil.copytree(home / "knowledge", fresh / "demo" / "knowledge", ignore=shutil.ignore_patterns("lock"))
    (fresh / "encoder").symlink_to(home / "encoder")
    found = baton(fresh, "search", "how do I return something", "--json")
    assert "asking the demo's" in found.stderr
    assert json.loads(found.stdout)["hits"]
