"""The packaged model and small ones of other kinds, exported for real. Each first start takes ten seconds or more."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import onnx
import pytest

from knowledge_base.embedding import Embedder, EncoderUnavailable
from knowledge_base.encoders import open_embedder, packaged_model, packaged_original
from knowledge_base.onnx_encoder import EncoderManifest
from tests.knowledge_base.small_encoder import small_export

TEXTS = ["Where is my parcel?", "x", "", "lamp " * 400, *(f"{n} words " * n for n in range(1, 40))]
OPENING = (
    "import sys; from pathlib import Path; from knowledge_base.encoders import open_embedder;"
    "embedder = open_embedder(None, encoders=Path(sys.argv[1])); vector = embedder.encode(['lamp']);"
    "heavy = [name for name in ('torch', 'transformers', 'sentence_transformers', 'onnx') if name in sys.modules];"
    "print(embedder.name, vector.tobytes().hex()[:64], heavy or 'light')"
)


def opening(encoders: Path) -> list[str]:
    return [sys.executable, "-c", OPENING, str(encoders)]


def test_a_model_that_is_nowhere_is_told_in_plain_words(tmp_path: Path) -> None:
    with pytest.raises(EncoderUnavailable, match="no such model"):
        open_embedder("no such model", encoders=tmp_path)


def test_a_folder_that_holds_no_model_is_told_in_plain_words(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    with pytest.raises(EncoderUnavailable, match=f"The encoder in {tmp_path}/model could not be prepared: "):
        open_embedder(str(tmp_path / "model"), encoders=tmp_path / "encoders")
    assert list((tmp_path / "encoders").iterdir()) == []


@pytest.fixture(scope="module")
def real(encoders: Path) -> Embedder:
    return open_embedder(None, encoders=encoders)


@pytest.fixture(scope="module")
def original() -> Embedder:
    return packaged_original()


@pytest.mark.model
def test_int8_vectors_are_near_those_of_sentence_transformers(real: Embedder, original: Embedder) -> None:
    assert (real.dimensions, real.max_tokens) == (384, 256)
    assert "int8" in real.name
    assert (original.encode(TEXTS) * real.encode(TEXTS)).sum(axis=1).min() > 0.985


@pytest.mark.model
def test_fp32_vectors_are_those_of_sentence_transformers(encoders: Path, real: Embedder, original: Embedder) -> None:
    whole = open_embedder(None, encoders=encoders, precision="fp32")
    assert "fp32" in whole.name
    assert (original.encode(TEXTS) * whole.encode(TEXTS)).sum(axis=1).min() > 0.9999


@pytest.mark.model
@pytest.mark.parametrize(("precision", "attention"), [("int8", "QAttention"), ("fp32", "Attention")])
def test_the_packaged_model_is_fused(encoders: Path, real: Embedder, precision: str, attention: str) -> None:
    folder = next(path for path in encoders.iterdir() if precision in path.name)
    kinds = [node.op_type for node in onnx.load(folder / "model.onnx").graph.node]
    assert kinds.count(attention) == 6
    assert "Softmax" not in kinds


@pytest.mark.model
def test_text_up_to_the_window_is_seen_whole(real: Embedder) -> None:
    filler = "word " * 200
    assert real.count_tokens([filler + "lamp"]) == [201]
    near, far = real.encode([filler + "lamp", filler + "tax"])
    assert near @ far < 0.9999


@pytest.mark.model
def test_a_text_has_the_same_bytes_whatever_it_is_encoded_beside(encoders: Path, real: Embedder) -> None:
    together = real.encode(TEXTS)
    assert np.concatenate(list(real.encode_each(TEXTS[::-1])))[::-1].tobytes() == together.tobytes()
    again = open_embedder(None, encoders=encoders)
    assert np.concatenate([again.encode([text]) for text in TEXTS]).tobytes() == together.tobytes()


@pytest.mark.model
def test_the_first_start_is_told_and_only_once_and_outdated_exports_go(tmp_path: Path) -> None:
    told: list[str] = []
    for name in ("0" * 64, f"{'1' * 16}-int8-1", f"{'2' * 16}-fp32-2", "mine"):
        (tmp_path / name).mkdir()
    first = open_embedder(str(packaged_model()), encoders=tmp_path, report=told.append)
    again = open_embedder(str(packaged_model()), encoders=tmp_path, report=told.append)
    assert len(told) == 1
    assert first.name == again.name
    left = {path.name for path in tmp_path.iterdir()}
    assert {f"{'2' * 16}-fp32-2", "mine"} < left, "of another model, and what is not ours"
    assert len(left) == 3


@pytest.mark.model
def test_no_process_that_serves_imports_torch(tmp_path: Path) -> None:
    lines = [subprocess.run(opening(tmp_path), capture_output=True, text=True, check=True).stdout for _ in range(2)]
    assert lines[0].split()[-1] == "light"  # the one that had the export made
    assert lines[0] == lines[1]


@pytest.mark.model
def test_two_first_starts_at_once_end_with_one_export(tmp_path: Path) -> None:
    children = [subprocess.Popen(opening(tmp_path), stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert len({child.communicate()[0] for child in children}) == 1
    assert len(list(tmp_path.iterdir())) == 1


def killed_export_leaves_nothing_half(folder: Path, after: float) -> None:
    command = [
        sys.executable,
        "-m",
        "knowledge_base.encoder_export",
        str(packaged_model()),
        str(folder / "a"),
        "w" * 64,
    ]
    child = subprocess.Popen([*command, "int8"])
    deadline = time.monotonic() + 60
    while not list(folder.glob(".export-*")) and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(after)
    child.send_signal(signal.SIGKILL)
    child.wait()
    if (folder / "a").exists():
        manifest = EncoderManifest.read(folder / "a")
        assert set(manifest.files) == {"model.onnx", "tokenizer.json"}


@pytest.mark.model
def test_a_killed_export_leaves_nothing_half(tmp_path: Path) -> None:
    killed_export_leaves_nothing_half(tmp_path, 2.0)


@pytest.mark.proof
@pytest.mark.parametrize("seed", range(10))
def test_an_export_killed_at_any_moment_leaves_nothing_half(tmp_path: Path, seed: int) -> None:
    killed_export_leaves_nothing_half(tmp_path, random.Random(seed).uniform(0, 12))  # noqa: S311


def test_what_an_encoder_computes_with_is_part_of_its_name(tmp_path: Path) -> None:
    manifest = EncoderManifest.read(small_export(tmp_path))
    assert manifest.encoder_name == f"{manifest.weights[:16]}/mean"
