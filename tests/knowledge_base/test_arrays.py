from __future__ import annotations

import os
import threading
from pathlib import Path

import numpy as np
import pytest

from knowledge_base.arrays import ArrayWriter, RowFile, mapped, writable


def resident() -> int:
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.parametrize("rows", [0, 3, 5000])
def test_what_was_written_in_parts_is_read_whole_and_by_row(tmp_path: Path, rows: int) -> None:
    path, expected = tmp_path / "rows.npy", np.arange(rows * 4, dtype=np.float32).reshape(rows, 4)
    with ArrayWriter(path, np.float32, 4) as writer:
        for start in range(0, rows, 1700):
            writer.append(expected[start : start + 1700])
    np.testing.assert_array_equal(mapped(path), expected)
    file = RowFile(path)
    assert file.shape == (rows, 4)
    np.testing.assert_array_equal(np.asarray(file), expected)
    np.testing.assert_array_equal(file[1:3], expected[1:3])
    if rows:
        np.testing.assert_array_equal(file[-1], expected[-1])
        np.testing.assert_array_equal(file[np.array([2, 0, 2])], expected[[2, 0, 2]])


@pytest.mark.parametrize("keep", [0.0, 0.3, 0.999])
def test_a_file_cut_short_is_refused(tmp_path: Path, keep: float) -> None:
    path = tmp_path / "rows.npy"
    np.save(path, np.ones((3000, 4), dtype=np.float32))
    os.truncate(path, int(path.stat().st_size * keep))
    with pytest.raises(ValueError, match=r".+"):
        RowFile(path)
    with pytest.raises(ValueError, match=r".+"):
        mapped(path)


def test_a_vector_is_no_matrix_of_rows(tmp_path: Path) -> None:
    np.save(tmp_path / "flat.npy", np.ones(9))
    with pytest.raises(ValueError, match="no matrix"):
        RowFile(tmp_path / "flat.npy")


def test_an_array_can_be_filled_in_any_order(tmp_path: Path) -> None:
    array = writable(tmp_path / "array.npy", np.int32, (3, 2000))
    array[:, 1000:] = 7
    array[:, :1000] = 3
    assert mapped(tmp_path / "array.npy").sum() == 3 * 10_000
    assert writable(tmp_path / "none.npy", np.int32, (3, 0)).shape == mapped(tmp_path / "none.npy").shape == (3, 0)


def test_rows_of_a_large_file_do_not_stay_in_memory(tmp_path: Path) -> None:
    path, rows = tmp_path / "rows.npy", 60_000
    with ArrayWriter(path, np.float32, 384) as writer:
        for start in range(0, rows, 1000):
            writer.append(np.repeat(np.arange(start, start + 1000)[:, np.newaxis], 384, axis=1))
    file = RowFile(path)
    random = np.random.default_rng(1)
    before = resident()
    wrong: list[int] = []

    def read() -> None:
        """Threads read while others give the memory back."""
        for wanted in np.random.default_rng(threading.get_ident()).integers(0, rows, (60, 200)):
            wrong.extend(np.flatnonzero(file[wanted][:, 383] != wanted).tolist())

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    file[random.integers(0, rows, 200)]
    assert not wrong
    assert resident() - before < path.stat().st_size / 3
