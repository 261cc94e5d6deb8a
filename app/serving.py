"""Starting the service: prepare what is missing, open everything, serve, and say where."""

from __future__ import annotations

import asyncio
from pathlib import Path

import uvicorn
from rich.console import Console

from app.demo_shop_api import DEMO_PEOPLE
from app.identity import Passwords
from app.knowledge import Company, build_agent, company_of, opened
from app.knowledge_commands import Ingest, staged
from app.progress import progress_bars
from app.service import create_service
from app.settings import Settings
from app.wiring import Parts, new_id, utc_now
from conversations.database import open_database
from conversations.events import Bus
from conversations.people import People
from conversations.store import ConversationStore
from knowledge_base.knowledge_base import KnowledgeBase
from tools.adapters.demo_shop import DemoShop, load_demo_shop
from tools.orders import order_status_tool
from tools.toolbox import Toolbox

DEMO = Path(__file__).parent.parent / "demo"


def serve(settings: Settings, out: Console) -> None:
    """Serve until interrupted. Raises what `open_database` and `opened` raise, before anything is served."""
    asyncio.run(_check_record(settings))
    with opened(settings, lambda text: out.print(text)) as (knowledge, embedder):
        with progress_bars(out) as show:  # nothing to show, unless another encoder or release made what is there
            knowledge.renew(progress=staged(show))
        shop = _load_demo(settings, knowledge, out) if settings.demo else None
        tools = [order_status_tool(shop, clock=utc_now)] if shop else []
        company = asyncio.run(_company_of_shop(shop)) if shop else company_of(settings)
        parts = Parts(
            library=knowledge,
            agent=build_agent(settings, knowledge, embedder, toolbox=Toolbox(tools), company=company),
            company=company,
            shop=shop,
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


async def _company_of_shop(shop: DemoShop) -> Company:
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
