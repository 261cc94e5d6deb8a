"""The real service on a record, a shop and a clock of its own: one trial at a time, each from the same beginning.

The knowledge base is shared and only read; a sample that brings articles is given to a sandbox with a private copy.
Nothing reaches the shop, the payment provider, the mail server or the webhooks of the settings.
"""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from app.knowledge import build_agent, company_of
from app.serving import company_of_shop, sound_policy
from app.settings import Settings
from app.shops import connected_shop
from app.wiring import Baton, Parts, exchanges_of, running
from conversations.database import open_database
from conversations.exchanges import Exchanges
from conversations.model import Customer, HumanAgentId
from evals.playing import Played, play
from evals.sample import Sample
from evals.sandbox_shop import BadShop, SandboxShop
from evals.talking import CannotGoOn, Talk
from evals.trial import ShopAfter, Trial
from evals.trial_reading import read_trial
from knowledge_base.embedding import Embedder
from knowledge_base.knowledge_base import InvalidArticle, KnowledgeBase, WrittenArticle
from knowledge_base.vectors import ScanOnly
from tools.toolbox import Toolbox

START: Final = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
"""When samples happen that do not say: a Thursday noon. A fixed day keeps the dates in replies the same every day."""
_ALWAYS: Final = datetime(9000, 1, 1, tzinfo=UTC)
TRIAL_SECONDS: Final = 600.0
_NO_LIMIT: Final = 1_000_000


@dataclass(slots=True)
class SandboxClock:
    """Runs from an instant that is set for each trial."""

    _at: datetime
    _since: float

    @classmethod
    def at(cls, instant: datetime) -> SandboxClock:
        return cls(instant, time.monotonic())

    def set(self, instant: datetime) -> None:
        self._at, self._since = instant, time.monotonic()

    def __call__(self) -> datetime:
        return self._at + timedelta(seconds=time.monotonic() - self._since)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounds:
    """What all sandboxes of a run stand on: the knowledge base in `folder`, and whether there is the demo shop.

    `start` is when samples happen that do not say.
    """

    settings: Settings
    knowledge: KnowledgeBase
    folder: Path
    embedder: Embedder
    shop: bool
    start: datetime = START


@dataclass(frozen=True, slots=True, kw_only=True)
class _Furnished:
    """What a sandbox has of its own. `private` is its copy of the knowledge base, `exchanges` what models answered."""

    shop: SandboxShop | None
    private: KnowledgeBase | None
    exchanges: Exchanges | None
    start: datetime


class Sandbox:
    """A running service that serves trials one after the other."""

    def __init__(self, baton: Baton, clock: SandboxClock, own: _Furnished) -> None:
        self._baton = baton
        self._clock = clock
        self._own = own
        self._record = Path(baton.settings.record_url.removeprefix("sqlite:///"))
        self._version = baton.library.version
        self._planted: list[str] = []
        self._person = HumanAgentId("")
        self._beginning: sqlite3.Connection | None = None

    async def prepare(self) -> None:
        """What every trial finds there already: one person at the desk."""
        people = self._baton.people
        await people.add_human_agent("desk@sandbox.invalid", display_name="Robin", password_hash="")
        self._person = (await people.human_agents())[0].id
        # Heard of long after every trial: they are at their desk however long one takes.
        self._clock.set(_ALWAYS)
        await people.seen(self._person)
        self._beginning = await asyncio.to_thread(_remembered, self._record)

    async def run(self, sample: Sample, number: int) -> Trial:
        """One trial, from an empty record on. Whatever goes wrong is the trial's `error`."""
        started = time.perf_counter()
        try:
            async with asyncio.timeout(TRIAL_SECONDS):
                trial = await self._run(sample, number)
        except _WRONG as failure:
            why = f"{type(failure).__name__}: {failure}"
            trial = Trial(sample=sample.id, sample_digest=sample.digest, number=number, ended="error", error=why)
        return replace(trial, seconds=round(time.perf_counter() - started, 4))

    async def _run(self, sample: Sample, number: int) -> Trial:
        await self._begin(sample)
        customer = await self._customer(sample)
        conversation = await self._baton.store.start(customer.id, f"trial-{number}")
        talk = Talk(self._baton, customer, conversation.id)
        if sample.proof == "verified" and sample.customer is not None:
            await talk.enter_code("right")
        played = await play(talk, sample)
        trial = await read_trial(talk, sample, number, self._own.exchanges)
        shop = ShopAfter()
        if self._own.shop is not None:
            whose = talk.customer.external_id or talk.customer.claimed_id
            shop = await asyncio.to_thread(self._own.shop.after, sample, whose)
        version = f"{self._version}+{len(sample.articles)}" if sample.articles else self._version
        return _ended(replace(trial, shop=shop, knowledge_version=version), played)

    async def _begin(self, sample: Sample) -> None:
        if sample.articles and self._own.private is None:
            raise ValueError("the sample brings articles, but its sandbox shares the knowledge base")
        await asyncio.to_thread(self._renew, sample)
        self._clock.set(sample.at or self._own.start)
        if not sample.people_online:
            await self._baton.people.left(self._person)
        if self._baton.mailbox is not None:
            self._baton.mailbox.mails.clear()

    def _renew(self, sample: Sample) -> None:
        if self._beginning is not None:
            _put_back(self._beginning, self._record)
        if self._own.shop is not None:
            self._own.shop.prepare(sample)
        if self._own.private is None:
            return
        while self._planted:
            self._own.private.delete_written(self._planted.pop())
        for new in sample.articles:
            self._own.private.write_article(
                WrittenArticle(id=new.id, title=new.title, text=new.text, language=new.language)
            )
            self._planted.append(new.id)

    async def _customer(self, sample: Sample) -> Customer:
        if sample.customer is None:
            return await self._baton.people.new_visitor()
        shop = self._own.shop
        known = shop.customer(sample.customer) if shop is not None else (sample.customer, sample.customer, None)
        if known is None:
            raise ValueError(f"the demo shop has no customer {sample.customer!r}")
        external_id, name, email = known
        if sample.proof == "claimed":
            return await self._baton.people.claimed(external_id)
        return await self._baton.people.identified(external_id, display_name=name, email=email)


