"""A web site on 127.0.0.1 for tests: pages with ETags, sitemaps, redirects, and servers that misbehave on purpose."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

Answer = Callable[[BaseHTTPRequestHandler], None]
"""Writes whatever it likes to the wire."""


@dataclass(slots=True)
class Reply:
    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Seen:
    path: str
    headers: Mapping[str, str]


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        pass  # clients of these tests hang up


class WebServer:
    """`pages` by path (with its query); what is not there is a 404. `seen` are the requests, in order."""

    def __init__(self, address: str = "127.0.0.1", port: int = 0) -> None:
        self.pages: dict[str, Reply | Answer] = {}
        self.seen: list[Seen] = []
        self.down_after: int | None = None
        """Requests after which every one is answered 503."""
        self._server = _Server((address, port), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def paths(self) -> list[str]:
        return [one.path for one in self.seen]

    def page(self, path: str, html: str, **headers: str) -> None:
        self.pages[path] = Reply(
            body=html.encode(),
            headers={
                "Content-Type": "text/html; charset=utf-8",
                **{k.replace("_", "-"): v for k, v in headers.items()},
            },
        )

    def article(self, path: str, title: str, text: str, *, links: tuple[str, ...] = (), head: str = "") -> None:
        """A small page with a menu of `links`."""
        menu = "".join(f'<li><a href="{link}">To {link}</a></li>' for link in links)
        self.page(
            path,
            f'<html lang="en"><head><title>{title} | Acme</title>{head}</head><body><nav><ul>{menu}</ul></nav>'
            f"<main><h1>{title}</h1><p>{text}</p></main><footer>Imprint</footer></body></html>",
        )

    def sitemap(self, path: str, pages: Mapping[str, str]) -> None:
        """A sitemap at `path` of these paths with their lastmod, "" for none."""
        entries = "".join(
            f"<url><loc>{self.url}{page}</loc>{f'<lastmod>{lastmod}</lastmod>' if lastmod else ''}</url>"
            for page, lastmod in pages.items()
        )
        xml = f'<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{entries}</urlset>'
        self.pages[path] = Reply(body=xml.encode(), headers={"Content-Type": "application/xml"})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(site) -> type[BaseHTTPRequestHandler]:  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                site.seen.append(Seen(self.path, {name.lower(): value for name, value in self.headers.items()}))
                if site.down_after is not None and len(site.seen) > site.down_after:
                    self.send(Reply(status=503, headers={"Retry-After": "0"}))
                    return
                reply = site.pages.get(self.path, Reply(b"nothing here", 404))
                if isinstance(reply, Reply):
                    self.send(reply)
                else:
                    reply(self)

            def send(self, reply: Reply) -> None:
                etag = f'"{hashlib.sha256(reply.body).hexdigest()[:16]}"'
                same = reply.status == 200 and self.headers.get("If-None-Match") == etag
                self.send_response(304 if same else reply.status)
                if reply.status == 200:
                    self.send_header("ETag", etag)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0" if same else str(len(reply.body)))
                self.end_headers()
                if not same:
                    self.wfile.write(reply.body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        return Handler


def leads_to(target: str, status: int = 302) -> Reply:
    return Reply(status=status, headers={"Location": target})
