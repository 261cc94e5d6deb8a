"""What everything but a language model costs, as ratios measured side by side in one run.

    python -m evals.bench [--questions 60] [--json]

Times on shared machines drift; each line compares things done in turn, question by question, and quotes medians.
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
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
from rich.console import Console
from rich.progress import track
from rich.table import Table

from app.settings import Settings
from evals.bench_record import LONG, SHORT, fill_record
from evals.questions import read_questions
from knowledge_base.embedding import Embedder
from knowledge_base.encoders import open_embedder, packaged_original
from knowledge_base.knowledge_base import KnowledgeBase

ROOT = Path(__file__).parent.parent
QUESTIONS = ROOT / "evals" / "datasets" / "demo_questions.jsonl"
PORT = 8765
ASK_RUNS = 5
WARM_UP = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One comparison, in seconds unless it is `per_second`.

    `target` is the most that the ratio (or, without a base, the seconds) may be.
    """

    what: str
    value: float
    base: float | None
    target: float | None
    per_second: bool = False

    @property
    def ratio(self) -> float:
        return self.value / self.base if self.base else self.value


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--questions", type=int, default=60)
    arguments.add_argument("--json", action="store_true")
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="baton-bench-") as folder:
        lines = measure(Path(folder), given.questions)
    if given.json:
        print(json.dumps([{"what": one.what, "value": one.value, "ratio": one.ratio} for one in lines]))  # noqa: T201
        return
    show(lines)


def measure(folder: Path, questions: int) -> list[Line]:
    asked = [one.said[-1].text for one in read_questions(QUESTIONS) if one.answerable and not one.messages][:questions]
    embedder = prepare(folder)
    turns = Turns(folder)
    samples: dict[str, list[float]] = {"embed": [], "search": [], "turn": [], "reference": []}
    reference = packaged_original()
    with _knowledge(folder, embedder) as knowledge, turns.serving():
        for question in asked[:WARM_UP]:
            _one(question, embedder, reference, knowledge, turns)
        for question in track(asked, description="questions", transient=True):
            for name, seconds in _one(question, embedder, reference, knowledge, turns).items():
                samples[name].append(seconds)
        pages = turns.first_pages()
    median = {name: statistics.median(values) for name, values in samples.items()}
    return [
        Line(what="one question embedded", value=median["embed"], base=None, target=None),
        Line(what="… by sentence-transformers", value=median["reference"], base=median["embed"], target=None),
        Line(what="search ÷ embedding", value=median["search"], base=median["embed"], target=1.5),
        Line(what="turn, POST to reply ÷ embedding", value=median["turn"], base=median["embed"], target=3.0),
        Line(what="turn ÷ sentence-transformers", value=median["turn"], base=median["reference"], target=3.0),
        Line(what=f"first page, {LONG:,} ÷ {SHORT} messages", value=pages[1], base=pages[0], target=1.25),
        Line(what="baton ask, wall seconds", value=_ask_seconds(folder, asked[0]), base=None, target=4.0),
    ]


def _one(
    question: str, embedder: Embedder, reference: Embedder, knowledge: KnowledgeBase, turns: Turns
) -> dict[str, float]:
    return {
        "embed": _timed(lambda: embedder.encode([question])),
        "search": _timed(lambda: knowledge.search(question)),
        "turn": turns.take(question),
        "reference": _timed(lambda: reference.encode([question])),
    }


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def prepare(folder: Path) -> Embedder:
    """The demo's knowledge in two folders: one for the server, one for the searches of this process."""
    embedder = open_embedder(None, encoders=folder / "encoder")
    with _knowledge(folder, embedder) as knowledge:
        knowledge.ingest([ROOT / "demo" / "help_center"])
    (folder / "served").mkdir()
    (folder / "served" / "encoder").symlink_to(folder / "encoder")
    return embedder


@contextmanager
def _knowledge(folder: Path, embedder: Embedder) -> Iterator[KnowledgeBase]:
    knowledge = KnowledgeBase.open(folder / "knowledge", embedder)
    try:
        yield knowledge
    finally:
        knowledge.close()


