from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from knowledge_base.model import Vectors
from knowledge_base.vectors import ChromaFolder, ExactIndex


def clustered(rows: int, dimensions: int = 64) -> Vectors:
    random = np.random.default_rng(7)
    centres = random.normal(size=(40, dimensions))
    points = centres[random.integers(0, 40, rows)] + 0.4 * random.normal(size=(rows, dimensions))
    lengths = np.linalg.norm(points, axis=1, keepdims=True)
    return np.asarray(points / lengths, dtype=np.float32)


def test_chroma_finds_what_the_exact_index_finds(tmp_path: Path) -> None:
    vectors = clustered(6000)
    ids = [f"p{n}" for n in range(len(vectors))]
    folder = ChromaFolder(tmp_path)
    chroma, exact = folder.create("version-1"), ExactIndex(64)
    chroma.add(ids, vectors)
    exact.add(ids, vectors)
    hits = 0
    for row in range(0, 6000, 200):
        expected = exact.query(vectors[row], 10)
        found = chroma.query(vectors[row], 10)
        assert found[0][0] == expected[0][0]
        assert found[0][1] == pytest.approx(expected[0][1], abs=1e-4)
        hits += len({key for key, _ in found} & {key for key, _ in expected})
    assert hits / 300 >= 0.99
    chroma.remove(ids[:5990])
    exact.remove(ids[:5990])
    assert sorted(chroma.ids()) == sorted(exact.ids()) == sorted(ids[5990:])
    folder.close()


def test_folders_that_dropped_collections_leave_are_swept_at_the_next_start(tmp_path: Path) -> None:
    folder = ChromaFolder(tmp_path)
    for name in ("version-1", "version-2"):
        folder.create(name).add([f"p{n}" for n in range(1500)], clustered(1500))
    folder.drop("version-1")
    folder.close()
    (tmp_path / "0b0e7b1e-orphan").mkdir()
    folder = ChromaFolder(tmp_path)
    folders = [path for path in tmp_path.iterdir() if path.is_dir()]
    assert len(folders) <= 1
    index = folder.open("version-2")
    assert index is not None
    assert index.count() == 1500
    assert folder.open("version-1") is None
    folder.close()


def test_an_unreadable_chroma_folder_is_started_anew(tmp_path: Path) -> None:
    (tmp_path / "chroma.sqlite3").write_bytes(b"not a database" * 100)
    folder = ChromaFolder(tmp_path)
    assert folder.names() == []
    folder.close()
