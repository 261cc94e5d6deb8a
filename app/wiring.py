"""What the service is made of, built once in dependency order."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from fastapi import Request

from agent.support_agent import SupportAgent
from app.actions import ActionDesk, Around, action_desk
from app.answering import Answering
from app.deliverer import Deliverer, Sender
from app.identity import Keys, Passwords, Tokens
from app.knowledge import Company, source_hosts
from app.limits import RateLimits
from app.mail import DemoMailbox, MailServer, SmtpMailer
from app.presenting import Presenter
from app.replaying import Replaying
from app.reply_mail import ReplyMail
from app.rich_text import RichText
from app.settings import Secrets, Settings, load_secrets
from app.streams import EventStream
from app.stuck_actions import StuckActions
from app.turn_reply import Answerer, ModelUse, Prove
from app.turn_runner import Desk, TurnRunner
from app.webhook_sender import WebhookSender, guarded_post
from conversations.audit import AuditLog
from conversations.database import Database, open_database
from conversations.deliveries import Channel, Deliveries
from conversations.evaluation_store import Evaluations
from conversations.events import Bus
from conversations.exchanges import Exchanges
from conversations.model import Conversation, ConversationId, Customer, HumanAgentId
from conversations.past_turns import PastTurns
from conversations.people import People
from conversations.ratings import Ratings
from conversations.saved_replies import SavedReplies
from conversations.searching import Search
from conversations.spending import Caps, Spending
from conversations.store import ConversationStore
from conversations.tags import Tags
from conversations.team import Team
from conversations.turns import TurnQueue
from conversations.verifications import Verifications
from conversations.webhooks import Webhooks
from handoff.brief import Facts
from handoff.desk import HandoffDesk
from handoff.desk_store import DeskStore
from handoff.dispatcher import Dispatcher
from handoff.facts import gather_facts
from handoff.policy import HandoffPolicy
from handoff.policy_file import rules_in
from handoff.sla_keeper import SlaKeeper
from handoff.sla_store import SlaStore
from handoff.solved_keeper import SolvedKeeper
from handoff.waking import Waker
from knowledge_base.knowledge_base import KnowledgeBase
from knowledge_base.sources.guarding import Allowed
from knowledge_base.usage_store import ArticleUsage
from tools.accounts import Accounts
from tools.action_worker import Business
from tools.adapters.demo_shop import DemoShop
from tools.tool import Principal
from tools.toolbox import Toolbox
from tools.verification import Mailer, Verification, principal_of

OTHER_PROCESS_POLL_SECONDS = 1.0
"""On PostgreSQL another process may have written; its changes are seen this much later at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What is opened before the service starts and may take seconds: the knowledge, the shop, the AI agent.

    With a `business` the service can act in it; `toolbox` is the AI agent's, for the tools that offer that.
    """

    library: KnowledgeBase
    agent: Answering
    company: Company
    shop: DemoShop | None = None
    business: Business | None = None
    toolbox: Toolbox | None = None
    accounts: Accounts | None = None
    mailer: Mailer | None = None
    """Instead of the one that the settings name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Baton:
    """The running service."""

    settings: Settings
    secrets: Secrets
    company: Company
    library: KnowledgeBase
    shop: DemoShop | None
    store: ConversationStore
    people: People
    team: Team
    audit: AuditLog
    desk: HandoffDesk
    desk_store: DeskStore
    dispatcher: Dispatcher
    sla: SlaStore
    deliveries: Deliveries
    webhooks: Webhooks
    evaluations: Evaluations
    can_mail: bool
    runner: TurnRunner
    actions: ActionDesk | None
    toolbox: Toolbox
    """The AI agent's tools; empty where no shop is connected."""
    agent: Answering
    replaying: Replaying | None
    bus: Bus
    stream: EventStream
    presenter: Presenter
    ratings: Ratings
    search: Search
    saved_replies: SavedReplies
    tags: Tags
    usage: ArticleUsage
    rich_text: RichText
    tokens: Tokens
    passwords: Passwords
    verifications: Verifications
    verification: Verification | None
    """None where nothing can send a code: without a mail server, or without accounts to find addresses in."""
    mailbox: DemoMailbox | None
    limits: RateLimits
    clock: Callable[[], datetime]
    consoles: Counter[HumanAgentId] = field(default_factory=Counter)
    """Open inbox streams per human agent; at zero they are offline."""
    background: set[asyncio.Task[None]] = field(default_factory=set)

    async def principal(self, conversation_id: ConversationId, customer: Customer) -> Principal:
        """On whose behalf something is done in a conversation, by what is proven there now."""
        return await _prove(self.verification)(conversation_id, customer)

    async def facts(self, conversation: Conversation, customer: Customer) -> Facts:
        """What a brief about the conversation as it stands is written from."""
        actions = [] if self.actions is None else await self.actions.for_brief(conversation.id)
        return await gather_facts(self.store, conversation.id, customer, episode=conversation.episode, actions=actions)

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


