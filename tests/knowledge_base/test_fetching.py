from __future__ import annotations

import gzip
import resource
import time
import zlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler

import pytest

from knowledge_base.sources.fetching import (
    MAX_PAGE_BYTES,
    Because,
    Fetched,
    Fetcher,
    NotFetched,
    Request,
    Rules,
    Unchanged,
    Validators,
    our_name,
)
from knowledge_base.sources.guarding import Allowed, Forbidden, check_url
from tests.knowledge_base.web_server import Reply, WebServer, leads_to

LOCAL = Allowed.parse("127.0.0.1")


@pytest.fixture
def site() -> Iterator[WebServer]:
    with WebServer() as server:
        yield server


def fetcher(rules: Rules | None = None, pauses: list[float] | None = None) -> Fetcher:
    """A fetcher that may reach 127.0.0.1 and does not really sleep."""
    waited = pauses if pauses is not None else []
    return Fetcher(rules or Rules(allowed=LOCAL, rate=50), sleep=waited.append)


def get(site: WebServer, path: str, **request: object) -> Fetched | Unchanged | NotFetched:
    with fetcher() as one:
        return one.get(Request(url=site.url + path, **request))  # type: ignore[arg-type]


def refused(reply: Fetched | Unchanged | NotFetched) -> str:
    assert isinstance(reply, NotFetched)
    assert reply.because is Because.REFUSED
    return reply.why


def failed(reply: Fetched | Unchanged | NotFetched) -> str:
    assert isinstance(reply, NotFetched)
    assert reply.because is Because.FOR_NOW
    return reply.why


def test_a_page_comes_with_what_its_server_says_of_it(site: WebServer) -> None:
    site.page("/a", "<p>Grüße</p>", X_Robots_Tag="noindex")
    reply = get(site, "/a#part")
    assert isinstance(reply, Fetched)
    assert reply.body.decode() == "<p>Grüße</p>"
    assert (reply.url, reply.content_type) == (f"{site.url}/a", "text/html; charset=utf-8")
    assert reply.robots == "noindex"
    assert site.seen[0].headers["user-agent"] == our_name()
    assert not {"cookie", "authorization"} & site.seen[0].headers.keys()


def test_cookies_are_neither_kept_nor_sent(site: WebServer) -> None:
    site.page("/a", "x", Set_Cookie="session=1")
    with fetcher() as one:
        one.get(Request(url=f"{site.url}/a"))
        one.get(Request(url=f"{site.url}/a"))
    assert "cookie" not in site.seen[1].headers


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data/", "http://localhost/", "http://127.0.0.1/", "http://2130706433/",
        "http://0x7f.1/", "http://0177.0.0.1/", "http://[::1]/", "http://[::ffff:10.0.0.1]/", "http://[2002:7f00:1::]/",
        "http://[64:ff9b::7f00:1]/", "http://10.1.2.3/", "http://192.168.0.1/", "http://172.16.0.1/", "http://100.64.0.1/",
        "http://0.0.0.0/", "http://224.0.0.1/", "http://[fe80::1]/", "http://[fd00:ec2::254]/", "http://255.255.255.255/",
    ],
)  # fmt: skip
def test_no_address_inside_is_reached(url: str) -> None:
    with Fetcher(sleep=lambda _: None) as one:
        assert "address, which sources may not reach" in refused(one.get(Request(url=url)))


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("file:///etc/passwd", "neither http nor https"),
        ("ftp://example.com/", "neither http nor https"),
        ("javascript:alert(1)", "neither http nor https"),
        ("https://user:secret@example.com/", "holds a password"),
        ("https://example.com:22/", "port 22"),
        ("https://", "no host"),
        ("https://exa mple.com:x/", "no web address"),
    ],
)
def test_only_plain_web_addresses_are_asked_for(url: str, why: str) -> None:
    with Fetcher(sleep=lambda _: None) as one:
        assert why in refused(one.get(Request(url=url)))


