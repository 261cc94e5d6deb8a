"""What this machine's own command line calls while the service runs, since only one process may hold the knowledge.

The bearer token lies in the data folder, readable by its owner only.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Header
from fastapi.exceptions import RequestValidationError
from fastapi.responses import StreamingResponse
from pydantic import Field, JsonValue, ValidationError

from app.asking import ask
from app.errors import Problem, Refused
from app.knowledge import found_json, source_hosts
from app.knowledge_commands import COMMANDS, REFUSALS, KnowledgeCommand
from app.replaying import CHANGES, CannotReplay
from app.schemas import MAX_MESSAGE_CHARS, Request
from app.widget_api import BatonHere
from app.wiring import Baton
from conversations.model import JsonObject, TurnId
from knowledge_base.model import ANYBODY
from knowledge_base.registry import Missing


async def from_this_machine(baton: BatonHere, authorization: Annotated[str, Header()] = "") -> None:
    expected = f"Bearer {baton.secrets.local}"
    if not secrets.compare_digest(expected.encode(), authorization.encode()):
        raise Refused(Problem(status=401, code="not_local", detail="This is for the command line on the same machine."))


router = APIRouter(prefix="/local/v1", dependencies=[Depends(from_this_machine)], include_in_schema=False)


class Question(Request):
    question: str = Field(max_length=MAX_MESSAGE_CHARS)


@router.post("/ask")
async def ask_here(body: Question, baton: BatonHere) -> dict[str, JsonValue]:
    return (await ask(baton.agent, body.question)).as_json()


class SearchFor(Question):
    limit: int = Field(ge=1, le=50)


@router.post("/search")
async def search_here(body: SearchFor, baton: BatonHere) -> dict[str, JsonValue]:
    found = await asyncio.to_thread(baton.library.search, body.question, limit=body.limit, viewer=ANYBODY)
    return found_json(found)


class ReplayTurn(Request):
    turn: str = Field(max_length=64)
    changes: dict[str, str] = Field(default={}, max_length=len(CHANGES))


@router.post("/replay")
async def replay_here(body: ReplayTurn, baton: BatonHere) -> dict[str, JsonValue]:
    if baton.replaying is None:
        raise Refused(Problem(status=404, code="not_found", detail="This server cannot replay turns."))
    try:
        return (await baton.replaying.replay(TurnId(body.turn), body.changes)).as_json()
    except (CannotReplay, Missing, ValueError) as error:
        return {"error": str(error)}


@router.post("/knowledge/{name}")
async def carry_out(name: str, body: dict[str, JsonValue], baton: BatonHere) -> StreamingResponse:
    """Progress as lines of JSON; the last line is the result, or {"error"}."""
    kind = COMMANDS.get(name)
    if kind is None:
        raise Refused(Problem(status=404, code="not_found", detail="This server does not know that command."))
    try:
        command = kind.model_validate(body)
    except ValidationError as invalid:
        raise RequestValidationError(invalid.errors()) from invalid
    return StreamingResponse(_lines(baton, command), media_type="application/jsonl")


async def _lines(baton: Baton, command: KnowledgeCommand) -> AsyncIterator[str]:
    knowledge = baton.library
    loop, before = asyncio.get_running_loop(), knowledge.version
    lines: asyncio.Queue[JsonObject | None] = asyncio.Queue()

    def progress(stage: str, done: int, total: int) -> None:
        line: JsonObject = {"progress": [stage, done, total]}
        loop.call_soon_threadsafe(lines.put_nowait, line)

    def work() -> JsonObject:
        try:
            return command.run(knowledge, progress)
        except REFUSALS as error:
            return {"error": str(error)}

    working = asyncio.create_task(asyncio.to_thread(work))
    working.add_done_callback(lambda _: lines.put_nowait(None))
    while (line := await lines.get()) is not None:
        yield json.dumps(line) + "\n"
    result = await working
    if knowledge.version != before:
        baton.rich_text.allow(await asyncio.to_thread(source_hosts, knowledge))
    yield json.dumps(result) + "\n"
