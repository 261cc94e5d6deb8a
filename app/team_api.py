"""The team's accounts in the console: roles, invitations, sessions, leaving; and the log of who did and saw what."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from app.console_api import Me
from app.errors import Problem, Refused
from app.schemas import HumanAgentShape, Request, Shape
from app.widget_api import BatonHere, Limit
from app.wiring import Baton
from conversations.audit import Line
from conversations.model import HumanAgentId, Role
from conversations.team import Invitation, SignIn

MIN_PASSWORD = 10
WHY_BACK = "{name} has left the team"
_NO_COLLEAGUE = Problem(status=404, code="not_found", detail="There is no such colleague.")

router = APIRouter(prefix="/console/v1", tags=["team"])


class Invite(Request):
    email: str = Field(max_length=320, pattern=r"^[^@\s]+@[^@\s]+$")
    role: str = Field(max_length=16)


class SetRole(Request):
    role: str = Field(max_length=16)


class AcceptInvitation(Request):
    token: str = Field(max_length=200)
    display_name: str = Field(min_length=1, max_length=100)
    password: str = Field(min_length=MIN_PASSWORD, max_length=1_024)


class InvitationShape(Shape):
    id: str
    email: str
    role: str
    expires_at: datetime


class Invited(Shape):
    invitation: InvitationShape
    address: str
    """To be passed on by whoever invites: it is shown this once and kept nowhere."""


class TeamShape(Shape):
    human_agents: list[HumanAgentShape]
    invitations: list[InvitationShape]
    roles: list[str]


class SignInShape(Shape):
    id: str
    device: str
    created_at: datetime | None
    expires_at: datetime


class SignInList(Shape):
    sessions: list[SignInShape]


class Removed(Shape):
    given_back: int
    """Conversations that went back to the queue, to their old places."""


class LineShape(Shape):
    number: int
    at: datetime
    who: str | None
    name: str
    did: str
    to: str
    outcome: int


class AuditPage(Shape):
    lines: list[LineShape]


class AuditCheck(Shape):
    first_broken: int | None
    newest_seal: str | None


@router.get("/team")
async def team(baton: BatonHere, me: Me) -> TeamShape:
    return TeamShape(
        human_agents=[baton.presenter.human_agent(person) for person in await baton.people.human_agents()],
        invitations=[_invitation(one) for one in await baton.team.invitations()],
        roles=[role.value for role in Role],
    )


@router.post("/team/invitations", status_code=201)
async def invite(body: Invite, baton: BatonHere, me: Me) -> Invited:
    token = secrets.token_urlsafe(32)
    invitation = await baton.team.invite(body.email, role=_role(body.role), by=me.id, token=token)
    # Behind the #, which no server is sent and no log keeps.
    return Invited(invitation=_invitation(invitation), address=f"/console/#invitation={token}")


@router.delete("/team/invitations/{invitation_id}", status_code=204)
async def take_back_invitation(invitation_id: str, baton: BatonHere, me: Me) -> Response:
    await baton.team.take_back(invitation_id)
    return Response(status_code=204)


@router.post("/invitation", status_code=204)
async def accept_invitation(body: AcceptInvitation, baton: BatonHere) -> Response:
    await baton.limits.check("invitation", "all", limit="60/minute")
    hashed = await baton.passwords.hash(body.password)
    await baton.team.accept(body.token, display_name=body.display_name.strip(), password_hash=hashed)
    return Response(status_code=204)


@router.put("/team/{human_agent_id}/role")
async def set_role(human_agent_id: HumanAgentId, body: SetRole, baton: BatonHere, me: Me) -> TeamShape:
    if not await baton.team.set_role(human_agent_id, _role(body.role)):
        raise Refused(_NO_COLLEAGUE)
    return await team(baton, me)


@router.delete("/team/{human_agent_id}")
async def remove(human_agent_id: HumanAgentId, baton: BatonHere, me: Me) -> Removed:
    """End an account at once. What its owner had goes back to the queue, nothing of what they wrote is lost."""
    person = await baton.people.human_agent(human_agent_id)
    conversations = await baton.team.remove(human_agent_id)
    if person is None or conversations is None:
        raise Refused(_NO_COLLEAGUE)
    why = WHY_BACK.format(name=person.display_name)
    back = [await baton.desk.take_back(conversation, why) for conversation in conversations]
    return Removed(given_back=sum(back))


@router.get("/team/{human_agent_id}/sessions")
async def sessions_of(human_agent_id: HumanAgentId, baton: BatonHere, me: Me) -> SignInList:
    return await _sessions(baton, human_agent_id)


@router.delete("/team/{human_agent_id}/sessions", status_code=204)
async def end_sessions_of(human_agent_id: HumanAgentId, baton: BatonHere, me: Me) -> Response:
    await baton.team.end_sign_ins(human_agent_id)
    return Response(status_code=204)


@router.get("/my_sessions")
async def my_sessions(baton: BatonHere, me: Me) -> SignInList:
    return await _sessions(baton, me.id)


@router.delete("/my_sessions/{session_id}", status_code=204)
async def end_my_session(session_id: str, baton: BatonHere, me: Me) -> Response:
    await baton.team.end_sign_ins(me.id, only=session_id)
    return Response(status_code=204)


@router.get("/audit")
async def audit(
    baton: BatonHere, me: Me, limit: Limit = 100, before: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None
) -> AuditPage:
    return AuditPage(lines=[_line(line) for line in await baton.audit.lines(before=before, limit=limit)])


@router.get("/audit/check")
async def check_audit(baton: BatonHere, me: Me) -> AuditCheck:
    """Whether every line is as it was written. Keep the newest seal elsewhere to notice lines cut off at the end."""
    newest = await baton.audit.lines(before=None, limit=1)
    return AuditCheck(first_broken=await baton.audit.first_broken(), newest_seal=newest[0].seal if newest else None)


def _role(text: str) -> Role:
    try:
        return Role(text)
    except ValueError:
        detail = f"There is no role {text!r}; the roles are {', '.join(role.value for role in Role)}."
        raise Refused(Problem(status=422, code="unknown_role", detail=detail)) from None


async def _sessions(baton: Baton, human_agent_id: HumanAgentId) -> SignInList:
    return SignInList(sessions=[_sign_in(one) for one in await baton.team.sign_ins(human_agent_id)])


def _invitation(one: Invitation) -> InvitationShape:
    return InvitationShape(id=one.id, email=one.email, role=one.role.value, expires_at=one.expires_at)


def _sign_in(one: SignIn) -> SignInShape:
    return SignInShape(id=one.id, device=one.device, created_at=one.created_at, expires_at=one.expires_at)


def _line(line: Line) -> LineShape:
    return LineShape(
        number=line.number,
        at=line.at,
        who=line.who,
        name=line.name,
        did=line.did,
        to=line.to,
        outcome=line.outcome,
    )
