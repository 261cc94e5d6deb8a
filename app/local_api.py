"""What this machine's own command line calls while the service runs, since only one process may hold the knowledge.

The bearer token lies in the data folder, readable by its owner only.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Header
from fastapi.responses import StreamingResponse
from pydantic import Field, JsonValue

from app.asking import ask
from app.errors import Problem, Refused
from app.knowledge import found_json, ingest_into
from app.schemas import MAX_MESSAGE_CHARS, Request
from app.widget_api import BatonHere
from app.wiring import Baton, article_hosts
from conversations.model import JsonObject
from knowledge_base.knowledge_base import InvalidSource, KnowledgeBaseDamaged


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


class Ingest(Request):
    paths: list[str] = Field(min_length=1)


@router.post("/search")
async def search_here(body: SearchFor, baton: BatonHere) -> dict[str, JsonValue]:
    found = await asyncio.to_thread(baton.library.search, body.question, limit=body.limit)
    return found_json(found)


@router.post("/ingest")
async def ingest_here(body: Ingest, baton: BatonHere) -> StreamingResponse:
    """Progress as lines of JSON; the last line is the report, or {"error"}."""
    return StreamingResponse(_ingest_lines(baton, [Path(path) for path in body.paths]), media_type="application/jsonl")


async def _ingest_lines(baton: Baton, paths: list[Path]) -> AsyncIterator[str]:
    loop = asyncio.get_running_loop()
    lines: asyncio.Queue[JsonObject | None] = asyncio.Queue()

    def progress(stage: str, done: int, total: int) -> None:
        line: JsonObject = {"progress": [stage, done, total]}
        loop.call_soon_threadsafe(lines.put_nowait, line)

    def work() -> JsonObject:
        try:
            return ingest_into(baton.library, paths, progress)
        except (InvalidSource, KnowledgeBaseDamaged) as error:
            return {"error": str(error)}

    working = asyncio.create_task(asyncio.to_thread(work))
    working.add_done_callback(lambda _: lines.put_nowait(None))
    while (line := await lines.get()) is not None:
        yield json.dumps(line) + "\n"
    report = await working
    baton.rich_text.allow(article_hosts(baton.library))
    yield json.dumps(report) + "\n"
