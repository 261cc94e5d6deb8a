"""Models of other kinds, as small as can be and untrained, through the whole export."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from knowledge_base.embedding import Precision
from knowledge_base.encoders import open_embedder, packaged_model
from knowledge_base.onnx_encoder import EncoderManifest, OnnxEmbedder

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from torch.nn import Module

pytestmark = pytest.mark.model

TEXTS = ["Where is my parcel?", "lamp", "Returns take 30 days from the day of delivery. " * 4]
SHAPE = {"hidden_size": 64, "num_attention_heads": 4, "intermediate_size": 128}


def transformer(folder: Path, kind: str, *, layers: int = 2, scale: float = 4) -> Module:
    """The first part of a model, with the packaged model's tokenizer and random weights, `scale` times the usual."""
    import torch  # noqa: PLC0415
    import transformers  # noqa: PLC0415
    from sentence_transformers.sentence_transformer.modules import Transformer  # noqa: PLC0415

    tokenizer = transformers.AutoTokenizer.from_pretrained(str(packaged_model()))
    config = getattr(transformers, f"{kind}Config")(vocab_size=len(tokenizer), num_hidden_layers=layers, **SHAPE)
    torch.manual_seed(0)
    model = transformers.AutoModel.from_config(config)  # type: ignore[no-untyped-call]
    with torch.no_grad():
        for weights in model.parameters():
            weights.mul_(scale if weights.dim() == 2 else 1)
    model.save_pretrained(folder / "raw")
    tokenizer.save_pretrained(str(folder / "raw"))
    part: Module = Transformer(str(folder / "raw"))
    part.max_seq_length = 64  # type: ignore[assignment]
    return part


def saved(folder: Path, modules: list[Module], prompts: dict[str, str] | None = None) -> Path:
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415

    SentenceTransformer(modules=modules, prompts=prompts, device="cpu").save(str(folder / "model"))
    return folder / "model"


def pooling(*, mode: str = "mean", include_prompt: bool = True) -> Module:
    from sentence_transformers.sentence_transformer.modules import Pooling  # noqa: PLC0415

    part: Module = Pooling(SHAPE["hidden_size"], pooling_mode=mode, include_prompt=include_prompt)
    return part


def exported(model: Path, target: Path, precision: Precision = "int8") -> list[str]:
    from knowledge_base.encoder_export import export_encoder  # noqa: PLC0415 - torch

    return export_encoder(model, target, "w" * 64, precision)


def original(model: Path) -> SentenceTransformer:
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415

    return SentenceTransformer(str(model), device="cpu")


@pytest.mark.parametrize("kind", ["Bert", "MPNet"])
def test_other_architectures_are_exported_fused_or_not(tmp_path: Path, kind: str) -> None:
    model = saved(tmp_path, [transformer(tmp_path, kind), pooling()])
    assert exported(model, tmp_path / "export") == []
    embedder = OnnxEmbedder(tmp_path / "export")
    expected = original(model).encode(TEXTS, normalize_embeddings=True)
    # Which of the two is nearer depends on the processor.
    assert embedder.name in ("w" * 16 + "/onnx-int8-1", "w" * 16 + "/onnx-int8-narrow-1")
    assert (embedder.encode(TEXTS) * expected).sum(axis=1).min() > 0.985


def test_a_model_that_int8_does_not_suit_is_run_in_fp32(tmp_path: Path) -> None:
    # Six saturated layers: the least change of an activation turns the vector.
    model = saved(tmp_path, [transformer(tmp_path, "Bert", layers=6, scale=40), pooling(mode="cls")])
    told = exported(model, tmp_path / "export")
    embedder = OnnxEmbedder(tmp_path / "export")
    assert "it runs in fp32" in told[0]
    assert embedder.name == "w" * 16 + "/onnx-fp32-1"
    expected = original(model).encode(TEXTS, normalize_embeddings=True)
    assert (embedder.encode(TEXTS) * expected).sum(axis=1).min() > 0.9999


def test_the_prompts_that_a_model_declares_are_used(tmp_path: Path) -> None:
    modules = [transformer(tmp_path, "Bert"), pooling(mode="cls")]
    model = saved(tmp_path, modules, {"query": "question: ", "document": "passage: "})
    exported(model, tmp_path / "export", "fp32")
    embedder = OnnxEmbedder(tmp_path / "export")
    declared = original(model)
    passages = declared.encode_document(TEXTS, normalize_embeddings=True)
    questions = declared.encode_query(TEXTS, normalize_embeddings=True)
    assert np.allclose(embedder.encode(TEXTS), passages, atol=1e-4)
    assert np.allclose(embedder.encode(TEXTS, questions=True), questions, atol=1e-4)
    assert not np.allclose(passages, questions, atol=1e-2)


def test_a_model_whose_export_differs_is_served_as_it_is(tmp_path: Path) -> None:
    # Pooling that leaves the prompt out depends on the prompt's length, which no traced graph knows.
    modules = [transformer(tmp_path, "Bert"), pooling(include_prompt=False)]
    model = saved(tmp_path, modules, {"query": "question: ", "document": "a long passage of the help center: "})
    told: list[str] = []
    embedder = open_embedder(str(model), encoders=tmp_path / "encoders", report=told.append)
    assert "its vectors differ" in told[1]
    assert "sentence-transformers serves it" in told[1]
    assert embedder.name.endswith("/sentence-transformers")
    declared = original(model)
    passages, questions = embedder.encode(TEXTS), embedder.encode(TEXTS, questions=True)
    assert np.allclose(passages, declared.encode_document(TEXTS, normalize_embeddings=True), atol=1e-5)
    assert np.allclose(questions, declared.encode_query(TEXTS, normalize_embeddings=True), atol=1e-5)
    assert np.allclose(np.concatenate(list(embedder.encode_each(TEXTS))), passages, atol=1e-5)
    assert embedder.encode([]).shape == (0, 64)
    open_embedder(str(model), encoders=tmp_path / "encoders", report=told.append)
    assert len(told) == 2  # it is not tried again


def test_a_model_without_a_transformer_is_served_as_it_is(tmp_path: Path) -> None:
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding  # noqa: PLC0415
    from tokenizers import Tokenizer  # noqa: PLC0415

    from knowledge_base.sentence_encoder import SentenceTransformerEmbedder, load_original  # noqa: PLC0415

    words = Tokenizer.from_file(str(packaged_model() / "tokenizer.json"))
    words.no_padding()
    model = saved(tmp_path, [StaticEmbedding(words, embedding_dim=32)])
    assert "cannot be exported" in exported(model, tmp_path / "export")[0]
    assert EncoderManifest.read(tmp_path / "export").files == {}
    embedder = SentenceTransformerEmbedder(load_original(model), "w" * 64)
    assert embedder.encode(TEXTS).shape == (3, 32)
    assert embedder.count_tokens(["where is my lamp", ""]) == [4, 0]


def test_what_a_killed_export_left_is_swept_by_the_next_but_no_running_one(tmp_path: Path) -> None:
    model = saved(tmp_path, [transformer(tmp_path, "Bert"), pooling()])
    encoders = tmp_path / "encoders"
    for name, age in ((".export-old", 7200), (".export-running", 60)):
        (encoders / name).mkdir(parents=True)
        os.utime(encoders / name, (time.time() - age,) * 2)
    exported(model, encoders / "export", "fp32")
    assert sorted(path.name for path in encoders.iterdir()) == [".export-running", "export"]
