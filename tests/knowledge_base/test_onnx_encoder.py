from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from knowledge_base.embedding import EncoderUnavailable
from knowledge_base.onnx_encoder import OnnxEmbedder
from tests.knowledge_base.small_encoder import WORDS, small_export

TEXTS = [" ".join(WORDS[place % 7 : place % 7 + 1 + place % 3]) for place in range(101)]


def test_rows_come_in_order_however_many_cores_took_part(tmp_path: Path) -> None:
    embedder = OnnxEmbedder(small_export(tmp_path))
    together = embedder.encode(TEXTS)
    alone = np.concatenate([embedder.encode([text]) for text in TEXTS])
    assert together.shape == (101, 8)
    assert together.tobytes() == alone.tobytes()
    assert np.allclose(np.linalg.norm(together, axis=1), 1)
    assert embedder.encode([]).shape == (0, 8)


def test_rows_are_handed_out_long_before_the_last_is_computed(tmp_path: Path) -> None:
    embedder = OnnxEmbedder(small_export(tmp_path))
    blocks = list(embedder.encode_each(TEXTS))
    assert max(len(block) for block in blocks) <= 8
    assert np.concatenate(blocks).tobytes() == embedder.encode(TEXTS).tobytes()
    stopped = embedder.encode_each(TEXTS * 1000)
    assert len(next(stopped)) == 8
    stopped.close()  # type: ignore[attr-defined]


def test_a_text_has_the_same_bytes_from_every_thread(tmp_path: Path) -> None:
    embedder = OnnxEmbedder(small_export(tmp_path))
    with ThreadPoolExecutor(8) as pool:
        seen = {row.tobytes() for row in pool.map(lambda _: embedder.encode(["how reset lamp"]), range(64))}
    assert len(seen) == 1


def test_the_window_is_the_manifests_and_not_the_tokenizers(tmp_path: Path) -> None:
    embedder = OnnxEmbedder(small_export(tmp_path, max_tokens=6))
    filler = "reset " * 5
    near, far, beyond = embedder.encode([filler + "lamp", filler + "peru", filler + "lamp peru"])
    assert near.tobytes() != far.tobytes()
    assert near.tobytes() == beyond.tobytes()
    assert np.allclose(*embedder.encode(["lamp", "lamp lamp"]))  # no padding in the mean
    assert embedder.count_tokens([filler * 3, ""]) == [15, 0]


def test_questions_and_passages_get_the_prompts_that_the_model_declares(tmp_path: Path) -> None:
    prompted = OnnxEmbedder(small_export(tmp_path / "a", question_prompt="ask : ", passage_prompt="tell : "))
    bare = OnnxEmbedder(small_export(tmp_path / "b"))
    assert np.array_equal(prompted.encode(["lamp"], questions=True), bare.encode(["ask : lamp"]))
    assert np.array_equal(prompted.encode(["lamp"]), bare.encode(["tell : lamp"]))
    assert np.array_equal(next(iter(prompted.encode_each(["lamp"]))), bare.encode(["tell : lamp"]))
    assert (prompted.max_tokens, bare.max_tokens) == (14, 16)


@pytest.mark.parametrize("name", ["encoder.json", "model.onnx", "tokenizer.json"])
@pytest.mark.parametrize("damage", ["cut", "gone"])
def test_a_damaged_export_says_what_to_delete(tmp_path: Path, name: str, damage: str) -> None:
    path = small_export(tmp_path) / name
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(EncoderUnavailable, match=f"{tmp_path.name} is damaged. Delete that folder"):
        OnnxEmbedder(tmp_path)
