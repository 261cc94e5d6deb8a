"""Several real processes on one knowledge folder: what one makes live, writes or takes down, the others see at once."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from knowledge_base.embedding import HashingEmbedder
from knowledge_base.knowledge_base import KnowledgeBase, KnowledgeBaseBusy, SyncRunning, SyncStopped, WrittenArticle
from knowledge_base.model import ANYBODY
from knowledge_base.vectors import ScanOnly
from tests.knowledge_base.shop import write_jsonl

LAMPS = {f"lamp{n}": (f"Lamp {n}", f"All about lamp number {n}, which is bright.") for n in range(20)}
MORE = {f"desk{n}": (f"Desk {n}", f"All about desk number {n}, which is wide.") for n in range(150)}

OTHER = """
import sys, time
from pathlib import Path
from knowledge_base.embedding import HashingEmbedder
from knowledge_base.knowledge_base import KnowledgeBase, WrittenArticle
from knowledge_base.model import ANYBODY
from knowledge_base.vectors import ScanOnly

class Slow(HashingEmbedder):
    def encode_each(self, texts):
        for block in super().encode_each(texts):
            time.sleep(float(sys.argv[2]))
            yield block

knowledge = KnowledgeBase.open(Path(sys.argv[1]), Slow(), vectors=ScanOnly(), shared=True)
print("open", flush=True)
"""
ASKS = """
import json
while True:
    hits = {str(hit.passage.article_id) for hit in knowledge.search("all about lamp number 7").hits}
    with knowledge.citing(hits, ANYBODY) as allowed:
        time.sleep(0.002)
        # Told inside the block, as a reply is posted inside it.
        print(json.dumps([time.monotonic(), sorted(allowed)]), flush=True)
