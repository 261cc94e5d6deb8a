"""What an unfinished build has encoded: rows kept as they come, found again by the hash of their text."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import DTypeLike, NDArray

Keys = NDArray[np.uint64]
"""128-bit hashes, shape (rows, 2)."""
_KEY_BYTES: Final = 16


def keys_of(texts: Iterable[str]) -> Keys:
    hashed = (hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_KEY_BYTES).digest() for text in texts)
    return np.frombuffer(b"".join(hashed), dtype=np.uint64).reshape(-1, 2)


class KeyIndex:
    """Which row has a key; of equal keys any. 16 bytes a row."""

    def __init__(self, keys: Keys) -> None:
        self._order = np.argsort(keys[:, 0], kind="stable")
        self._first = keys[self._order, 0]
        self._keys = keys

    def rows(self, keys: Keys) -> NDArray[np.int64]:
        """The row of each key, -1 where there is none."""
        if not len(self._order):
            return np.full(len(keys), -1, dtype=np.int64)
        places = np.searchsorted(self._first, keys[:, 0])
        places[places == len(self._order)] = 0
        rows = self._order[places]
        # Two texts of the same first 64 bits with other second ones: one is encoded again, none gets the other's row.
        rows[(self._keys[rows] != keys).any(axis=1)] = -1
        return np.asarray(rows)


class Journal:
    """Rows of one encoder in a folder: appended in parts, each on disk before it counts."""

    def __init__(self, folder: Path, *, dimensions: int, dtype: DTypeLike) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._dtype = np.dtype(dtype)
        self._dimensions = dimensions
        self._row_bytes = dimensions * self._dtype.itemsize
        self._rows = folder / "rows"
        self._keys = folder / "keys"
        self._rows.touch()
        self._keys.touch()
        self._cut()

    def append(self, keys: Keys, vectors: NDArray[Any]) -> None:
        """Rows first: after a crash there is no key without its row."""
        _append(self._rows, np.ascontiguousarray(vectors, dtype=self._dtype))
        _append(self._keys, np.ascontiguousarray(keys))

    def keys(self) -> Keys:
        return np.fromfile(self._keys, dtype=np.uint64).reshape(-1, 2)

    def vectors(self) -> NDArray[Any]:
        """Every row so far, memory-mapped, shape (rows, dimensions)."""
        count = self._keys.stat().st_size // _KEY_BYTES
        if not count:
            return np.empty((0, self._dimensions), dtype=self._dtype)
        return np.asarray(np.memmap(self._rows, dtype=self._dtype, mode="r", shape=(count, self._dimensions)))

    def _cut(self) -> None:
        """Drop what a crash left half written."""
        whole = min(self._rows.stat().st_size // self._row_bytes, self._keys.stat().st_size // _KEY_BYTES)
        os.truncate(self._rows, whole * self._row_bytes)
        os.truncate(self._keys, whole * _KEY_BYTES)


class Spool:
    """Texts that wait to be encoded, on disk: those of a whole help center need not fit in memory."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stream = path.open("wb")
        self._waiting: set[bytes] = set()

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, key: bytes, text: str) -> None:
        if key in self._waiting:
            return
        self._waiting.add(key)
        raw = text.encode("utf-8", "surrogatepass")
        self._stream.write(len(raw).to_bytes(4, "little") + raw)

    def parts(self, size: int) -> Iterable[Sequence[str]]:
        """The texts in their order, at most `size` at a time."""
        self._stream.flush()
        with self._path.open("rb") as stream:
            part: list[str] = []
            while head := stream.read(4):
                part.append(stream.read(int.from_bytes(head, "little")).decode("utf-8", "surrogatepass"))
                if len(part) == size:
                    yield part
                    part = []
            if part:
                yield part

    def close(self) -> None:
        self._stream.close()
        self._path.unlink()


def _append(path: Path, part: NDArray[Any]) -> None:
    with path.open("ab") as stream:
        stream.write(part.data)
        stream.flush()
        os.fdatasync(stream.fileno())
