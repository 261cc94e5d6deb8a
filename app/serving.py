"""Starting the service: prepare what is missing, open everything, serve, and say where."""

from __future__ import annotations

import asyncio
from pathlib import Path

import uvicorn
from rich.console import Console

from app.actions import Around, action_desk
from app.demo_shop_api import DEMO_PEOPLE
from app.identity import Passwords
from app.knowledge import Company, build_agent, company_of, opened
from app.knowledge_commands import Ingest, staged
from app.progress import progress_bars
from app.service import KEEP_ALIVE_S, create_service
from app.settings import Settings
from app.shops import connected_shop
from app.wiring import Parts, new_id, utc_now
from conversations.database import open_database
from conversations.events import Bus
from conversations.people import People
from conversations.store import ConversationStore
from handoff.policy_file import rules_in
from knowledge_base.knowledge_base import KnowledgeBase
from tools.adapters.demo_shop import DemoShop, load_demo_shop
from tools.policy_check import check
from tools.policy_rules import Policy, PolicyUnreadable, read_policy
from tools.reconciling import Report
from tools.toolbox import Toolbox

DEMO = Path(__file__).parent.parent / "demo"


def serve(settings: Settings, out: Console) -> None:
    """Serve until interrupted. Raises what `rules_in`, `open_database` and `opened` raise, before it serves."""
    rules_in(settings.handoff_policy)
    policy = sound_policy(settings)
    asyncio.run(_check_record(settings))
    with opened(settings, lambda text: out.print(text)) as (knowledge, embedder):
        with progress_bars(out) as show:  # nothing to show, unless another encoder or release made what is there
            knowledge.renew(progress=staged(show))
        shop = _load_demo(settings, knowledge, out) if settings.demo else None
        connected = connected_shop(settings, shop, policy)
        toolbox = Toolbox(connected.tools if connected else ())
        company = asyncio.run(company_of_shop(shop)) if shop else company_of(settings)
        parts = Parts(
            library=knowledge,
            agent=build_agent(settings, knowledge, embedder, toolbox=toolbox, company=company),
            company=company,
            shop=shop,
            business=connected.business if connected else None,
            toolbox=toolbox,
            accounts=connected.accounts if connected else None,
        )
        address = f"http://{settings.host}:{settings.port}"
        knowledge.announce(address)
        _print_addresses(address, settings, out)
        service = create_service(settings, parts)
        uvicorn.run(
            service,
            host=settings.host,
            port=settings.port,
            log_level="warning",
            timeout_graceful_shutdown=3,
            timeout_keep_alive=KEEP_ALIVE_S,
            server_header=False,
        )


async def _check_record(settings: Settings) -> None:
    """Within the server a record that cannot be used would show as its traceback."""
    settings.home.mkdir(parents=True, exist_ok=True)
    await (await open_database(settings.record_url)).close()


def _load_demo(settings: Settings, knowledge: KnowledgeBase, out: Console) -> DemoShop:
    shop = load_demo_shop(DEMO / "shop.json", settings.home / "shop.db", now=utc_now())
    with progress_bars(out) as show:
        Ingest(paths=[str(DEMO / "help_center")]).run(knowledge, show)
    return shop


def sound_policy(settings: Settings) -> Policy:
    """Raises PolicyUnreadable, also for a policy that does not settle every case."""
    policy = read_policy(settings.refund_policy) if settings.refund_policy else read_policy()
    if problems := check(policy):
        first = f"{problems[0].kind}: {problems[0].text}"
        raise PolicyUnreadable(f"The refund policy is not sound ({first}); see all with: baton policy check")
    return policy


async def company_of_shop(shop: DemoShop) -> Company:
    profile = await shop.profile()
    return Company(
        name=profile.name,
        ai_name=profile.ai_name,
        greeting=profile.greeting,
        suggestions=profile.suggestions,
        away_text=profile.away_text,
    )


def _print_addresses(address: str, settings: Settings, out: Console) -> None:
    out.print()
    if settings.demo:
        email, _, password = DEMO_PEOPLE[0]
        out.print(f"  Shop with widget  [link]{address}/[/link]")
        out.print(f"  Console           [link]{address}/console[/link]   sign in as {email} / {password}")
    else:
        out.print(f"  Console           [link]{address}/console[/link]   make an account with: baton add-person")
    out.print(f"  API docs          [link]{address}/docs[/link]")
    out.print()


async def reconcile_here(settings: Settings) -> Report | None:
    """Compare the books of these settings; None where no shop is connected. Raises ToolFailed and PolicyUnreadable."""
    settings.home.mkdir(parents=True, exist_ok=True)
    shop = load_demo_shop(DEMO / "shop.json", settings.home / "shop.db", now=utc_now()) if settings.demo else None
    connected = connected_shop(settings, shop, sound_policy(settings))
    if connected is None or connected.business is None:
        return None
    database = await open_database(settings.record_url)
    try:
        bus = Bus()
        store = ConversationStore(database, bus, clock=utc_now, new_id=new_id)
        record = Around(database=database, store=store, bus=bus, clock=utc_now, new_id=new_id)
        desk = action_desk(connected.business, record, key="", toolbox=None)
        return await desk.reconcile()
    finally:
        await database.close()


async def add_human_agent(settings: Settings, email: str, *, name: str, password: str) -> bool:
    """Make a console account; False where the address has one."""
    settings.home.mkdir(parents=True, exist_ok=True)
    database = await open_database(settings.record_url)
    try:
        store = ConversationStore(database, Bus(), clock=utc_now, new_id=new_id)
        people = People(database, store, Bus(), clock=utc_now, new_id=new_id)
        hashed = await Passwords().hash(password)
        return await people.add_human_agent(email, display_name=name, password_hash=hashed)
    finally:
        await database.close()
