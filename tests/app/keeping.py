"""A service over a real knowledge base, with somebody signed in at the console."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx2

from app.wiring import Parts
from knowledge_base.embedding import HashingEmbedder
from knowledge_base.knowledge_base import KnowledgeBase
from knowledge_base.model import Vectors
from knowledge_base.vectors import ScanOnly
from tests.app.serving import COMPANY, Console, Json, Served, WrittenAgent, serving

ROOT = "/console/v1/knowledge"
RETURNS = "---\nid: returns\n---\n# Returns\n\nSend boots back within 45 days. Keep the receipt."
GOLD = "---\nid: gold\naudience: gold\n---\n# Gold perks\n\nGold members get boots delivered overnight."


class SlowEmbedder(HashingEmbedder):
    """Takes `seconds` for every batch, so that a test can watch a sync."""

    seconds = 0.0

    def encode(self, texts: Sequence[str], *, questions: bool = False) -> Vectors:
        time.sleep(self.seconds)
        return super().encode(texts, questions=questions)


@dataclass(kw_only=True)
class Kept:
    """A service with a knowledge base over the folder `help`, and somebody signed in."""

    served: Served
    console: Console
    embedder: SlowEmbedder
    help: Path

    async def get(self, path: str) -> Json:
        return await self.ok("GET", path)

    async def ok(self, method: str, path: str, body: object = None) -> Json:
        answer = await self.ask(method, path, body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else {}

    async def ask(self, method: str, path: str, body: object = None) -> httpx2.Response:
        return await self.console.client.request(method, ROOT + path, json=body, timeout=20)

    async def refused(self, method: str, path: str, body: object = None) -> tuple[int, str, str]:
        answer = await self.ask(method, path, body)
        assert answer.headers["content-type"] == "application/problem+json", answer.text
        problem = answer.json()
        return answer.status_code, problem["code"], problem["detail"]

    async def add(self, name: str = "Help center", location: Path | None = None) -> str:
        body = {"kind": "markdown", "name": name, "options": {"location": str(location or self.help)}}
        return str((await self.ok("POST", "/sources", body))["id"])

    async def synced(self, source_ids: list[str] | None = None) -> Json:
        await self.ok("POST", "/sync", {"source_ids": source_ids})
        return await self.sync_over()

    async def sync_over(self) -> Json:
        async with asyncio.timeout(15):
            while True:
                state = await self.get("/sync")
                if state["running"] is None:
                    last: Json = state["last"]
                    return last
                await asyncio.sleep(0.02)

    async def titles(self, query: str = "") -> list[str]:
        return [row["title"] for row in (await self.get(f"/articles?{query}"))["articles"]]


@contextmanager
def opened(folder: Path, embedder: HashingEmbedder) -> Iterator[KnowledgeBase]:
    knowledge = KnowledgeBase.open(folder, embedder, vectors=ScanOnly())
    try:
        yield knowledge
    finally:
        knowledge.close()


async def signed_in(served: Served) -> Console:
    """Noor at the console, without the 0.3 s that checking a password takes."""
    people = served.baton.people
    await people.add_human_agent("noor@shop.example", display_name="Noor", password_hash="none")  # noqa: S106
    (noor,) = await people.human_agents()
    expires_at = served.baton.clock() + timedelta(hours=1)
    await people.open_session(noor.id, token="token", csrf_token="csrf", expires_at=expires_at)  # noqa: S106
    client = httpx2.AsyncClient(base_url=served.url, cookies={"baton_console": "token"})
    client.headers["X-CSRF-Token"] = "csrf"
    return Console(client=client, me={"id": noor.id})


@asynccontextmanager
async def keeping(tmp_path: Path) -> AsyncIterator[Kept]:
    folder = tmp_path / "srv" / "help"
    folder.mkdir(parents=True)
    (folder / "returns.md").write_text(RETURNS)
    (folder / "gold.md").write_text(GOLD)
    embedder = SlowEmbedder()
    database = f"sqlite:///{tmp_path / 'baton.db'}"
    with opened(tmp_path / "knowledge", embedder) as knowledge:
        parts = Parts(library=knowledge, agent=WrittenAgent(), company=COMPANY)
        async with serving(database, tmp_path, parts=parts, source_dirs=[tmp_path / "srv"]) as served:
            console = await signed_in(served)
            yield Kept(served=served, console=console, embedder=embedder, help=folder)
            await console.client.aclose()
