from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnxruntime import InferenceSession

from knowledge_base.encoder_graph import Feed, fuse, quantise
from knowledge_base.model import Vectors
from tests.knowledge_base.small_encoder import small_export

RANDOM = np.random.default_rng(3)
WIDTH = 64


def numbers(rows: int, columns: int) -> NDArray[np.float32]:
    return RANDOM.standard_normal((rows, columns)).astype(np.float32)


def two_layers(path: Path, *, tied: bool) -> Path:
    """Two products with one channel a hundred times the others between; `tied`: the first comes back by an Identity."""
    loud = numbers(WIDTH, WIDTH)
    loud[:, 5] *= 100
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["words"]),
        helper.make_node("MatMul", ["words", "first"], ["one"]),
        helper.make_node("Relu", ["one"], ["positive"]),
        helper.make_node("MatMul", ["positive", "second"], ["two"]),
    ]
    last = "two"
    if tied:
        nodes.append(helper.make_node("Identity", ["first"], ["again"]))
        nodes.append(helper.make_node("MatMul", ["two", "again"], ["three"]))
        last = "three"
    nodes.append(helper.make_node("ReduceMean", [last], ["mean"], axes=[1], keepdims=0))
    nodes.append(helper.make_node("LpNormalization", ["mean"], ["sentence_embedding"], axis=1, p=2))
    second = numbers(WIDTH, WIDTH)
    second[5] /= 100
    weights = {"table": numbers(50, WIDTH), "first": loud, "second": second}
    graph = helper.make_graph(
        nodes,
        "two layers",
        [helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["texts", "tokens"])],
        [helper.make_tensor_value_info("sentence_embedding", TensorProto.FLOAT, ["texts", WIDTH])],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


def feeds(count: int) -> list[Feed]:
    """As tokenizers give them: with an input that this graph does not take."""
    ids = [RANDOM.integers(0, 50, (1, 12)) for _ in range(count)]
    return [{"input_ids": one, "token_type_ids": np.zeros_like(one)} for one in ids]


def vectors(path: Path, given: list[Feed]) -> Vectors:
    session = InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return np.concatenate([session.run(None, {"input_ids": one["input_ids"]})[0] for one in given])


def kinds(path: Path) -> list[str]:
    return [node.op_type for node in onnx.load(path).graph.node]


@pytest.mark.parametrize("narrow", [False, True])
@pytest.mark.parametrize("tied", [False, True])
def test_int8_agrees_though_one_channel_drowns_the_others(tmp_path: Path, tied: bool, narrow: bool) -> None:
    whole, quantised = two_layers(tmp_path / "whole.onnx", tied=tied), tmp_path / "quantised.onnx"
    quantise(whole, quantised, feeds(8), narrow=narrow)
    asked = feeds(30)
    cosines = (vectors(whole, asked) * vectors(quantised, asked)).sum(axis=1)
    assert "MatMulInteger" in kinds(quantised)
    # Full weights overflow on processors without VNNI: .988 there, and the export takes the narrow ones.
    assert cosines.min() > (0.99 if narrow else 0.98)
    assert cosines.min() < 0.999999  # something was quantised
    assert sorted(path.name for path in tmp_path.iterdir()) == ["quantised.onnx", "whole.onnx"]


def test_a_graph_without_known_attention_is_not_fused(tmp_path: Path) -> None:
    plain = small_export(tmp_path) / "model.onnx"
    with pytest.raises(ValueError, match="attention"):
        fuse(plain, tmp_path / "fused.onnx", heads=4, width=8)