def test_a_name_that_changes_after_the_check_reaches_nothing_inside() -> None:
    """DNS rebinding. 127.0.0.2 plays the public address, 127.0.0.1 on the same port what is inside."""
    answers = iter([["127.0.0.2"], ["127.0.0.1"], ["127.0.0.2", "127.0.0.1"]])
    rules = Rules(allowed=Allowed.parse("127.0.0.2"), rate=50)
    with WebServer("127.0.0.2") as public, WebServer("127.0.0.1", public.port) as inside:
        public.pages["/a"] = Reply(b"public", headers={"Connection": "close"})
        inside.page("/a", "secret")
        url = f"http://127.0.0.2:{public.port}/a"
        with Fetcher(rules, resolve=lambda host, port: next(answers), sleep=lambda _: None) as one:
            first = one.get(Request(url=url))
            assert isinstance(first, Fetched)
            assert first.body == b"public"
            # The name now leads inside, then to both: one bad address forbids the name.
            assert "127.0.0.1, a local address" in refused(one.get(Request(url=url)))
            assert "127.0.0.1, a local address" in refused(one.get(Request(url=url)))
        assert next(answers, None) is None  # resolved once for each connection, and what was checked was taken
        assert inside.seen == []


def test_the_very_address_that_was_checked_is_connected_to(site: WebServer) -> None:
    """No other resolver knows the name: one that was asked again could not answer."""
    site.page("/a", "x")
    rules = Rules(allowed=Allowed.parse("help.example"), rate=50)
    with Fetcher(rules, resolve=lambda host, port: ["127.0.0.1"], sleep=lambda _: None) as one:
        assert isinstance(one.get(Request(url=f"http://help.example:{site.port}/a")), Fetched)
    assert site.seen[0].headers["host"] == f"help.example:{site.port}"


def test_a_redirect_reaches_nothing_inside_either(site: WebServer) -> None:
    targets = [
        "http://10.0.0.1/",
        "file:///etc/passwd",
        "http://a:b@example.com/",
        "http://[::1",
        "//169.254.169.254/x",
    ]
    for path, target in zip(["/a", "/b", "/c", "/d", "/e"], targets, strict=True):
        site.pages[path] = leads_to(target)
        assert refused(get(site, path))


def test_the_operator_allows_hosts_and_networks_but_names_never_reach_a_machines_own_address() -> None:
    allowed = Allowed.parse("help.internal, 10.1.0.0/16")
    check_url("http://help.internal:8080/", allowed)
    check_url("http://10.1.2.3:8080/", allowed)
    with pytest.raises(Forbidden):
        check_url("http://10.2.0.1/", allowed)
    with pytest.raises(ValueError, match="10.1.0.0/99"):
        Allowed.parse("10.1.0.0/99")
    with Fetcher(Rules(allowed=allowed), resolve=lambda host, port: ["169.254.169.254"], sleep=lambda _: None) as one:
        assert "machine's own" in refused(one.get(Request(url="http://help.internal/")))


def test_redirects_are_followed_and_circles_named(site: WebServer) -> None:
    site.pages["/a"] = leads_to("/b", 301)
    site.pages["/b"] = leads_to(f"{site.url}/c")
    site.page("/c", "there")
    reply = get(site, "/a")
    assert isinstance(reply, Fetched)
    assert reply.url == f"{site.url}/c"
    site.pages["/c"] = leads_to("/a")
    assert "leads in a circle" in failed(get(site, "/a"))
    assert "/a → " in failed(get(site, "/a"))
    for number in range(8):
        site.pages[f"/{number}"] = leads_to(f"/{number + 1}")
    assert "more than 5 times" in failed(get(site, "/0"))


def test_a_key_goes_to_its_own_host_only(site: WebServer) -> None:
    with WebServer() as other:
        other.page("/b", "x")
        site.pages["/a"] = leads_to(f"{other.url}/b")
        get(site, "/a", headers={"Authorization": "Basic secret"})
        assert site.seen[0].headers["authorization"] == "Basic secret"
        assert "authorization" not in other.seen[0].headers


def test_an_unchanged_page_is_not_sent_again(site: WebServer) -> None:
    site.page("/a", "x")
    first = get(site, "/a")
    assert isinstance(first, Fetched)
    assert isinstance(get(site, "/a", known=Validators(etag=first.etag)), Unchanged)
    site.page("/a", "y")
    assert isinstance(get(site, "/a", known=Validators(etag=first.etag)), Fetched)


@pytest.mark.parametrize(
    ("status", "because"),
    [(404, Because.GONE), (410, Because.GONE), (401, Because.CLOSED), (403, Because.CLOSED), (418, Because.REFUSED)],
)
def test_what_a_status_means(site: WebServer, status: int, because: Because) -> None:
    site.pages["/a"] = Reply(status=status)
    reply = get(site, "/a")
    assert isinstance(reply, NotFetched)
    assert (reply.because, reply.status, len(site.seen)) == (because, status, 1)


