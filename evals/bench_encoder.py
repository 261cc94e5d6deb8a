"""The encoder against sentence-transformers: the same weights, passages and questions, in turn in one run.

    python -m evals.bench_encoder [--rounds 5] [--passages 128] [--ranking] [--json]

Passages per second are of CPU time, so that other work on the machine counts less; a question is timed by the clock.
Memory and start are those of a process of its own. `--ranking` adds what int8 costs in nDCG@10 over passages alone (no
words), on the public sets that are there (BATON_PUBLIC_DATA).
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, get_args

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from evals.encoder_ranking import RankingLoss, ranking_losses
from knowledge_base.embedding import Embedder, Precision
from knowledge_base.encoders import open_embedder, packaged_original
from knowledge_base.model import Article, ArticleId, Vectors
from knowledge_base.splitting import split

ROOT: Final = Path(__file__).parent.parent
ORIGINAL: Final = "sentence-transformers"
QUESTIONS: Final = (
    "How do I reset my password?",
    "can i still change the delivery address of my order",
    "Which countries do you ship to, and how long does it take?",
    "lamp blinks red",
    "What happens to my data when I close my account?",
)
_SEED: Final = 7
_QUESTION_RUNS: Final = 8
_AIMS: Final = {"int8": (4.5, 5.0)}
"""At least so many times the passages per CPU second, and so many times faster on one question."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way of encoding. Ratios are medians over rounds against ORIGINAL in the same round: more is better."""

    name: str
    passages_per_cpu_second: float
    passages_ratio: float
    passages_per_second: float
    question_ms: float
    question_ratio: float
    least_cosine: float
    memory_mb: float
    start_seconds: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--passages", type=int, default=128)
    parser.add_argument("--ranking", action="store_true")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="baton-bench-") as folder:
        encoders = Path(folder)
        ways = measure(encoders, rounds=asked.rounds, count=asked.passages)
        losses = ranking_losses(encoders) if asked.ranking else []
    if asked.json:
        print(json.dumps({"ways": [asdict(one) for one in ways], "ranking": [asdict(one) for one in losses]}))  # noqa: T201
        return
    Console().print(_table(ways))
    if losses:
        Console().print(_ranking_table(losses))


def measure(encoders: Path, *, rounds: int, count: int) -> list[Way]:
    contenders: dict[str, Embedder] = {ORIGINAL: packaged_original()}
    for precision in get_args(Precision):
        contenders[precision] = open_embedder(None, encoders=encoders, precision=precision)
    passages = sample_passages(contenders["fp32"], count)
    vectors = {name: one.encode(passages) for name, one in contenders.items()}
    rows = {name: _Rounds() for name in contenders}
    for _ in track(range(rounds), description="rounds", transient=True):
        for name, one in contenders.items():
            rows[name].encode(one, passages)
        _ask_in_turn(contenders, rows)
    return [_way(name, rows, vectors, _process_of(name, encoders)) for name in contenders]


class _Rounds:
    """What one contender took, round by round."""

    def __init__(self) -> None:
        self.cpu: list[float] = []
        self.wall: list[float] = []
        self.question: list[float] = []

    def encode(self, embedder: Embedder, passages: Sequence[str]) -> None:
        cpu, wall = time.process_time(), time.perf_counter()
        embedder.encode(passages)
        self.cpu.append(time.process_time() - cpu)
        self.wall.append(time.perf_counter() - wall)


def _ask_in_turn(contenders: dict[str, Embedder], rows: dict[str, _Rounds]) -> None:
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    for question in QUESTIONS * _QUESTION_RUNS:
        for name, one in contenders.items():
            taken[name].append(_seconds(lambda one=one, question=question: one.encode([question], questions=True)))  # type: ignore[misc]
    for name, seconds in taken.items():
        rows[name].question.append(statistics.median(seconds))


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _way(name: str, rows: dict[str, _Rounds], vectors: dict[str, Vectors], process: tuple[float, float]) -> Way:
    mine, base, count = rows[name], rows[ORIGINAL], len(vectors[name])
    return Way(
        name=name,
        passages_per_cpu_second=count / statistics.median(mine.cpu),
        passages_ratio=_ratio(base.cpu, mine.cpu),
        passages_per_second=count / statistics.median(mine.wall),
        question_ms=statistics.median(mine.question) * 1000,
        question_ratio=_ratio(base.question, mine.question),
        least_cosine=float((vectors[name] * vectors[ORIGINAL]).sum(axis=1).min()),
        memory_mb=process[0],
        start_seconds=process[1],
    )


