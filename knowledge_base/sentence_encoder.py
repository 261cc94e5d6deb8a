"""A sentence-transformers model as it is: for those that cannot be exported, and what exports are compared with.

Importing this brings torch: five seconds and 400 MB.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from sentence_transformers import SentenceTransformer
from tokenizers import Tokenizer
from transformers.utils import logging

from knowledge_base.model import Vectors

SENTENCE_TRANSFORMERS: Final = "sentence-transformers"
_BLOCK_TEXTS: Final = 128
"""sentence-transformers sorts these by length and pads batches of 32: more would save padding, but tick rarely."""
_WINDOW_LIMIT: Final = 8192


class SentenceTransformerEmbedder:
    """Any model. Slower than an export, and a text's last bits vary with what it is encoded beside."""

    def __init__(self, model: SentenceTransformer, weights: str) -> None:
        self.name = f"{weights[:16]}/{SENTENCE_TRANSFORMERS}"
        self._model = model
        self.max_tokens = window_of(model)
        self.dimensions = int(model.encode(["size"]).shape[1])

    def encode(self, texts: Sequence[str], *, questions: bool = False) -> Vectors:
        # Both add the prompt that the model declares for the purpose, and take its route where it has two.
        encode = self._model.encode_query if questions else self._model.encode_document
        if not texts:
            return np.empty((0, self.dimensions), dtype=np.float32)
        vectors = encode(list(texts), normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(vectors, dtype=np.float32)

    def encode_each(self, texts: Sequence[str]) -> Iterator[Vectors]:
        for start in range(0, len(texts), _BLOCK_TEXTS):
            yield self.encode(texts[start : start + _BLOCK_TEXTS])

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        tokenizer = self._model.tokenizer
        if isinstance(tokenizer, Tokenizer):  # models of static word vectors have the bare one
            return [len(one.ids) for one in tokenizer.encode_batch(list(texts), add_special_tokens=False)]
        ids = tokenizer(list(texts), add_special_tokens=False, truncation=False)
        return [len(row) for row in ids["input_ids"]]


def load_original(source: Path, *, attention: str | None = None) -> SentenceTransformer:
    """The model in the folder `source`, with the kind of `attention` that transformers chooses unless one is named."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    options = {} if attention is None else {"attn_implementation": attention}
    return SentenceTransformer(str(source), device="cpu", model_kwargs=options).eval()


def window_of(model: SentenceTransformer) -> int:
    """Tokens that the model reads, special ones included. Static models read all, others say nothing."""
    return int(min(model.max_seq_length or 512, _WINDOW_LIMIT))
