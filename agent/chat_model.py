"""Chat models on an OpenAI-compatible server: built, called within a deadline, and believed only when whole.

The one file that knows openai and langchain-openai; both are imported when the first model is built, not before.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final, TypeVar

import httpx2
from pydantic import BaseModel

from agent.capped_transport import CappedTransport
from agent.chat_reply import DamagedReply, RawCall, Reply, StreamedReply, reply_of_completion

if TYPE_CHECKING:
    from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage, BaseMessage
    from langchain_core.outputs import ChatGenerationChunk, ChatResult
    from langchain_openai import ChatOpenAI

log = logging.getLogger(__name__)
T = TypeVar("T")

PRIMARY_SHARE: Final = 0.6
"""Of the time left, what the first model may use while a fallback model waits for the rest."""
MIN_ATTEMPT_S: Final = 0.05


class AgentUnavailable(Exception):
    """No model gave a usable answer in time. `why` is for logs and the trace, never for customers."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


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
    streaming: bool = False
    """Receive replies as streams, for servers behind proxies that cut idle connections. Nothing is shown earlier."""


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

    def lets_through(self) -> bool:
        """Whether to call now. While half-open, True is said to one caller until it reports back."""
        if self._opened_at is None:
            return True
        if self._on_trial or self._clock() - self._opened_at < self._open_s:
            return False
        self._on_trial = True
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
        ids = itertools.count(1)
        names = dict.fromkeys(name for name in (settings.model, settings.fallback_model) if name)
        self._rungs = tuple(
            _Rung(chat=self._build(name, ids), name=name, breaker=CircuitBreaker(clock=clock)) for name in names
        )

    @property
    def first(self) -> BaseChatModel:
        """The primary model, for what needs a model object before the first call."""
        return self._rungs[0].chat

    def deadline(self, seconds: float) -> Deadline:
        return Deadline(at=self._clock() + seconds, clock=self._clock)

    async def call(self, ask: Callable[[BaseChatModel], Awaitable[T]], deadline: Deadline) -> T:
        """What `ask` makes of the first model that answers in time. Raises AgentUnavailable when none does."""
        whys = []
        for rung in self._rungs:
            if not rung.breaker.lets_through():
                whys.append(f"{rung.name}: paused after repeated failures")
                continue
            try:
                return await self._ask(rung, ask, deadline)
            except AgentUnavailable as unavailable:
                whys.append(f"{rung.name}: {unavailable.why}")
            finally:
                rung.breaker.abandoned()
        raise AgentUnavailable("; ".join(whys))

    async def aclose(self) -> None:
        await self._client.aclose()

    def _build(self, name: str, ids: Iterator[int]) -> BaseChatModel:
        settings = self._settings
        return _strict_chat_openai()(
            model=name,
            base_url=settings.base_url,
            api_key=settings.api_key or "none",
            use_responses_api=False,
            stream_usage=settings.streaming,
            max_retries=0,
            timeout=settings.timeout_s,
            temperature=0.2,
            http_async_client=self._client,
            # "max_tokens" is sent as "max_completion_tokens", which llama.cpp's server ignored: 247 tokens for 80.
            extra_body={"max_tokens": settings.max_tokens},
            in_stream=settings.streaming,
            ids=ids,
        )

    async def _ask(self, rung: _Rung, ask: Callable[[BaseChatModel], Awaitable[T]], deadline: Deadline) -> T:
        share = 1.0 if rung is self._rungs[-1] else PRIMARY_SHARE
        for is_last in (False, True):
            try:
                answer = await self._attempt(rung, ask, deadline.left() * share)
            except _provider_errors() as error:
                failure = _Failure.of(error)
                log.warning("model %s failed: %s", rung.name, failure.why)
                if failure.servers_fault:
                    rung.breaker.failed()
                wait = max(failure.retry_in_s, self._settings.retry_delay_s)
                if is_last or not failure.again or wait > deadline.left() * share / 2:
                    raise AgentUnavailable(failure.why) from error
                await asyncio.sleep(wait)
                continue
            rung.breaker.succeeded()
            return answer
        raise AssertionError("the last attempt returns or raises")

    async def _attempt(self, rung: _Rung, ask: Callable[[BaseChatModel], Awaitable[T]], left: float) -> T:
        allowed = min(self._settings.timeout_s, left)
        if allowed < MIN_ATTEMPT_S:
            raise AgentUnavailable("no time left")
        try:
            async with asyncio.timeout(allowed):
                return await ask(rung.chat)
        except TimeoutError:
            rung.breaker.failed()
            raise AgentUnavailable(f"no answer within {allowed:.1f} s") from None


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
    """The server's Retry-After in seconds, 0 where there is none; dates are not read."""
    given = response.headers.get("retry-after", "")
    return float(given) if given.isdecimal() else 0.0


