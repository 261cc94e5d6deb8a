"""A whole extractive turn beside a bare similarity search, and what the service does under load.

    python -m evals.bench_turns --peer PYTHON [--questions 60] [--seconds 20] [--json]

PYTHON is the interpreter of an environment with langchain-chroma, langchain-huggingface and langchain-text-splitters.
Both have the demo's help center and are asked in turn, question by question: our time runs from the customer's POST to
the stored reply on the event stream, LangChain's is that of `similarity_search` alone. Then customers in conversations
of their own find the rate that is sustained, and at 80 % of it, arriving by chance, how long a turn takes.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

import httpx2

from evals.bench import QUESTIONS, Line, Turns, prepare, show
from evals.questions import read_questions
from knowledge_base.encoders import packaged_model
from knowledge_base.knowledge_base import KnowledgeBase

_RUNNER: Final = Path(__file__).parent / "peer_runs" / "langchain_run.py"
_WARM_UP: Final = 5
_CUSTOMERS: Final = 12
"""At once, to find the sustained rate: more only wait for each other on two cores."""
_SHARE: Final = 0.8
_SEED: Final = 4


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--peer", required=True, help="the interpreter that has LangChain with Chroma")
    arguments.add_argument("--questions", type=int, default=60)
    arguments.add_argument("--seconds", type=float, default=20.0, help="for each of the two loads")
    arguments.add_argument("--json", action="store_true")
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="baton-turns-") as folder:
        lines = measure(Path(folder), given.peer, given.questions, given.seconds)
    if given.json:
        print(json.dumps([{"what": one.what, "value": one.value, "ratio": one.ratio} for one in lines]))  # noqa: T201
        return
    show(lines, title=f"Extractive turns (load {os.getloadavg()[0]:.0f})")


def measure(folder: Path, python: str, questions: int, seconds: float) -> list[Line]:
    asked = [one.said[-1].text for one in read_questions(QUESTIONS) if one.answerable and not one.messages][:questions]
    embedder = prepare(folder)
    knowledge = KnowledgeBase.open(folder / "knowledge", embedder)
    articles = [{"id": str(one.id), "title": one.title, "text": one.text} for one in knowledge.articles()]
    knowledge.close()
    turns = Turns(folder)
    with _Peer.running(python, folder, articles) as peer, turns.serving():
        for question in asked[:_WARM_UP]:
            turns.take(question)
            peer.ask(question)
        ours, theirs = [], []
        for question in asked:
            ours.append(turns.take(question))
            theirs.append(peer.ask(question))
        customers = _Customers(url=turns.url, token=turns.token, questions=asked)
        rate = asyncio.run(customers.at_once(_CUSTOMERS, seconds))
        loaded = asyncio.run(customers.arriving(_SHARE * rate, seconds))
    unloaded = statistics.median(ours)
    return [
        Line(what="similarity_search of LangChain + Chroma", value=statistics.median(theirs), base=None, target=None),
        Line(what="turn, POST to stored reply", value=unloaded, base=statistics.median(theirs), target=1.5),
        Line(what="turns a second, sustained", value=rate, base=None, target=None, per_second=True),
        Line(what="p95 of a turn at 80 % of it ÷ median alone", value=_p95(loaded), base=unloaded, target=4.0),
    ]


def _p95(values: Sequence[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


class _Peer:
    """LangChain in a process of its own, asked one question at a time."""

    def __init__(self, questions: IO[str], answers: IO[str]) -> None:
        self._questions = questions
        self._answers = answers

    @classmethod
    @contextmanager
    def running(cls, python: str, folder: Path, articles: Sequence[dict[str, str]]) -> Iterator[_Peer]:
        task = {"articles": articles, "questions": [], "model": str(packaged_model())}
        (folder / "task.json").write_text(json.dumps(task), encoding="utf-8")
        work = folder / "peer"
        work.mkdir()
        command = [python, str(_RUNNER), str(folder / "task.json"), str(work), "--one-by-one"]
        environment = {**os.environ, "HF_HUB_OFFLINE": "1", "ANONYMIZED_TELEMETRY": "False"}
        process = subprocess.Popen(  # noqa: S603
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, cwd=work
        )
        try:
            if process.stdin is None or process.stdout is None:
                raise SystemExit("The peer cannot be talked to.")
            peer = cls(process.stdin, process.stdout)
            peer.read()  # it has taken the articles in
            yield peer
        finally:
            process.terminate()
            process.wait(20)

    def ask(self, question: str) -> float:
        """Seconds of the search, as the peer itself measures them."""
        self._questions.write(f"{json.dumps(question)}\n")
        self._questions.flush()
        return float(self.read())

    def read(self) -> str:
        line = self._answers.readline()
        if not line:
            raise SystemExit("The peer ended: it needs langchain-chroma, -huggingface and -text-splitters.")
        return line


@dataclass(frozen=True, slots=True, kw_only=True)
class _Customers:
    """Customers who each ask one question in a conversation of their own."""

    url: str
    token: str
    questions: Sequence[str]

    async def at_once(self, customers: int, seconds: float) -> float:
        """Turns a second while `customers` always wait for one."""
        done = 0
        until = time.perf_counter() + seconds

        async def keep_asking(client: httpx2.AsyncClient, number: int) -> None:
            nonlocal done
            turn = 0
            while time.perf_counter() < until:
                await self._take(client, f"rate-{number}-{turn}", self.questions[(number + turn) % len(self.questions)])
                turn += 1
                done += 1

        async with self._client() as client:
            begun = time.perf_counter()
            await asyncio.gather(*(keep_asking(client, number) for number in range(customers)))
            return done / (time.perf_counter() - begun)

    async def arriving(self, rate: float, seconds: float) -> list[float]:
        """Seconds of each turn, `rate` a second arriving by chance whether the ones before have ended or not."""
        chance = random.Random(_SEED)  # noqa: S311 - arrival times, not secrets
        async with self._client() as client:
            under_way: list[asyncio.Task[float]] = []
            until = time.perf_counter() + seconds
            while time.perf_counter() < until:
                number = len(under_way)
                asked = self._take(client, f"load-{number}", self.questions[number % len(self.questions)])
                under_way.append(asyncio.create_task(asked))
                await asyncio.sleep(chance.expovariate(rate))
            return list(await asyncio.gather(*under_way))

    def _client(self) -> httpx2.AsyncClient:
        limits = httpx2.Limits(max_connections=None, max_keepalive_connections=64)
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx2.AsyncClient(base_url=self.url, headers=headers, timeout=60, limits=limits)

    async def _take(self, client: httpx2.AsyncClient, key: str, question: str) -> float:
        started = (await client.post("/widget/v1/conversations", json={"client_conversation_id": key})).json()
        path = f"/widget/v1/conversations/{started['id']}"
        async with client.stream("GET", f"{path}/events") as frames:
            lines = frames.aiter_lines()
            await anext(lines)  # the stream is open
            begun = time.perf_counter()
            await client.post(f"{path}/messages", json={"client_message_id": key, "text": question})
            async for line in lines:
                if line.startswith("data: ") and '"kind": "ai_agent"' in line:
                    return time.perf_counter() - begun
        raise AssertionError("the stream ended without a reply")


if __name__ == "__main__":
    main()
