"""Baton as its operator runs it: a process of its own, killed and started again as a story needs."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import uvicorn

from app.scripted_faults import Fault
from app.scripted_model import Script, create_scripted_model
from app.scripted_replies import helpful_reply
from tests.services import free_port

ROOT = Path(__file__).parent.parent.parent
START_SECONDS = 90


@dataclass
class Server:
    """`settings` are BATON_ variables without their prefix."""

    data_dir: Path
    settings: dict[str, str]
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        outside = {name: value for name, value in os.environ.items() if not name.startswith("BATON_")}
        ours = {"DATA_DIR": str(self.data_dir), "PORT": str(self.port), "MESSAGES_PER_MINUTE": "1000"} | self.settings
        environment = outside | {f"BATON_{name}": value for name, value in ours.items()}
        log = (self.data_dir / "server.log").open("ab")
        command = [sys.executable, "-m", "app.cli", "serve", "--demo"]
        self.process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
        async with asyncio.timeout(START_SECONDS), httpx2.AsyncClient() as client:
            while not await self._answers(client):
                assert self.process.poll() is None, (self.data_dir / "server.log").read_text()
                await asyncio.sleep(0.1)

    async def _answers(self, client: httpx2.AsyncClient) -> bool:
        try:
            return (await client.get(f"{self.url}/healthz")).status_code == 200
        except httpx2.HTTPError:
            return False

    def kill(self) -> None:
        """kill -9: nothing is finished, nothing is said goodbye to."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.kill()


@contextlib.asynccontextmanager
async def scripted_model(
    *, script: Script = helpful_reply, delay_s: float = 0.0, faults: Sequence[Fault | None] = ()
) -> AsyncIterator[str]:
    """The base URL of a scripted model that thinks for `delay_s` seconds."""
    port = free_port()
    app = create_scripted_model(script, delay_s=delay_s, faults=faults)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error", lifespan="off"))
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.should_exit = True
        server.force_exit = True
        await task
