"""Chat models on an OpenAI-compatible server: built, called within a deadline, and believed only when whole.

With chat_call.py the only file that knows openai and langchain-openai; both are imported when the first model is
built, not before.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import cache
from typing import TYPE_CHECKING, Final, TypeVar

import httpx2

from agent.capped_transport import CappedTransport
from agent.chat_call import Dialect, ReplyListener, strict_chat_openai
from agent.chat_reply import DamagedReply

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

log = logging.getLogger(__name__)
T = TypeVar("T")

PRIMARY_SHARE: Final = 0.6
"""Of the time left, what the first model may use while a fallback model waits for the rest."""
MIN_ATTEMPT_S: Final = 0.05
_PAUSED: Final = "paused after repeated failures"


class AgentUnavailable(Exception):
    """No model gave a usable answer in time. `why` is for logs and the trace, never for customers.

    `asked` is whether a server was sent the request, which may have cost something.
    """

    def __init__(self, why: str, *, asked: bool = False) -> None:
        super().__init__(why)
        self.why = why
        self.asked = asked


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatModelSettings:
    """Where the models are. `timeout_s` bounds one model call, `max_tokens` the length of one reply."""

    base_url: str
    model: str
    api_key: str = "none"
    fallback_model: str | None = None
    timeout_s: float = 20.0
    max_tokens: int = 700
    retry_delay_s: float = 0.3
    streaming: bool = True
    """Receive replies as streams, so that sentences can be shown as they come; off for servers that cannot."""
    input_price: float = 0.0
    output_price: float = 0.0
    """Of a million tokens, in whatever currency; 0 where only tokens are of interest."""

    def cost(self, input_tokens: int, output_tokens: int) -> float:
        return (input_tokens * self.input_price + output_tokens * self.output_price) / 1_000_000


class CircuitBreaker:
    """Stops asking a model that keeps failing, so that a dead server costs turns nothing.

    Opens after `failures` failures in a row; `open_s` later one trial call is let through and decides.
    """

    def __init__(self, *, clock: Callable[[], float], failures: int = 4, open_s: float = 30.0) -> None:
        self._clock = clock
        self._limit = failures
        self._open_s = open_s
        self._failed = 0
        self._opened_at: float | None = None
        self._on_trial = False

    @property
    def is_open(self) -> bool:
        """Whether a call would be refused now; asking changes nothing."""
        if self._opened_at is None:
            return False
        return self._on_trial or self._clock() - self._opened_at < self._open_s

    def lets_through(self) -> bool:
        """Whether to call now. While half-open, True is said to one caller until it reports back."""
        if self.is_open:
            return False
        self._on_trial = self._opened_at is not None
        return True

    def succeeded(self) -> None:
        self._failed, self._opened_at, self._on_trial = 0, None, False

    def failed(self) -> None:
        self._failed += 1
        self._on_trial = False
        if self._failed >= self._limit:
            self._opened_at = self._clock()

    def abandoned(self) -> None:
        """The call ended without telling anything about the server: cancelled, or the request itself was bad."""
        self._on_trial = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """The instant, on `clock`, by which everything has to be over."""

    at: float
    clock: Callable[[], float]

    def left(self) -> float:
        return max(self.at - self.clock(), 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rung:
    chat: BaseChatModel
    name: str
    breaker: CircuitBreaker


class ChatModel:
    """The model and, if there is one, its fallback. Lives as long as the process: the breakers remember across turns.

    `clock` gives monotonic seconds. `transport` replaces the network, for servers in the same process.
    """

    def __init__(
        self,
        settings: ChatModelSettings,
        *,
        clock: Callable[[], float],
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._client = httpx2.AsyncClient(
            transport=CappedTransport(transport or httpx2.AsyncHTTPTransport()), timeout=settings.timeout_s
        )
        names = dict.fromkeys(name for name in (settings.model, settings.fallback_model) if name)
        self._rungs = tuple(
            _Rung(chat=self._build(name), name=name, breaker=CircuitBreaker(clock=clock)) for name in names
        )

    @property
    def settings(self) -> ChatModelSettings:
        return self._settings

    def refuse_if_paused(self) -> None:
        """Raises AgentUnavailable where every model is paused: then a turn need not even be prepared for one."""
        if all(rung.breaker.is_open for rung in self._rungs):
            raise AgentUnavailable("; ".join(f"{rung.name}: {_PAUSED}" for rung in self._rungs))

    @property
    def first(self) -> BaseChatModel:
        """The primary model, for what needs a model object before the first call."""
        return self._rungs[0].chat

    def deadline(self, seconds: float) -> Deadline:
        return Deadline(at=self._clock() + seconds, clock=self._clock)

    async def call(
        self, ask: Callable[[BaseChatModel], Awaitable[T]], deadline: Deadline, listener: ReplyListener | None = None
    ) -> T:
        """What `ask` makes of the first model that answers in time. Raises AgentUnavailable when none does.

        Once the listener has shown a part of a reply, no other one can take its place: then nobody else is asked.
        """
        whys, asked, listener = [], False, listener or ReplyListener()
        for rung in self._rungs:
            if not rung.breaker.lets_through():
                whys.append(f"{rung.name}: {_PAUSED}")
                continue
            try:
                return await self._ask(rung, ask, deadline, listener)
            except AgentUnavailable as unavailable:
                whys.append(f"{rung.name}: {unavailable.why}")
                asked = asked or unavailable.asked
            finally:
                rung.breaker.abandoned()
            if listener.shown:
                break
        raise AgentUnavailable("; ".join(whys), asked=asked)

    async def aclose(self) -> None:
        await self._client.aclose()

    def _build(self, name: str) -> BaseChatModel:
        settings = self._settings
        return strict_chat_openai()(
            model=name,
            base_url=settings.base_url,
            api_key=settings.api_key or "none",
            use_responses_api=False,
            max_retries=0,
            timeout=settings.timeout_s,
            temperature=0.2,
            http_async_client=self._client,
            reply_tokens=settings.max_tokens,
            in_stream=settings.streaming,
            dialect=Dialect(),
            listener=ReplyListener(),
        )

    async def _ask(
        self,
        rung: _Rung,
        ask: Callable[[BaseChatModel], Awaitable[T]],
        deadline: Deadline,
        listener: ReplyListener,
    ) -> T:
        share = 1.0 if rung is self._rungs[-1] else PRIMARY_SHARE
        chat = rung.chat.model_copy(update={"listener": listener})
        for is_last in (False, True):
            try:
                answer = await self._attempt(rung, lambda: ask(chat), deadline.left() * share)
            except _provider_errors() as error:
                failure = _Failure.of(error)
                log.warning("model %s failed: %s", rung.name, failure.why)
                if failure.servers_fault:
                    rung.breaker.failed()
                wait = max(failure.retry_in_s, self._settings.retry_delay_s)
                if is_last or listener.shown or not failure.again or wait > deadline.left() * share / 2:
                    raise AgentUnavailable(failure.why, asked=True) from error
                await asyncio.sleep(wait)
                continue
            rung.breaker.succeeded()
            return answer
        raise AssertionError("the last attempt returns or raises")

    async def _attempt(self, rung: _Rung, ask: Callable[[], Awaitable[T]], left: float) -> T:
        allowed = min(self._settings.timeout_s, left)
        if allowed < MIN_ATTEMPT_S:
            raise AgentUnavailable("no time left")
        try:
            async with asyncio.timeout(allowed):
                return await ask()
        except TimeoutError:
            rung.breaker.failed()
            raise AgentUnavailable(f"no answer within {allowed:.1f} s", asked=True) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Failure:
    """`retry_in_s` is what the server asks to wait for; it means nothing unless asking `again` can help."""

    why: str
    again: bool
    retry_in_s: float = 0.0
    servers_fault: bool = True

    @classmethod
    def of(cls, error: Exception) -> _Failure:
        import openai  # noqa: PLC0415
        from langchain_core.exceptions import ContextOverflowError, ModelError  # noqa: PLC0415

        name = type(error).__name__
        if isinstance(error, DamagedReply):
            return cls(why=f"damaged reply: {error}", again=True)
        if isinstance(error, ContextOverflowError | openai.BadRequestError | openai.UnprocessableEntityError):
            return cls(why=f"request refused ({name})", again=False, servers_fault=False)
        if isinstance(error, openai.APIStatusError):
            again = error.status_code == httpx2.codes.TOO_MANY_REQUESTS or error.status_code >= 500
            return cls(why=f"HTTP {error.status_code}", again=again, retry_in_s=_retry_after(error.response))
        if isinstance(error, ModelError | openai.APIError):
            return cls(why=name, again=True)
        return cls(why=f"unreadable reply ({name})", again=True)


def _retry_after(response: httpx2.Response) -> float:
    """How many seconds the server asks to wait, 0 where it does not say. A date counts from the server's own clock."""
    given = response.headers.get("retry-after", "")
    if given.isdecimal():
        return float(given)
    try:
        until, now = (parsedate_to_datetime(response.headers[name]) for name in ("retry-after", "date"))
    except (KeyError, ValueError, TypeError):
        return 0.0
    return max(0.0, (until - now).total_seconds())


@cache
def _provider_errors() -> tuple[type[Exception], ...]:
    """What calling a server that may send anything can raise.

    The SDK does not validate replies: a body of the wrong shape surfaces as whatever the first access to it raises.
    """
    import openai  # noqa: PLC0415
    from langchain_core.exceptions import LangChainException  # noqa: PLC0415

    wrong_shape = (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError)
    return (openai.OpenAIError, LangChainException, httpx2.HTTPError, httpx2.StreamError, DamagedReply, *wrong_shape)
