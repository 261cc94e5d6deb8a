"""A model exported once: traced whole from sentence-transformers to ONNX, made faster, compared with it, kept.

    python -m knowledge_base.encoder_export SOURCE TARGET WEIGHTS PRECISION

Run as a process of its own (encoders.py does): torch never leaves the memory of a process that imported it. Every line
it prints is for the operator. The quickest graph whose vectors agree with the original's wins; the last resort is the
original.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from functools import cached_property, partial
from pathlib import Path
from typing import Final, NamedTuple, cast

import numpy as np
import torch
from onnxruntime.capi.onnxruntime_pybind11_state import (
    Fail,
    InvalidArgument,
    InvalidGraph,
    NotImplemented,
    RuntimeException,
)
from sentence_transformers import SentenceTransformer

from knowledge_base.embedding import Precision
from knowledge_base.encoder_graph import Feed, fuse, quantise
from knowledge_base.encoder_texts import CALIBRATION_TEXTS, CHECK_PASSAGES, CHECK_QUESTIONS
from knowledge_base.model import Vectors
from knowledge_base.onnx_encoder import EncoderManifest, OnnxEmbedder
from knowledge_base.sentence_encoder import (
    SENTENCE_TRANSFORMERS,
    SentenceTransformerEmbedder,
    load_original,
    window_of,
)

_FP32: Final = "onnx-fp32-1"
"""Names of graphs end in a number: raise it where their vectors come to differ, so that versions are embedded again."""
_MIN_COSINE: Final = 0.9999
_MIN_COSINE_INT8: Final = 0.985
"""Of 6,000 help texts and questions the least was .9887, and the ranking lost at most .0012 nDCG@10."""
_STALE_SECONDS: Final = 3600
_EXPORT_FAILURES: Final = (
    RuntimeError,
    TypeError,
    ValueError,
    LookupError,
    AttributeError,
    AssertionError,
    Fail,
    InvalidArgument,
    InvalidGraph,
    NotImplemented,
    RuntimeException,
)
"""What tracing an unknown architecture, changing its graph, or reading back what came of it, may raise."""


def export_encoder(source: Path, target: Path, weights: str, precision: Precision) -> list[str]:
    """Write the export of the model in `source` to the folder `target`; what the operator should know comes back."""
    target.parent.mkdir(parents=True, exist_ok=True)
    _sweep(target.parent)
    # A folder of its own for each process and one rename: two first starts at once end with one whole export.
    workspace = Path(tempfile.mkdtemp(prefix=".export-", dir=target.parent))
    try:
        # Eager attention is plain matrix products, which can be traced for any length and are known to the fusion.
        export = _Export(load_original(source, attention="eager"), workspace, weights)
        winner = export.best(precision)
        _keep(winner, target)
        return export.told
    finally:
        shutil.rmtree(workspace, ignore_errors=True)


class _Attempt(NamedTuple):
    """A graph that works; `cosine` is the mean with the original's vectors."""

    folder: Path
    cosine: float