"""


@dataclass
class Other:
    """Another process with the knowledge base open, and what it printed."""

    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)

    def wait_for(self, told: Callable[[list[str]], bool]) -> None:
        until = time.monotonic() + 30
        while not told(self.lines):
            assert time.monotonic() < until, self.lines[-3:]
            time.sleep(0.005)


@contextmanager
def other(folder: Path, does: str, *, slow: float = 0.0) -> Iterator[Other]:
    command = [sys.executable, "-c", OTHER + does, str(folder), str(slow)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True)
    assert process.stdout is not None
    found = Other(process)

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            found.lines.append(line.strip())

    reading = threading.Thread(target=read)
    reading.start()
    try:
        found.wait_for(bool)
        yield found
    finally:
        process.kill()
        process.wait()
        reading.join()
        process.stdout.close()
        if process.stdin is not None:
            process.stdin.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "knowledge"


@pytest.fixture
def knowledge(folder: Path) -> Iterator[KnowledgeBase]:
    opening = KnowledgeBase.open(folder, HashingEmbedder(), vectors=ScanOnly(), shared=True)
    yield opening
    opening.close()


def test_embedded_is_not_beside_processes_that_share(folder: Path) -> None:
    with other(folder, "sys.stdin.readline()") as sharing:
        with pytest.raises(KnowledgeBaseBusy) as busy:
            KnowledgeBase.open(folder, HashingEmbedder(), vectors=ScanOnly())
        assert sharing.process.poll() is None
        assert "in use by another process" in str(busy.value)
        KnowledgeBase.open(folder, HashingEmbedder(), vectors=ScanOnly(), shared=True).close()


@pytest.mark.parametrize("change", ["sync", "withdraw", "delete", "roll back", "remove source"])
def test_what_one_process_takes_away_no_other_cites_once_that_returned(
    knowledge: KnowledgeBase, tmp_path: Path, change: str
) -> None:
    """Two other processes search and post without a pause; each line is a reply, stamped by the clock all share."""
    less = {key: value for key, value in LAMPS.items() if key != "lamp7"}
    help_ = write_jsonl(tmp_path / "help.jsonl", less)
    knowledge.ingest([help_])
    if change == "delete":
        knowledge.write_article(WrittenArticle(id="lamp7", title="Lamp 7", text=LAMPS["lamp7"][1]))
    else:
        knowledge.ingest([write_jsonl(tmp_path / "help.jsonl", LAMPS)])
    write_jsonl(tmp_path / "help.jsonl", less)
    (source,) = [state.config.id for state in knowledge.sources() if state.config.kind == "jsonl"]
    changes: dict[str, Callable[[], object]] = {
        "sync": knowledge.sync,
        "withdraw": lambda: knowledge.withdraw("lamp7"),
        "delete": lambda: knowledge.delete_written("lamp7"),
        "roll back": lambda: knowledge.roll_back(1),
        "remove source": lambda: knowledge.remove_source(source),
    }
    with other(knowledge_folder := tmp_path / "knowledge", ASKS) as one, other(knowledge_folder, ASKS) as two:
        for process in (one, two):
            process.wait_for(lambda lines: sum("lamp7" in line for line in lines) >= 5)
        changes[change]()
        returned = time.monotonic()
        for process in (one, two):
            seen = len(process.lines)
            process.wait_for(lambda lines, seen=seen: len(lines) >= seen + 20)  # type: ignore[misc]
    for process in (one, two):
        posted = [(float(line[1:].split(",")[0]), "lamp7" in line) for line in process.lines[1:] if line.endswith("]]")]
        assert len([1 for at, _ in posted if at > returned]) >= 15
        assert not any(cites for at, cites in posted if at > returned)


def test_what_one_process_writes_or_configures_the_others_have_at_once(knowledge: KnowledgeBase, folder: Path) -> None:
    writes = (
        "knowledge.write_article(WrittenArticle(id='new', title='New lamp', text='It glows.'))\n"
        f"knowledge.add_source('jsonl', 'Help', {{'location': {str(folder.parent / 'help.jsonl')!r}}})\n"
        "print('written', flush=True); sys.stdin.readline()"
    )
    write_jsonl(folder.parent / "help.jsonl", LAMPS)
    with other(folder, writes) as writing:
        writing.wait_for(lambda lines: "written" in lines)
        assert knowledge.article("new", ANYBODY) is not None
        assert [hit.passage.article_id for hit in knowledge.search("does the new lamp glow").hits] == ["new"]
        assert "Help" in [state.config.name for state in knowledge.sources()]
    assert knowledge.sync().added == len(LAMPS)
    assert knowledge.article("new") is not None, "a sync builds on what the other process wrote"


def test_one_sync_runs_at_a_time_and_every_process_sees_it_stops_it_and_survives_its_death(
    knowledge: KnowledgeBase, folder: Path, tmp_path: Path
) -> None:
    knowledge.ingest([write_jsonl(tmp_path / "help.jsonl", LAMPS)])
    write_jsonl(tmp_path / "help.jsonl", LAMPS | MORE)
    syncs = (
        "from knowledge_base.knowledge_base import SyncStopped\n"
        "try: knowledge.sync()\n"
        "except SyncStopped: print('stopped', flush=True)\n"
        "sys.stdin.readline()"
    )
    for end in ("stop", "kill"):
        with other(folder, syncs, slow=0.01) as syncing:
            wait_until(lambda: (found := knowledge.sync_progress()) is not None and found.stage == "encoding")
            with pytest.raises(SyncRunning, match=r"A sync of help\.jsonl is running already"):
                knowledge.sync()
            assert [state.running for state in knowledge.sources()] == [True]
            if end == "stop":
                knowledge.stop_sync()
                syncing.wait_for(lambda lines: "stopped" in lines)
        assert knowledge.sync_progress() is None
        assert len(knowledge.articles()) == len(LAMPS)
    assert knowledge.sync().added == len(MORE)


def test_a_short_change_does_not_wait_for_a_long_sync_of_any_process(
    knowledge: KnowledgeBase, folder: Path, tmp_path: Path
) -> None:
    write_jsonl(tmp_path / "help.jsonl", MORE)
    syncs = f"knowledge.ingest([{str(tmp_path / 'help.jsonl')!r}]); print('synced', flush=True); sys.stdin.readline()"
    with other(folder, syncs, slow=0.005) as syncing:
        wait_until(lambda: (found := knowledge.sync_progress()) is not None and found.stage == "encoding")
        knowledge.write_article(WrittenArticle(id="new", title="New lamp", text="It glows."))
        assert "synced" not in syncing.lines
        assert [article.id for article in knowledge.articles()] == ["new"], "the article is live, the sync goes on"
        syncing.wait_for(lambda lines: "synced" in lines)
    assert len(knowledge.articles()) == len(MORE) + 1


def test_a_stop_that_comes_between_two_syncs_stops_neither(knowledge: KnowledgeBase, tmp_path: Path) -> None:
    knowledge.stop_sync()
    assert knowledge.ingest([write_jsonl(tmp_path / "help.jsonl", LAMPS)]).added == len(LAMPS)
    with pytest.raises(SyncStopped):
        knowledge.sync(progress=lambda stage, done, total: knowledge.stop_sync())
    assert len(knowledge.articles()) == len(LAMPS)


def wait_until(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.005)
