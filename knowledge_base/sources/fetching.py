"""GET over HTTP for sources: guarded, bounded, polite. What goes wrong is a value with a line for the report.

Never sends cookies, never keeps any, never runs what it gets.
"""

from __future__ import annotations

import email.utils
import functools
import importlib.metadata
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import urljoin, urlsplit

from knowledge_base.sources.guarding import Allowed, Forbidden, Resolve, check_url, resolve
from knowledge_base.sources.source import MAX_ARTICLE_BYTES
from knowledge_base.sources.unpacking import unpacked
from knowledge_base.sources.web_address import normal

if TYPE_CHECKING:
    import httpcore2

MAX_PAGE_BYTES: Final = MAX_ARTICLE_BYTES
_MAX_REDIRECTS: Final = 5
_ATTEMPTS: Final = 3
_WAITS: Final = 10
"""Tries of a server that says each time how long to leave it alone."""
_PAUSES: Final = (0.5, 2.0)
_DEFAULT_WAIT: Final = 5.0
"""Seconds, where a server says "too many requests" and not when to come back."""
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_BUSY: Final = frozenset({429, 503})


class Because(StrEnum):
    """GONE for certain (404, 410), CLOSED to the public (401, 403), REFUSED by our own rules, or failed FOR_NOW."""

    GONE = "gone"
    CLOSED = "closed"
    REFUSED = "refused"
    FOR_NOW = "for_now"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What a server sent. `url` is where redirects ended; `cut`: only the beginning of the body was kept."""

    url: str
    body: bytes
    content_type: str
    etag: str | None = None
    last_modified: str | None = None
    robots: str = ""
    cut: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Unchanged:
    """The page is as it was when these `Validators` were given out."""

    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NotFetched:
    """Why not, in words that follow the page's address. `status` is 0 where no server answered."""

    because: Because
    why: str
    status: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Validators:
    """What a server gave with a page, to ask later whether it changed."""

    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """`seconds` for a try with its redirects, `patience` for all tries and waits, `rate` requests a second per host."""

    allowed: Allowed = Allowed()
    rate: float = 2.0
    seconds: float = 20.0
    patience: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """At most `max_bytes` of a page, unpacked; more is refused, or `cut` off. `headers` go to its own host only."""

    url: str
    max_bytes: int = MAX_PAGE_BYTES
    cut: bool = False
    known: Validators = Validators()
    headers: Mapping[str, str] = field(default_factory=dict)
    accept: str = "text/html,application/xhtml+xml,*/*;q=0.1"


