"""Which vectors lie nearest to a question's: the port, every cosine computed, and a scan of sign bits that is as good.

Rows are the passages of one version, counted from 0. A mask names the rows that may be found, so that what a viewer
must not read takes nobody's place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from knowledge_base.model import Vectors

Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]
"""True for each row that may be found, shape (rows,)."""
SignCodes = NDArray[np.uint64]
"""The signs of each vector, 64 in a word, shape (words, rows): a word of all rows lies together, as the scan reads."""


class VectorRows(Protocol):
    """Vectors by row, in memory or on disk."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    def __len__(self) -> int: ...

    def __getitem__(self, rows: Any, /) -> Any:  # noqa: ANN401 - what NumPy says of its own arrays
        """One row, a slice of them, or those that an array of integers names."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Codes:
    """Each vector twice in brief: its signs, and its values in a byte each, which `scales` turns back."""

    signs: SignCodes
    bytes: NDArray[np.int8]
    scales: NDArray[np.float32]

    def cosines(self, rows: Rows, vector: Vectors) -> NDArray[np.float32]:
        """To within .002."""
        return cosines(self.bytes[rows].astype(np.float32), vector) * self.scales[rows]


_CANDIDATES: Final = (1000, 8000)
"""How many rows are compared in full: one in 64, within these. Of 5,443 passages and moved copies of them, 200
questions: among 10,000 rows 1,000 candidates hold .998 of the ten nearest; among 100,000 1,000 hold .997, 2,000 .9985;
among 400,000 4,000 hold .9985, 8,000 .9995. Centring or rotating the vectors before their signs are taken changed
nothing (within .003)."""
_EXACT: Final = 2
"""How many times the rows asked for are compared by their true vectors: bytes misplace only close ones."""
_SAMPLE: Final = 65_536
"""Distances looked at to guess how far `wanted` rows reach."""
_BLOCK: Final = 16_384
"""Rows scanned at once: their words and counts stay in the processor's cache (4.5 ms for a million rows; 9.8 ms in
blocks of 4,096, 5.8 ms of 65,536)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Rows with their scores (cosines, or BM25), best first; equal scores in row order."""

    rows: Rows
    scores: NDArray[np.float32]


class VectorIndex(Protocol):
    """Unit vectors by row. Any number of threads may ask."""

    def nearest(self, vector: Vectors, limit: int, readable: Mask | None = None) -> Found:
        """At most `limit` rows nearest to `vector`, shape (dimensions,); only `readable` ones where a mask is given."""
        ...


class ExactIndex:
    """Every cosine computed: never wrong, and what the others are held against."""

    def __init__(self, vectors: VectorRows) -> None:
        self._vectors = vectors

    def nearest(self, vector: Vectors, limit: int, readable: Mask | None = None) -> Found:
        if readable is None:
            return best(np.arange(len(self._vectors)), cosines(np.asarray(self._vectors), vector), limit)
        return nearest_of(np.flatnonzero(readable), self._vectors, vector, limit)


class ScanIndex:
    """The rows whose signs differ least from the question's; of these those nearest by bytes; then true cosines.

    Everything is compared, nothing is walked as in a graph, so recall does not fall with the number of rows. The signs
    and bytes, 432 a row at 384 dimensions, come to be in memory; of `vectors` a search reads some hundred rows.
    """

    def __init__(self, vectors: VectorRows, codes: Codes) -> None:
        self._vectors = vectors
        self._codes = codes

    def nearest(self, vector: Vectors, limit: int, readable: Mask | None = None) -> Found:
        rows = self._candidates(vector, limit, readable)
        if len(rows) > _EXACT * limit:
            rows = best(rows, self._codes.cosines(rows, vector), _EXACT * limit).rows
        return nearest_of(np.sort(rows), self._vectors, vector, limit)

    def _candidates(self, vector: Vectors, limit: int, readable: Mask | None) -> Rows:
        least, most = _CANDIDATES
        wanted = max(min(len(self._vectors) // 64, most), least, 20 * limit)
        if readable is None and len(self._vectors) <= wanted:
            return np.arange(len(self._vectors))
        if readable is not None and np.count_nonzero(readable) <= wanted:
            return np.flatnonzero(readable)
        distances = self._distances(sign_codes(vector[np.newaxis])[:, 0])
        if readable is not None:
            distances[~readable] = 64 * len(self._codes.signs) + 1
        return _closest(distances, wanted)

    def _distances(self, question: NDArray[np.uint64]) -> NDArray[np.uint16]:
        """How many signs of each row differ from the question's, shape (rows,)."""
        signs = self._codes.signs
        words, size = signs.shape
        found = np.empty(size, dtype=np.uint16)
        differing = np.empty(min(_BLOCK, size), dtype=np.uint64)
        count = np.empty(len(differing), dtype=np.uint8)
        for start in range(0, size, _BLOCK):
            total = found[start : start + _BLOCK]
            bits, ones = differing[: len(total)], count[: len(total)]
            total[:] = 0
            for word in range(words):
                np.bitwise_xor(signs[word, start : start + _BLOCK], question[word], out=bits)
                np.bitwise_count(bits, out=ones)
                np.add(total, ones, out=total)
        return found


def sign_codes(vectors: Vectors) -> SignCodes:
    """The codes of `vectors`; dimensions are filled up to whole words with zeros, which all rows share."""
    packed = np.packbits(vectors > 0, axis=1)
    missing = -packed.shape[1] % 8
    if missing:
        packed = np.pad(packed, ((0, 0), (0, missing)))
    return np.ascontiguousarray(packed.view(np.uint64).T)


def codes_of(vectors: Vectors) -> Codes:
    largest = np.abs(vectors).max(axis=1, initial=0)
    scales = (np.maximum(largest, np.float32(1e-9)) / 127).astype(np.float32)
    values = np.rint(vectors / scales[:, np.newaxis]).astype(np.int8)
    return Codes(signs=sign_codes(vectors), bytes=values, scales=scales)


def cosines(vectors: Vectors, vector: Vectors) -> NDArray[np.float32]:
    """Of each row with `vector`, shape (rows,)."""
    # einsum, as a product through BLAS wakes its threads: 5 ms instead of 0.02 where the cores are busy.
    return np.asarray(np.einsum("rd,d->r", vectors, vector))


def nearest_of(rows: Rows, vectors: VectorRows, vector: Vectors, limit: int) -> Found:
    """The best of the named `rows` of `vectors`."""
    return best(rows, cosines(vectors[rows], vector), limit)


def best(rows: Rows, scores: NDArray[np.float32], limit: int) -> Found:
    """The `limit` highest `scores`; equal ones in the order of `rows`."""
    if len(rows) > limit:
        kept = np.flatnonzero(scores >= np.partition(scores, -limit)[-limit])
        rows, scores = rows[kept], scores[kept]
    order = np.argsort(-scores, kind="stable")[:limit]
    return Found(rows=rows[order], scores=scores[order])


def _closest(distances: NDArray[np.uint16], wanted: int) -> Rows:
    """About `wanted` rows of the smallest distances, in row order, and of equal distances all but an excess."""
    step = -(-len(distances) // _SAMPLE)
    counts = np.cumsum(np.bincount(distances[::step])) * step
    edge = int(np.searchsorted(counts, wanted))
    rows = np.flatnonzero(distances <= edge)
    if len(rows) <= 4 * wanted:
        return rows
    # Thousands of copies of one text share a distance; rescoring them all would read the whole file.
    nearer = np.flatnonzero(distances < edge)
    return np.sort(np.concatenate([nearer, np.flatnonzero(distances == edge)[: max(0, wanted - len(nearer))]]))
