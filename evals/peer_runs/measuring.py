"""One pipeline each lies beside this, run by bench_peers in its own environment; this is what all are measured by.

No package, as the pipelines import what nothing else here may. Imports nothing heavy: it is part of their start.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

BEGUN = time.perf_counter()
Articles = list[dict[str, str]]


def measured(
    open_: Callable[[str, Path], Any], ingest: Callable[[Any, Articles], None], ask: Callable[[Any, str], Sequence[str]]
) -> None:
    """`open_` gives the pipeline with its model loaded, `ask` the article ids of ten passages, best first."""
    task, work = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")), Path(sys.argv[2])
    pipeline = open_(task["model"], work)
    ask_ready = time.perf_counter()
    ingest(pipeline, task["articles"])
    ingested = time.perf_counter()
    found, seconds = [], []
    for question in [*task["questions"][:5], *task["questions"]]:
        begun = time.perf_counter()
        found.append(list(ask(pipeline, question)))
        seconds.append(time.perf_counter() - begun)
    told = {
        "start": ask_ready - BEGUN,
        "ingest": ingested - ask_ready,
        "seconds": seconds[5:],
        "found": found[5:],
        "memory": _resident(),
    }
    print(json.dumps(told), flush=True)  # noqa: T201


def one_by_one(
    open_: Callable[[str, Path], Any], ingest: Callable[[Any, Articles], None], ask: Callable[[Any, str], Sequence[str]]
) -> None:
    """A question a line in, as JSON; its seconds out. The first line out says that the articles are taken in."""
    task, work = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")), Path(sys.argv[2])
    pipeline = open_(task["model"], work)
    ingest(pipeline, task["articles"])
    print(0.0, flush=True)  # noqa: T201
    for line in sys.stdin:
        question = json.loads(line)
        begun = time.perf_counter()
        ask(pipeline, question)
        print(time.perf_counter() - begun, flush=True)  # noqa: T201


def _resident() -> int:
    """Bytes now, and not at its peak: what it takes to serve."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return 1024 * int(next(line for line in lines if line.startswith("VmRSS:")).split()[1])
