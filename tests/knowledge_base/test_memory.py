import os
import subprocess
import sys
from pathlib import Path

import pytest

from knowledge_base.sources.memory import BriefMemory, KeptMemory, Memory


@pytest.fixture(params=["kept", "brief"])
def memory(request: pytest.FixtureRequest, tmp_path: Path) -> Memory:
    return KeptMemory(tmp_path / "memory.db") if request.param == "kept" else BriefMemory()


def test_what_is_put_is_found_replaced_and_forgotten(memory: Memory) -> None:
    memory.put("b", {"etag": "1"})
    memory.put("a", {"etag": "2"})
    memory.put("b", {"etag": "3"})
    assert memory.get("b") == {"etag": "3"}
    assert memory.keys() == ["a", "b"]
    memory.forget("b")
    memory.forget("never there")
    assert memory.get("b") is None
    assert memory.keys() == ["a"]


def test_a_killed_process_leaves_what_it_put(tmp_path: Path) -> None:
    path = tmp_path / "memory.db"
    script = (
        "import os, signal, sys; from pathlib import Path; from knowledge_base.sources.memory import KeptMemory\n"
        "memory = KeptMemory(Path(sys.argv[1]))\n"
        "memory.put('page', {'etag': 'x'})\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", script, str(path)], check=False, env={**os.environ, "PYTHONPATH": "."})
    with KeptMemory(path) as memory:
        assert memory.get("page") == {"etag": "x"}


def test_a_damaged_file_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "memory.db"
    path.write_bytes(b"not a database at all" * 100)
    with KeptMemory(path) as memory:
        assert memory.keys() == []
