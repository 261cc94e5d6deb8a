"""A chat completion read strictly: the text, and the tool calls exactly as they were sent, or DamagedReply.

Knows the wire format only: no SDK, no network.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from conversations.model import JsonObject
from tools.toolbox import BadArguments, strict_json_object

MAX_CALLS: Final = 8
"""More calls than this in one reply are a loop, not a plan: the rest is not even refused one by one."""
_CUT_OFF: Final = "length"


Hear = Callable[[str], Awaitable[None]]


class DamagedReply(Exception):
    """The server's reply is not a whole chat completion. Asking again may help."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RawCall:
    """A tool call as it was sent. `arguments` is the unparsed string; `damage` says why it must not run, or ""."""

    name: str
    arguments: str
    damage: str = ""

    @property
    def shown(self) -> JsonObject:
        """The arguments to show the model as its own in the next step: {} where they are damaged."""
        try:
            return {} if self.damage else strict_json_object(self.arguments)
        except BadArguments:
            return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    text: str
    calls: tuple[RawCall, ...]
    finish_reason: str | None
    input_tokens: int = 0
    output_tokens: int = 0


def reply_of_body(sent: bytes) -> Reply:
    """A whole completion. A missing finish_reason is fine: the body came whole."""
    try:
        body = json.loads(sent)
    except ValueError:
        raise DamagedReply("the body is not JSON") from None
    if not isinstance(body, Mapping):
        raise DamagedReply("the body is not a JSON object")
    choice = _only(body.get("choices"))
    message = choice.get("message")
    if not isinstance(message, Mapping):
        raise DamagedReply("no message")
    calls = message.get("tool_calls") or ()
    if not isinstance(calls, Sequence):
        raise DamagedReply("tool_calls is not a list")
    return _whole(
        text=_text(message.get("content")),
        sent=[_sent(call) for call in calls],
        finish_reason=_finish_reason(choice),
        usage=body.get("usage"),
    )


def _only(choices: object) -> Mapping[str, Any]:
    if not isinstance(choices, Sequence) or not choices or not isinstance(choices[0], Mapping):
        raise DamagedReply("no choices")
    return choices[0]


def _finish_reason(choice: Mapping[str, Any]) -> str | None:
    reason = choice.get("finish_reason")
    return reason if isinstance(reason, str) and reason else None


def _text(content: object) -> str:
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if isinstance(content, Sequence):
        parts = [part.get("text") for part in content if isinstance(part, Mapping) and part.get("type") == "text"]
        return "".join(part for part in parts if isinstance(part, str))
    raise DamagedReply("the content is not text")


@dataclass(slots=True)
class _Sent:
    """A call while it is being received."""

    id: str | None = None
    name: str = ""
    arguments: str = ""


def _sent(call: object) -> _Sent:
    function = call.get("function") if isinstance(call, Mapping) else None
    if not isinstance(call, Mapping) or not isinstance(function, Mapping):
        raise DamagedReply("a tool call without a function")
    name, arguments = function.get("name"), function.get("arguments")
    if not isinstance(name, str) or not isinstance(arguments, str):
        raise DamagedReply("a tool call without a name or an argument string")
    return _Sent(id=call.get("id") or None, name=name, arguments=arguments)


def _whole(*, text: str, sent: list[_Sent], finish_reason: str | None, usage: object) -> Reply:
    if finish_reason == _CUT_OFF and not sent:
        # Half an answer may lack its "unless".
        raise DamagedReply("the answer was cut off by the token limit")
    if not sent and not text.strip():
        raise DamagedReply("neither text nor a tool call")
    times = Counter(call.id for call in sent if call.id is not None)
    calls = tuple(
        RawCall(name=call.name, arguments=call.arguments, damage=_damage(call, times, finish_reason)) for call in sent
    )
    counts = usage if isinstance(usage, Mapping) else {}
    return Reply(
        text=text,
        calls=calls[:MAX_CALLS],
        finish_reason=finish_reason,
        input_tokens=_count(counts.get("prompt_tokens")),
        output_tokens=_count(counts.get("completion_tokens")),
    )


def _damage(call: _Sent, times: Counter[str], finish_reason: str | None) -> str:
    if finish_reason == _CUT_OFF:
        return "The reply was cut off by the token limit."
    if call.id is not None and times[call.id] > 1:
        return "Two calls had the same id."
    return ""


def _count(tokens: object) -> int:
    return tokens if isinstance(tokens, int) and 0 <= tokens < 10**9 else 0


async def reply_of_stream(pieces: AsyncIterator[bytes], hear: Hear) -> Reply:
    """The reply in an event stream, however it was cut into pieces; `hear` is given its text so far each time it grew.

    A server that ignores the wish for a stream and sends one whole completion is understood too.
    """
    streamed, other = _StreamedReply(), []
    async for line in _lines(pieces):
        if not line.startswith("data:"):
            other.append(line)
            continue
        data = line[5:].strip()
        if data == "[DONE]":
            streamed.done = True
            break
        if streamed.add(json.loads(data)):
            await hear(streamed.text)
    if not streamed.began and any(line.lstrip().startswith("{") for line in other):
        return reply_of_body("\n".join(other).encode())
    return streamed.reply()


async def _lines(pieces: AsyncIterator[bytes]) -> AsyncIterator[str]:
    rest = b""
    async for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        for line in whole:
            yield line.rstrip(b"\r").decode()  # strictly: a character made up for a broken one could be a word
    yield rest.decode()


@dataclass(slots=True)
class _StreamedReply:
    """Collects the deltas of a streamed completion. Fragments are joined as sent; nothing is parsed before the end."""

    text: str = ""
    began: bool = False
    done: bool = False
    _sent: dict[int, _Sent] = field(default_factory=dict)
    _finish_reason: str | None = None
    _usage: object = None

    def add(self, event: object) -> bool:
        """Take in one event; True where the text grew."""
        if not isinstance(event, Mapping) or "error" in event:
            raise DamagedReply("the stream broke off with an error")
        self.began = True
        self._usage = event.get("usage") or self._usage
        if not event.get("choices"):
            return False
        choice = _only(event["choices"])
        self._finish_reason = _finish_reason(choice) or self._finish_reason
        delta = choice.get("delta") or {}
        for fragment in delta.get("tool_calls") or ():
            self._add_call(fragment)
        new = _text(delta.get("content"))
        self.text += new
        return bool(new)

    def _add_call(self, fragment: Mapping[str, Any]) -> None:
        index, function = fragment.get("index"), fragment.get("function") or {}
        if not isinstance(index, int):
            index = len(self._sent) if fragment.get("id") or not self._sent else len(self._sent) - 1
        call = self._sent.setdefault(index, _Sent())
        call.id = call.id or fragment.get("id") or None
        name = function.get("name") or ""
        # llama-cpp-python's server repeats the whole name in every delta, which joined is a tool that does not exist.
        call.name += name if name != call.name else ""
        call.arguments += function.get("arguments") or ""

    def reply(self) -> Reply:
        """The whole reply. A stream that was cut ends as quietly as a whole one: only these two tell them apart."""
        if self._finish_reason is None and not self.done:
            raise DamagedReply("the stream ended early")
        sent = list(self._sent.values())
        return _whole(text=self.text, sent=sent, finish_reason=self._finish_reason, usage=self._usage)
