from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from knowledge_base.lock import KnowledgeBaseBusy, KnowledgeLock


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
