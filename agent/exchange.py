"""One model call as the record keeps it: enough to replay the turn without the model."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import cast

from agent.chat_reply import RawCall
from conversations.model import JsonObject, JsonValue

MAX_KEPT_CHARACTERS = 20_000
"""Of one reply: ten times what the token limit lets a model write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """What was answered to the request with this hash; `failure` says in words why nothing was, or ""."""

    request_hash: str
    model: str = ""
    text: str = ""
    calls: tuple[RawCall, ...] = ()
    finish_reason: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    failure: str = ""

    def as_json(self) -> JsonObject:
        kept = asdict(self)
        kept["text"] = self.text[:MAX_KEPT_CHARACTERS]
        kept["calls"] = [asdict(call) for call in self.calls]
        return cast("JsonObject", kept)

    @classmethod
    def of_json(cls, kept: JsonObject) -> Exchange:
        calls = cast("list[dict[str, str]]", kept["calls"])
        rest: dict[str, JsonValue] = {name: value for name, value in kept.items() if name != "calls"}
        return cls(**rest, calls=tuple(RawCall(**call) for call in calls))  # type: ignore[arg-type]
