"""Puts on the log what people do in the console, and whose conversations they read, before they have the answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from conversations.audit import AuditLog
from conversations.model import HumanAgent

_CHANGES: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_NOT_WORTH_A_LINE: Final = ("/typing", "/active", "/presence", "/rules/check", "/rules/simulate", "/preview")
"""What changes nothing that lasts, many times an hour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Left in the request's state by whoever let it in."""

    who: HumanAgent
    route: str
    to: str


def worth_a_line(method: str, route: str) -> bool:
    if method in _CHANGES:
        return not route.endswith(_NOT_WORTH_A_LINE)
    return "{conversation_id}" in route or "/audit" in route


def leave_trail(request: Request, who: HumanAgent, *, to: str | None = None) -> None:
    """Have the answer to this request logged; without `to` the ids in its path say what it is about."""
    route = request.scope["route"].path
    if worth_a_line(request.method, route):
        ids = "/".join(str(value) for value in request.path_params.values())
        request.state.asked = Asked(who=who, route=route, to=ids if to is None else to)


class AuditTrail:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not str(scope["path"]).startswith("/console/v1/"):
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})

        async def send_when_logged(message: Message) -> None:
            asked = state.get("asked")
            if message["type"] == "http.response.start" and isinstance(asked, Asked):
                log: AuditLog = scope["app"].state.baton.audit
                await log.write(
                    who=asked.who.id,
                    name=asked.who.display_name,
                    did=f"{scope['method']} {asked.route}",
                    to=asked.to,
                    outcome=int(message["status"]),
                )
            await send(message)

        await self._app(scope, receive, send_when_logged)
