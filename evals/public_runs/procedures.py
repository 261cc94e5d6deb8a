"""abcd_kb: is the guideline for a matter found by the matter's name, though its own text never says it?

The set has 55 procedures for human agents and three dialogues, so there are no customers' questions to be asked. The
titles are left out of the articles: with them every procedure would be found by its own name.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any, Final

from app.settings import Settings
from evals.public_runs.line import Line
from evals.public_sets import folder_of
from evals.statistics import share
from knowledge_base.encoders import open_embedder
from knowledge_base.knowledge_base import KnowledgeBase
from knowledge_base.model import ANYBODY
from knowledge_base.vectors import ScanOnly

_SHOWN: Final = 3


def run() -> list[Line]:
    flows: dict[str, Any] = json.loads((folder_of("abcd_kb") / "guidelines.json").read_text("utf-8"))
    procedures = {
        f"{flow}/{name}": (name, f"{flow}: {about['description']}", _text(subflow))
        for flow, about in flows.items()
        for name, subflow in about["subflows"].items()
    }
    settings = Settings(_env_file=None)
    embedder = open_embedder(settings.encoder, encoders=settings.data_dir / "encoder")
    with tempfile.TemporaryDirectory(prefix="baton-public-") as folder:
        file = Path(folder) / "articles.jsonl"
        rows = [{"id": key, "title": title, "text": text} for key, (_, title, text) in procedures.items()]
        file.write_text("".join(f"{json.dumps(row)}\n" for row in rows), "utf-8")
        knowledge = KnowledgeBase.open(Path(folder) / "knowledge", embedder, vectors=ScanOnly())
        try:
            knowledge.ingest([str(file)])
            found = {key: _articles(knowledge, name) for key, (name, _, _) in procedures.items()}
        finally:
            knowledge.close()
    return [
        Line(
            measure="the right one of 55 guidelines first", figure=share([ids[:1] == [k] for k, ids in found.items()])
        ),
        Line(measure="… among the first three", figure=share([key in ids for key, ids in found.items()])),
    ]


def _articles(knowledge: KnowledgeBase, name: str) -> list[str]:
    hits = knowledge.search(name.replace("-", " "), limit=8, viewer=ANYBODY).hits
    return list(dict.fromkeys(str(hit.passage.article_id) for hit in hits))[:_SHOWN]


def _text(subflow: dict[str, Any]) -> str:
    steps = (
        f"{step['text']}\n" + "".join(f"\n- {one}" for one in step.get("subtext", ())) for step in subflow["actions"]
    )
    return "\n\n".join(steps)
