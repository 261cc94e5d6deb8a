"""A model exported once: loaded through sentence-transformers (its only home), written whole as ONNX, compared.

Imported only when there is something to export, or a model that cannot be: it brings torch and takes seconds.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import torch
from onnxruntime.capi.onnxruntime_pybind11_state import (
    Fail,
    InvalidGraph,
    NotImplemented,
    RuntimeException,
)
from sentence_transformers import SentenceTransformer
from transformers.utils import logging

from knowledge_base.embedding import Embedder, OnnxEmbedder, Progress, is_exported, packaged_model
from knowledge_base.model import Vectors

_MIN_COSINE: Final = 0.9999
_CHECK_TEXTS: Final = (
    "How do I reset my password?",
    "Refunds are paid back to the card that was used, within 5 to 7 working days.",
    "ok",
    "Shipping to Canada takes 4-6 days. " * 12,
    "¿Dónde está mi pedido? 注文はどこですか",
)
_EXPORT_FAILURES: Final = (
    RuntimeError,
    TypeError,
    ValueError,
    KeyError,
    AttributeError,
    NotImplementedError,
    Fail,
    InvalidGraph,
    NotImplemented,
    RuntimeException,
)
"""What tracing an unknown architecture, or reading back what came of it, was seen to raise."""


def export_or_serve(source: Path, target: Path, report: Callable[[str], None]) -> Embedder:
    """The export of the model in `source`, written to `target`; the model itself where it cannot be exported."""
    report("Preparing the encoder for this machine (once, some seconds)…")
    original = _load_original(source)
    target.parent.mkdir(parents=True, exist_ok=True)
    # A folder of its own for each process and one rename: two first starts at once end with one whole export.
    work = Path(tempfile.mkdtemp(prefix=".export-", dir=target.parent))
    try:
        _export(original, work, target.name)
        _check_against(original, OnnxEmbedder(work))
        if not is_exported(target):
            try:
                work.rename(target)
            except OSError:
                if not is_exported(target):
                    raise
        return OnnxEmbedder(target)
    except _EXPORT_FAILURES as reason:
        report(f"This model cannot be exported ({reason}); it is served by sentence-transformers.")
        return SentenceTransformerEmbedder(original, target.name)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _load_original(source: Path) -> SentenceTransformer:
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    # Eager attention is plain matrix products, which the exporter can trace for any length.
    model = SentenceTransformer(str(source), device="cpu", model_kwargs={"attn_implementation": "eager"})
    return model.eval()


def _export(original: SentenceTransformer, work: Path, sha256: str) -> None:
    tokenizer = original.tokenizer
    tokenizer.save_pretrained(str(work))
    if not (work / "tokenizer.json").exists():
        raise ValueError("its tokenizer has no tokenizer.json")
    features = tokenizer(list(_CHECK_TEXTS[:3]), padding=True, return_tensors="pt")
    names = [name for name in tokenizer.model_input_names if name in features]

    class WholeEncoder(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.original = original

        def forward(self, *tensors: torch.Tensor) -> torch.Tensor:
            out = self.original(dict(zip(names, tensors, strict=True)))["sentence_embedding"]
            return torch.nn.functional.normalize(out, p=2.0, dim=1)

    axes = {name: {0: "texts", 1: "tokens"} for name in names}
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            WholeEncoder().eval(),
            tuple(features[name] for name in names),
            str(work / "model.onnx"),
            input_names=names,
            output_names=["sentence_embedding"],
            dynamic_axes={**axes, "sentence_embedding": {0: "texts"}},
            opset_version=17,
            dynamo=False,
        )
    dimensions = _reference(original, ["size"]).shape[1]
    manifest = {"sha256": sha256, "dimensions": dimensions, "max_tokens": _window(original)}
    (work / "encoder.json").write_text(json.dumps(manifest), encoding="utf-8")


def _check_against(original: SentenceTransformer, exported: OnnxEmbedder) -> None:
    cosines = (_reference(original, _CHECK_TEXTS) * exported.encode(_CHECK_TEXTS)).sum(axis=1)
    if float(cosines.min()) < _MIN_COSINE:
        raise ValueError(f"its exported vectors differ, cosine {float(cosines.min()):.5f}")


def _reference(model: SentenceTransformer, texts: Sequence[str]) -> Vectors:
    vectors = model.encode(list(texts), normalize_embeddings=True, show_progress_bar=False)
    return np.asarray(vectors, dtype=np.float32)


def _window(model: SentenceTransformer) -> int:
    return min(int(model.max_seq_length or 512), 8192)


class SentenceTransformerEmbedder:
    """Any sentence-transformers model as it is, for those that cannot be exported. Slower, and imports torch."""

    def __init__(self, model: SentenceTransformer, sha256: str) -> None:
        self.name = f"{sha256[:16]}/sentence-transformers"
        self._model = model
        self.max_tokens = _window(model)
        self.dimensions = int(model.encode(["size"]).shape[1])

    def encode(self, texts: Sequence[str], *, progress: Progress | None = None) -> Vectors:
        vectors = np.empty((len(texts), self.dimensions), dtype=np.float32)
        for start in range(0, len(texts), 256):
            part = list(texts[start : start + 256])
            vectors[start : start + len(part)] = _reference(self._model, part)
            if progress is not None:
                progress(start + len(part))
        return vectors

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        ids = self._model.tokenizer(list(texts), add_special_tokens=False, truncation=False)
        return [len(row) for row in ids["input_ids"]]


def packaged_original() -> SentenceTransformerEmbedder:
    """The packaged model as sentence-transformers runs it, which the export is measured against."""
    return SentenceTransformerEmbedder(SentenceTransformer(str(packaged_model()), device="cpu"), "packaged")
