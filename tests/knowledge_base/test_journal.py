from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from knowledge_base.journal import Journal, KeyIndex, Spool, keys_of


def test_keys_find_their_rows_and_nothing_else() -> None:
    keys = keys_of(f"text {n}" for n in range(1000))
    index = KeyIndex(keys)
    asked = keys_of(["text 7", "unheard", "text 999", ""])
    assert index.rows(asked).tolist() == [7, -1, 999, -1]
    assert KeyIndex(keys_of([])).rows(asked).tolist() == [-1] * 4


def test_half_a_hash_in_common_is_not_the_same_text() -> None:
    keys = keys_of(["a", "b"])
    twin = keys[:1].copy()
    twin[0, 1] ^= 1
    assert KeyIndex(keys).rows(twin).tolist() == [-1]


def test_what_was_appended_is_there_after_a_restart(tmp_path: Path) -> None:
    journal = Journal(tmp_path, dimensions=3, dtype=np.float16)
    journal.append(keys_of(["a", "b"]), np.eye(3)[:2])
    journal.append(keys_of(["c"]), np.eye(3)[2:])
    again = Journal(tmp_path, dimensions=3, dtype=np.float16)
    np.testing.assert_array_equal(again.vectors(), np.eye(3))
    assert KeyIndex(again.keys()).rows(keys_of(["c"])).tolist() == [2]


def test_a_half_written_row_or_key_is_dropped_with_its_other_half(tmp_path: Path) -> None:
    journal = Journal(tmp_path, dimensions=4, dtype=np.float32)
    journal.append(keys_of(["a", "b", "c"]), np.arange(12).reshape(3, 4))
    for name, cut in (("rows", 5), ("keys", 5)):
        os.truncate(tmp_path / name, (tmp_path / name).stat().st_size - cut)
        again = Journal(tmp_path, dimensions=4, dtype=np.float32)
        assert len(again.keys()) == len(again.vectors())
    again.append(keys_of(["d"]), np.full((1, 4), 9))
    assert again.vectors().tolist() == [[0, 1, 2, 3], [9, 9, 9, 9]]


def test_waiting_texts_come_back_in_order_and_each_once(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "waiting")
    for text in ("erste\nZeile", "b", "erste\nZeile", "\ud800", ""):
        spool.add(keys_of([text]).tobytes(), text)
    assert len(spool) == 4
    assert [list(part) for part in spool.parts(3)] == [["erste\nZeile", "b", "\ud800"], [""]]
    spool.close()
    assert not list(tmp_path.iterdir())
