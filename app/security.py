"""Around every request: a bound on its body, and headers that keep foreign content out of our pages."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import Problem, problem_response

_PAGE = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
# The vendored API explorer writes style attributes of its own; it shows no customer's text.
_API_DOCS = _PAGE.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")


_TOO_LARGE = "This is too much to send at once; please shorten it."


class BodyLimit:
    """Refuses bodies over `max_bytes`, by their announced length or, sent in pieces, as soon as they pass it.

    Below a path that is a key of `larger` its value is the limit.
    """

    def __init__(self, app: ASGIApp, *, max_bytes: int, larger: Mapping[str, int]) -> None:
        self._app = app
        self._max_bytes = max_bytes
        self._larger = larger

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = str(scope["path"])
        limit = next((most for prefix, most in self._larger.items() if path.startswith(prefix)), self._max_bytes)
        announced = Headers(scope=scope).get("content-length", "0")
        if not announced.isdigit() or int(announced) > limit:
            problem = Problem(status=413, code="body_too_large", detail=_TOO_LARGE)
            await problem_response(problem)(scope, receive, send)
            return
        received = 0

        async def receive_counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                raise HTTPException(413, _TOO_LARGE)
            return message

        await self._app(scope, receive_counted, send)


class SecurityHeaders:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Content-Security-Policy"] = _API_DOCS if scope["path"].startswith("/docs") else _PAGE
                headers["X-Content-Type-Options"] = "nosniff"
                headers["Referrer-Policy"] = "same-origin"
                headers["Cross-Origin-Opener-Policy"] = "same-origin"
                if "/v1/" in scope["path"]:  # conversations and tokens: nothing for a proxy or the next person here
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, send_with_headers)
