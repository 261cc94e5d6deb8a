"""A sync killed by kill -9 at random points: the old or the new version is live, whole, and the next sync completes."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from knowledge_base.embedding import HashingEmbedder
from knowledge_base.knowledge_base import KnowledgeBase, WrittenArticle
from knowledge_base.vectors import ScanOnly
from tests.knowledge_base.shop import write_jsonl

ARTICLES = 60
SYNC = """
import sys
from pathlib import Path
from knowledge_base.embedding import HashingEmbedder
from knowledge_base.knowledge_base import KnowledgeBase
from knowledge_base.vectors import ScanOnly
knowledge = KnowledgeBase.open(Path(sys.argv[1]), HashingEmbedder(), vectors=ScanOnly())
print("open", flush=True)
knowledge.sync()
print("done", flush=True)
"""
Texts = dict[str, tuple[str, str]]
OLD: Texts = {f"a{n}": (f"Lamp {n}", f"Old text of lamp {n}.") for n in range(ARTICLES)}
NEW: Texts = {f"a{n}": (f"Lamp {n}", f"New text of lamp {n}.") for n in range(ARTICLES // 2, ARTICLES * 3 // 2)}
WRITTEN = {"a7": "Written by a person."}


def live_after(texts: Texts) -> dict[str, str]:
    return {key: text for key, (_, text) in texts.items()} | WRITTEN


def opened(folder: Path) -> KnowledgeBase:
    return KnowledgeBase.open(folder, HashingEmbedder(), vectors=ScanOnly())


@pytest.fixture
def prepared(tmp_path: Path) -> Path:
    """A folder with the old articles live; `help.jsonl` beside it holds the new ones already."""
    knowledge = opened(tmp_path / "knowledge")
    knowledge.ingest([write_jsonl(tmp_path / "help.jsonl", OLD)])
    knowledge.write_article(WrittenArticle(id="a7", title="Lamp 7", text=WRITTEN["a7"]))
    knowledge.close()
    write_jsonl(tmp_path / "help.jsonl", NEW)
    return tmp_path


def syncing(folder: Path) -> subprocess.Popen[str]:
    """A process whose sync begins now."""
    child = subprocess.Popen([sys.executable, "-c", SYNC, str(folder)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "open\n"
    return child


def sync_seconds(prepared: Path) -> float:
    shutil.copytree(prepared / "knowledge", prepared / "measured")
    child = syncing(prepared / "measured")
    started = time.perf_counter()
    assert child.communicate(timeout=60)[0] == "done\n"
    return time.perf_counter() - started


def texts(knowledge: KnowledgeBase) -> Mapping[str, str]:
    return {article.id: article.text.strip() for article in knowledge.articles()}


def whole(knowledge: KnowledgeBase) -> bool:
    """Whether what is live is the new version; anything but the old or the new one fails."""
    found = texts(knowledge)
    assert found in (live_after(OLD), live_after(NEW))
    hits = knowledge.search("text of lamp 42", limit=50).hits
    assert {hit.passage.text.strip() for hit in hits} <= set(found.values())
    return found == live_after(NEW)


def kill_and_look(prepared: Path, seconds: float) -> bool:
    """Whether the new version was live after a kill so long after the sync began."""
    folder = prepared / "killed"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(prepared / "knowledge", folder)
    child = syncing(folder)
    time.sleep(seconds)
    child.kill()
    child.communicate()
    knowledge = opened(folder)
    switched = whole(knowledge)
    knowledge.sync()
    assert texts(knowledge) == live_after(NEW)
    assert [path.name for path in (folder / "versions").glob(".building-*")] == []
    knowledge.delete_written("a7")
    assert "a7" not in texts(knowledge), "the source has it no more"
    knowledge.close()
    return switched


def kill_at_random_points(prepared: Path, points: int) -> list[bool]:
    chance = random.Random(7)  # noqa: S311 - a spread of moments, not a secret
    lasts = sync_seconds(prepared)
    return [kill_and_look(prepared, chance.uniform(0.0, lasts)) for _ in range(points)]


def test_kill_9_at_three_random_points_of_a_sync(prepared: Path) -> None:
    assert len(kill_at_random_points(prepared, 3)) == 3


@pytest.mark.proof
def test_kill_9_at_twenty_random_points_of_a_sync(prepared: Path) -> None:
    seen = kill_at_random_points(prepared, 20)
    assert False in seen, "at least one kill came before the switch"


def test_what_was_embedded_before_a_kill_is_not_embedded_again(tmp_path: Path) -> None:
    """A first sync that dies while it embeds; the next one embeds the rest only."""
    many = {f"a{n}": (f"Lamp {n}", f"The lamp {n} shines at {n * 3} lumen.") for n in range(600)}
    write_jsonl(tmp_path / "help.jsonl", many)
    knowledge = opened(tmp_path / "knowledge")
    knowledge.add_source("jsonl", "", {"location": str(tmp_path / "help.jsonl")})
    knowledge.close()
    dying = SYNC.replace("knowledge.sync()", "knowledge.sync(progress=die)").replace(
        'print("open"',
        "import os, signal\n"
        "def die(stage, done, total):\n"
        "    if stage == 'encoding' and done * 2 > total: os.kill(os.getpid(), signal.SIGKILL)\n"
        'print("open"',
    )
    subprocess.run([sys.executable, "-c", dying, str(tmp_path / "knowledge")], check=False, capture_output=True)
    embedder = HashingEmbedder()
    again = KnowledgeBase.open(tmp_path / "knowledge", embedder, vectors=ScanOnly())
    assert again.version == "0"
    again.sync()
    texts_in_all = 2 * len(many)
    assert 0 < embedder.encoded < texts_in_all * 0.7
    again.close()
