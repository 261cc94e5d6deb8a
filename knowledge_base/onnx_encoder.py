"""An exported encoder under ONNX Runtime: no torch, one text at a time, as many side by side as there are cores.

Encoding each text alone wastes nothing on padding, and gives the same bytes for the same text: under int8 a
neighbour in the batch would change them.
"""

from __future__ import annotations

import json
import os
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

import numpy as np

from knowledge_base.embedding import EncoderUnavailable
from knowledge_base.model import Vectors

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Tokenizer

SESSION_OPTIMIZERS_OFF: Final = ["SkipLayerNormFusion"]
"""ONNX Runtime 1.32 runs a fused SkipLayerNormalization four times slower than Add and LayerNormalization on their own:
166 against 35 µs over 110 tokens, a quarter of the whole encoder."""
_BLOCK_TEXTS: Final = 8
"""Texts handed to a core at a time: about 50 ms of work, so progress is smooth and no core waits long at the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderManifest:
    """encoder.json beside an export, written last. `graph` names how the vectors are computed.

    A folder whose graph is SENTENCE_TRANSFORMERS holds nothing else: it says that trying to export again is useless.
    """

    weights: str
    graph: str
    dimensions: int
    max_tokens: int
    question_prompt: str
    passage_prompt: str
    files: Mapping[str, int]
    """Names and sizes in bytes of what the export consists of."""

    @property
    def encoder_name(self) -> str:
        return f"{self.weights[:16]}/{self.graph}"

    def write(self, folder: Path) -> None:
        (folder / "encoder.json").write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Raises EncoderUnavailable where the file is damaged, or another file is not as long as it says."""
        try:
            manifest = cls(**json.loads((folder / "encoder.json").read_text(encoding="utf-8")))
            whole = all((folder / name).stat().st_size == size for name, size in manifest.files.items())
        except (OSError, ValueError, TypeError):
            whole = False
        if not whole:
            raise EncoderUnavailable(
                f"The encoder in {folder} is damaged. Delete that folder; it is made again at the next start."
            )
        return manifest


class OnnxEmbedder:
    """An exported encoder. Safe to share between threads. Raises EncoderUnavailable where the export is damaged."""

    def __init__(self, folder: Path) -> None:
        from tokenizers import Tokenizer  # noqa: PLC0415

        manifest = EncoderManifest.read(folder)
        self.name = manifest.encoder_name
        self.dimensions = manifest.dimensions
        self._session = _open_session(folder)
        self._inputs = [put.name for put in self._session.get_inputs()]
        self._tokenizer: Tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._counter: Tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        # The tokenizer file as published cuts at 128 tokens and pads to 128: half of a long passage would be lost.
        self._tokenizer.enable_truncation(manifest.max_tokens)
        self._tokenizer.no_padding()
        self._counter.no_truncation()
        self._counter.no_padding()
        self._question_prompt = manifest.question_prompt
        self._passage_prompt = manifest.passage_prompt
        self.max_tokens = manifest.max_tokens - sum(self.count_tokens([self._passage_prompt]))

    def encode(self, texts: Sequence[str], *, questions: bool = False) -> Vectors:
        if len(texts) == 1:
            return self._vectors(texts, questions)
        blocks = list(self._blocks(texts, questions))
        return np.concatenate(blocks) if blocks else np.empty((0, self.dimensions), dtype=np.float32)

    def encode_each(self, texts: Sequence[str]) -> Iterator[Vectors]:
        return self._blocks(texts, questions=False)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        encodings = self._counter.encode_batch_fast(list(texts), add_special_tokens=False)
        return [len(encoding.ids) for encoding in encodings]

    def _blocks(self, texts: Sequence[str], questions: bool) -> Iterator[Vectors]:
        """Rows in the order of `texts`. Some blocks are computed ahead: a consumer that stops early waits for those."""
        cores = _cores()
        size = max(1, min(_BLOCK_TEXTS, len(texts) // cores))
        ahead: deque[Future[Vectors]] = deque()
        with ThreadPoolExecutor(cores, thread_name_prefix="encode") as pool:
            for start in range(0, len(texts), size):
                ahead.append(pool.submit(self._vectors, texts[start : start + size], questions))
                if len(ahead) > 2 * cores:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()

    def _vectors(self, texts: Sequence[str], questions: bool) -> Vectors:
        prompt = self._question_prompt if questions else self._passage_prompt
        return np.concatenate([self._vector(prompt + text) for text in texts])

    def _vector(self, text: str) -> Vectors:
        encoding = self._tokenizer.encode(text)
        given = {
            "input_ids": encoding.ids,
            "attention_mask": encoding.attention_mask,
            "token_type_ids": encoding.type_ids,
        }
        feed = {name: np.array([given[name]], dtype=np.int64) for name in self._inputs}
        return np.asarray(self._session.run(["sentence_embedding"], feed)[0], dtype=np.float32)


def _open_session(folder: Path) -> InferenceSession:
    from onnxruntime import InferenceSession, SessionOptions  # noqa: PLC0415

    options = SessionOptions()
    # One thread a run: on busy cores two threads wait for each other (18 ms became 108-416 ms with torch).
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return InferenceSession(
        str(folder / "model.onnx"),
        options,
        providers=["CPUExecutionProvider"],
        disabled_optimizers=SESSION_OPTIMIZERS_OFF,
    )


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
