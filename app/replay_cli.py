"""`baton replay` on the command line: its changes read, its work done where no server runs, its result in words."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import cast

import typer

from app.knowledge import build_agent, company_of, opened
from app.printing import out, shown
from app.replaying import CHANGES, CannotReplay, Replaying
from app.settings import Settings
from app.wiring import exchanges_of, utc_now
from conversations.database import open_database
from conversations.model import JsonObject, TurnId
from conversations.past_turns import PastTurns
from tools.toolbox import Toolbox


def changes_in(given: Sequence[str]) -> dict[str, str]:
    """["version=3"] → {"version": "3"}. Raises BadParameter for what cannot be changed."""
    changes = dict(one.partition("=")[::2] for one in given)
    for name, value in changes.items():
        if name not in CHANGES or not value:
            raise typer.BadParameter(f"--with takes {', '.join(f'{known}=…' for known in CHANGES)}; not {name!r}.")
    return changes


def replaying_here(settings: Settings, turn: str, changes: Mapping[str, str]) -> JsonObject:
    """In this process. Without the server's shop only tools that were called in the turn are there: none are needed."""
    with opened(settings) as (knowledge, embedder):
        agent = build_agent(settings, knowledge, embedder, toolbox=Toolbox(()), company=company_of(settings))

        async def replayed() -> JsonObject:
            database = await open_database(settings.record_url)
            try:
                replaying = Replaying(PastTurns(database), exchanges_of(settings, database, utc_now), agent, knowledge)
                return (await replaying.replay(TurnId(turn), changes)).as_json()
            except CannotReplay as error:
                raise typer.BadParameter(str(error)) from error
            finally:
                await database.close()

        return asyncio.run(replayed())


def print_replayed(replayed: JsonObject) -> None:
    if replayed["same"]:
        out.print("The same, byte for byte." if not replayed["pins_changed"] else "The same words.")
    else:
        out.print(
            f"[bold]Then[/bold]\n{shown(str(replayed['then']))}\n\n[bold]Now[/bold]\n{shown(str(replayed['now']))}"
        )
    for name, pair in cast("Mapping[str, JsonObject]", replayed["differences"]).items():
        out.print(f"{name}: {shown(json.dumps(pair['then'])[:300])} → {shown(json.dumps(pair['now'])[:300])}")
    for name in cast("list[str]", replayed["pins_changed"]):
        out.print(f"changed since: {shown(name)}")
