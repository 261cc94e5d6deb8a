"""What this machine's own command line calls while the service runs, since only one process may hold the knowledge.

The bearer token lies in the data folder, readable by its owner only.
"""

from __future__ import annotations

import secrets
from typing import Annotated

from fastapi import APIRouter, Depends, Header
from pydantic import Field, JsonValue

from app.asking import ask
from app.errors import Problem, Refused
from app.schemas import MAX_MESSAGE_CHARS, Request
from app.widget_api import BatonHere


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
