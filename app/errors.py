"""One table: which exception becomes which problem (RFC 9457). The packages below know nothing of HTTP."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from app.identity import InvalidIdentity, InvalidSession
from conversations.database import DatabaseUnavailable
from conversations.inbound import ClientMessageIdReused
from conversations.lifecycle import IllegalMove
from conversations.pages import InvalidCursor
from conversations.ratings import RatingClosed, RatingNotFound, ScoreOutOfRange
from conversations.saved_replies import ShortcutTaken, TooManySavedReplies
from conversations.store import ConversationNotFound, StaleConversation
from conversations.tags import TooManyTags
from conversations.team import AlreadyInTeam, InvitationGone, LastAdmin
from conversations.verifications import TooManyCodes
from handoff.desk import AlreadyAssigned
from handoff.desk_store import RulesChanged
from handoff.while_waiting import NotWaiting
from tools.tool import ToolFailed
from tools.verification import NothingToGoBy

PROBLEM = "application/problem+json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    status: int
    code: str
    detail: str
    headers: dict[str, str] = field(default_factory=dict)


class Refused(Exception):
    """A request that the service itself refuses, with the words to say so."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail)
        self.problem = problem


PROBLEMS: dict[type[Exception], Problem] = {
    ConversationNotFound: Problem(status=404, code="not_found", detail="There is no such conversation."),
    InvalidCursor: Problem(status=422, code="invalid_cursor", detail="This page is gone; load the first one again."),
    ClientMessageIdReused: Problem(
        status=409,
        code="client_message_id_reused",
        detail="A different message was sent with this id before; send it again with a new id.",
    ),
    IllegalMove: Problem(
        status=409, code="illegal_move", detail="That is not possible in the conversation's present state."
    ),
    StaleConversation: Problem(
        status=409, code="stale_conversation", detail="Somebody changed this conversation first; look again."
    ),
    RulesChanged: Problem(
        status=409, code="rules_changed", detail="A colleague saved other rules meanwhile; load them and try again."
    ),
    NotWaiting: Problem(
        status=409, code="not_waiting", detail="This conversation is not waiting for a person any more."
    ),
    RatingNotFound: Problem(status=404, code="not_found", detail="That was not asked here."),
    RatingClosed: Problem(status=409, code="rating_closed", detail="Your answer is with us already. Thank you."),
    ScoreOutOfRange: Problem(status=422, code="score_out_of_range", detail="There is no such score on this scale."),
    LastAdmin: Problem(
        status=409, code="last_admin", detail="This is the only admin; make somebody else an admin first."
    ),
    ShortcutTaken: Problem(
        status=409, code="shortcut_taken", detail="Another saved reply has this shortcut; choose another one."
    ),
    TooManySavedReplies: Problem(
        status=409, code="too_many", detail="There are 500 saved replies; delete one that nobody uses first."
    ),
    TooManyTags: Problem(status=409, code="too_many", detail="A conversation has at most 20 tags; remove one first."),
    AlreadyInTeam: Problem(status=409, code="already_in_team", detail="This address has an account already."),
    InvitationGone: Problem(
        status=410, code="invitation_gone", detail="This invitation was used or is too old; ask for a new one."
    ),
    AlreadyAssigned: Problem(
        status=409, code="already_assigned", detail="A colleague is already looking after this conversation."
    ),
    TooManyCodes: Problem(
        status=429,
        code="too_many_codes",
        detail="We have sent as many codes as we may. Please look in your mailbox, or talk to a person.",
    ),
    NothingToGoBy: Problem(
        status=422,
        code="nothing_to_go_by",
        detail="Please give the number of an order and the e-mail address you ordered with.",
    ),
    ToolFailed: Problem(
        status=503, code="unavailable", detail="We cannot reach the shop right now; please try again in a moment."
    ),
    InvalidIdentity: Problem(
        status=401, code="invalid_identity", detail="The sign-in could not be verified; please sign in again."
    ),
    DatabaseUnavailable: Problem(
        status=503, code="unavailable", detail="We cannot take this right now; please try again in a moment."
    ),
    InvalidSession: Problem(status=401, code="session_expired", detail="The session has ended; start a new one."),
}


def problem_response(problem: Problem) -> JSONResponse:
    body = {
        "type": f"urn:baton:problem:{problem.code}",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
        "code": problem.code,
    }
    return JSONResponse(body, status_code=problem.status, media_type=PROBLEM, headers=problem.headers)


def install_error_handlers(service: FastAPI) -> None:
    for kind, problem in PROBLEMS.items():
        service.add_exception_handler(kind, _handler_for(problem))
    service.add_exception_handler(Refused, _refused)
    service.add_exception_handler(RequestValidationError, _invalid_request)
    service.add_exception_handler(HTTPException, _http_error)


def _handler_for(problem: Problem) -> Callable[[Request, Exception], Awaitable[JSONResponse]]:
    async def handle(request: Request, error: Exception) -> JSONResponse:
        return problem_response(problem)

    return handle


async def _refused(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Refused)  # noqa: S101
    return problem_response(error.problem)


async def _invalid_request(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"] if part != "body") or "the request body"
    return problem_response(Problem(status=422, code="invalid_request", detail=f"{where}: {first['msg']}"))


async def _http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101
    codes = {404: "not_found", 405: "method_not_allowed", 413: "body_too_large"}
    code = codes.get(error.status_code, "http_error")
    return problem_response(Problem(status=error.status_code, code=code, detail=str(error.detail)))