@cache
def _provider_errors() -> tuple[type[Exception], ...]:
    """What calling a server that may send anything can raise.

    The SDK does not validate replies: a body of the wrong shape surfaces as whatever the first access to it raises.
    """
    import openai  # noqa: PLC0415
    from langchain_core.exceptions import LangChainException  # noqa: PLC0415

    wrong_shape = (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError)
    return (openai.OpenAIError, LangChainException, httpx2.HTTPError, httpx2.StreamError, DamagedReply, *wrong_shape)


@cache
def _strict_chat_openai() -> type[ChatOpenAI]:
    from langchain_core.messages import AIMessage  # noqa: PLC0415
    from langchain_core.messages.ai import UsageMetadata  # noqa: PLC0415
    from langchain_core.outputs import ChatGeneration, ChatResult  # noqa: PLC0415
    from langchain_openai import ChatOpenAI  # noqa: PLC0415

    class StrictChatOpenAI(ChatOpenAI):
        """ChatOpenAI whose replies keep the argument strings as they were sent.

        The stock class completes cut JSON in streams and lets the last of two equal keys win; both would run a tool
        with arguments that the model never wrote.
        """

        in_stream: bool = False
        ids: Any = None

        def _create_chat_result(
            self, response: dict[str, Any] | BaseModel, generation_info: dict[str, Any] | None = None
        ) -> ChatResult:
            return self._result(reply_of_completion(response))

        async def _agenerate(
            self,
            messages: list[BaseMessage],
            stop: list[str] | None = None,
            run_manager: AsyncCallbackManagerForLLMRun | None = None,
            **kwargs: Any,  # noqa: ANN401 - the parent's signature
        ) -> ChatResult:
            if not self.in_stream:
                return await super()._agenerate(messages, stop, run_manager, **kwargs)
            streamed = StreamedReply()
            async for chunk in self._astream(messages, stop=stop, **kwargs):
                _collect(chunk, streamed)
            return self._result(streamed.reply())

        def _result(self, reply: Reply) -> ChatResult:
            calls = {f"call_{next(self.ids)}": call for call in reply.calls}
            message = AIMessage(
                content=reply.text,
                tool_calls=[
                    {"name": call.name, "args": dict(call.shown), "id": id_, "type": "tool_call"}
                    for id_, call in calls.items()
                ],
                additional_kwargs={"raw_calls": calls},
                response_metadata={"model": self.model_name, "finish_reason": reply.finish_reason or ""},
                usage_metadata=UsageMetadata(
                    input_tokens=reply.input_tokens,
                    output_tokens=reply.output_tokens,
                    total_tokens=reply.input_tokens + reply.output_tokens,
                ),
            )
            return ChatResult(generations=[ChatGeneration(message=message)])

    return StrictChatOpenAI


def _collect(chunk: ChatGenerationChunk, streamed: StreamedReply) -> None:
    message = chunk.message
    streamed.add_text(message.content)
    for fragment in getattr(message, "tool_call_chunks", ()):
        streamed.add_call(fragment)
    usage = getattr(message, "usage_metadata", None)
    streamed.add_finish(
        (chunk.generation_info or {}).get("finish_reason"),
        {"prompt_tokens": usage["input_tokens"], "completion_tokens": usage["output_tokens"]} if usage else None,
    )


def raw_calls(message: AIMessage) -> dict[str, RawCall]:
    """The tool calls of a message as the server sent them, by the id we gave each."""
    calls: dict[str, RawCall] = message.additional_kwargs.get("raw_calls", {})
    return calls