class Turns:
    """A server of its own process, and a widget's requests to it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "served"
        self.url = f"http://127.0.0.1:{PORT}"
        self._client = httpx2.Client(base_url=self.url, timeout=30)
        self._number = 0

    @contextmanager
    def serving(self) -> Iterator[None]:
        conversations = fill_record(Settings(data_dir=self._folder, demo=True, _env_file=None))
        environment = {**os.environ, "BATON_DATA_DIR": str(self._folder), "BATON_PORT": str(PORT)}
        limits = {"BATON_MESSAGES_PER_MINUTE": "100000", "BATON_SESSIONS_PER_MINUTE": "100000"}
        command = [sys.executable, "-m", "app.cli", "serve", "--demo"]
        server = subprocess.Popen(  # noqa: S603
            command, cwd=ROOT, env={**environment, **limits}, stdout=subprocess.DEVNULL
        )
        try:
            self._wait()
            session = self._client.post("/widget/v1/session", json={}).json()
            self.token = str(session["session_token"])
            self._client.headers["Authorization"] = f"Bearer {self.token}"
            self._pages = conversations
            yield
        finally:
            server.terminate()
            server.wait(20)

    def _wait(self) -> None:
        for _ in range(600):
            try:
                if self._client.get("/healthz").status_code == 200:
                    return
            except httpx2.HTTPError:
                time.sleep(0.1)
        raise TimeoutError("the server did not start")

    def take(self, question: str) -> float:
        """Seconds from the POST to the reply's arrival on the event stream, in a conversation of its own."""
        self._number += 1
        key = f"bench-{self._number}"
        started = self._client.post("/widget/v1/conversations", json={"client_conversation_id": key}).json()
        path = f"/widget/v1/conversations/{started['id']}"
        with self._client.stream("GET", f"{path}/events") as frames:
            lines = frames.iter_lines()
            next(lines)  # the stream is open
            begun = time.perf_counter()
            self._client.post(f"{path}/messages", json={"client_message_id": key, "text": question})
            for line in lines:
                if line.startswith("data: ") and '"kind": "ai_agent"' in line:
                    return time.perf_counter() - begun
        raise AssertionError("the stream ended without a reply")

    def first_pages(self) -> tuple[float, float]:
        """Median seconds of the first page of the short and of the long conversation, read in turn."""
        short, long = self._pages
        headers = {"Authorization": f"Bearer {short.token}"}
        taken: tuple[list[float], list[float]] = ([], [])
        for _ in range(60):
            for times, conversation in zip(taken, (short, long), strict=True):
                path = f"/widget/v1/conversations/{conversation.id}"
                begun = time.perf_counter()
                self._client.get(path, headers=headers)
                times.append(time.perf_counter() - begun)
        return statistics.median(taken[0]), statistics.median(taken[1])


def _ask_seconds(folder: Path, question: str) -> float:
    """Median wall seconds of `baton ask` on a warm index, imports and all."""
    environment = {**os.environ, "BATON_DATA_DIR": str(folder)}
    command = [sys.executable, "-m", "app.cli", "ask", question]

    def run() -> None:
        subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)  # noqa: S603

    run()
    return statistics.median(_timed(run) for _ in range(ASK_RUNS))


def show(lines: Sequence[Line], *, title: str = "Everything but the model") -> None:
    table = Table("measured", "median", "ratio", "at most", title=title)
    for line in lines:
        shown = (
            f"{line.value:.1f} a second"
            if line.per_second
            else f"{line.value:.2f} s"
            if line.value > 1
            else f"{line.value * 1000:.1f} ms"
        )
        ratio = f"{line.ratio:.2f} ×" if line.base else ""
        target = "" if line.target is None else f"{line.target:g}{' ×' if line.base else ' s'}"
        missed = line.target is not None and line.ratio > line.target
        table.add_row(line.what, shown, ratio, f"[red]{target}[/red]" if missed else target)
    Console().print(table)


if __name__ == "__main__":
    main()
