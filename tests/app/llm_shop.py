"""The demo shop with its help center and a language model that the test chooses, as one running service."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from agent.chat_model import ChatModel, ChatModelSettings
from agent.responders.llm import LlmResponder
from agent.responders.llm_prompt import Voice
from agent.support_agent import SupportAgent
from agent.understanding import Understanding
from app.identity import Identity
from app.knowledge import Company, build_agent
from app.scripted_model import ScriptedModelLog
from app.settings import Settings
from app.wiring import Parts, utc_now
from knowledge_base.embedding import Embedder
from knowledge_base.encoders import open_embedder
from knowledge_base.knowledge_base import KnowledgeBase
from tests.app.serving import Console, Json, Served, Widget, serving
from tests.services import free_port
from tools.adapters.demo_shop import DemoShop, load_demo_shop
from tools.orders import order_status_tool
from tools.toolbox import Toolbox

DEMO = Path(__file__).parents[2] / "demo"
ANSWER_SECONDS = 4.0
MODEL_SECONDS = 1.0
SLACK_SECONDS = 1.5
"""For HTTP, the database and two cores that other tests use too."""

MAYA = Identity(external_id="cust_1001", display_name="Maya", email="maya@example.com")
TOM = Identity(external_id="cust_1002", display_name="Tom", email="tom@example.com")
COMPANY = Company(name="Northpeak Outfitters", ai_name="Juniper", greeting="Hi", suggestions=(), away_text="Away.")


@dataclass(kw_only=True)
class Shop:
    """What is opened once: the help center's index, its encoder, the orders."""

    folder: Path
    knowledge: KnowledgeBase
    embedder: Embedder
    orders: DemoShop

    @property
    def toolbox(self) -> Toolbox:
        return Toolbox([order_status_tool(self.orders, clock=utc_now)])


@contextlib.contextmanager
def open_shop(folder: Path, encoders: Path) -> Iterator[Shop]:
    embedder = open_embedder(None, encoders=encoders)
    knowledge = KnowledgeBase.open(folder / "knowledge", embedder)
    knowledge.ingest([DEMO / "help_center"])
    orders = load_demo_shop(DEMO / "shop.json", folder / "demo-shop.db", now=utc_now())
    yield Shop(folder=folder, knowledge=knowledge, embedder=embedder, orders=orders)
    knowledge.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One customer message and what came of it. `seconds` are from the POST to the reply, as the customer waits."""

    reply: Json
    status: str
    trace: Json
    seconds: float

    @property
    def text(self) -> str:
        return str(self.reply["text"])


@dataclass
class Chat:
    """One customer's conversation, with a console beside it to look behind the answers."""

    widget: Widget
    console: Console
    conversation: Json
    said: int = 0

    async def ask(self, text: str) -> Turn:
        """Say it and wait for the one reply. Fails where none comes within the turn's deadline."""
        self.said += 1
        started = asyncio.get_running_loop().time()
        accepted = await self.widget.send(self.conversation, text, f"m{self.said}")
        assert accepted.status_code == 202, accepted.text
        turn_id = accepted.json()["turn_id"]
        async with asyncio.timeout(ANSWER_SECONDS + SLACK_SECONDS):
            while (reply := await self._reply(turn_id)) is None:
                await asyncio.sleep(0.01)
        seconds = asyncio.get_running_loop().time() - started
        behind = await self.console.view(self.conversation["id"])
        status = str(behind["conversation"]["status"])
        return Turn(reply=reply, status=status, trace=behind["traces"][turn_id], seconds=seconds)

    async def _reply(self, turn_id: object) -> Json | None:
        view = await self.widget.read(self.conversation)
        replies: list[Json] = [one for one in view["messages"] if one["turn_id"] == turn_id]
        done = (one for one in replies if one["author"]["kind"] == "ai_agent" and one["state"] != "writing")
        return next(done, None)


@dataclass
class Desk:
    """A running service with one human agent signed in."""

    served: Served
    console: Console
    started: int = field(default=0)

    async def chat(self, who: Identity | None = None) -> Chat:
        token = self.served.baton.tokens.sign_identity(who, valid_for=timedelta(minutes=5)) if who else None
        widget = await self.served.widget(token)
        self.started += 1
        return Chat(widget, self.console, await widget.start(f"c{self.started}"))


@contextlib.asynccontextmanager
async def shop_with_model(
    shop: Shop,
    database: Path,
    *,
    base_url: str | None,
    model: str = "scripted",
    model_seconds: float = MODEL_SECONDS,
    conversation_tokens: int = 200_000,
) -> AsyncIterator[Desk]:
    """The service as `baton serve` wires it, with a model at `base_url`; None for none at all."""
    settings = Settings(
        data_dir=shop.folder,
        llm_base_url=base_url,
        llm_model=model,
        llm_timeout_seconds=model_seconds,
        _env_file=None,
    )
    agent = build_agent(settings, shop.knowledge, shop.embedder, toolbox=shop.toolbox, company=COMPANY)
    async with serving_shop(shop, database, agent, conversation_tokens if base_url else 0) as desk:
        yield desk


@contextlib.asynccontextmanager
async def serving_shop(
    shop: Shop, database: Path, agent: SupportAgent, conversation_tokens: int = 0
) -> AsyncIterator[Desk]:
    """With `conversation_tokens` what the model uses is counted and its exchanges are kept."""
    parts = Parts(library=shop.knowledge, agent=agent, company=COMPANY, shop=shop.orders)
    url = f"sqlite:///{database}"
    model = "counted" if conversation_tokens else None
    async with serving(
        url,
        shop.folder,
        parts=parts,
        answer_seconds=ANSWER_SECONDS,
        llm_model=model,
        llm_conversation_tokens=conversation_tokens,
    ) as served:
        yield Desk(served, await served.console())


def agent_with_clock(shop: Shop, base_url: str, clock: Callable[[], float]) -> SupportAgent:
    """The AI agent whose circuit breaker tells the time by `clock`."""
    models = ChatModelSettings(base_url=base_url, model="scripted", timeout_s=MODEL_SECONDS)
    responder = LlmResponder(
        chat=ChatModel(models, clock=clock),
        toolbox=shop.toolbox,
        voice=Voice(company=COMPANY.name, ai_name=COMPANY.ai_name),
        today=lambda: utc_now().date(),
    )
    return SupportAgent(
        knowledge=shop.knowledge,
        understanding=Understanding(shop.embedder, cache=shop.folder / "encoder"),
        toolbox=shop.toolbox,
        llm=responder,
        clock=clock,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelServer:
    base_url: str
    log: ScriptedModelLog


@contextlib.asynccontextmanager
async def model_server(app: FastAPI, *, port: int | None = None) -> AsyncIterator[ModelServer]:
    """The app on a real port, until the end of the block."""
    port = port or free_port()
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error", lifespan="off"))
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield ModelServer(base_url=f"http://127.0.0.1:{port}/v1", log=app.state.log)
    finally:
        server.should_exit = server.force_exit = True
        await task


@contextlib.asynccontextmanager
async def silent_server() -> AsyncIterator[str]:
    """Accepts connections, reads, and never says a word."""

    async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while await reader.read(65_536):
                pass
        writer.close()

    server = await asyncio.start_server(swallow, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    finally:
        server.close()