def _mailer(settings: Settings, mailbox: DemoMailbox | None) -> Mailer | None:
    """None where no mail leaves the house."""
    if settings.smtp_url is None:
        return mailbox
    server = MailServer.parse(settings.smtp_url.get_secret_value())
    return SmtpMailer(server, sender=settings.mail_from)


def _verification(parts: Parts, kept: Verifications, mailer: Mailer | None, *, key: str) -> Verification | None:
    if mailer is None or parts.accounts is None:
        return None
    return Verification(kept, parts.accounts, mailer, key=key, company=parts.company.name, new_id=new_id)


def _prove(verification: Verification | None) -> Prove:
    async def prove(conversation_id: ConversationId, customer: Customer) -> Principal:
        if verification is None:
            return principal_of(customer)
        return await verification.principal(conversation_id, customer)

    return prove


def _workers(baton: Baton, database: Database, mailer: Mailer | None) -> list[Coroutine[object, object, None]]:
    """What runs beside the requests for as long as the service does."""
    post = guarded_post(Allowed.parse(baton.settings.allow_private_webhooks))
    hooks = WebhookSender(webhooks=baton.webhooks, post=post, clock=baton.clock)
    senders: dict[Channel, Sender] = {Channel.WEBHOOK: hooks}
    if mailer is not None:
        home = (baton.settings.public_url or f"http://{baton.settings.host}:{baton.settings.port}").rstrip("/")
        senders[Channel.MAIL] = ReplyMail(
            store=baton.store,
            ratings=baton.ratings,
            tokens=baton.tokens,
            mailer=mailer,
            company=baton.company.name,
            home=home,
        )
    deliverer = Deliverer(baton.deliveries, senders)
    return [
        baton.runner.run_forever(),
        baton.dispatcher.run_forever(baton.bus),
        deliverer.run_forever(baton.bus),
        SlaKeeper(baton.store, baton.desk_store, baton.sla, clock=baton.clock).run_forever(baton.bus),
        Waker(baton.store, database, clock=baton.clock).run_forever(),
        SolvedKeeper(baton.store, baton.desk_store, database, clock=baton.clock).run_forever(),
        *(_acting(baton, baton.actions) if baton.actions else ()),
    ]


def _acting(baton: Baton, actions: ActionDesk) -> list[Coroutine[object, object, None]]:
    stuck = StuckActions(
        actions=actions,
        desk=baton.desk,
        store=baton.store,
        people=baton.people,
        prove=baton.principal,
        clock=baton.clock,
    )
    return [*actions.work(), stuck.run_forever(baton.bus)]


def _model_use(settings: Settings, database: Database, clock: Callable[[], datetime]) -> ModelUse:
    caps = Caps(
        conversation=settings.llm_conversation_tokens,
        customer_day=settings.llm_customer_tokens,
        day=settings.llm_day_tokens,
    )
    return ModelUse(spending=Spending(database, caps, clock=clock), exchanges=exchanges_of(settings, database, clock))


def exchanges_of(settings: Settings, database: Database, clock: Callable[[], datetime]) -> Exchanges:
    return Exchanges(database, kept=timedelta(days=settings.llm_exchanges_days), clock=clock)


def _replaying(parts: Parts, turns: PastTurns, exchanges: Exchanges) -> Replaying | None:
    """None where the agent is a stand-in."""
    if isinstance(parts.agent, SupportAgent):
        return Replaying(turns, exchanges, parts.agent, parts.library)
    return None


