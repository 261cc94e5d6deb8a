from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from knowledge_base.embedding import EncoderUnavailable, HashingEmbedder
from knowledge_base.knowledge_base import KnowledgeBase
from knowledge_base.reranking import CrossEncoderReranker
from knowledge_base.vectors import ScanOnly
from tests.knowledge_base.shop import write_jsonl


class Prefers:
    """Scores a text by whether it holds a word."""

    def __init__(self, word: str) -> None:
        self._word = word
        self.asked: list[tuple[str, int]] = []

    def scores(self, question: str, texts: Sequence[str]) -> list[float]:
        self.asked.append((question, len(texts)))
        return [float(self._word in text) for text in texts]


@pytest.fixture
def knowledge(tmp_path: Path) -> KnowledgeBase:
    knowledge = KnowledgeBase.open(tmp_path / "knowledge", HashingEmbedder(), vectors=ScanOnly())
    knowledge.ingest([write_jsonl(tmp_path / "help.jsonl")])
    return knowledge


def test_the_first_hits_are_put_in_the_order_of_the_cross_encoder(knowledge: KnowledgeBase) -> None:
    before = knowledge.search("return an item", limit=2).hits
    reranker = Prefers("Forgot password")
    knowledge.rerank_with(reranker)
    after = knowledge.search("and it?", limit=2, earlier=["return an item"]).hits
    assert before[0].passage.article_id == "returns"
    assert before[0].reranked is None
    assert after[0].passage.article_id == "passwords"
    assert after[0].reranked == 1.0
    assert len(after) == 2
    question, read = reranker.asked[0]
    assert question == "return an item and it?"
    assert read > 2
    knowledge.close()


def test_a_folder_without_a_model_is_refused_before_anybody_asks(tmp_path: Path) -> None:
    with pytest.raises(EncoderUnavailable, match="no cross-encoder in"):
        CrossEncoderReranker(tmp_path)


@pytest.mark.model
def test_a_cross_encoder_from_a_folder_is_loaded_at_the_first_question(tmp_path: Path) -> None:
    """A tiny one with random weights: what it says is noise, that it is asked in pairs is not."""
    from sentence_transformers import CrossEncoder  # noqa: PLC0415
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizer  # noqa: PLC0415

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefghijklmnopqrstuvwxyz", "lamp", "return"]
    (tmp_path / "vocab.txt").write_text("\n".join(words))
    base = tmp_path / "bert"
    BertTokenizer(vocab_file=str(tmp_path / "vocab.txt")).save_pretrained(base)
    config = BertConfig.from_dict(
        {
            "vocab_size": len(words),
            "hidden_size": 16,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "intermediate_size": 16,
            "max_position_embeddings": 64,
            "id2label": {0: "relevant"},
        }
    )
    BertForSequenceClassification(config).save_pretrained(base)
    CrossEncoder(str(base)).save_pretrained(str(tmp_path / "cross"))

    reranker = CrossEncoderReranker(tmp_path / "cross")
    one = reranker.scores("return lamp", ["a lamp", "b return", "c" * 500])
    again = reranker.scores("return lamp", ["b return"])
    assert np.isfinite(one).all()
    assert again[0] == pytest.approx(one[1], abs=1e-4)
    assert len(set(one)) > 1