def test_a_busy_server_is_given_the_time_it_asks_for(site: WebServer) -> None:
    def busy(handler: BaseHTTPRequestHandler) -> None:
        site.page("/a", "at last")
        handler.send_response(429)
        handler.send_header("Retry-After", "7")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    site.pages["/a"] = busy
    pauses: list[float] = []
    with fetcher(pauses=pauses) as one:
        assert isinstance(one.get(Request(url=f"{site.url}/a")), Fetched)
    assert 7.0 in pauses
    site.pages["/a"] = Reply(status=429, headers={"Retry-After": "1"})
    assert failed(get(site, "/a")) == "answered 429 and asks to wait 1 s"
    assert len(site.seen) == 12
    site.pages["/a"] = Reply(status=503, headers={"Retry-After": "3600"})
    assert failed(get(site, "/a")) == "answered 503 and asks to wait 3600 s"
    site.pages["/a"] = Reply(status=500)
    before = len(site.seen)
    assert failed(get(site, "/a")) == "answered 500"
    assert len(site.seen) - before == 3


def test_the_pace_is_kept_for_each_host(site: WebServer) -> None:
    site.page("/a", "x")
    pauses: list[float] = []
    with fetcher(Rules(allowed=LOCAL, rate=2), pauses) as one:
        for _ in range(3):
            one.get(Request(url=f"{site.url}/a"))
        assert [round(pause, 1) for pause in pauses] == [0.5, 0.5]
        one.slow_down(site.url, 5.0)
        for _ in range(2):
            one.get(Request(url=f"{site.url}/a"))
    assert round(pauses[-1], 1) == 5.0


def test_a_slow_server_ends_with_the_deadline(site: WebServer) -> None:
    def drip(handler: BaseHTTPRequestHandler) -> None:
        for _ in range(200):
            handler.wfile.write(b"X")
            handler.wfile.flush()
            time.sleep(0.02)

    def drip_body(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        drip(handler)

    site.pages |= {"/head": drip, "/body": drip_body, "/silent": lambda handler: time.sleep(3)}
    for path in ("/head", "/body", "/silent"):
        started = time.monotonic()
        with fetcher(Rules(allowed=LOCAL, rate=50, seconds=0.3)) as one:
            assert "did not answer within" in failed(one.get(Request(url=site.url + path)))
        assert time.monotonic() - started < 2.8


def test_a_server_that_dies_in_the_middle_is_no_page(site: WebServer) -> None:
    def dies(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n<p>half")
        handler.close_connection = True

    site.pages["/a"] = dies
    assert "broke off" in failed(get(site, "/a"))


def test_nobody_listening_is_a_failure_for_now() -> None:
    with WebServer() as server:
        url = server.url
    with fetcher() as one:
        assert "cannot be reached" in failed(one.get(Request(url=url)))
    with Fetcher(resolve=_no_such_name, sleep=lambda _: None) as one:
        assert "leads nowhere" in failed(one.get(Request(url="http://no.such.example/")))


def test_more_than_a_page_is_refused_or_cut(site: WebServer) -> None:
    site.pages["/a"] = Reply(b"x" * (MAX_PAGE_BYTES + 1))
    assert refused(get(site, "/a")) == "is larger than 5 MB"
    reply = get(site, "/a", max_bytes=1000, cut=True)
    assert isinstance(reply, Fetched)
    assert (len(reply.body), reply.cut) == (1000, True)


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_packed_pages_are_unpacked(site: WebServer, encoding: str) -> None:
    page = b"<p>Hello</p>" * 1000
    packed = gzip.compress(page) if encoding == "gzip" else zlib.compress(page)
    site.pages["/a"] = Reply(packed, headers={"Content-Encoding": encoding})
    reply = get(site, "/a")
    assert isinstance(reply, Fetched)
    assert reply.body == page
    site.pages["/a"] = Reply(packed[:-5], headers={"Content-Encoding": encoding})
    assert "cannot be unpacked" in failed(get(site, "/a"))


def test_a_bomb_fills_no_memory(site: WebServer) -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    bomb = b"".join(packer.compress(bytes(1_000_000)) for _ in range(150)) + packer.flush()
    site.pages["/a"] = Reply(bomb, headers={"Content-Encoding": "gzip"})
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert refused(get(site, "/a")) == "is larger than 5 MB"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 40_000  # kB


def _no_such_name(host: str, port: int) -> list[str]:
    raise OSError("no such name")
