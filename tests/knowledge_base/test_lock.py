from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from knowledge_base.lock import KnowledgeBaseBusy, KnowledgeLock, exclusively


def test_a_second_holder_is_told_who_has_it_and_where(tmp_path: Path) -> None:
    lock = KnowledgeLock.take(tmp_path)
    lock.announce("http://127.0.0.1:8000")
    with pytest.raises(KnowledgeBaseBusy) as busy:
        KnowledgeLock.take(tmp_path)
    assert busy.value.pid == os.getpid()
    assert busy.value.address == "http://127.0.0.1:8000"
    assert "http://127.0.0.1:8000" in str(busy.value)


def test_a_released_lock_and_a_dead_holders_lock_are_free(tmp_path: Path) -> None:
    KnowledgeLock.take(tmp_path).release()
    dies = (
        "import os; from pathlib import Path; from knowledge_base.lock import KnowledgeLock;"
        f"lock = KnowledgeLock.take(Path({str(tmp_path)!r})); os._exit(9)"
    )
    assert subprocess.run([sys.executable, "-c", dies], check=False).returncode == 9
    KnowledgeLock.take(tmp_path).release()


def test_processes_that_share_keep_out_one_that_wants_it_alone(tmp_path: Path) -> None:
    first, second = KnowledgeLock.take(tmp_path, shared=True), KnowledgeLock.take(tmp_path, shared=True)
    with pytest.raises(KnowledgeBaseBusy):
        KnowledgeLock.take(tmp_path)
    first.release()
    with pytest.raises(KnowledgeBaseBusy):
        KnowledgeLock.take(tmp_path)
    second.release()
    alone = KnowledgeLock.take(tmp_path)
    with pytest.raises(KnowledgeBaseBusy):
        KnowledgeLock.take(tmp_path, shared=True)
    alone.release()


def test_a_block_is_for_one_at_a_time(tmp_path: Path) -> None:
    order: list[str] = []

    def enter(name: str) -> None:
        with exclusively(tmp_path / "block"):
            order.append(f"{name} in")
            time.sleep(0.05)
            order.append(f"{name} out")

    threads = [threading.Thread(target=enter, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [one.split()[1] for one in order] == ["in", "out"] * 3