_WRONG: Final = (BadShop, InvalidArticle, CannotGoOn, TimeoutError, OSError, LookupError, ImportError, ValueError)
"""What a sample or its surroundings can do wrong; anything else is a defect of the harness, and ends the run."""


def _ended(trial: Trial, played: Played) -> Trial:
    ended = "error" if trial.error is not None else played.ended
    return replace(trial, ended=ended, ended_because=played.because, goal_reached=played.goal_reached)


@asynccontextmanager
async def open_sandbox(grounds: Grounds, folder: Path, *, private: bool) -> AsyncIterator[Sandbox]:
    """A sandbox in `folder`, which is new; with `private`, on a copy of the knowledge base that samples may add to."""
    clock = SandboxClock.at(grounds.start)
    settings = _settings(grounds, folder)
    with ExitStack() as closing_last:
        copy = closing_last.enter_context(_copied(grounds, folder / "articles")) if private else None
        shop = SandboxShop(settings.home, start=grounds.start, clock=clock) if grounds.shop else None
        parts = await _parts(grounds, settings, clock, shop, copy or grounds.knowledge)
        async with running(settings, parts, clock=clock) as baton:
            exchanges, database = None, None
            if settings.llm_model is not None:
                database = await open_database(settings.record_url)
                exchanges = exchanges_of(settings, database, clock)
            own = _Furnished(shop=shop, private=copy, exchanges=exchanges, start=grounds.start)
            sandbox = Sandbox(baton, clock, own)
            await sandbox.prepare()
            try:
                yield sandbox
            finally:
                if database is not None:
                    await database.close()


def _settings(grounds: Grounds, folder: Path) -> Settings:
    """Those of the service, with nothing in them that leads outside but the model."""
    home = folder / "demo" if grounds.shop else folder
    home.mkdir(parents=True)
    if grounds.settings.calibration_file.exists():
        shutil.copyfile(grounds.settings.calibration_file, home / "calibration.json")
    encoders = (grounds.settings.data_dir / "encoder").resolve()
    if encoders.is_dir():
        (folder / "encoder").symlink_to(encoders)  # what was computed once for this encoder is not computed again
    outside = ("database_url", "smtp_url", "shopify_shop", "shopify_token", "stripe_key", "chroma_url")
    own = {
        **dict.fromkeys(outside, None),
        "data_dir": folder,
        "demo": grounds.shop,
        "messages_per_minute": _NO_LIMIT,
        "llm_day_tokens": 0,
    }
    return grounds.settings.model_copy(update=own)


async def _parts(
    grounds: Grounds, settings: Settings, clock: SandboxClock, shop: SandboxShop | None, knowledge: KnowledgeBase
) -> Parts:
    demo = shop.shop if shop is not None else None
    connected = connected_shop(settings, demo, sound_policy(settings), clock=clock)
    toolbox = Toolbox(connected.tools if connected else ())
    company = await company_of_shop(demo) if demo is not None else company_of(settings)
    agent = build_agent(
        settings, knowledge, grounds.embedder, toolbox=toolbox, company=company, today=lambda: clock().date()
    )
    return Parts(
        library=knowledge,
        agent=agent,
        company=company,
        shop=demo,
        business=connected.business if connected else None,
        toolbox=toolbox,
        accounts=connected.accounts if connected else None,
    )


@contextmanager
def _copied(grounds: Grounds, folder: Path) -> Iterator[KnowledgeBase]:
    shutil.copytree(grounds.folder, folder)
    knowledge = KnowledgeBase.open(folder, grounds.embedder, vectors=ScanOnly())
    try:
        yield knowledge
    finally:
        knowledge.close()


def _remembered(record: Path) -> sqlite3.Connection:
    """The record as it is now, in memory."""
    memory = sqlite3.connect(":memory:", check_same_thread=False)
    with closing(sqlite3.connect(record)) as connection:
        connection.backup(memory)
    return memory


def _put_back(memory: sqlite3.Connection, record: Path) -> None:
    """Forget every earlier trial: the same customer's refunds, or a queue, would change what the next one sees."""
    with closing(sqlite3.connect(record, timeout=30)) as connection:
        connection.execute("PRAGMA synchronous = OFF")  # a record that a power cut damages is a record of nothing
        memory.backup(connection)
