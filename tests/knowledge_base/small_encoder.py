"""An export as small as can be: a vector for each word, their mean, no torch and no transformer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from knowledge_base.onnx_encoder import EncoderManifest

WORDS = ("unknown", "ask", "tell", ":", "lamp", "reset", "ship", "peru", "how", "where")


def small_export(folder: Path, *, question_prompt: str = "", passage_prompt: str = "", max_tokens: int = 16) -> Path:
    """An export of WORDS in 8 dimensions, written to `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = Tokenizer(WordLevel({word: place for place, word in enumerate(WORDS)}, unk_token="unknown"))
    tokenizer.pre_tokenizer = Whitespace()
    # As published tokenizers do: cut and padded to a length that is not the window.
    tokenizer.enable_truncation(4)
    tokenizer.enable_padding(length=4)
    tokenizer.save(str(folder / "tokenizer.json"))
    onnx.save(_mean_of_words(), folder / "model.onnx")
    EncoderManifest(
        weights="small" * 8,
        graph="mean",
        dimensions=8,
        max_tokens=max_tokens,
        question_prompt=question_prompt,
        passage_prompt=passage_prompt,
        files={name: (folder / name).stat().st_size for name in ("model.onnx", "tokenizer.json")},
    ).write(folder)
    return folder


def _mean_of_words() -> onnx.ModelProto:
    table = np.random.default_rng(0).standard_normal((len(WORDS), 8)).astype(np.float32)
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["words"]),
        helper.make_node("ReduceMean", ["words"], ["mean"], axes=[1], keepdims=0),
        helper.make_node("LpNormalization", ["mean"], ["sentence_embedding"], axis=1, p=2),
    ]
    graph = helper.make_graph(
        nodes,
        "mean of words",
        [helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["texts", "tokens"])],
        [helper.make_tensor_value_info("sentence_embedding", TensorProto.FLOAT, ["texts", 8])],
        [numpy_helper.from_array(table, "table")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
