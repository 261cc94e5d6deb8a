from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from app.service import MAX_BODY_BYTES
from app.wiring import Parts
from knowledge_base.model import Article, ArticleId
from tests.app.serving import COMPANY, Served, WrittenAgent, library, serving

PIECE = b"x" * 1024


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("security")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served(folder: Path) -> AsyncIterator[Served]:
    """One for all, on SQLite: nothing here depends on the database or leaves anything in it."""
    async with serving(f"sqlite:///{folder / 'baton.db'}", folder) as running:
        yield running


def directives(policy: str) -> dict[str, set[str]]:
    parts = [part.split() for part in policy.split(";")]
    return {name: set(values) for name, *values in parts}


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/console",
        "/console/c/some-id",
        "/docs",
        "/widget.js",
        "/help/returns",
        "/help/missing",
        "/healthz",
        "/openapi.json",
        "/static/help/help.css",
        "/widget/v1/config",
        "/widget/v1/conversations",
        "/console/v1/session",
        "/local/v1/ask",
        "/no/such/page",
    ],
)
async def test_every_answer_keeps_foreign_content_out(served: Served, path: str) -> None:
    answer = await served.client.get(path)
    policy = directives(answer.headers["content-security-policy"])
    assert policy["default-src"] == policy["script-src"] == {"'self'"}
    assert policy["object-src"] == policy["base-uri"] == policy["frame-ancestors"] == {"'none'"}
    assert policy["form-action"] == {"'self'"}
    assert ("'unsafe-inline'" in policy["style-src"]) == (path == "/docs")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"


@pytest.mark.parametrize(
    "path", ["/widget/v1/conversations", "/console/v1/session", "/demo/v1/orders", "/local/v1/ask"]
)
async def test_answers_about_people_are_kept_in_no_cache(served: Served, path: str) -> None:
    assert (await served.client.get(path)).headers["cache-control"] == "no-store"


async def pieces(count: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield PIECE


PATHS = ["/widget/v1/session", "/console/v1/session", "/local/v1/ask"]


@pytest.mark.parametrize("path", PATHS)
async def test_a_body_that_announces_too_much_is_refused_unread(served: Served, path: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(served.url.rsplit(":", 1)[1]))
    head = f"POST {path} HTTP/1.1\r\nHost: baton\r\nContent-Type: application/json\r\nContent-Length: {10**12}\r\n\r\n"
    writer.write(head.encode())
    async with asyncio.timeout(5):
        status = await reader.readline()
    writer.close()
    assert b" 413 " in status


@pytest.mark.parametrize("path", PATHS[:2])
async def test_a_body_in_pieces_is_refused_as_soon_as_it_is_too_long(served: Served, path: str) -> None:
    headers = {"Content-Type": "application/json"}
    answer = await served.client.post(path, content=pieces(MAX_BODY_BYTES // 1024 + 1), headers=headers)
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "body_too_large"


@pytest.mark.parametrize("in_pieces", [False, True])
async def test_a_body_of_exactly_the_limit_is_read(served: Served, in_pieces: bool) -> None:
    body = b'{"identity_token": "' + b"a" * (MAX_BODY_BYTES - 22) + b'"}'
    assert len(body) == MAX_BODY_BYTES

    async def cut() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 1024):
            yield body[start : start + 1024]

    headers = {"Content-Type": "application/json"}
    content: bytes | AsyncIterator[bytes] = cut() if in_pieces else body
    answer = await served.client.post("/widget/v1/session", content=content, headers=headers)
    assert answer.status_code == 422, "read, and refused for what it says"


@pytest.mark.parametrize("length", ["-1", "abc", "1e3", "²", "9" * 400])
async def test_a_senseless_length_is_refused(served: Served, length: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(served.url.rsplit(":", 1)[1]))
    writer.write(f"POST /widget/v1/session HTTP/1.1\r\nHost: baton\r\nContent-Length: {length}\r\n\r\n".encode())
    async with asyncio.timeout(5):
        status = await reader.readline()
    writer.close()
    assert status.split()[1] in (b"400", b"413")


async def test_a_body_that_never_ends_does_not_hold_up_others(served: Served) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", int(served.url.rsplit(":", 1)[1]))
    writer.write(b"POST /widget/v1/session HTTP/1.1\r\nHost: baton\r\nContent-Length: 100\r\n\r\n{")
    await writer.drain()
    started = time.perf_counter()
    assert (await served.client.get("/healthz")).status_code == 200
    assert time.perf_counter() - started < 2
    writer.close()


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"null", b"[]", b"\xff\xfe", b'{"a": 1}', b"[" * 60_000, b'{"identity_token": 1' + b"0" * 5_000 + b"}"],
)
async def test_a_body_that_is_not_what_was_asked_for_is_a_problem_in_words(served: Served, body: bytes) -> None:
    answer = await served.client.post("/widget/v1/session", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"]


async def test_only_listed_sites_may_embed_the_widget(tmp_path: Path) -> None:
    async with serving(
        f"sqlite:///{tmp_path / 'baton.db'}", tmp_path, widget_origins=["https://shop.example"]
    ) as served:
        asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
        for origin, allowed in (("https://shop.example", True), ("https://evil.example", False)):
            answer = await served.client.options("/widget/v1/session", headers={"Origin": origin, **asked})
            assert (answer.headers.get("access-control-allow-origin") == origin) == allowed
            assert answer.headers.get("access-control-allow-credentials") is None
            plain = await served.client.get("/widget/v1/config", headers={"Origin": origin})
            assert ("access-control-allow-origin" in plain.headers) == allowed


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer wrong", "Basic x", "Bearer ä"])
async def test_the_command_lines_door_needs_the_secret_of_the_data_folder(served: Served, authorization: str) -> None:
    headers = {b"Authorization": authorization.encode()}
    for what in ("ask", "search", "knowledge/ingest", "knowledge/rollback"):
        answer = await served.client.post(f"/local/v1/{what}", json={"question": "x"}, headers=headers)
        assert answer.status_code == 401, what


async def test_too_many_sign_ins_from_one_address_are_asked_to_wait_whatever_the_account(tmp_path: Path) -> None:
    async with serving(f"sqlite:///{tmp_path / 'baton.db'}", tmp_path) as served:
        tries = [
            served.client.post("/console/v1/session", json={"email": f"{n}@x", "password": "x"}, timeout=60)
            for n in range(31)
        ]
        codes = sorted(answer.status_code for answer in await asyncio.gather(*tries))
    assert codes == [401] * 30 + [429]


async def test_rendering_a_very_long_article_does_not_hold_up_others(tmp_path: Path) -> None:
    endless = Article(id=ArticleId("endless"), title="Endless", text="- one *more* [line](/help/x)\n" * 10_000)
    with library(tmp_path / "knowledge", endless) as held:
        parts = Parts(library=held, agent=WrittenAgent(), company=COMPANY)
        await _answers_meanwhile(tmp_path, parts)


async def _answers_meanwhile(tmp_path: Path, parts: Parts) -> None:
    async with serving(f"sqlite:///{tmp_path / 'baton.db'}", tmp_path, parts=parts) as served:
        page = asyncio.create_task(served.client.get("/help/endless", timeout=120))
        answered_meanwhile = 0
        while not page.done():
            await served.client.get("/healthz", timeout=120)
            answered_meanwhile += 1
        assert (await page).status_code == 200
    assert answered_meanwhile > 5
