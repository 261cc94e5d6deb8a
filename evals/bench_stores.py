"""Which index to use at which size: latency, recall@10, memory, build and reopen time, side by side in one run.

    python -m evals.bench_stores --sizes 10000,100000,1000000 [--folder FOLDER] [--questions 100] [--skip chroma,server]

Beyond the real passages of the public sets (BATON_PUBLIC_DATA) their vectors are mixed and moved (grown_versions.py).
--folder keeps what was built for the next run. Chroma takes its parameters of search="chroma", above 200,000 passages
its defaults.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from rich.console import Console
from rich.table import Table

from evals.grown_versions import grown_version, real_questions, real_version
from knowledge_base.chroma import Chroma, VectorStoreUnreachable
from knowledge_base.encoders import open_embedder
from knowledge_base.filling import ANSWERING
from knowledge_base.model import Vectors
from knowledge_base.nearest import ExactIndex, Found, ScanIndex, codes_of
from knowledge_base.version import Version, VersionFolder

_DEPTH: Final = 10
_COLLECTION: Final = "bench"
_LARGE: Final = 200_000
_BATCH: Final = 5000
Ask = Callable[[Vectors], Found]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """`memory_mb` is what a process grows by when it opens the index and answers the questions; times in seconds."""

    index: str
    passages: int
    median_ms: float
    p95_ms: float
    recall: float
    memory_mb: float
    build_s: float
    reopen_s: float


class _Built(NamedTuple):
    name: str
    build_s: float
    where: str


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--sizes", default="10000,100000")
    arguments.add_argument("--questions", type=int, default=100)
    arguments.add_argument("--folder", type=Path)
    arguments.add_argument("--skip", default="")
    arguments.add_argument("--json", action="store_true")
    arguments.add_argument("--alone", nargs=4, help=argparse.SUPPRESS)
    given = arguments.parse_args()
    if given.alone:
        _alone(*given.alone)
        return
    with tempfile.TemporaryDirectory(prefix="baton-stores-") as own:
        folder = given.folder or Path(own)
        sizes = [int(size) for size in given.sizes.split(",")]
        rows = [row for size in sizes for row in _measured(folder, size, given.questions, given.skip.split(","))]
    if given.json:
        print(json.dumps([asdict(row) for row in rows]))  # noqa: T201
        return
    _show(rows)


def _measured(folder: Path, size: int, questions: int, skip: Sequence[str]) -> Iterator[Row]:
    embedder = open_embedder(None, encoders=folder / "encoders")
    root = folder / f"grown-{size}"
    version = grown_version(root, real_version(folder / "base", embedder), size)
    asked = np.concatenate([embedder.encode([question]) for question in real_questions(questions)])
    np.save(folder / "asked.npy", asked)
    built = [
        _Built("exact fp32", 0.0, ""),
        _Built("scan", _seconds(lambda: codes_of(np.asarray(version.passage_vectors))), ""),
    ]
    chroma = folder / f"chroma-{size}"
    if "chroma" not in skip:
        built.append(_Built("Chroma embedded", _filled(chroma, version), str(chroma)))
    with _served(chroma, "server" not in skip and "chroma" not in skip) as url:
        if url:
            built.append(_Built("Chroma server", built[-1].build_s, url))
        yield from _compared(root, built, asked, folder / "asked.npy")


def _compared(root: Path, built: Sequence[_Built], asked: Vectors, questions: Path) -> Iterator[Row]:
    """Every index answers each question in turn, so that a busy moment falls on all of them."""
    version = VersionFolder(root).load(1)
    alone = {one.name: _child(root, one, questions) for one in built}
    indexes = {one.name: _opened(one.name, version, one.where) for one in built}
    times: dict[str, list[float]] = {name: [] for name in indexes}
    right: dict[str, list[float]] = {name: [] for name in indexes}
    for vector in [*asked[:5], *asked]:
        found: dict[str, Found] = {}
        for name, ask in indexes.items():
            begun = time.perf_counter()
            found[name] = ask(vector)
            times[name].append(time.perf_counter() - begun)
        floor = float(found["exact fp32"].scores[-1]) - 1e-5
        for name, answer in found.items():
            right[name].append(float((answer.scores >= floor).sum()) / _DEPTH)
    for one in built:
        taken: list[float] = [1000 * seconds for seconds in times[one.name][5:]]
        reopen, memory = alone[one.name]
        yield Row(
            index=one.name,
            passages=len(version.passages),
            median_ms=statistics.median(taken),
            p95_ms=float(np.percentile(taken, 95)),
            recall=statistics.fmean(right[one.name]),
            memory_mb=memory,
            build_s=one.build_s,
            reopen_s=reopen,
        )


def _opened(name: str, version: Version, where: str) -> Ask:
    if name == "exact fp32":
        return lambda vector: ExactIndex(version.passage_vectors).nearest(vector, _DEPTH)
    if name == "scan":
        return lambda vector: ScanIndex(version.passage_vectors, version.codes).nearest(vector, _DEPTH)
    chroma = Chroma.at(where, 600.0) if where.startswith("http") else Chroma.inside(Path(where))
    collection = chroma.collection(_COLLECTION)
    if collection is None:
        raise RuntimeError(f"{where} has no vectors: delete it and run again")

    def ask(vector: Vectors) -> Found:
        ids, distances = chroma.query(collection, vector, _DEPTH)
        rows = np.array([version.row_of(identity) for identity in ids])
        return Found(rows=rows, scores=1 - np.array(distances, dtype=np.float32))

    return ask


def _filled(folder: Path, version: Version) -> float:
    """Seconds to fill Chroma; what an earlier run filled is taken, with its time."""
    note = folder.with_suffix(".seconds")
    if note.exists():
        return float(note.read_text())
    chroma = Chroma.inside(folder)
    collection = chroma.create(_COLLECTION, ANSWERING if len(version.passages) <= _LARGE else {"space": "cosine"})
    begun = time.perf_counter()
    for start in range(0, len(version.passages), _BATCH):
        rows = range(start, min(start + _BATCH, len(version.passages)))
        chroma.add(collection, version.passage_ids(rows), version.passage_vectors[start : rows.stop])
    seconds = time.perf_counter() - begun
    chroma.close()
    note.write_text(str(seconds))
    return seconds


@contextmanager
def _served(folder: Path, wanted: bool) -> Iterator[str | None]:
    """`chroma run` on a copy of the filled folder."""
    if not wanted:
        yield None
        return
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    with tempfile.TemporaryDirectory(prefix="baton-served-", dir=folder.parent) as copy:
        subprocess.run(["cp", "-r", f"{folder}/.", copy], check=True)  # noqa: S603, S607
        command = [str(Path(sys.executable).with_name("chroma")), "run", "--path", copy, "--port", str(port)]
        server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603
        try:
            yield _awaited(f"http://localhost:{port}")
        finally:
            server.terminate()
            server.wait(30)


def _awaited(url: str) -> str:
    for _ in range(300):
        try:
            Chroma.at(url, 5.0)
            return url
        except VectorStoreUnreachable:
            time.sleep(0.2)
    raise TimeoutError(f"{url} did not start")


def _child(root: Path, built: _Built, questions: Path) -> tuple[float, float]:
    """Seconds from an open version to the first answer, and MB grown by all answers, in a process of its own."""
    command = [
        sys.executable,
        "-m",
        "evals.bench_stores",
        "--alone",
        str(root),
        built.name,
        built.where,
        str(questions),
    ]
    told = subprocess.run(command, check=True, capture_output=True, text=True, env=dict(os.environ)).stdout  # noqa: S603
    found = json.loads(told.splitlines()[-1])
    return found["reopen"], found["memory"]


def _alone(root: str, name: str, where: str, questions: str) -> None:
    asked, version = np.load(questions), VersionFolder(Path(root)).load(1)
    before, begun = _resident_mb(), time.perf_counter()
    ask = _opened(name, version, where)
    ask(asked[0])
    reopen = time.perf_counter() - begun
    for vector in asked:
        ask(vector)
    print(json.dumps({"reopen": reopen, "memory": _resident_mb() - before}))  # noqa: T201


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _show(rows: Sequence[Row]) -> None:
    columns = ("passages", "index", "median", "p95", "recall@10", "memory", "build", "reopen")
    table = Table(*columns, title="Nearest ten of a question's vector")
    for row in rows:
        times = (f"{row.median_ms:.2f} ms", f"{row.p95_ms:.2f} ms", f"{row.recall:.3f}")
        sizes = (f"{row.memory_mb:.0f} MB", f"{row.build_s:.1f} s", f"{row.reopen_s:.2f} s")
        table.add_row(f"{row.passages:,}", row.index, *times, *sizes)
    Console().print(table)


if __name__ == "__main__":
    main()
