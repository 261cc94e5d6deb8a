"""Saved replies in the console: looked after by leads, and filled for a conversation when somebody takes one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from fastapi import APIRouter, Response
from pydantic import Field

from app.console_api import Me
from app.errors import Problem, Refused
from app.schemas import Empty, Request, Shape
from app.widget_api import BatonHere
from app.wiring import Baton
from conversations.model import ConversationId, HumanAgent, HumanAgentId, Role
from conversations.saved_replies import (
    AGENT_NAME,
    CUSTOMER_FIRST_NAME,
    ORDER_NUMBER,
    VARIABLES,
    SavedReply,
    SavedText,
    filled,
    unknown_in,
)
from handoff.brief import CallMade

MAX_TEXT = 8_000
_NO_REPLY = Problem(status=404, code="not_found", detail="This saved reply is gone; somebody deleted it.")

router = APIRouter(prefix="/console/v1", tags=["saved replies"])


class WriteReply(Request):
    title: str = Field(min_length=1, max_length=100, pattern=r"\S")
    shortcut: str = Field(max_length=40, pattern=r"^[a-z0-9][a-z0-9_-]*$")
    text: str = Field(min_length=1, max_length=MAX_TEXT, pattern=r"\S")
    team: str | None


class SavedReplyShape(Shape):
    id: str
    title: str
    shortcut: str
    text: str
    team: str | None
    used: int
    saved_at: datetime
    saved_by: str
    """The person's name."""


class SavedReplyList(Shape):
    replies: list[SavedReplyShape]
    variables: list[str]


class FilledReply(Shape):
    text: str
    """What is not known in the conversation still stands in braces."""


@router.get("/saved_replies")
async def saved_replies(baton: BatonHere, me: Me) -> SavedReplyList:
    """Everyone's and those of the caller's teams, the most used first; leads and admins see all of them."""
    teams = await _teams_of(baton, me)
    found = [reply for reply in await baton.saved_replies.all() if _is_for(reply, teams)]
    return SavedReplyList(replies=await _shapes(baton, found), variables=list(VARIABLES))


@router.post("/saved_replies", status_code=201)
async def add(body: WriteReply, baton: BatonHere, me: Me) -> SavedReplyShape:
    added = await baton.saved_replies.add(await _checked(baton, body), by=me.id)
    return (await _shapes(baton, [added]))[0]


@router.put("/saved_replies/{reply_id}")
async def change(reply_id: str, body: WriteReply, baton: BatonHere, me: Me) -> SavedReplyShape:
    changed = await baton.saved_replies.change(reply_id, await _checked(baton, body), by=me.id)
    if changed is None:
        raise Refused(_NO_REPLY)
    return (await _shapes(baton, [changed]))[0]


@router.delete("/saved_replies/{reply_id}", status_code=204)
async def remove(reply_id: str, baton: BatonHere, me: Me) -> Response:
    await baton.saved_replies.remove(reply_id)
    return Response(status_code=204)


@router.post("/conversations/{conversation_id}/saved_replies/{reply_id}")
async def take(conversation_id: ConversationId, reply_id: str, body: Empty, baton: BatonHere, me: Me) -> FilledReply:
    """The text for the reply field of this conversation; counts as one use."""
    known = await _known(baton, conversation_id, me)
    teams = await _teams_of(baton, me)
    if reply_id not in {reply.id for reply in await baton.saved_replies.all() if _is_for(reply, teams)}:
        raise Refused(_NO_REPLY)
    reply = await baton.saved_replies.take(reply_id)
    if reply is None:
        raise Refused(_NO_REPLY)
    return FilledReply(text=filled(reply.written.text, known))


async def _known(baton: Baton, conversation_id: ConversationId, me: HumanAgent) -> dict[str, str]:
    conversation = await baton.store.conversation(conversation_id)
    customer = await baton.people.customer(conversation.customer_id)
    assert customer is not None  # noqa: S101  (a foreign key)
    facts = await baton.facts(conversation, customer)
    numbers = {*_numbers(facts.tool_calls), *(action.proposal.order_number for action in facts.actions)}
    return {
        CUSTOMER_FIRST_NAME: next(iter((customer.display_name or "").split()), ""),
        AGENT_NAME: me.display_name,
        # Of several orders none is meant surely.
        ORDER_NUMBER: numbers.pop() if len(numbers) == 1 else "",
    }


def _numbers(calls: Sequence[CallMade]) -> set[str]:
    """Of the orders that were told about singly in this episode."""
    found: set[str] = set()
    for made in calls:
        order = made.call.result.data.get("order") if made.call.result.ok else None
        number = order.get("number") if isinstance(order, dict) else order
        if isinstance(number, str):
            found.add(number)
    return found


async def _checked(baton: Baton, body: WriteReply) -> SavedText:
    unknown = unknown_in(body.text)
    if unknown is not None:
        known = ", ".join("{{" + name + "}}" for name in VARIABLES)
        detail = f"{unknown} cannot be filled in. Use one of these: {known}."
        raise Refused(Problem(status=422, code="unknown_variable", detail=detail))
    if body.team is not None and body.team not in {team.name for team in (await baton.desk_store.rules()).rules.teams}:
        raise Refused(Problem(status=422, code="unknown_team", detail=f"There is no team {body.team!r} any more."))
    return SavedText(title=body.title.strip(), shortcut=body.shortcut, text=body.text.strip(), team=body.team)


async def _teams_of(baton: Baton, me: HumanAgent) -> set[str] | None:
    """None is all teams."""
    if me.role in (Role.LEAD, Role.ADMIN):
        return None
    return {team.name for team in (await baton.desk_store.rules()).rules.teams if me.id in team.members}


def _is_for(reply: SavedReply, teams: set[str] | None) -> bool:
    return teams is None or reply.written.team is None or reply.written.team in teams


async def _shapes(baton: Baton, replies: Sequence[SavedReply]) -> list[SavedReplyShape]:
    names: dict[HumanAgentId, str] = {one.id: one.display_name for one in await baton.people.human_agents()}
    return [
        SavedReplyShape(
            id=reply.id,
            title=reply.written.title,
            shortcut=reply.written.shortcut,
            text=reply.written.text,
            team=reply.written.team,
            used=reply.used,
            saved_at=reply.saved_at,
            saved_by=names.get(reply.saved_by, "Somebody who has left"),
        )
        for reply in replies
    ]
