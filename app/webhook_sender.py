"""Webhooks out, as Standard Webhooks has them: signed with id and time, following nothing, reaching nothing inside."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from app.deliverer import NotDelivered
from conversations.deliveries import Delivery
from conversations.webhooks import Endpoint, Webhooks
from knowledge_base.sources.connecting import Deadline, GuardedBackend
from knowledge_base.sources.guarding import Allowed, Forbidden, Resolve, check_url, resolve

SECONDS: Final = 20.0
MAX_ANSWER: Final = 64 * 1024
GONE: Final = 410
SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - not a secret, what ours begin with


def new_secret() -> str:
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def signature(secret: str, *, message_id: str, timestamp: int, body: bytes) -> str:
    """`v1,` and the HMAC-SHA256 of id, time and body, by the key behind the secret's prefix."""
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    status: int
    retry_after: str = ""


Post = Callable[[str, dict[str, str], bytes], Answer]
"""An address, headers and a body, once, without following anything. Raises Forbidden and OSError."""


def guarded_post(allowed: Allowed, *, resolve: Resolve = resolve) -> Post:
    def post(url: str, headers: dict[str, str], body: bytes) -> Answer:
        import httpcore2  # noqa: PLC0415 - 0.1 s that only whoever has webhooks needs

        check_url(url, allowed)
        deadline = Deadline()
        deadline.set(SECONDS)
        backend = GuardedBackend(allowed, resolve, deadline)
        try:
            with (
                httpcore2.ConnectionPool(network_backend=backend) as pool,
                pool.stream("POST", url, headers=list(headers.items()), content=body) as answer,
            ):
                received = 0
                for piece in answer.iter_stream():
                    received += len(piece)
                    if received > MAX_ANSWER:
                        break  # what it says is of no interest, however much there is
                found = {name.lower(): value for name, value in answer.headers}
                return Answer(status=answer.status, retry_after=found.get(b"retry-after", b"").decode("latin-1"))
        except (httpcore2.NetworkError, httpcore2.TimeoutException, httpcore2.ProtocolError) as failure:
            raise OSError(str(failure) or type(failure).__name__) from failure

    return post


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSender:
    """A Sender of the webhook channel."""

    webhooks: Webhooks
    post: Post
    clock: Callable[[], datetime]

    async def send(self, delivery: Delivery) -> None:
        endpoint = await self.webhooks.endpoint(delivery.target)
        if endpoint is None:
            raise NotDelivered(problem="The endpoint was removed.", gone=True)
        if not endpoint.enabled:
            raise NotDelivered(problem="The endpoint is switched off.", gone=True)
        answer = await self._posted(endpoint, delivery)
        if 200 <= answer.status < 300:
            return
        if answer.status == GONE:
            await self.webhooks.set_enabled(endpoint.id, False, because="It answered 410: it wants no more.")
            raise NotDelivered(problem="It answered 410: it wants no more.", gone=True)
        if 300 <= answer.status < 400:
            raise NotDelivered(problem=f"It answered {answer.status}; redirects are not followed.")
        raise NotDelivered(problem=f"It answered {answer.status}.", after=_seconds(answer.retry_after))

    async def _posted(self, endpoint: Endpoint, delivery: Delivery) -> Answer:
        body = json.dumps(delivery.payload, ensure_ascii=False, separators=(",", ":")).encode()
        timestamp = int(self.clock().timestamp())
        signed = signature(endpoint.secret, message_id=delivery.id, timestamp=timestamp, body=body)
        headers = {
            "content-type": "application/json",
            "user-agent": "baton-webhooks",
            "webhook-id": delivery.id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signed,
        }
        try:
            return await asyncio.to_thread(self.post, endpoint.url, headers, body)
        except Forbidden as refused:
            raise NotDelivered(problem=f"Its address {refused}.") from refused
        except OSError as failure:
            raise NotDelivered(problem=f"It cannot be reached: {failure}") from failure


def _seconds(retry_after: str) -> timedelta | None:
    return timedelta(seconds=min(int(retry_after), 24 * 3600)) if retry_after.isdigit() else None
