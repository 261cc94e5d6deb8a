"""Where a command is carried out: in this process, or in the server that holds the knowledge."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Final, cast

from app.failures import ServerRefused
from app.settings import Settings, load_secrets
from conversations.model import JsonObject, JsonValue

_CALL_SECONDS: Final = 3600.0


def at_home(
    settings: Settings,
    what: str,
    body: Mapping[str, object],
    here: Callable[[], JsonObject],
    show: Callable[[str, int, int], None] | None = None,
) -> JsonObject:
    """Do it in this process, or, while a server holds the knowledge, ask that server to."""
    from knowledge_base.lock import KnowledgeBaseBusy  # noqa: PLC0415

    try:
        return here()
    except KnowledgeBaseBusy as busy:
        if busy.address is None:
            raise
        return _ask_server(busy.address, load_secrets(settings).local, what, body, show)


def _ask_server(
    address: str,
    secret: str,
    what: str,
    body: Mapping[str, object],
    show: Callable[[str, int, int], None] | None,
) -> JsonObject:
    """The last line of a streamed answer is the result; the lines before it are progress."""
    import httpx2  # noqa: PLC0415

    headers = {"Authorization": f"Bearer {secret}"}
    url = f"{address}/local/v1/{what}"
    result: JsonObject = {}
    try:
        with httpx2.stream("POST", url, json=body, headers=headers, timeout=_CALL_SECONDS) as answer:
            for line in answer.iter_lines():
                result = json.loads(line)
                if "progress" in result and show is not None:
                    phase, done, total = cast("list[JsonValue]", result["progress"])
                    show(str(phase), cast("int", done), cast("int", total))
    except (httpx2.HTTPError, ValueError) as error:
        raise ServerRefused(f"The server at {address} holds the knowledge but did not answer ({error}).") from error
    if "error" in result or answer.status_code != 200:
        raise ServerRefused(str(result.get("error") or result.get("detail")))
    return result
