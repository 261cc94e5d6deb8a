"""Ours beside other retrieval pipelines on the same articles and questions.

    python -m evals.bench_peers --peer langchain=PYTHON [--peer llamaindex=PYTHON …] [--articles 150] [--questions 150]

Start, ingestion, question, memory and nDCG@10. Each PYTHON is the interpreter of an environment that has
sentence-transformers and that peer:

    langchain   langchain-chroma langchain-huggingface langchain-text-splitters
    llamaindex  llama-index-core llama-index-embeddings-huggingface llama-index-vector-stores-chroma
    haystack    haystack-ai chroma-haystack
    txtai       txtai

Peers run with their defaults and the same weights on passages of 150 words, and are asked for ten passages; an article
ranks where its best passage does. Articles and questions: mtrag_un and StackFAQ of the public sets (BATON_PUBLIC_DATA).
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from evals import public_sets
from knowledge_base.encoders import packaged_model

_RUNNERS: Final = Path(__file__).parent / "peer_runs"
_OURS: Final = "baton"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--peer", action="append", default=[], help="NAME=PYTHON")
    arguments.add_argument("--articles", type=int, default=150)
    arguments.add_argument("--questions", type=int, default=150)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--json", action="store_true")
    given = arguments.parse_args()
    peers = {_OURS: sys.executable, **dict(one.split("=", 1) for one in given.peer)}
    with tempfile.TemporaryDirectory(prefix="baton-peers-") as own:
        relevant = _write_task(Path(own) / "task.json", given.articles, given.questions)
        runs: dict[str, list[dict[str, Any]]] = {name: [] for name in peers}
        # In turn, round after round: a busy moment falls on all of them.
        for round_ in range(given.rounds):
            for name, python in peers.items():
                runs[name].append(_run(name, python, Path(own), round_))
    figures = {name: _figures(found, relevant) for name, found in runs.items()}
    if given.json:
        print(json.dumps(figures))  # noqa: T201
        return
    _show(figures)


def _write_task(path: Path, articles: int, questions: int) -> Sequence[set[str]]:
    """The task for every peer, and the relevant articles of each question."""
    kept: list[dict[str, str]] = []
    asked: list[tuple[str, set[str]]] = []
    for one in (public_sets.stackfaq(), public_sets.mtrag()):
        own = [article for article in one.articles if len(article["text"]) < 20_000][: articles // 2]
        there = {article["id"] for article in own}
        kept += own
        answerable = [
            (question.messages[-1].text, set(question.relevant))
            for question in one.questions
            if question.relevant and set(question.relevant) <= there
        ]
        asked += answerable[:: max(1, len(answerable) // (questions // 2))][: questions // 2]
    task = {"articles": kept, "questions": [text for text, _ in asked], "model": str(packaged_model())}
    path.write_text(json.dumps(task), encoding="utf-8")
    return [relevant for _, relevant in asked]


def _run(name: str, python: str, folder: Path, round_: int) -> dict[str, Any]:
    work = folder / f"{name}-{round_}"
    work.mkdir()
    command = [python, str(_RUNNERS / f"{name}_run.py"), str(folder / "task.json"), str(work)]
    environment = {
        **os.environ,
        "HF_HUB_OFFLINE": "1",
        "ANONYMIZED_TELEMETRY": "False",
        "HAYSTACK_TELEMETRY_ENABLED": "0",
    }
    root = str(Path(__file__).parent.parent)
    encoders = {"BATON_BENCH_ENCODERS": str(folder / "encoders"), "PYTHONPATH": root}
    done = subprocess.run(  # noqa: S603
        command, env={**environment, **encoders}, capture_output=True, text=True, timeout=1800, cwd=work
    )
    if done.returncode:
        raise SystemExit(f"{name} failed:\n{done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _figures(runs: Sequence[Mapping[str, Any]], relevant: Sequence[set[str]]) -> dict[str, float]:
    """Medians over the rounds; the first round of ours exports the encoder, once for a machine, so it is left out."""
    counted = runs[1:] or runs
    return {
        "start_s": statistics.median(run["start"] for run in counted),
        "ingest_s": statistics.median(run["ingest"] for run in counted),
        "question_ms": 1000 * statistics.median(statistics.median(run["seconds"]) for run in counted),
        "memory_mb": statistics.median(run["memory"] for run in counted) / 1e6,
        "ndcg@10": statistics.fmean(
            _ndcg(found, wanted) for found, wanted in zip(counted[-1]["found"], relevant, strict=True)
        ),
    }


def _ndcg(found: Sequence[str], relevant: set[str]) -> float:
    ranked = list(dict.fromkeys(found))[:10]
    gain = sum(1 / math.log2(place + 2) for place, one in enumerate(ranked) if one in relevant)
    return gain / sum(1 / math.log2(place + 2) for place in range(min(len(relevant), 10)))


def _show(figures: Mapping[str, Mapping[str, float]]) -> None:
    ours = figures[_OURS]
    table = Table("pipeline", "start", "ingestion", "question", "memory", "nDCG@10", title="Retrieval, side by side")
    for name, one in figures.items():
        cells = [f"{one[key]:.2f}" + ("" if name == _OURS else f" ({one[key] / ours[key]:.1f} ×)") for key in ours]
        table.add_row(name, *cells)
    Console().print(table)


if __name__ == "__main__":
    main()
