"""What our part of a turn with a language model costs, against a scripted server in a process of its own.

    python -m evals.bench_model [--turns 30] [--waiting 200]

Our responder beside a bare loop over the openai SDK and a plain LangChain agent: CPU of a turn with one tool call,
time to the first verified sentence at a word every 30 ms, and what turns cost that wait for a slow model.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

import httpx2
from pydantic import BaseModel, ConfigDict
from rich.console import Console
from rich.table import Table

from agent.chat_model import ChatModel, ChatModelSettings
from agent.responders.llm import LlmResponder
from agent.responders.llm_model import LlmAnswer, LlmRequest
from agent.responders.llm_prompt import Voice
from conversations.model import (
    Actor,
    Assurance,
    AuthorKind,
    ConversationId,
    CustomerId,
    Message,
    MessageId,
    Visibility,
)
from knowledge_base.model import Hit
from tools.tool import Principal, Tool, ToolResult
from tools.toolbox import Toolbox

PORT: Final = 8142
PEERS: Final = Path(__file__).parent / "peer_runs" / "model_loop_run.py"
QUESTION: Final = "Where is my order NP-48213?"
TOLD: Final = "Order NP-48213 is out for delivery. UPS has the parcel. It comes today."
TOKEN_S: Final = 0.03
_NOW: Final = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


class Asked(BaseModel):
    """The state of an order."""

    model_config = ConfigDict(extra="forbid", strict=True)

    order_number: str | None = None


async def _told(principal: Principal, arguments: BaseModel) -> ToolResult:
    return ToolResult(ok=True, code="order", message=TOLD)


@contextmanager
def scripted_server(*, delay_s: float = 0.0, token_s: float = 0.0) -> Iterator[str]:
    """The server on a port of its own, in a process of its own: its CPU is not ours."""
    command = [sys.executable, "-m", "evals.command", "scripted-model", "--port", str(PORT)]
    command += ["--delay", str(delay_s), "--token", str(token_s)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:  # noqa: S603 - our own program
        try:
            until = time.monotonic() + 60
            while not _answers():
                if time.monotonic() > until:
                    raise RuntimeError("the scripted server did not start")
                time.sleep(0.2)
            yield f"http://127.0.0.1:{PORT}/v1"
        finally:
            server.terminate()


def _answers() -> bool:
    try:
        return httpx2.get(f"http://127.0.0.1:{PORT}/v1/models", timeout=1).status_code == 200
    except httpx2.HTTPError:
        return False


def responder(base_url: str) -> LlmResponder:
    tool = Tool(name="order_status", description="The state of an order.", arguments=Asked, run=_told)
    return LlmResponder(
        chat=ChatModel(ChatModelSettings(base_url=base_url, model="scripted", timeout_s=60), clock=time.monotonic),
        toolbox=Toolbox([tool]),
        voice=Voice(company="Northpeak", ai_name="Juniper"),
        today=lambda: date(2026, 11, 22),
    )


def request() -> LlmRequest:
    message = Message(
        id=MessageId("m1"),
        conversation_id=ConversationId("c1"),
        seq=1,
        episode=1,
        author=Actor(kind=AuthorKind.CUSTOMER),
        visibility=Visibility.PUBLIC,
        text=QUESTION,
        created_at=_NOW,
    )
    principal = Principal(customer_id=CustomerId("c"), external_id="cust_1", assurance=Assurance.SIGNED)
    return LlmRequest(
        messages=(message,),
        question=QUESTION,
        hits=(),
        principal=principal,
        search=_finds_nothing,
        deadline_s=60.0,
    )


async def _finds_nothing(_: str) -> tuple[Hit, ...]:
    return ()


async def ours(base_url: str, turns: int) -> tuple[float, float]:
    """CPU milliseconds a turn, and the median seconds to the first sentence shown."""
    model = responder(base_url)
    firsts: list[float] = []

    async def one() -> None:
        started, seen = time.perf_counter(), [0.0]

        async def show(answer: LlmAnswer) -> bool:
            seen[0] = seen[0] or time.perf_counter() - started
            return True

        answer = await model.respond(replace(request(), show=show))
        if TOLD not in answer.text:
            raise RuntimeError(f"not the answer that was measured: {answer.text!r}")
        firsts.append(seen[0])

    for _ in range(3):
        await one()
    firsts.clear()
    cpu = time.process_time()
    for _ in range(turns):
        await one()
    return (time.process_time() - cpu) / turns * 1000, statistics.median(firsts)


async def waiting(base_url: str, count: int) -> tuple[float, float]:
    """MB that `count` turns waiting for the model cost, and how late the event loop is meanwhile (p95, ms)."""
    model = responder(base_url)
    await model.respond(request())
    before = _resident_mb()
    turns = [asyncio.create_task(model.respond(request())) for _ in range(count)]
    await asyncio.sleep(1.5)  # the requests are made
    late = []
    for _ in range(100):
        started = time.perf_counter()
        await asyncio.sleep(0.01)
        late.append((time.perf_counter() - started - 0.01) * 1000)
    grown = _resident_mb() - before
    await asyncio.gather(*turns)
    return grown, statistics.quantiles(late, n=20)[-1]


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 1_000_000


def peer(kind: str, base_url: str, turns: int) -> dict[str, float]:
    ran = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, str(PEERS), kind, base_url, str(turns)], capture_output=True, text=True, check=True
    )
    measured: dict[str, float] = json.loads(ran.stdout.splitlines()[-1])
    return measured


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m evals.bench_model", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--turns", type=int, default=30)
    parser.add_argument("--waiting", type=int, default=200)
    asked = parser.parse_args(arguments)
    table = Table(title="Our part of a turn with a model")
    for column in ("measured", "value", "ratio", "aim"):
        table.add_column(column, justify="left" if column == "measured" else "right")
    with scripted_server() as base_url:
        bare, chain = peer("sdk", base_url, asked.turns), peer("langchain", base_url, asked.turns)
        cpu, _ = asyncio.run(ours(base_url, asked.turns))
    table.add_row("openai SDK, bare loop, one tool call: CPU", f"{bare['cpu_ms']:.1f} ms", "1", "")
    table.add_row(
        "LangChain agent, the same", f"{chain['cpu_ms']:.1f} ms", f"{chain['cpu_ms'] / bare['cpu_ms']:.1f}", ""
    )
    table.add_row("ours, checked and streamed", f"{cpu:.1f} ms", f"{cpu / bare['cpu_ms']:.1f}", "5")
    turns = max(5, asked.turns // 5)
    with scripted_server(token_s=TOKEN_S) as base_url:
        server = peer("sdk", base_url, turns)["first_sentence_s"]
        _, first = asyncio.run(ours(base_url, turns))
    table.add_row("first sentence out of the server", f"{server:.2f} s", "1", "")
    table.add_row("first sentence verified and shown", f"{first:.2f} s", f"{first / server:.2f}", "1.15")
    with scripted_server(delay_s=4.0) as base_url:
        grown, late = asyncio.run(waiting(base_url, asked.waiting))
    table.add_row(f"{asked.waiting} turns waiting for the model: memory", f"{grown:.0f} MB", "", "100 MB")
    table.add_row("… event loop late meanwhile, p95", f"{late:.1f} ms", "", "")
    Console().print(table)


if __name__ == "__main__":
    main()
