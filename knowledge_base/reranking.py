"""The seam for a cross-encoder: a model that reads question and passage together and puts the first hits in order.

None is shipped: the packaged encoder was not trained for it. It is named by a path (setting `reranker`).
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

from knowledge_base.embedding import EncoderUnavailable
from knowledge_base.model import Hit, SearchResult

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

RERANKED: Final = 20
"""Hits that are read. A small cross-encoder takes about 10 ms for each on one core."""


class Reranker(Protocol):
    """Safe to share between threads."""

    def scores(self, question: str, texts: Sequence[str]) -> list[float]:
        """How well each text answers the question; only their order means something."""
        ...


class CrossEncoderReranker:
    """A sentence-transformers CrossEncoder in a folder, loaded when it is asked first: that imports torch, 5 s."""

    def __init__(self, folder: Path) -> None:
        """Raises EncoderUnavailable where there is no model in `folder`."""
        if not (folder / "config.json").is_file():
            raise EncoderUnavailable(
                f"There is no cross-encoder in {folder}: name a folder that sentence-transformers wrote, with its "
                f"config.json, or leave the setting empty."
            )
        self._folder = folder
        self._model: CrossEncoder | None = None
        self._one_at_a_time = threading.Lock()

    def scores(self, question: str, texts: Sequence[str]) -> list[float]:
        with self._one_at_a_time:
            if self._model is None:
                self._model = _loaded(self._folder)
            found = self._model.predict([(question, text) for text in texts], show_progress_bar=False)
        return [float(one) for one in np.asarray(found, dtype=np.float64).reshape(len(texts), -1)[:, -1]]


def reranked(result: SearchResult, question: str, reranker: Reranker, limit: int) -> SearchResult:
    """`result` with its first RERANKED hits in the order of the cross-encoder; equal scores stay as they were."""
    read = result.hits[:RERANKED]
    if not read:
        return result
    scored = zip(read, reranker.scores(question, [_text(hit) for hit in read]), strict=True)
    ordered = sorted((replace(hit, reranked=score) for hit, score in scored), key=lambda hit: -(hit.reranked or 0.0))
    return replace(result, hits=(*ordered, *result.hits[RERANKED:])[:limit])


def _text(hit: Hit) -> str:
    return "\n".join(part for part in (hit.passage.title, hit.passage.heading, hit.passage.text) if part)


def _loaded(folder: Path) -> CrossEncoder:
    from sentence_transformers import CrossEncoder  # noqa: PLC0415 - torch

    try:
        model: CrossEncoder = CrossEncoder(str(folder), device="cpu", local_files_only=True)
    except (OSError, ValueError, RuntimeError, KeyError) as failure:
        raise EncoderUnavailable(f"The cross-encoder in {folder} cannot be loaded: {failure}.") from failure
    return model
