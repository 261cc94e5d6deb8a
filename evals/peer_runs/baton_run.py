# mypy: ignore-errors
"""Ours, as `baton ingest` and a search use it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from measuring import Articles, measured

if TYPE_CHECKING:
    from knowledge_base.knowledge_base import KnowledgeBase


def open_(model: str, work: Path) -> KnowledgeBase:
    from knowledge_base.encoders import open_embedder  # noqa: PLC0415
    from knowledge_base.knowledge_base import KnowledgeBase  # noqa: PLC0415

    embedder = open_embedder(None, encoders=Path(os.environ["BATON_BENCH_ENCODERS"]))
    embedder.encode(["ready"])
    return KnowledgeBase.open(work / "knowledge", embedder)


def ingest(knowledge: KnowledgeBase, articles: Articles) -> None:
    import json  # noqa: PLC0415

    source = Path("articles.jsonl")
    source.write_text("".join(json.dumps(one) + "\n" for one in articles), encoding="utf-8")
    knowledge.ingest([source.resolve()])


def ask(knowledge: KnowledgeBase, question: str) -> list[str]:
    return [hit.passage.article_id for hit in knowledge.search(question, limit=10).hits]


if __name__ == "__main__":
    measured(open_, ingest, ask)
