from __future__ import annotations

import numpy as np
import pytest

from knowledge_base.model import Vectors
from knowledge_base.nearest import ExactIndex, Found, ScanIndex, codes_of


def clustered(rows: int, dimensions: int = 64, *, seed: int = 7) -> Vectors:
    """Unit vectors in 40 clouds: uniform noise would have no neighbours worth finding."""
    random = np.random.default_rng(seed)
    centres = np.random.default_rng(1).normal(size=(40, dimensions))
    points = centres[random.integers(0, 40, rows)] + 0.6 * random.normal(size=(rows, dimensions))
    return np.asarray(points / np.linalg.norm(points, axis=1, keepdims=True), dtype=np.float32)


def recall(found: Found, expected: Found) -> float:
    return len(set(found.rows.tolist()) & set(expected.rows.tolist())) / len(expected.rows)


def indexes(vectors: Vectors) -> tuple[ScanIndex, ExactIndex]:
    return ScanIndex(vectors, codes_of(vectors)), ExactIndex(vectors)


def test_the_scan_finds_what_the_exact_index_finds() -> None:
    vectors = clustered(40_000, 384)
    scan, exact = indexes(vectors)
    questions = clustered(30, 384, seed=9)
    assert np.mean([recall(scan.nearest(one, 10), exact.nearest(one, 10)) for one in questions]) >= 0.99
    found, expected = scan.nearest(vectors[123], 10), exact.nearest(vectors[123], 10)
    assert found.rows[0] == expected.rows[0] == 123
    np.testing.assert_allclose(found.scores[:3], expected.scores[:3], atol=1e-6)


@pytest.mark.parametrize("share", [0.5, 0.01, 0.0])
def test_only_readable_rows_are_found_and_as_many_as_without_the_others(share: float) -> None:
    vectors = clustered(20_000)
    scan, exact = indexes(vectors)
    readable = np.random.default_rng(3).random(len(vectors)) < share
    allowed = np.flatnonzero(readable)
    for question in clustered(10, seed=11):
        found = scan.nearest(question, 20, readable)
        assert len(found.rows) == min(20, len(allowed))
        assert readable[found.rows].all()
        assert recall(found, exact.nearest(question, 20, readable)) >= 0.9 if len(allowed) else not len(found.rows)


def test_rows_are_ordered_by_score_and_equal_ones_by_row() -> None:
    vectors = np.tile(clustered(50), (100, 1))
    for index in indexes(vectors):
        found = index.nearest(vectors[7], 5)
        assert found.rows.tolist() == [7, 57, 107, 157, 207]
        assert (np.diff(found.scores) <= 0).all()


def test_thousands_of_copies_of_one_text_hide_nothing_nearer() -> None:
    vectors = np.repeat(clustered(2), 30_000, axis=0)
    near = clustered(1, seed=5)[0]
    vectors[41_000] = near
    scan, _ = indexes(vectors)
    assert scan.nearest(near, 3).rows[0] == 41_000


@pytest.mark.parametrize("dimensions", [30, 256, 384, 1000])
def test_any_number_of_dimensions_can_be_scanned(dimensions: int) -> None:
    vectors = clustered(5000, dimensions)
    scan, exact = indexes(vectors)
    assert recall(scan.nearest(vectors[0], 10), exact.nearest(vectors[0], 10)) == 1.0


def test_no_vectors_give_no_rows() -> None:
    for index in indexes(np.empty((0, 8), dtype=np.float32)):
        assert not len(index.nearest(np.ones(8, dtype=np.float32), 5).rows)
