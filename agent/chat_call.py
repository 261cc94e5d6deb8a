"""One request to a chat completions server, asked in its dialect, and its reply read as it was sent.

Beside chat_model.py the only file that knows openai and langchain-openai; imported when the first model is built.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from agent.chat_reply import RawCall, Reply, reply_of_body, reply_of_stream

if TYPE_CHECKING:
    from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
    from langchain_core.messages import AIMessage, BaseMessage
    from langchain_core.outputs import ChatResult
    from langchain_openai import ChatOpenAI


class ReplyListener:
    """Hears a reply while it is streamed. This one is deaf.

    `shown` is whether the customer has seen a part of it, so that no other reply may take its place. `ids` number the
    tool calls of one turn.
    """

    shown: bool = False

    def __init__(self) -> None:
        self.ids: Iterator[int] = itertools.count(1)

    async def hear(self, text: str) -> None:
        """The text of the reply so far."""


@dataclass(slots=True)
class Dialect:
    """How one server wants to be asked, learned from what it refuses; lasts as long as the process."""

    length: str = "max_tokens"
    temperature: bool = True
    stream_options: bool = True

    def learn(self, refusal: str) -> bool:
        """Whether the refusal names a parameter that can be said in another way, which it is from now on."""
        if self.length == "max_tokens" and "max_completion_tokens" in refusal:
            self.length = "max_completion_tokens"
        elif self.temperature and "temperature" in refusal:
            self.temperature = False
        elif self.stream_options and "stream_options" in refusal:
            self.stream_options = False
        else:
            return False
        return True

    def body(self, payload: Mapping[str, Any], *, max_tokens: int, stream: bool) -> dict[str, Any]:
        """The request as this server takes it. Ollama and llama.cpp read only `max_tokens`, newer OpenAI models only
        the other name."""
        kept = {name: value for name, value in payload.items() if name not in ("stream", "max_completion_tokens")}
        kept[self.length] = max_tokens
        if not self.temperature:
            kept.pop("temperature", None)
        if stream:
            kept["stream"] = True
            if self.stream_options:
                kept["stream_options"] = {"include_usage": True}
        return kept


def fingerprint(model: str, messages: object, tools: object) -> str:
    """A hash of everything in a request that its answer depends on."""
    asked = json.dumps([model, messages, tools], sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(asked.encode("utf-8", "surrogatepass")).hexdigest()


@cache
def strict_chat_openai() -> type[ChatOpenAI]:
    """The class of our models; built late, since importing its parent takes most of a second."""
    import openai  # noqa: PLC0415
    from langchain_core.messages import AIMessage  # noqa: PLC0415
    from langchain_core.messages.ai import UsageMetadata  # noqa: PLC0415
    from langchain_core.outputs import ChatGeneration, ChatResult  # noqa: PLC0415
    from langchain_openai import ChatOpenAI  # noqa: PLC0415

    class StrictChatOpenAI(ChatOpenAI):
        """ChatOpenAI whose replies keep the argument strings as they were sent.

        The stock class completes cut JSON in streams and lets the last of two equal keys win; both would run a tool
        with arguments that the model never wrote. It also takes 0.3 ms a token, most of it for objects unused here.
        """

        in_stream: bool = False
        reply_tokens: int = 700
        dialect: Any = None
        listener: Any = None

        async def _agenerate(
            self,
            messages: list[BaseMessage],
            stop: list[str] | None = None,
            run_manager: AsyncCallbackManagerForLLMRun | None = None,
            **kwargs: Any,  # noqa: ANN401 - the parent's signature
        ) -> ChatResult:
            payload = self._get_request_payload(messages, stop=stop, **kwargs)
            while True:
                try:
                    reply = await self._asked(payload)
                    break
                except openai.BadRequestError as refused:
                    if not self.dialect.learn(str(refused)):
                        raise
            return self._result(reply, fingerprint(self.model_name, payload["messages"], payload.get("tools")))

        async def _asked(self, payload: dict[str, Any]) -> Reply:
            body = self.dialect.body(payload, max_tokens=self.reply_tokens, stream=self.in_stream)
            async with self.async_client.with_streaming_response.create(**body) as response:
                if self.in_stream:
                    return await reply_of_stream(response.iter_bytes(), self.listener.hear)
                return reply_of_body(await response.read())

        def _result(self, reply: Reply, asked: str) -> ChatResult:
            calls = {f"call_{next(self.listener.ids)}": call for call in reply.calls}
            message = AIMessage(
                content=reply.text,
                tool_calls=[
                    {"name": call.name, "args": dict(call.shown), "id": id_, "type": "tool_call"}
                    for id_, call in calls.items()
                ],
                additional_kwargs={"raw_calls": calls},
                response_metadata={
                    "model": self.model_name,
                    "finish_reason": reply.finish_reason or "",
                    "request_hash": asked,
                },
                usage_metadata=UsageMetadata(
                    input_tokens=reply.input_tokens,
                    output_tokens=reply.output_tokens,
                    total_tokens=reply.input_tokens + reply.output_tokens,
                ),
            )
            return ChatResult(generations=[ChatGeneration(message=message)])

    return StrictChatOpenAI


def raw_calls(message: AIMessage) -> dict[str, RawCall]:
    """The tool calls of a message as the server sent them, by the id we gave each."""
    calls: dict[str, RawCall] = message.additional_kwargs.get("raw_calls", {})
    return calls
