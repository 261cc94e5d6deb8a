"""An OpenAI-compatible server run by a script instead of a model: for tests, and to try the LLM path without a key.

The default script behaves like a decent small model: it answers with a sentence of a passage and its marker, looks up
orders, and hands off when asked to or when nothing fits. Faults come from a list, one per request, or from the model's
name: "scripted:fault=429", "scripted:fault=cut:120", "scripted:hostile".
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from app.scripted_faults import Fault, FaultKind, faulty_body, faulty_reply, faulty_response
from app.scripted_replies import ChatRequest, ScriptedReply, as_completion, as_stream, helpful_reply, hostile_reply

__all__ = ["ChatRequest", "Fault", "Script", "ScriptedModelLog", "ScriptedReply", "create_scripted_model"]

Script = Callable[[ChatRequest], ScriptedReply]
MODELS: Final = ("scripted", "scripted:hostile")
_MAX_REQUEST_BYTES: Final = 2_000_000


@dataclass(slots=True)
class ScriptedModelLog:
    """What the server was sent, oldest first. At `app.state.log`."""

    requests: list[ChatRequest] = field(default_factory=list)


def create_scripted_model(
    script: Script = helpful_reply,
    *,
    faults: Sequence[Fault | None] = (),
    delay_s: float = 0.0,
    token_s: float = 0.0,
) -> FastAPI:
    """The server. The n-th request meets `faults[n]`; None and every request after them are answered by the script.

    `delay_s` passes before each answer, as a model that thinks, and `token_s` before each word of a streamed one.
    """
    app = FastAPI(title="Scripted model", docs_url=None, redoc_url=None, openapi_url=None)
    log = ScriptedModelLog()
    app.state.log = log

    @app.get("/v1/models")
    async def models() -> dict[str, object]:
        return {"object": "list", "data": [{"id": name, "object": "model", "owned_by": "baton"} for name in MODELS]}

    @app.post("/v1/chat/completions")
    async def chat_completions(request: Request) -> Response:
        body = await request.body()
        asked = ChatRequest.read(body) if len(body) <= _MAX_REQUEST_BYTES else None
        if asked is None:
            return JSONResponse({"error": {"message": "not a chat completion request"}}, status_code=400)
        listed = faults[len(log.requests)] if len(log.requests) < len(faults) else None
        log.requests.append(asked)
        await asyncio.sleep(delay_s)
        chosen = hostile_reply if asked.model.endswith(":hostile") else script
        return await _answer(asked, chosen, Fault.of_model(asked.model) or listed, token_s)

    return app


async def _answer(asked: ChatRequest, script: Script, fault: Fault | None, token_s: float) -> Response:
    if fault is not None and (response := await faulty_response(fault, asked)) is not None:
        return response
    if fault is not None and fault.kind is FaultKind.IGNORES_STREAM:
        asked = replace(asked, stream=False)
    reply = script(asked) if fault is None else faulty_reply(fault, script(asked))
    sent = as_stream(asked, reply) if asked.stream else [json.dumps(as_completion(asked, reply)).encode()]
    kind = "text/event-stream" if asked.stream else "application/json"
    pieces = _pieces(sent, token_s) if fault is None else faulty_body(fault, b"".join(sent))
    return StreamingResponse(pieces, media_type=kind)


async def _pieces(sent: Sequence[bytes], token_s: float) -> AsyncIterator[bytes]:
    for piece in sent:
        if token_s:
            await asyncio.sleep(token_s)
        yield piece