@asynccontextmanager
async def running(settings: Settings, parts: Parts, *, clock: Callable[[], datetime] = utc_now) -> AsyncIterator[Baton]:
    """The service from an opened database to running turns; closes it again. Raises DatabaseUnsafe."""
    secrets = load_secrets(settings)
    database = await open_database(settings.record_url)
    bus = Bus()
    store = ConversationStore(database, bus, clock=clock, new_id=new_id)
    people = People(database, store, bus, clock=clock, new_id=new_id)
    turns = TurnQueue(database, clock=clock)
    rich_text = RichText({*settings.link_hosts, *source_hosts(parts.library)})
    verifications = Verifications(database, clock=clock)
    mailbox = DemoMailbox() if settings.demo else None
    mailer = parts.mailer or _mailer(settings, mailbox)
    verification = _verification(parts, verifications, mailer, key=secrets.session)
    presenter = Presenter(people, rich_text, verifications, ai_name=parts.company.ai_name)
    desk_store = DeskStore(database, bus, clock=clock)
    desk = HandoffDesk(
        store,
        rules=desk_store.rules,
        anybody_online=people.anybody_online,
        away_text=parts.company.away_text,
        can_mail=mailer is not None,
    )
    dispatcher = Dispatcher(store, desk, desk_store, people, clock=clock)
    deliveries = Deliveries(database, bus, clock=clock)
    around = Desk(store=store, people=people, turns=turns, handoff=desk, bus=bus)
    actions = None
    if parts.business is not None:
        record = Around(database=database, store=store, bus=bus, clock=clock, new_id=new_id)
        actions = action_desk(parts.business, record, key=secrets.session, toolbox=parts.toolbox)
    answering = Answerer(
        agent=parts.agent,
        policy=HandoffPolicy(rules_in(settings.handoff_policy)),
        citing=parts.library.citing,
        offers=actions,
        models=_model_use(settings, database, clock) if settings.llm_model else None,
        prove=_prove(verification),
    )
    runner = TurnRunner(around, answering, clock=clock, answer_seconds=settings.answer_seconds)
    cards = actions.cards if actions else None
    stream = EventStream(store=store, bus=bus, presenter=presenter, cards=cards)
    if not database.is_sqlite:
        stream = replace(stream, poll_seconds=OTHER_PROCESS_POLL_SECONDS)
    baton = Baton(
        settings=settings,
        secrets=secrets,
        company=parts.company,
        library=parts.library,
        shop=parts.shop,
        store=store,
        people=people,
        team=Team(database, bus, clock=clock, new_id=new_id),
        audit=AuditLog(database, clock=clock),
        desk=desk,
        desk_store=desk_store,
        dispatcher=dispatcher,
        sla=SlaStore(database, clock=clock),
        deliveries=deliveries,
        webhooks=Webhooks(database, clock=clock, new_id=new_id),
        evaluations=Evaluations(database, clock=clock, new_id=new_id),
        can_mail=mailer is not None,
        runner=runner,
        actions=actions,
        toolbox=parts.toolbox or Toolbox(()),
        agent=parts.agent,
        replaying=_replaying(parts, PastTurns(database), exchanges_of(settings, database, clock)),
        bus=bus,
        stream=stream,
        presenter=presenter,
        ratings=Ratings(database),
        search=Search(database),
        tags=Tags(database),
        saved_replies=SavedReplies(database, clock=clock, new_id=new_id),
        usage=ArticleUsage(database, clock=clock),
        rich_text=rich_text,
        tokens=Tokens(
            Keys(session=secrets.session, identity=dict(secrets.identity), claim=secrets.claim),
            clock=clock,
            new_id=new_id,
        ),
        verifications=verifications,
        verification=verification,
        mailbox=mailbox,
        passwords=Passwords(),
        limits=RateLimits(),
        clock=clock,
    )
    working = [asyncio.create_task(work) for work in _workers(baton, database, mailer)]
    try:
        yield baton
    finally:
        for task in working:
            task.cancel()
        await asyncio.wait([*working, *baton.background])
        await database.close()
