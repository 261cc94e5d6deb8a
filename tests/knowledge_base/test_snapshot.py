from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from knowledge_base.embedding import HashingEmbedder
from knowledge_base.knowledge_base import EncoderChanged, KnowledgeBase
from knowledge_base.snapshot import snapshot_of
from knowledge_base.vectors import ScanOnly
from tests.knowledge_base.shop import ARTICLES, write_jsonl

EMBEDDER = HashingEmbedder()


@pytest.fixture
def knowledge(tmp_path: Path) -> Iterator[KnowledgeBase]:
    knowledge = KnowledgeBase.open(tmp_path / "knowledge", EMBEDDER, vectors=ScanOnly())
    knowledge.ingest([write_jsonl(tmp_path / "help.jsonl")])
    yield knowledge
    knowledge.close()


def test_the_live_version_is_searched_while_another_process_serves_it(knowledge: KnowledgeBase, tmp_path: Path) -> None:
    seen = snapshot_of(tmp_path / "knowledge", EMBEDDER.name)
    found = seen.searcher.search(seen.searcher.question("return an item", (), EMBEDDER), 3, readable=seen.readable)
    assert found.hits == knowledge.search("return an item", limit=3).hits
    knowledge.ingest([write_jsonl(tmp_path / "help.jsonl", {"new": ("New", "All of it is new.")})])
    again = seen.searcher.search(seen.searcher.question("return an item", (), EMBEDDER), 3)
    assert again.hits == found.hits


def test_what_was_withdrawn_is_not_readable(knowledge: KnowledgeBase, tmp_path: Path) -> None:
    assert snapshot_of(tmp_path / "knowledge", EMBEDDER.name).readable is None
    knowledge.withdraw("returns")
    seen = snapshot_of(tmp_path / "knowledge", EMBEDDER.name)
    assert seen.readable is not None
    hidden = {str(seen.version.articles.at(int(seen.version.article_of[row]))) for row in (~seen.readable).nonzero()[0]}
    assert hidden == {"returns"} < set(ARTICLES)


def test_nothing_ingested_and_another_encoder_are_told_apart(knowledge: KnowledgeBase, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="Nothing is ingested"):
        snapshot_of(tmp_path / "elsewhere", EMBEDDER.name)
    with pytest.raises(EncoderChanged):
        snapshot_of(tmp_path / "knowledge", "another")
