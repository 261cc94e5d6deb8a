"""What the service is made of, built once in dependency order."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Coroutine
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol
from urllib.parse import urlsplit

from fastapi import Request

from app.answering import Answering
from app.identity import Passwords, Tokens
from app.knowledge import Company
from app.limits import RateLimits
from app.presenting import Presenter
from app.rich_text import RichText
from app.settings import Secrets, Settings, load_secrets
from app.streams import EventStream
from app.turn_runner import Answerer, Desk, TurnRunner
from conversations.database import open_database
from conversations.events import Bus
from conversations.model import HumanAgentId
from conversations.people import People
from conversations.store import ConversationStore
from conversations.turns import TurnQueue
from handoff.desk import HandoffDesk
from handoff.policy import HandoffPolicy
from knowledge_base.model import Article, SearchResult, Viewer
from knowledge_base.usage_store import ArticleUsage
from tools.adapters.demo_shop import DemoShop

OTHER_PROCESS_POLL_SECONDS = 1.0
"""On PostgreSQL another process may have written; its changes are seen this much later at most."""


class Library(Protocol):
    """What the service needs of the knowledge base; `search` blocks and is run in threads.

    With a viewer only what they may read now is there.
    """

    def article(self, article_id: str, viewer: Viewer | None = None) -> Article | None: ...

    def articles(self, viewer: Viewer | None = None) -> list[Article]: ...

    def citing(self, article_ids: Collection[str], viewer: Viewer) -> AbstractContextManager[Collection[str]]: ...

    def search(self, question: str, *, limit: int, viewer: Viewer) -> SearchResult: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What is opened before the service starts and may take seconds: the knowledge, the shop, the AI agent."""

    library: Library
    agent: Answering
    company: Company
    shop: DemoShop | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Baton:
    """The running service."""

    settings: Settings
    secrets: Secrets
    company: Company
    library: Library
    shop: DemoShop | None
    store: ConversationStore
    people: People
    desk: HandoffDesk
    runner: TurnRunner
    agent: Answering
    bus: Bus
    stream: EventStream
    presenter: Presenter
    usage: ArticleUsage
    rich_text: RichText
    tokens: Tokens
    passwords: Passwords
    limits: RateLimits
    clock: Callable[[], datetime]
    consoles: Counter[HumanAgentId] = field(default_factory=Counter)
    """Open inbox streams per human agent; at zero they are offline."""
    background: set[asyncio.Task[None]] = field(default_factory=set)

    def in_background(self, work: Coroutine[object, object, None]) -> None:
        """Finish something after its request is gone."""
        task = asyncio.create_task(work)
        self.background.add(task)
        task.add_done_callback(self.background.discard)


def utc_now() -> datetime:
    return datetime.now(UTC)


def new_id() -> str:
    return uuid.uuid4().hex


def baton_of(request: Request) -> Baton:
    """FastAPI dependency: the running service."""
    baton: Baton = request.app.state.baton
    return baton


def article_hosts(library: Library) -> set[str]:
    """The hosts of the articles' own https addresses."""
    addresses = (urlsplit(article.url) for article in library.articles() if article.url)
    return {parts.hostname for parts in addresses if parts.scheme == "https" and parts.hostname}


@asynccontextmanager
async def running(settings: Settings, parts: Parts, *, clock: Callable[[], datetime] = utc_now) -> AsyncIterator[Baton]:
    """The service from an opened database to running turns; closes it again. Raises DatabaseUnsafe."""
    secrets = load_secrets(settings)
    database = await open_database(settings.record_url)
    bus = Bus()
    store = ConversationStore(database, bus, clock=clock, new_id=new_id)
    people = People(database, store, bus, clock=clock, new_id=new_id)
    turns = TurnQueue(database, clock=clock)
    rich_text = RichText({*settings.link_hosts, *article_hosts(parts.library)})
    presenter = Presenter(people, rich_text, ai_name=parts.company.ai_name)
    desk = HandoffDesk(store, anybody_online=people.anybody_online, away_text=parts.company.away_text)
    around = Desk(store=store, people=people, turns=turns, handoff=desk, bus=bus)
    answering = Answerer(agent=parts.agent, policy=HandoffPolicy(), citing=parts.library.citing)
    runner = TurnRunner(around, answering, clock=clock, answer_seconds=settings.answer_seconds)
    stream = EventStream(store=store, bus=bus, presenter=presenter)
    if not database.is_sqlite:
        stream = EventStream(store=store, bus=bus, presenter=presenter, poll_seconds=OTHER_PROCESS_POLL_SECONDS)
    baton = Baton(
        settings=settings,
        secrets=secrets,
        company=parts.company,
        library=parts.library,
        shop=parts.shop,
        store=store,
        people=people,
        desk=desk,
        runner=runner,
        agent=parts.agent,
        bus=bus,
        stream=stream,
        presenter=presenter,
        usage=ArticleUsage(database, clock=clock),
        rich_text=rich_text,
        tokens=Tokens(session_key=secrets.session, identity_key=secrets.identity, clock=clock),
        passwords=Passwords(),
        limits=RateLimits(),
        clock=clock,
    )
    turning = asyncio.create_task(runner.run_forever())
    try:
        yield baton
    finally:
        turning.cancel()
        await asyncio.wait([turning, *baton.background])
        await database.close()