class Fetcher:
    """For one thread. Close it, or use it as a context manager."""

    def __init__(
        self,
        rules: Rules = Rules(),  # noqa: B008 - frozen
        *,
        resolve: Resolve = resolve,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        import httpcore2  # noqa: PLC0415 - 0.1 s that no process needs to begin to answer
        import httpx2  # noqa: PLC0415

        from knowledge_base.sources.connecting import Deadline, GuardedBackend  # noqa: PLC0415

        self._rules = rules
        self._sleep = sleep
        self._deadline = Deadline()
        self._intervals: dict[str, float] = {}
        self._next: dict[str, float] = {}
        self._pool = httpcore2.ConnectionPool(
            ssl_context=httpx2.create_ssl_context(trust_env=False),
            max_connections=4,
            max_keepalive_connections=4,
            keepalive_expiry=30.0,
            network_backend=GuardedBackend(rules.allowed, resolve, self._deadline),
        )

    def get(self, request: Request) -> Fetched | Unchanged | NotFetched:
        """Try, and try again where that may help, within the patience of the rules."""
        until = time.monotonic() + self._rules.patience
        attempt = 0
        while isinstance(answer := self._try(request), _Again):
            pause = _PAUSES[min(attempt, len(_PAUSES) - 1)] if answer.pause is None else answer.pause
            attempt += 1
            most = _WAITS if answer.pause else _ATTEMPTS
            if attempt >= most or answer.last or pause > until - time.monotonic():
                return NotFetched(because=Because.FOR_NOW, why=answer.why, status=answer.status)
            self._sleep(pause)
        return answer

    def slow_down(self, url: str, interval: float) -> None:
        """Leave at least `interval` seconds between two requests to the host of `url`."""
        self._intervals[urlsplit(url).netloc] = interval

    def close(self) -> None:
        self._pool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _try(self, request: Request) -> Fetched | Unchanged | NotFetched | _Again:
        """One try, its redirects followed."""
        import httpcore2  # noqa: PLC0415

        seconds = self._rules.seconds
        self._deadline.set(seconds)
        try:
            return self._follow(request)
        except Forbidden as reason:
            return NotFetched(because=Because.REFUSED, why=str(reason))
        except (httpcore2.TimeoutException, TimeoutError):
            return _Again(why=f"did not answer within {seconds:.0f} s", last=True)
        except httpcore2.ConnectError as failure:
            return _Again(why=f"cannot be reached: {_words(failure)}")
        except (httpcore2.NetworkError, httpcore2.RemoteProtocolError) as failure:
            return _Again(why=f"broke off in the middle: {_words(failure)}")
        except (httpcore2.ProtocolError, httpcore2.UnsupportedProtocol, OSError) as failure:
            return _Again(why=f"cannot be read: {_words(failure)}")

    def _follow(self, request: Request) -> Fetched | Unchanged | NotFetched | _Again:
        url = self._checked(request.url)
        visited = [url]
        while True:
            answer = self._ask(url, request, same_host=_origin(url) == _origin(visited[0]))
            if not isinstance(answer, str):
                return answer
            url = self._checked(url, answer)
            if url in visited:
                circle = " → ".join([*visited[visited.index(url) :], url])
                return NotFetched(because=Because.FOR_NOW, why=f"leads in a circle: {circle[:500]}", status=302)
            visited.append(url)
            if len(visited) > _MAX_REDIRECTS + 1:
                return NotFetched(because=Because.FOR_NOW, why=f"leads on more than {_MAX_REDIRECTS} times", status=302)

    def _checked(self, url: str, link: str = "") -> str:
        """The address that `link` on the page at `url` leads to, spelled as it is asked for. Raises Forbidden."""
        try:
            url = urljoin(url, link)
        except ValueError:
            raise Forbidden("leads to what is no web address") from None
        check_url(url, self._rules.allowed)
        address = normal(url)
        if address is None:
            raise Forbidden("is no web address")
        return address

    def _ask(self, url: str, request: Request, *, same_host: bool) -> Fetched | Unchanged | NotFetched | _Again | str:
        """One request; a text is where it leads on to."""
        self._wait_turn(urlsplit(url).netloc)
        with self._stream(url, request, same_host=same_host) as response:
            headers = _headers(response)
            if response.status in _REDIRECTS and headers.get("location"):
                return headers["location"]
            refused = _refusal(response.status, headers)
            if refused is not None:
                return refused
            if response.status == 304:
                return Unchanged(url=url)
            return _received(url, response, headers, request)

    def _stream(self, url: str, request: Request, *, same_host: bool) -> AbstractContextManager[httpcore2.Response]:
        headers: dict[bytes | str, bytes | str] = {
            "Host": urlsplit(url).netloc,
            "User-Agent": our_name(),
            "Accept": request.accept,
            "Accept-Encoding": "gzip, deflate",
        }
        if request.known.etag:
            headers["If-None-Match"] = request.known.etag
        if request.known.last_modified:
            headers["If-Modified-Since"] = request.known.last_modified
        if same_host:
            headers.update(request.headers)
        return self._pool.stream("GET", url, headers=headers, extensions={"timeout": {"pool": 5.0}})

    def _wait_turn(self, host: str) -> None:
        """Keep the pace: the waiting counts for no deadline."""
        interval = self._intervals.get(host, 1.0 / self._rules.rate)
        wait = self._next.get(host, 0.0) - time.monotonic()
        if wait > 0:
            self._sleep(wait)
            self._deadline.extend(wait)
        self._next[host] = time.monotonic() + interval


@dataclass(frozen=True, slots=True, kw_only=True)
class _Again:
    """It failed for now. `pause`: seconds for which the server wants to be left alone. A `last` try is not repeated."""

    why: str
    pause: float | None = None
    status: int = 0
    last: bool = False


@functools.cache
def our_name() -> str:
    """What servers are told of who asks."""
    try:
        return f"Baton/{importlib.metadata.version('baton')} (+help-center sync)"
    except importlib.metadata.PackageNotFoundError:  # run from a checkout that was never installed
        return "Baton (+help-center sync)"


def _origin(url: str) -> tuple[str, str]:
    return urlsplit(url).scheme, urlsplit(url).netloc


def _headers(response: httpcore2.Response) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}


def _refusal(status: int, headers: Mapping[str, str]) -> NotFetched | _Again | None:
    if status in (200, 203, 304):
        return None
    if status in (404, 410):
        return NotFetched(because=Because.GONE, why=f"is gone ({status})", status=status)
    if status in (401, 403, 407, 451):
        return NotFetched(because=Because.CLOSED, why=f"is not open to the public ({status})", status=status)
    if status in _BUSY or status >= 500 or status == 408:
        pause = _pause(headers.get("retry-after", "")) if status in _BUSY else None
        wait = f" and asks to wait {pause:.0f} s" if pause else ""
        return _Again(
            why=f"answered {status}{wait}", pause=pause or (_DEFAULT_WAIT if status == 429 else None), status=status
        )
    return NotFetched(because=Because.REFUSED, why=f"answered {status}", status=status)


def _pause(value: str) -> float | None:
    """Seconds from a Retry-After, which is a number or a date."""
    value = value.strip()
    if value.isdigit():
        return float(value[:9])
    try:
        at = email.utils.parsedate_to_datetime(value)
    except (ValueError, TypeError):
        return None
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at
    return max(0.0, (at - datetime.now(UTC)).total_seconds())


def _received(
    url: str, response: httpcore2.Response, headers: Mapping[str, str], request: Request
) -> Fetched | NotFetched | _Again:
    body = bytearray()
    cut = False
    for piece in unpacked(response.iter_stream(), headers.get("content-encoding", "")):
        if piece is None:
            return _Again(why="sent a body that cannot be unpacked")
        body += piece
        if len(body) > request.max_bytes:
            if not request.cut:
                size = f"{request.max_bytes / 1_000_000:g} MB"
                return NotFetched(because=Because.REFUSED, why=f"is larger than {size}", status=200)
            del body[request.max_bytes :]
            cut = True
            break
    return Fetched(
        url=url,
        body=bytes(body),
        content_type=headers.get("content-type", ""),
        etag=headers.get("etag"),
        last_modified=headers.get("last-modified"),
        robots=headers.get("x-robots-tag", ""),
        cut=cut,
    )


def _words(failure: BaseException) -> str:
    return " ".join(str(failure).split())[:200] or type(failure).__name__
