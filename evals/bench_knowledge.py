"""What the knowledge base costs beside its encoder: searching, memory, start and ingestion, side by side in one run.

    python -m evals.bench_knowledge [--sizes 10000,100000,1000000] [--folder FOLDER] [--articles 400] [--json]

The articles and questions are those of the public sets (BATON_PUBLIC_DATA); larger sizes are grown from them
(grown_versions.py). --folder keeps what was built for the next run.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from evals.grown_versions import grown_version, real_articles, real_questions, real_version
from knowledge_base.embedding import Embedder
from knowledge_base.encoders import open_embedder
from knowledge_base.knowledge_base import KnowledgeBase
from knowledge_base.nearest import ScanIndex, VectorIndex
from knowledge_base.splitting import split, spoken
from knowledge_base.vectors import VectorStore
from knowledge_base.version import Version, VersionFolder

_QUESTIONS: Final = 100
_STARTS: Final = 7
_AIMS: Final = {10_000: 2.0, 100_000: 3.0, 1_000_000: 12.0}
_START: Final = """
import sys; from pathlib import Path
from knowledge_base.encoders import open_embedder
from knowledge_base.knowledge_base import KnowledgeBase
knowledge = KnowledgeBase.open(Path(sys.argv[1]), open_embedder(None, encoders=Path(sys.argv[2])))
hits = knowledge.search("How do I get my money back?").hits
loaded = {"torch", "chromadb", "sentence_transformers"} & set(sys.modules)
sys.exit(not hits or bool(loaded))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One figure. `aim` is the most it may be, or the least where `least` is set."""

    what: str
    value: float
    unit: str
    aim: float | None = None
    least: bool = False


class _ScanOnly:
    """Answers as the default does, and leaves Chroma alone: filling it takes longer than the whole bench."""

    def index(self, version: Version) -> VectorIndex:
        return ScanIndex(version.passage_vectors, version.codes)

    def keep(self, numbers: Collection[int]) -> None:
        pass

    def close(self) -> None:
        pass


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--sizes", default="10000,100000")
    arguments.add_argument("--folder", type=Path)
    arguments.add_argument("--articles", type=int, default=400)
    arguments.add_argument("--json", action="store_true")
    arguments.add_argument("--memory-of", nargs=2, help=argparse.SUPPRESS)
    given = arguments.parse_args()
    if given.memory_of:
        _tell_memory(Path(given.memory_of[0]), Path(given.memory_of[1]))
        return
    with tempfile.TemporaryDirectory(prefix="baton-knowledge-") as own:
        folder = given.folder or Path(own)
        lines = list(measure(folder, [int(size) for size in given.sizes.split(",")], given.articles))
    if given.json:
        print(json.dumps([asdict(line) for line in lines]))  # noqa: T201
        return
    _show(lines)


def measure(folder: Path, sizes: list[int], articles: int) -> Iterator[Line]:
    encoders = folder / "encoders"
    embedder = open_embedder(None, encoders=encoders)
    real = real_version(folder / "base", embedder)
    for size in sizes:
        root = folder / f"grown-{size}"
        grown_version(root, real, size)
        yield from _searching(root, size, embedder)
        if size <= 100_000:
            yield _memory(root, size, encoders)
        if size == 10_000:
            yield from _starting(root, encoders)
    yield from _ingesting(embedder, articles)


def _searching(root: Path, size: int, embedder: Embedder) -> Iterator[Line]:
    """Question by question: embedded alone, then searched, embedding included."""
    knowledge = KnowledgeBase.open(root, embedder, vectors=_ScanOnly())
    alone, whole = [], []
    asked = real_questions(_QUESTIONS)
    for question in [*asked, *asked, *asked]:
        alone.append(_seconds(partial(embedder.encode, [question], questions=True)))
        whole.append(_seconds(partial(knowledge.search, question)))
    knowledge.close()
    # The first round brings files into memory; of the others the medians.
    embedding, searching = (statistics.median(times[len(asked) :]) for times in (alone, whole))
    yield Line(what=f"one question embedded ({size:,} passages)", value=1000 * embedding, unit="ms")
    yield Line(
        what=f"search ÷ embedding ({size:,} passages)", value=searching / embedding, unit="×", aim=_AIMS.get(size)
    )


def _memory(root: Path, size: int, encoders: Path) -> Line:
    command = [sys.executable, "-m", "evals.bench_knowledge", "--memory-of", str(root), str(encoders)]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603
    aim = 2.0 if size >= 100_000 else None
    return Line(what=f"memory a passage ({size:,} passages)", value=float(told) / size / 1000, unit="KB", aim=aim)


def _tell_memory(root: Path, encoders: Path) -> None:
    """Bytes that a process with an encoder grows by when it opens the knowledge and answers every question."""
    embedder = open_embedder(None, encoders=encoders)
    asked = real_questions(3 * _QUESTIONS)
    for question in asked:
        embedder.encode([question], questions=True)
    before = _resident()
    knowledge = KnowledgeBase.open(root, embedder, vectors=_ScanOnly())
    for question in asked:
        knowledge.search(question)
    print(_resident() - before)  # noqa: T201


def _starting(root: Path, encoders: Path) -> Iterator[Line]:
    """From the start of Python to the first hit, with everything on disk; loading torch or Chroma fails it."""
    store = VectorStore(root)
    store.index(VersionFolder(root).load(1))
    store.wait(120)
    store.close()
    command = [sys.executable, "-c", _START, str(root), str(encoders)]
    run = partial(subprocess.run, command, check=True)
    run()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    times = [_seconds(run) for _ in range(_STARTS)]
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    busy = (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / _STARTS
    yield Line(what="start to first answer (10,000 passages)", value=statistics.median(times), unit="s", aim=1.5)
    yield Line(what="… in CPU time", value=busy, unit="s")


def _ingesting(embedder: Embedder, count: int) -> Iterator[Line]:
    """The first ingestion beside encoding the same texts and doing nothing else, before and after it; then again."""
    articles = list(islice(real_articles(), count))
    texts = [
        text
        for one in articles
        for piece in split(one, embedder.count_tokens)
        for text in (piece.embedded, *(spoken(quote) for quote in piece.passage.quotes))
    ]
    texts = list(dict.fromkeys(texts))

    def encode() -> None:
        for _ in embedder.encode_each(texts):
            pass

    with tempfile.TemporaryDirectory(prefix="baton-ingest-") as own:
        source = Path(own) / "articles.jsonl"
        rows = ({"id": one.id, "title": one.title, "text": one.text} for one in articles)
        source.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        knowledge = KnowledgeBase.open(Path(own) / "knowledge", embedder)
        raw, raw_busy = [_seconds(encode)], _busy(encode)
        before = _resident()
        took: list[float] = []
        busy = _busy(lambda: took.append(_seconds(lambda: knowledge.ingest([source]))))
        grown = _resident() - before
        raw.append(_seconds(encode))
        first = took[0]
        again = statistics.median(_seconds(lambda: knowledge.ingest([source])) for _ in range(5))
        passages = knowledge.passage_count
        knowledge.close()
    named = f"({count} articles, {passages:,} passages, {len(texts):,} texts)"
    yield Line(what=f"first ingestion {named}", value=first, unit="s")
    yield Line(what="its rate ÷ the encoder's", value=statistics.fmean(raw) / first, unit="×", aim=0.8, least=True)
    yield Line(what="… in CPU time", value=raw_busy / busy, unit="×", aim=0.8, least=True)
    yield Line(what="first ingestion ÷ an unchanged one", value=first / again, unit="×", aim=50, least=True)
    yield Line(what="memory grown by it", value=grown / 1e6, unit="MB")


def _seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _busy(work: Callable[[], object]) -> float:
    """CPU seconds of this process, which other work on the machine hardly changes."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _show(lines: list[Line]) -> None:
    table = Table("measured", "value", "aim", title="The knowledge base beside its encoder")
    for line in lines:
        missed = line.aim is not None and (line.value < line.aim if line.least else line.value > line.aim)
        aim = "" if line.aim is None else f"{'at least' if line.least else 'at most'} {line.aim:g} {line.unit}"
        table.add_row(line.what, f"{line.value:.2f} {line.unit}", f"[red]{aim}[/red]" if missed else aim)
    Console().print(table)


if __name__ == "__main__":
    main()
