from __future__ import annotations

import numpy as np

from knowledge_base.embedding import HashingEmbedder


def test_hashing_is_deterministic_and_words_in_common_are_near() -> None:
    embedder = HashingEmbedder()
    vectors = embedder.encode(["reset the lamp", "how to reset a lamp", "shipping to Peru", "", "reset the lamp"])
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1)
    assert np.array_equal(vectors[0], vectors[4])
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2]
    assert embedder.count_tokens(["one two", ""]) == [2, 0]


def test_rows_handed_out_as_they_come_are_those_of_encode() -> None:
    embedder = HashingEmbedder()
    texts = [f"lamp number {number}" for number in range(5)]
    assert np.array_equal(np.concatenate(list(embedder.encode_each(texts))), embedder.encode(texts))
    assert list(embedder.encode_each([])) == []
