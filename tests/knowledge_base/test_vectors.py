from __future__ import annotations

import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from knowledge_base.chroma import VectorStoreUnreachable
from knowledge_base.nearest import ExactIndex
from knowledge_base.vectors import VectorSearch, VectorStore
from knowledge_base.version import Version
from tests.knowledge_base.built import build, many_articles

CHROMA = Path(sys.executable).with_name("chroma")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def children() -> list[int]:
    """Processes started by the main thread that fill Chroma."""
    found = Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii").split()
    return [int(one) for one in found if b"knowledge_base.filling" in Path(f"/proc/{one}/cmdline").read_bytes()]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real `chroma run`."""
    port = free_port()
    folder = tmp_path_factory.mktemp("server")
    command = [str(CHROMA), "run", "--path", str(folder), "--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(200):
            try:
                urllib.request.urlopen(f"{url}/api/v2/heartbeat", timeout=1).close()  # noqa: S310
                break
            except OSError:
                time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="module")
def version(tmp_path_factory: pytest.TempPathFactory) -> Version:
    return build(tmp_path_factory.mktemp("knowledge"), many_articles(700))


def agrees_with_exact(store: VectorStore, version: Version) -> float:
    """Recall@10 of what the store answers with, over 30 questions."""
    index, exact = store.index(version), ExactIndex(version.passage_vectors)
    found = 0
    for row in range(0, len(version.passages), len(version.passages) // 30):
        expected = exact.nearest(version.passage_vectors[row], 10)
        # Equal texts have equal vectors: what counts is how near, not which of them.
        floor = float(expected.scores[-1]) - 1e-4
        found += int((index.nearest(version.passage_vectors[row], 10).scores >= floor).sum())
    return found / (10 * len(range(0, len(version.passages), len(version.passages) // 30)))


@pytest.mark.parametrize("search", ["scan", "chroma"])
def test_either_index_finds_what_the_exact_one_finds(tmp_path: Path, version: Version, search: VectorSearch) -> None:
    store = VectorStore(tmp_path, search=search)
    assert agrees_with_exact(store, version) >= 0.99
    store.close()


def test_a_server_finds_what_the_exact_index_finds(tmp_path: Path, version: Version, server: str) -> None:
    store = VectorStore(tmp_path, server, "chroma")
    assert agrees_with_exact(store, version) >= 0.99
    store.close()


@pytest.mark.parametrize("search", ["scan", "chroma"])
def test_chroma_keeps_one_collection_for_the_version_with_all_its_vectors(tmp_path: Path, search: VectorSearch) -> None:
    version = build(tmp_path, many_articles(700))
    store = VectorStore(tmp_path, search=search)
    store.index(version)
    store.keep([version.number])
    store.close()
    with sqlite3.connect(tmp_path / "chroma" / "chroma.sqlite3") as database:
        assert database.execute("SELECT count(*) FROM collections").fetchone() == (1,)
        assert database.execute("SELECT count(*) FROM embeddings").fetchone() == (len(version.passages),)
        ids = {row[0] for row in database.execute("SELECT embedding_id FROM embeddings")}
    assert ids == {passage.id for passage in version.passages}


def test_only_readable_rows_are_found(tmp_path: Path, version: Version) -> None:
    store = VectorStore(tmp_path, search="chroma")
    index, exact = store.index(version), ExactIndex(version.passage_vectors)
    for share in (0.9, 0.02):
        readable = np.random.default_rng(2).random(len(version.passages)) < share
        found = index.nearest(version.passage_vectors[5], 10, readable)
        assert readable[found.rows].all()
        expected = exact.nearest(version.passage_vectors[5], 10, readable)
        np.testing.assert_allclose(found.scores, expected.scores, atol=1e-4)
    store.close()


@pytest.mark.parametrize("search", ["scan", "chroma"])
def test_other_versions_and_the_folders_they_leave_are_swept(tmp_path: Path, search: VectorSearch) -> None:
    store = VectorStore(tmp_path, search=search)
    live = None
    for count in (40, 41, 42):
        live = build(tmp_path, many_articles(count), live)
        store.index(live)
        store.keep([live.number])
        (tmp_path / "chroma").mkdir(exist_ok=True)
        (tmp_path / "chroma" / f"orphan-{count}").mkdir()
    store.index(build(tmp_path, many_articles(43), live))
    store.keep([4])
    assert store.wait()
    store.close()
    assert len([path for path in (tmp_path / "chroma").iterdir() if path.is_dir()]) <= 1


@pytest.mark.parametrize("search", ["scan", "chroma"])
def test_what_chroma_has_is_taken_at_the_next_start(tmp_path: Path, search: VectorSearch) -> None:
    version = build(tmp_path, many_articles(700))
    before: set[str] = set()
    for _ in range(2):
        store = VectorStore(tmp_path, search=search)
        store.index(version)
        store.close()
        graphs = {path.name for path in (tmp_path / "chroma").iterdir() if path.is_dir()}
        assert graphs == (before or graphs), "filled a second time"
        before = graphs
        (tmp_path / "chroma.filled").unlink()


def test_a_fill_that_was_killed_begins_anew_after_the_next_start(tmp_path: Path) -> None:
    version = build(tmp_path, many_articles(700))
    store = VectorStore(tmp_path)
    store.index(version)
    while not list((tmp_path / "chroma").glob("*/*.bin")):
        time.sleep(0.01)
    (filling,) = children()
    os.kill(filling, signal.SIGKILL)
    assert not store.wait()
    store.close()
    again = VectorStore(tmp_path)
    again.index(version)
    assert again.wait()
    again.close()
    with sqlite3.connect(tmp_path / "chroma" / "chroma.sqlite3") as database:
        assert database.execute("SELECT count(*) FROM embeddings").fetchone() == (len(version.passages),)


def test_a_start_with_everything_in_place_imports_nothing_of_chroma(tmp_path: Path) -> None:
    store = VectorStore(tmp_path)
    store.index(build(tmp_path, many_articles(5)))
    store.close()
    starts = (
        "import sys; from pathlib import Path; from knowledge_base.vectors import VectorStore;"
        "from knowledge_base.version import VersionFolder;"
        f"root = Path({str(tmp_path)!r}); version = VersionFolder(root).load(1); store = VectorStore(root);"
        "index = store.index(version); assert len(index.nearest(version.passage_vectors[0], 3).rows) == 3;"
        "store.keep([1]); store.close(); assert not {'chromadb', 'torch', 'onnxruntime'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", starts], check=True)


def _truncate(folder: Path) -> None:
    database = folder / "chroma.sqlite3"
    os.truncate(database, database.stat().st_size // 2)


def _scribble(folder: Path) -> None:
    (folder / "chroma.sqlite3").write_bytes(b"not a database" * 100)


def _lose_database(folder: Path) -> None:
    (folder / "chroma.sqlite3").unlink()


def _lose_graph(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)


def _halve_graph(folder: Path) -> None:
    for path in folder.glob("*/*.bin"):
        os.truncate(path, path.stat().st_size // 2)


def _from_another_schema(folder: Path) -> None:
    with sqlite3.connect(folder / "chroma.sqlite3") as database:
        database.execute("ALTER TABLE segments RENAME TO parts")


def _from_another_version(folder: Path) -> None:
    with sqlite3.connect(folder / "chroma.sqlite3") as database:
        database.execute("UPDATE migrations SET hash = 'of another release', sql = 'SELECT 1'")


_DAMAGES = [
    _truncate,
    _scribble,
    _lose_database,
    _lose_graph,
    _halve_graph,
    _from_another_schema,
    _from_another_version,
]


@pytest.mark.parametrize("damage", _DAMAGES)
def test_a_damaged_chroma_is_filled_again_from_the_versions_own_vectors(
    tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    version = build(tmp_path, many_articles(400))
    store = VectorStore(tmp_path, search="chroma")
    store.index(version)
    store.close()
    damage(tmp_path / "chroma")
    again = VectorStore(tmp_path, search="chroma")
    assert agrees_with_exact(again, version) >= 0.99
    again.close()


def test_an_unreachable_server_is_a_clear_error_within_its_deadline(tmp_path: Path, version: Version) -> None:
    began = time.monotonic()
    with pytest.raises(VectorStoreUnreachable, match=r"chroma run .* BATON_CHROMA_URL"):
        VectorStore(tmp_path, f"http://127.0.0.1:{free_port()}", "chroma").index(version)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        store = VectorStore(tmp_path, f"http://127.0.0.1:{silent.getsockname()[1]}", "chroma")
        with pytest.raises(VectorStoreUnreachable, match="does not answer"):
            store.index(version)
    assert time.monotonic() - began < 15


def test_behind_a_scan_an_unreachable_server_stops_nothing(tmp_path: Path, version: Version) -> None:
    store = VectorStore(tmp_path, f"http://127.0.0.1:{free_port()}")
    assert store.index(version).nearest(version.passage_vectors[9], 1).rows.tolist() == [9]
    store.close()
    assert not (tmp_path / "chroma.filled").exists()


def test_the_scan_answers_while_a_server_is_stuck(tmp_path: Path, version: Version) -> None:
    port = free_port()
    command = [str(CHROMA), "run", "--path", str(tmp_path / "own"), "--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    store = VectorStore(tmp_path, f"http://127.0.0.1:{port}", "chroma")
    try:
        while True:
            try:
                index = store.index(version)
                break
            except VectorStoreUnreachable:
                time.sleep(0.1)
        process.send_signal(signal.SIGSTOP)
        for _ in range(3):
            began = time.monotonic()
            assert index.nearest(version.passage_vectors[3], 1).rows.tolist() == [3]
        assert time.monotonic() - began < 1.5, "the second search waits for Chroma no more"
    finally:
        process.kill()
        process.wait(10)
        store.close()


def test_three_processes_share_a_server(tmp_path: Path, server: str) -> None:
    version = build(tmp_path, many_articles(300))
    asks = (
        "import sys; from pathlib import Path; from knowledge_base.vectors import VectorStore;"
        "from knowledge_base.version import VersionFolder;"
        f"root = Path({str(tmp_path)!r}); version = VersionFolder(root).load(1);"
        f"store = VectorStore(root, {server!r}, 'chroma'); index = store.index(version);"
        "found = [int(index.nearest(version.passage_vectors[row], 1).rows[0]) for row in range(0, 900, 30)];"
        "wrong = [one for one, row in zip(found, range(0, 900, 30)) if one != row];"
        # A graph that was filled by several threads may leave one row out of reach.
        "store.close(); sys.exit(len(wrong) > 1)"
    )
    clients = [subprocess.Popen([sys.executable, "-c", asks]) for _ in range(3)]
    assert [client.wait(60) for client in clients] == [0, 0, 0]
    store = VectorStore(tmp_path, server, "chroma")
    assert agrees_with_exact(store, version) >= 0.99
    store.close()