def _ratio(base: Sequence[float], mine: Sequence[float]) -> float:
    return statistics.median(theirs / ours for theirs, ours in zip(base, mine, strict=True))


def sample_passages(embedder: Embedder, count: int) -> list[str]:
    """Passages of the public help center where it is there, else of the demo's, in a fixed random order."""
    found = [one.embedded for article in _articles() for one in split(article, embedder.count_tokens)]
    order = np.random.default_rng(_SEED).permutation(len(found))[:count]
    return [found[place] for place in order]


def _articles() -> Iterator[Article]:
    public = Path(os.environ.get("BATON_PUBLIC_DATA", "../shared/data")) / "arduino_help" / "articles.jsonl"
    if public.exists():
        for line in public.read_text("utf-8").splitlines():
            row = json.loads(line)
            yield Article(id=ArticleId(row["id"]), title=row["title"], text=row["text"])
        return
    for path in sorted((ROOT / "demo" / "help_center").rglob("*.md")):
        yield Article(id=ArticleId(path.stem), title=path.stem, text=path.read_text("utf-8"))


def _process_of(name: str, encoders: Path) -> tuple[float, float]:
    """Most memory in MB and seconds until the first vector, of a process that encodes 32 texts of 100 words."""
    opened = f"open_embedder(None, encoders=Path(sys.argv[1]), precision={name!r})"
    code = (
        "import sys, time; started = time.perf_counter()\n"
        "from pathlib import Path; from knowledge_base.encoders import open_embedder, packaged_original\n"
        f"embedder = {'packaged_original()' if name == ORIGINAL else opened}\n"
        "embedder.encode(['size']); seconds = time.perf_counter() - started\n"
        "embedder.encode(['many words ' * 50] * 32)\n"
        # Not getrusage: its peak begins with what this process had when it forked.
        "peak = next(one for one in open('/proc/self/status') if one.startswith('VmHWM')).split()[1]\n"
        "print(int(peak) / 1024, seconds)"
    )
    command = [sys.executable, "-c", code, str(encoders)]
    out = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout  # noqa: S603
    memory, seconds = out.split()[-2:]
    return float(memory), float(seconds)


def _table(ways: Sequence[Way]) -> Table:
    table = Table("", *(way.name for way in ways), title="The encoder, side by side")
    lines: tuple[tuple[str, Callable[[Way], str]], ...] = (
        ("passages per CPU second", lambda way: f"{way.passages_per_cpu_second:.1f}"),
        ("ratio", lambda way: _against(way.passages_ratio, way.name, 0)),
        ("passages per second", lambda way: f"{way.passages_per_second:.1f}"),
        ("one question", lambda way: f"{way.question_ms:.2f} ms"),
        ("ratio", lambda way: _against(way.question_ratio, way.name, 1)),
        ("least cosine", lambda way: f"{way.least_cosine:.4f}"),
        ("memory", lambda way: f"{way.memory_mb:.0f} MB"),
        ("start to first vector", lambda way: f"{way.start_seconds:.2f} s"),
    )
    for what, shown in lines:
        table.add_row(what, *(shown(way) for way in ways))
    return table


def _against(ratio: float, name: str, aim: int) -> str:
    if name not in _AIMS:
        return f"{ratio:.2f} ×"
    least = _AIMS[name][aim]
    shown = f"{ratio:.2f} × (≥ {least:g} ×)"
    return f"[red]{shown}[/red]" if ratio < least else shown


def _ranking_table(losses: Sequence[RankingLoss]) -> Table:
    table = Table("set", "questions", "passages", "nDCG@10 fp32", "int8", "difference, 95 % interval")
    table.title = "What int8 costs in ranking (aim: at most .005)"
    for one in losses:
        change = f"{one.difference:+.4f} [{one.low:+.4f}, {one.high:+.4f}]"
        table.add_row(one.name, str(one.questions), str(one.passages), f"{one.fp32:.4f}", f"{one.int8:.4f}", change)
    return table


if __name__ == "__main__":
    main()
