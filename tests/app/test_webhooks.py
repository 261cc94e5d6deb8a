from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from app.webhook_sender import guarded_post
from knowledge_base.sources.guarding import Allowed, Forbidden
from tests.app.serving import Console, Json, Served, serving
from tests.app.test_console_api import queued

HOOKS = "/console/v1/webhooks"


@dataclass
class Receiver:
    """Another system: keeps what it gets, and answers as it is told."""

    url: str = ""
    status: int = 204
    location: str = ""
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    kept = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            kept.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(kept.status)
            if kept.location:
                self.send_header("location", kept.location)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    kept.url = f"http://127.0.0.1:{server.server_port}/hook"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield kept
    server.shutdown()
    server.server_close()


@pytest.fixture
async def hooked(database_url: str, tmp_path: Path) -> AsyncIterator[Served]:
    async with serving(database_url, tmp_path, allow_private_webhooks="127.0.0.1") as running:
        yield running


async def added(noor: Console, receiver: Receiver) -> Json:
    answer = await noor.client.post(HOOKS, json={"url": receiver.url})
    assert answer.status_code == 201
    found: Json = answer.json()
    return found


async def until(receiver: Receiver, count: int) -> list[tuple[dict[str, str], Json]]:
    async with asyncio.timeout(15):
        while len(receiver.got) < count:
            await asyncio.sleep(0.02)
    return [(headers, json.loads(body)) for headers, body in receiver.got]


async def test_what_happens_is_told_signed_and_once(hooked: Served, receiver: Receiver) -> None:
    noor = await hooked.console()
    endpoint = await added(noor, receiver)
    await queued(hooked, "do you fix bikes?")
    got = await until(receiver, 3)
    kinds = sorted(body["type"] for _, body in got)
    assert kinds == ["conversation.message_posted", "conversation.message_posted", "conversation.status_changed"]
    texts = [body["data"]["message"]["text"] for _, body in got if "message" in body["data"]]
    assert "do you fix bikes?" in texts
    headers, raw = receiver.got[0]
    key = base64.b64decode(endpoint["secret"].removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + raw
    expected = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert len({headers["webhook-id"] for headers, _ in got}) == 3
    [listed] = (await noor.client.get(HOOKS)).json()["endpoints"]
    assert "secret" not in listed


async def test_a_redirect_is_a_failure_and_is_not_followed(hooked: Served, receiver: Receiver) -> None:
    noor = await hooked.console()
    receiver.status, receiver.location = 302, "http://169.254.169.254/latest/meta-data"
    endpoint = await added(noor, receiver)
    await queued(hooked)
    await until(receiver, 3)
    async with asyncio.timeout(10):
        while True:
            sent = (await noor.client.get(f"{HOOKS}/{endpoint['id']}/deliveries")).json()["deliveries"]
            if all(one["problem"] for one in sent):
                break
            await asyncio.sleep(0.05)
    assert {one["problem"] for one in sent} == {"It answered 302; redirects are not followed."}
    assert {one["state"] for one in sent} == {"pending"}


async def test_a_receiver_that_is_gone_gets_no_more_and_its_dead_letters_can_be_sent_again(
    hooked: Served, receiver: Receiver
) -> None:
    noor = await hooked.console()
    receiver.status = 410
    endpoint = await added(noor, receiver)
    await queued(hooked)
    async with asyncio.timeout(15):
        while True:
            [listed] = (await noor.client.get(HOOKS)).json()["endpoints"]
            if not listed["enabled"] and not listed["pending"]:
                break
            await asyncio.sleep(0.05)
    assert "410" in listed["disabled_because"]
    receiver.status, before = 204, {headers["webhook-id"] for headers, _ in receiver.got}
    await noor.client.put(f"{HOOKS}/{endpoint['id']}", json={"enabled": True})
    again = await noor.client.post(f"{HOOKS}/{endpoint['id']}/send_again", json={})
    assert again.json()["sent_again"] == listed["dead"]
    async with asyncio.timeout(10):
        while (await noor.client.get(HOOKS)).json()["endpoints"][0]["delivered"] < listed["dead"]:
            await asyncio.sleep(0.05)
    assert before <= {headers["webhook-id"] for headers, _ in receiver.got}, "with the ids they had"


@pytest.mark.parametrize(
    "url", ["ftp://x.example/", "http://10.0.0.1/", "http://169.254.169.254/", "http://a:b@x.example/", "nonsense"]
)
async def test_addresses_inside_are_refused_when_they_are_added(hooked: Served, url: str) -> None:
    noor = await hooked.console()
    answer = await noor.client.post(HOOKS, json={"url": url})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_url")


def test_a_name_that_leads_inside_is_refused_when_it_is_called() -> None:
    post = guarded_post(Allowed(), resolve=lambda host, port: ["10.0.0.1"])
    with pytest.raises(Forbidden):
        post("https://looks.fine.example/hook", {}, b"{}")
