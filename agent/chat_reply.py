"""A chat completion read strictly: the text, and the tool calls exactly as they were sent, or DamagedReply.

Knows the wire format only: no SDK, no network.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from conversations.model import JsonObject
from tools.toolbox import BadArguments, strict_json_object

MAX_CALLS: Final = 8
"""More calls than this in one reply are a loop, not a plan: the rest is not even refused one by one."""
_CUT_OFF: Final = "length"


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


def reply_of_completion(response: object) -> Reply:
    """A whole completion, as the SDK's object or a dict. A missing finish_reason is fine: the body came whole."""
    dump = getattr(response, "model_dump", None)
    body = dump(warnings=False) if dump else response
    if not isinstance(body, Mapping):
        raise DamagedReply("the body is not a JSON object")
    choice = _only(body.get("choices"))
    message = choice.get("message")
    if not isinstance(message, Mapping):
        raise DamagedReply("no message")
    sent = message.get("tool_calls") or ()
    if not isinstance(sent, Sequence):
        raise DamagedReply("tool_calls is not a list")
    return _whole(
        text=_text(message.get("content")),
        sent=[_sent(call) for call in sent],
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


@dataclass(slots=True)
class StreamedReply:
    """Collects the deltas of a streamed completion. Fragments are joined as sent; nothing is parsed before the end."""

    _text: str = ""
    _sent: dict[int, _Sent] = field(default_factory=dict)
    _finish_reason: str | None = None
    _usage: dict[str, int] = field(default_factory=dict)

    def add_text(self, text: object) -> None:
        self._text += _text(text)

    def add_finish(self, finish_reason: str | None, usage: Mapping[str, int] | None) -> None:
        """Whatever of the two the chunk has; `usage` in the names of the wire format."""
        self._finish_reason = finish_reason or self._finish_reason
        self._usage = dict(usage) if usage else self._usage

    def add_call(self, fragment: Mapping[str, Any]) -> None:
        """A fragment of a call: any of `index`, `id`, `name` and `args`."""
        index = fragment.get("index")
        if not isinstance(index, int):
            index = len(self._sent) if fragment.get("id") or not self._sent else len(self._sent) - 1
        call = self._sent.setdefault(index, _Sent())
        call.id = call.id or fragment.get("id") or None
        # A server that repeats the name in every delta makes "refundrefund", a tool that does not exist.
        call.name += fragment.get("name") or ""
        call.arguments += fragment.get("args") or ""

    def reply(self) -> Reply:
        """The whole reply. A stream that just stops looks like one that ended: only finish_reason tells them apart."""
        if self._finish_reason is None:
            raise DamagedReply("the stream ended early")
        sent = list(self._sent.values())
        return _whole(text=self._text, sent=sent, finish_reason=self._finish_reason, usage=self._usage)
