from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from knowledge_base.lock import Blocks, KnowledgeBaseBusy, KnowledgeLock, alongside, exclusively, held


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


def test_one_who_shares_leaves_what_another_told(tmp_path: Path) -> None:
    server = KnowledgeLock.take(tmp_path, shared=True)
    server.announce("http://127.0.0.1:8000")
    passing = (
        "from pathlib import Path; from knowledge_base.lock import KnowledgeLock;"
        f"KnowledgeLock.take(Path({str(tmp_path)!r}), shared=True).release()"
    )
    subprocess.run([sys.executable, "-c", passing], check=True)
    with pytest.raises(KnowledgeBaseBusy, match=r"serving at http://127\.0\.0\.1:8000"):
        KnowledgeLock.take(tmp_path)
    server.release()


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


def test_whoever_wants_a_block_alone_waits_no_longer_than_they_said(tmp_path: Path) -> None:
    path = tmp_path / "block"
    with exclusively(path, seconds=0) as first, exclusively(path, seconds=0.01) as second:
        assert (first, second) == (True, False)
        assert held(path)
    assert not held(path)
    with alongside(path), alongside(path), exclusively(path, seconds=0) as alone:
        assert not alone
        assert held(path)


def test_a_wait_is_for_the_blocks_that_began_before_it_and_for_no_others(tmp_path: Path) -> None:
    blocks, elsewhere = Blocks(tmp_path / "blocks.lock"), Blocks(tmp_path / "blocks.lock")
    assert blocks.outlast(0)
    with elsewhere.block():
        assert not blocks.outlast(0.01), "one that hangs is given up"
        with elsewhere.block():
            assert not blocks.outlast(0), "the newer one is waited for"
        assert not blocks.outlast(0), "the older one still is"
    assert blocks.outlast(0)
    assert blocks.outlast(0)


def test_blocks_that_keep_coming_hold_nobody_up(tmp_path: Path) -> None:
    blocks, done = Blocks(tmp_path / "blocks.lock"), threading.Event()

    def keep_coming() -> None:
        while not done.is_set():
            with blocks.block():
                time.sleep(0.01)

    threads = [threading.Thread(target=keep_coming) for _ in range(8)]
    for thread in threads:
        thread.start()
    waits = [blocks.outlast(20) for _ in range(5)]
    done.set()
    for thread in threads:
        thread.join()
    assert all(waits)


def test_a_wait_covers_blocks_of_another_process_and_a_dead_one_is_over(tmp_path: Path) -> None:
    blocks = Blocks(tmp_path / "blocks.lock")
    stays = (
        "import time; from pathlib import Path; from knowledge_base.lock import Blocks\n"
        f"with Blocks(Path({str(tmp_path / 'blocks.lock')!r})).block(): print('in', flush=True); time.sleep(60)"
    )
    child = subprocess.Popen([sys.executable, "-c", stays], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "in\n"
    assert not blocks.outlast(0.05)
    child.kill()
    child.wait()
    child.stdout.close()
    assert blocks.outlast(5)
