"""Arrays on disk: grown while they are written, then memory-mapped whole or read by row."""

from __future__ import annotations

import math
import mmap
import os
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import numpy as np
from numpy.lib import format as npy
from numpy.typing import DTypeLike, NDArray

_GIVE_BACK: Final = 128
"""Places read before mapped memory is given back: one brings up to 350 KB where the system caches in large pieces."""
_SMALL: Final = 64 << 20
"""Files up to this size are never given back: mapping 100 places anew takes 0.3 ms."""
_MAP_FROM: Final = 4096
"""Bytes. Below a page, mapping costs more than it saves."""


class ArrayWriter:
    """An .npy file that takes its rows as they come: nothing but the part at hand is in memory."""

    def __init__(self, path: Path, dtype: DTypeLike, width: int | None = None) -> None:
        """`width` gives shape (rows, width), None gives (rows,)."""
        self._dtype = np.dtype(dtype)
        self._width = width
        self._stream = path.open("wb")
        self.rows = 0
        self._write_header()

    def append(self, part: NDArray[Any]) -> None:
        self._stream.write(np.ascontiguousarray(part, dtype=self._dtype).data)
        self.rows += len(part)

    def close(self) -> None:
        # NumPy pads the header so that the number of rows can be written over it.
        self._stream.seek(0)
        self._write_header()
        self._stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _write_header(self) -> None:
        shape = (self.rows,) if self._width is None else (self.rows, self._width)
        described = {"descr": npy.dtype_to_descr(self._dtype), "fortran_order": False, "shape": shape}
        npy.write_array_header_1_0(self._stream, described)


class MappedFile:
    """The bytes of a file in mapped memory that is given back every so often.

    What is read here and there brings its neighbours each time, and all of it stays with the process: after 300
    questions it held whole files. Reading by system calls instead lets go of the interpreter each time, and 200 reads
    of a search then wait 5 ms each for a thread that computes.
    """

    def __init__(self, path: Path) -> None:
        """Raises OSError."""
        self._reads = 0
        with path.open("rb") as stream:
            self.size = os.fstat(stream.fileno()).st_size
            self._mapped = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) if self.size else None

    @property
    def bytes(self) -> mmap.mmap | bytes:
        return b"" if self._mapped is None else self._mapped

    def has_read(self, places: int) -> None:
        self._reads += places
        if self._mapped is not None and self.size > _SMALL and self._reads >= _GIVE_BACK:
            self._reads = 0
            # The pages stay in the system's cache, and come back at the next read of them.
            self._mapped.madvise(mmap.MADV_DONTNEED)


class RowFile:
    """The rows of a matrix in an .npy file: copied when an array of integers names them, viewed otherwise."""

    def __init__(self, path: Path) -> None:
        """Raises OSError or ValueError where the file is missing, cut short or something else."""
        with path.open("rb") as stream:
            if npy.read_magic(stream) != (1, 0):
                raise ValueError(f"{path.name} has another format")
            shape, fortran, dtype = npy.read_array_header_1_0(stream)
            offset = stream.tell()
        if fortran or len(shape) != 2:
            raise ValueError(f"{path.name} is no matrix of rows")
        self._file = MappedFile(path)
        if self._file.size != offset + math.prod(shape) * dtype.itemsize:
            raise ValueError(f"{path.name} is cut short")
        self._rows: NDArray[Any] = np.frombuffer(self._file.bytes, dtype=dtype, offset=offset).reshape(shape)

    @property
    def shape(self) -> tuple[int, ...]:
        return self._rows.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self._rows.dtype

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, rows: int | slice | NDArray[Any]) -> NDArray[Any]:
        found: NDArray[Any] = self._rows[rows]
        self._file.has_read(len(rows) if isinstance(rows, np.ndarray) else 1)
        return found

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        return self._rows if dtype is None else self._rows.astype(dtype)


def mapped(path: Path) -> NDArray[Any]:
    """The array in `path`. Raises OSError or ValueError where the file is missing, cut short or something else."""
    if not path.stat().st_size:
        raise ValueError(f"{path.name} is empty")
    if path.stat().st_size < _MAP_FROM:
        return np.asarray(np.load(path))
    # Viewed as a plain array: each slice of a memmap object costs microseconds more, and a search takes dozens.
    return np.asarray(np.load(path, mmap_mode="r"))


def writable(path: Path, dtype: DTypeLike, shape: tuple[int, ...]) -> NDArray[Any]:
    """A new array in `path` to be filled in any order; what is written goes to the file. Raises OSError."""
    if 0 in shape:
        np.save(path, np.empty(shape, dtype=dtype))
        return np.empty(shape, dtype=dtype)
    found = np.lib.format.open_memmap(path, "w+", np.dtype(dtype), shape)
    # Where a full disk cannot take what is written to mapped memory, the system kills the process.
    with path.open("r+b") as stream:
        os.posix_fallocate(stream.fileno(), 0, path.stat().st_size)
    return np.asarray(found)
