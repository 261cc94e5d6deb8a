"""The real service on a real port, with an AI agent whose drafts the test writes."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx2
import uvicorn

from agent.draft import Activity, Confidence, Decision, Draft, TurnHost, TurnInput, TurnKind
from app.knowledge import Company
from app.service import KEEP_ALIVE_S, create_service
from app.settings import Settings
from app.wiring import Baton, Parts, utc_now
from conversations.model import Citation
from knowledge_base.embedding import HashingEmbedder
from knowledge_base.knowledge_base import KnowledgeBase
from knowledge_base.model import Article, ArticleId
from knowledge_base.vectors import ScanOnly
from tests.knowledge_base.shelf import Shelves
from tests.services import free_port

Json = dict[str, Any]
"""A JSON object from the service."""

COMPANY = Company(
    name="Test Shop", ai_name="Robin", greeting="Hello", suggestions=("Where is my order?",), away_text="We are away."
)


def drafted(text: str, **changes: object) -> Draft:
    values: dict[str, object] = {
        "text": text,
        "decision": Decision.ANSWER,
        "kind": TurnKind.QUESTION,
        "question": "?",
        "confidence": Confidence(value=0.9, calibrated=False),
        "responder": "extractive",
    }
    return Draft(**(values | changes))  # type: ignore[arg-type]


CITATION = Citation(
    marker=1,
    article_id="returns",
    passage_id="returns#0",
    title="Returns",
    heading="",
    url="/help/returns",
    quote="Within 30 days.",
)


@dataclass
class WrittenAgent:
    """Answers by `write`; waits for `gate` before it does, so that a test can act while it is "writing"."""

    write: Callable[[TurnInput], Draft] = lambda turn: drafted(f"You said: {turn.messages[-1].text}")
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    started: asyncio.Event = field(default_factory=asyncio.Event)
    seen: list[TurnInput] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.gate.set()

    async def reply(self, turn: TurnInput, *, host: TurnHost, deadline_s: float) -> Draft:
        self.seen.append(turn)
        host.activity(Activity.SEARCHING)
        self.started.set()
        await self.gate.wait()
        return self.write(turn)


RETURNS = Article(
    id=ArticleId("returns"),
    title="Returns",
    text="Send it back **within 30 days**.\n\n<script>alert(1)</script>\n\n![pixel](https://evil.example/p.png)",
    url="/help/returns",
)


@contextlib.contextmanager
def library(folder: Path, *articles: Article) -> Iterator[KnowledgeBase]:
    """A knowledge base in `folder` that holds these articles as they are."""
    shelves = Shelves(held={"all": articles})
    knowledge = KnowledgeBase.open(folder, HashingEmbedder(), vectors=ScanOnly(), kinds=shelves.kinds)
    try:
        if articles and not knowledge.sources():
            knowledge.add_source("shelf", "Articles", {"location": "all"})
        if articles:
            knowledge.sync()
        yield knowledge
    finally:
        knowledge.close()


@dataclass(kw_only=True)
class Served:
    url: str
    baton: Baton
    agent: WrittenAgent
    client: httpx2.AsyncClient

    async def widget(self, identity_token: str | None = None) -> Widget:
        body = {"identity_token": identity_token} if identity_token else {}
        answer = await self.client.post("/widget/v1/session", json=body)
        answer.raise_for_status()
        return Widget(self, answer.json())

    async def console(self, email: str = "noor@shop.example", name: str = "Noor") -> Console:
        hashed = await self.baton.passwords.hash("secret")
        await self.baton.people.add_human_agent(email, display_name=name, password_hash=hashed)
        client = httpx2.AsyncClient(base_url=self.url, timeout=20)
        answer = await client.post("/console/v1/session", json={"email": email, "password": "secret"})
        answer.raise_for_status()
        client.headers["X-CSRF-Token"] = answer.json()["csrf_token"]
        return Console(client=client, me=answer.json()["human_agent"])


@dataclass
class Console:
    client: httpx2.AsyncClient
    me: Json

    async def move(self, verb: str, conversation: Json, **more: object) -> httpx2.Response:
        body = {"owner_epoch": conversation["owner_epoch"], **more}
        return await self.client.post(f"/console/v1/conversations/{conversation['id']}/{verb}", json=body)

    async def view(self, conversation_id: object) -> Json:
        answer = await self.client.get(f"/console/v1/conversations/{conversation_id}")
        answer.raise_for_status()
        seen: Json = answer.json()
        return seen


@dataclass
class Widget:
    served: Served
    session: Json

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.session['session_token']}"}

    async def start(self, client_id: str = "c1") -> Json:
        body = {"client_conversation_id": client_id}
        answer = await self.served.client.post("/widget/v1/conversations", json=body, headers=self.headers)
        answer.raise_for_status()
        started: Json = answer.json()
        return started

    async def send(self, conversation: Json, text: str, client_id: str = "m1") -> httpx2.Response:
        body = {"client_message_id": client_id, "text": text}
        path = f"/widget/v1/conversations/{conversation['id']}/messages"
        return await self.served.client.post(path, json=body, headers=self.headers)

    async def read(self, conversation: Json) -> Json:
        answer = await self.served.client.get(f"/widget/v1/conversations/{conversation['id']}", headers=self.headers)
        answer.raise_for_status()
        seen: Json = answer.json()
        return seen

    async def texts(self, conversation: Json) -> list[str]:
        view = await self.read(conversation)
        messages = view["messages"]
        assert isinstance(messages, list)
        return [f"{m['author']['kind']}: {m['text']}" for m in messages]

    async def until(self, conversation: Json, length: int, seconds: float = 8.0) -> list[str]:
        """The messages once there are `length` of them."""
        async with asyncio.timeout(seconds):
            while True:
                texts = await self.texts(conversation)
                if len(texts) >= length:
                    return texts
                await asyncio.sleep(0.02)

    async def frames(self, conversation: Json, *, after: int = 0) -> AsyncIterator[tuple[int | None, str, Json]]:
        """Frames of the event stream as (sequence number, name, data)."""
        path = f"/widget/v1/conversations/{conversation['id']}/events?after={after}"
        async with self.served.client.stream("GET", path, headers=self.headers, timeout=20) as answer:
            number, name = None, ""
            async for line in answer.aiter_lines():
                if line.startswith("id: "):
                    number = int(line[4:])
                elif line.startswith("event: "):
                    name = line[7:]
                elif line.startswith("data: "):
                    yield number, name, json.loads(line[6:])
                    number = None


@contextlib.asynccontextmanager
async def serving(
    database_url: str,
    data_dir: Path,
    *,
    agent: WrittenAgent | None = None,
    parts: Parts | None = None,
    clock: Callable[[], datetime] = utc_now,
    **changes: object,
) -> AsyncIterator[Served]:
    """With `parts` those are served, and `agent` is not asked."""
    values: dict[str, object] = {
        "data_dir": data_dir,
        "database_url": database_url,
        "messages_per_minute": 10_000,
        "sessions_per_minute": 10_000,
        "_env_file": None,
    }
    settings = Settings(**(values | changes))  # type: ignore[arg-type]
    written = agent or WrittenAgent()
    if parts is None:
        with library(data_dir / "knowledge", RETURNS) as returns:
            parts = Parts(library=returns, agent=written, company=COMPANY)
            async with serving(database_url, data_dir, agent=written, parts=parts, clock=clock, **changes) as served:
                yield served
        return
    service = create_service(settings, parts, clock=clock)
    port = free_port()
    config = uvicorn.Config(
        service,
        host="127.0.0.1",
        port=port,
        log_level="warning",
        timeout_graceful_shutdown=1,
        timeout_keep_alive=KEEP_ALIVE_S,
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    url = f"http://127.0.0.1:{port}"
    while not server.started:
        await asyncio.sleep(0.01)
        if task.done():
            task.result()
    async with httpx2.AsyncClient(base_url=url, timeout=20) as client:
        try:
            yield Served(url=url, baton=service.state.baton, agent=written, client=client)
        finally:
            server.should_exit = True
            await task
