"""Text to vectors: the port, and an encoder for tests that needs no model. The real ones: encoders.py."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Sequence
from typing import Literal, Protocol

import numpy as np

from knowledge_base.model import Vectors

Precision = Literal["int8", "fp32"]
"""How an exported encoder computes. int8 is 2.4 times as quick, and its vectors' cosine to fp32 is about .997."""


class Embedder(Protocol):
    """Turns texts into unit vectors. `name` identifies weights and arithmetic: equal names give comparable vectors."""

    @property
    def name(self) -> str: ...

    @property
    def dimensions(self) -> int: ...

    @property
    def max_tokens(self) -> int:
        """The window, special tokens included. What lies beyond it is not seen."""
        ...

    def encode(self, texts: Sequence[str], *, questions: bool = False) -> Vectors:
        """Rows of unit length in the order of `texts`, shape (len(texts), dimensions).

        `questions` says that these ask and do not tell: some models declare a prompt for either.
        """
        ...

    def encode_each(self, texts: Sequence[str]) -> Iterator[Vectors]:
        """The rows of `encode` in blocks, in order, as they are ready: to be kept, and to tell how long is left."""
        ...

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, special tokens not counted, nothing truncated."""
        ...


class EncoderUnavailable(RuntimeError):
    """The encoder's weights are missing or are not the expected ones. The message is for the operator."""


class HashingEmbedder:
    """Feature hashing of words and their beginnings: deterministic, no model, words in common make texts close."""

    def __init__(self, *, dimensions: int = 256, max_tokens: int = 256) -> None:
        self.name = f"hashing-{dimensions}"
        self.dimensions = dimensions
        self.max_tokens = max_tokens
        self.encoded = 0
        """How many texts were encoded so far: lets a test see that nothing was."""

    def encode(self, texts: Sequence[str], *, questions: bool = False) -> Vectors:
        vectors = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        for row, text in enumerate(texts):
            for word in _words(text):
                for feature, weight in ((word, 1.0), (word[:5] + "*", 0.5)):
                    code = zlib.crc32(feature.encode())
                    vectors[row, code % self.dimensions] += weight if code >> 31 else -weight
            if not vectors[row].any():
                vectors[row, 0] = 1.0
        self.encoded += len(texts)
        return _unit(vectors)

    def encode_each(self, texts: Sequence[str]) -> Iterator[Vectors]:
        return (self.encode([text]) for text in texts)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(_words(text)) for text in texts]


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def _unit(vectors: Vectors) -> Vectors:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12), dtype=np.float32)
