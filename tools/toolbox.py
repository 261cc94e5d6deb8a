"""The one way to call a tool: parse strictly, check who asks, run within a deadline, bound the result."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from pydantic import BaseModel, ValidationError

from conversations.model import Assurance, JsonObject, JsonValue
from tools.tool import Limits, Principal, Tool, ToolCall, ToolFailed, ToolResult

log = logging.getLogger(__name__)

MAX_ARGUMENT_CHARACTERS = 4_000

UNAVAILABLE = ToolResult(
    ok=False,
    code="unavailable",
    message="I can't reach the system that knows this right now.",
)
SIGN_IN_REQUIRED = ToolResult(
    ok=False,
    code="sign_in_required",
    message="Please sign in first, so that I can look this up in your account.",
)
VERIFICATION_REQUIRED = ToolResult(
    ok=False,
    code="verification_required",
    message="Please confirm with a code first that this is you. It goes to the e-mail address we have on file.",
)


class BadArguments(ValueError):
    """Arguments that are not exactly one JSON object of the tool's own keys. The text says what is wrong."""


class Toolbox:
    """The tools of one deployment, by name.

    Raises ValueError when built with two tools of one name, or with an arguments model that lets unknown keys or
    loosely typed values through.
    """

    def __init__(self, tools: Sequence[Tool]) -> None:
        self._tools: dict[str, Tool] = {}
        for tool in tools:
            self.add(tool)

    def add(self, tool: Tool) -> None:
        """One more, for tools that need what is opened later than the rest. Raises as the constructor does."""
        if tool.name in self._tools:
            raise ValueError(f"two tools share a name: {tool.name!r}")
        config = tool.arguments.model_config
        if config.get("extra") != "forbid" or config.get("strict") is not True:
            raise ValueError(f"arguments of {tool.name!r} must be strict and forbid extra keys")
        self._tools[tool.name] = tool

    def replaying(self, calls: Sequence[ToolCall]) -> Toolbox:
        """The same tools, each answering what it answered in those calls, in turn; a further call finds it down."""

        def again(name: str) -> Callable[[Principal, BaseModel], Awaitable[ToolResult]]:
            left = iter([call.result for call in calls if call.tool == name])

            async def run(principal: Principal, arguments: BaseModel) -> ToolResult:
                result = next(left, None)
                if result is None:
                    raise ToolFailed("this was not asked in the turn that is replayed")
                return result

            return run

        return Toolbox([replace(tool, run=again(tool.name)) for tool in self._tools.values()])

    def names(self) -> tuple[str, ...]:
        return tuple(self._tools)

    def tools(self) -> tuple[Tool, ...]:
        return tuple(self._tools.values())

    def get(self, name: str) -> Tool | None:
        return self._tools.get(name)

    async def call(
        self,
        principal: Principal,
        name: str,
        arguments_json: str | Mapping[str, JsonValue],
        *,
        deadline_s: float,
    ) -> ToolResult:
        """Run one tool for the principal, in at most `deadline_s` seconds and never longer than the tool's own limit.

        Codes of a call that did not run: "unknown_tool", "bad_arguments", "sign_in_required", "verification_required".
        Code "unavailable": the system behind the tool failed or was too slow. Every other code is the tool's own.
        """
        tool = self._tools.get(name)
        if tool is None:
            return _refused("unknown_tool", f"There is no tool of that name. Tools: {', '.join(self._tools)}.")
        try:
            arguments = validated_arguments(tool.arguments, arguments_json)
        except BadArguments as wrong:
            return _refused("bad_arguments", str(wrong))
        if principal.assurance < tool.needs:
            return VERIFICATION_REQUIRED if tool.needs is Assurance.VERIFIED else SIGN_IN_REQUIRED
        try:
            async with asyncio.timeout(min(max(deadline_s, 0.0), tool.limits.seconds)):
                result = await tool.run(principal, arguments)
        except (ToolFailed, TimeoutError) as failure:
            log.warning("tool %s is unavailable: %s", name, type(failure).__name__)
            return UNAVAILABLE
        return _bounded(result, tool.limits)


def validated_arguments(model: type[BaseModel], arguments_json: str | Mapping[str, JsonValue]) -> BaseModel:
    """The arguments as `model`, or BadArguments. Nothing is repaired, completed, guessed or dropped."""
    text = arguments_json if isinstance(arguments_json, str) else _as_json(arguments_json)
    given = strict_json_object(text)
    unknown = sorted(set(given) - set(model.model_fields))
    if unknown:
        raise BadArguments("The arguments have keys that this tool does not know.")
    try:
        return model.model_validate(given, strict=True)
    except ValidationError as invalid:
        raise BadArguments(_what_is_wrong(invalid)) from None


def strict_json_object(text: str) -> JsonObject:
    """Exactly one complete JSON object without duplicate keys, NaN or Infinity, or BadArguments.

    `json.loads` alone keeps the last of two equal keys, so `{"n":"A","n":"B"}` would mean whatever its reader likes.
    """
    if len(text) > MAX_ARGUMENT_CHARACTERS:
        raise BadArguments("The arguments are too long.")
    try:
        parsed = json.loads(text, object_pairs_hook=_unique_keys, parse_constant=_no_constant)
        # 1e400 reads as infinity and "\ud800" as half a character: neither can be written back.
        json.dumps(parsed, ensure_ascii=False, allow_nan=False).encode()
    except BadArguments:
        raise
    except (ValueError, RecursionError):
        raise BadArguments("The arguments are not complete, valid JSON.") from None
    if not isinstance(parsed, dict):
        raise BadArguments("The arguments must be one JSON object.")
    return parsed


def _as_json(arguments: Mapping[str, JsonValue]) -> str:
    try:
        return json.dumps(dict(arguments))
    except (TypeError, ValueError, RecursionError):
        raise BadArguments("The arguments are not JSON values.") from None


def _unique_keys(pairs: Iterable[tuple[str, JsonValue]]) -> JsonObject:
    given: JsonObject = {}
    for key, value in pairs:
        if key in given:
            raise BadArguments("The arguments have the same key twice.")
        given[key] = value
    return given


def _no_constant(_: str) -> JsonValue:
    raise BadArguments("The arguments hold a value that is not JSON.")


def _what_is_wrong(invalid: ValidationError) -> str:
    """Names the argument and the rule, never the value: the value may be anything, the text goes to the model."""
    problems = {
        f"{'.'.join(str(part) for part in error['loc'])}: {error['type']}"
        for error in invalid.errors(include_url=False, include_input=False, include_context=False)
    }
    return f"The arguments do not fit the tool ({'; '.join(sorted(problems))})."


def _refused(code: str, message: str) -> ToolResult:
    return ToolResult(ok=False, code=code, message=message)


def _bounded(result: ToolResult, limits: Limits) -> ToolResult:
    """A 5 MB tool result must not become a 5 MB prompt or database row."""
    if len(result.message) > limits.message_characters:
        result = replace(result, message=result.message[: limits.message_characters - 1] + "…")
    if len(json.dumps(dict(result.data))) > limits.data_characters:
        result = replace(result, data={"truncated": True})
    return result