class _Export:
    """Attempts at exporting one model, each in a folder of its own."""

    def __init__(self, original: SentenceTransformer, workspace: Path, weights: str) -> None:
        self.told: list[str] = []
        self._original = original
        self._reference = SentenceTransformerEmbedder(original, weights)
        self._workspace = workspace
        self._weights = weights
        self._trouble = ""

    def best(self, precision: Precision) -> Path:
        """The folder of the quickest export that agrees with the original."""
        plain = self._attempt(_FP32, self._trace, _MIN_COSINE)
        if plain is None:
            self.told.append(f"This model cannot be exported ({self._trouble}); sentence-transformers serves it.")
            return self._original_alone()
        fused = self._attempt(_FP32, partial(self._fuse, plain.folder / "model.onnx"), _MIN_COSINE)
        whole = (fused or plain).folder
        if precision == "fp32":
            return whole
        # Which is nearer depends on the processor: without VNNI full weights overflow, with it narrow ones lose a bit.
        quantised = [
            self._attempt(graph, partial(self._quantise, whole / "model.onnx", narrow), _MIN_COSINE_INT8)
            for graph, narrow in (("onnx-int8-1", False), ("onnx-int8-narrow-1", True))
        ]
        nearest = max((one for one in quantised if one is not None), key=lambda one: one.cosine, default=None)
        if nearest is not None:
            return nearest.folder
        self.told.append(f"int8 does not suit this model ({self._trouble}); it runs in fp32.")
        return whole

    def _attempt(self, graph: str, write: Callable[[Path], None], floor: float) -> _Attempt | None:
        folder = Path(tempfile.mkdtemp(dir=self._workspace))
        try:
            self._original.tokenizer.save_pretrained(str(folder))
            write(folder / "model.onnx")
            self._write_manifest(folder, graph, ("model.onnx", "tokenizer.json"))
            cosines = self._agreement(OnnxEmbedder(folder))
        except (*_EXPORT_FAILURES, FileNotFoundError) as reason:
            self._trouble = " ".join(str(reason).split())[:200] or type(reason).__name__
            return None
        self._trouble = f"its vectors differ, cosine {cosines.min():.4f}"
        return _Attempt(folder, float(cosines.mean())) if cosines.min() >= floor else None

    def _agreement(self, exported: OnnxEmbedder) -> Vectors:
        """The cosine of each text that is checked with the original's vector."""
        passages = exported.encode(CHECK_PASSAGES)
        questions = exported.encode(CHECK_QUESTIONS, questions=True)
        return cast("Vectors", (self._expected * np.concatenate([passages, questions])).sum(axis=1))

    @cached_property
    def _expected(self) -> Vectors:
        passages = self._reference.encode(CHECK_PASSAGES)
        return np.concatenate([passages, self._reference.encode(CHECK_QUESTIONS, questions=True)])

    def _original_alone(self) -> Path:
        folder = Path(tempfile.mkdtemp(dir=self._workspace))
        self._write_manifest(folder, SENTENCE_TRANSFORMERS, ())
        return folder

    def _write_manifest(self, folder: Path, graph: str, files: tuple[str, ...]) -> None:
        prompts = self._original.prompts
        passage = next((prompts[name] for name in ("document", "passage", "corpus") if name in prompts), None)
        EncoderManifest(
            weights=self._weights,
            graph=graph,
            dimensions=self._reference.dimensions,
            max_tokens=window_of(self._original),
            question_prompt=prompts.get("query") or "",
            passage_prompt=passage or "",
            files={name: (folder / name).stat().st_size for name in files},
        ).write(folder)

    def _feed(self, text: str) -> Feed:
        tokenizer = self._original.tokenizer
        features = tokenizer(text, truncation=True, max_length=window_of(self._original), return_tensors="np")
        return {name: features[name].astype(np.int64) for name in tokenizer.model_input_names if name in features}

    def _fuse(self, plain: Path, fused: Path) -> None:
        model = self._original.transformers_model
        if model is None:
            raise ValueError("it is not a transformer")
        fuse(plain, fused, heads=model.config.num_attention_heads, width=model.config.hidden_size)

    def _quantise(self, whole: Path, narrow: bool, quantised: Path) -> None:
        quantise(whole, quantised, [self._feed(text) for text in CALIBRATION_TEXTS], narrow=narrow)

    def _trace(self, model: Path) -> None:
        features = {name: torch.from_numpy(array) for name, array in self._feed(CALIBRATION_TEXTS[0]).items()}
        whole = _WholeEncoder(self._original, list(features)).eval()
        axes = {name: {0: "texts", 1: "tokens"} for name in features}
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            torch.onnx.export(
                whole,
                tuple(features.values()),
                str(model),
                input_names=list(features),
                output_names=["sentence_embedding"],
                dynamic_axes={**axes, "sentence_embedding": {0: "texts"}},
                opset_version=17,
                dynamo=False,
            )


class _WholeEncoder(torch.nn.Module):
    """The model with its pooling and whatever comes after, and unit length."""

    def __init__(self, original: SentenceTransformer, names: list[str]) -> None:
        super().__init__()
        self.original = original
        self.names = names

    def forward(self, *tensors: torch.Tensor) -> torch.Tensor:
        out = self.original(dict(zip(self.names, tensors, strict=True)))["sentence_embedding"]
        return torch.nn.functional.normalize(out, p=2.0, dim=1)


def _keep(folder: Path, target: Path) -> None:
    for path in (*folder.iterdir(), folder):
        _to_disk(path)
    try:
        folder.rename(target)
    except OSError:
        # Another process was quicker.
        if not target.exists():
            raise


def _to_disk(path: Path) -> None:
    """After a power cut the renamed folder must not hold empty files."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sweep(folder: Path) -> None:
    """Remove what exports that were killed left behind."""
    for path in folder.glob(".export-*"):
        if time.time() - path.stat().st_mtime > _STALE_SECONDS:
            shutil.rmtree(path, ignore_errors=True)


def main() -> None:
    source, target, weights, precision = sys.argv[1:]
    for line in export_encoder(Path(source), Path(target), weights, cast(Precision, precision)):
        print(line)  # noqa: T201


if __name__ == "__main__":
    main()
