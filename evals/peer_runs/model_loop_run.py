# mypy: ignore-errors
# ruff: noqa: PLC0415, T201, ANN001 - each pipeline imports its own, and prints what it measured
"""A turn with one tool call, as a bare loop over the openai SDK or as a plain LangChain agent: CPU and first sentence.

    python evals/peer_runs/model_loop_run.py sdk|langchain BASE_URL TURNS

Prints {"cpu_ms": per turn, "first_sentence_s": median}. The same prompt, tool and server as bench_model.py.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import time

SYSTEM = "You answer from the help center. " * 60
QUESTION = "Where is my order NP-48213?"
TOOL = {
    "type": "function",
    "function": {
        "name": "order_status",
        "description": "The state of an order.",
        "parameters": {"type": "object", "properties": {"order_number": {"type": "string"}}},
    },
}
RESULT = json.dumps({"ok": True, "message": "Order NP-48213 is out for delivery. UPS has the parcel. It comes today."})


async def sdk(base_url: str, turns: int) -> list[float]:
    from openai import AsyncOpenAI

    client = AsyncOpenAI(base_url=base_url, api_key="none", max_retries=0)
    firsts = []
    for _ in range(turns):
        started, first = time.perf_counter(), 0.0
        messages: list = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": QUESTION}]
        while True:
            stream = await client.chat.completions.create(
                model="scripted", messages=messages, tools=[TOOL], stream=True, temperature=0.2
            )
            text, calls = "", {}
            async for chunk in stream:
                if not chunk.choices:
                    continue
                delta = chunk.choices[0].delta
                text += delta.content or ""
                if not first and ". " in text:
                    first = time.perf_counter() - started
                for call in delta.tool_calls or ():
                    one = calls.setdefault(call.index, {"id": call.id, "name": "", "arguments": ""})
                    one["name"] += call.function.name or ""
                    one["arguments"] += call.function.arguments or ""
            if not calls:
                break
            asked = [
                {"id": c["id"], "type": "function", "function": {"name": c["name"], "arguments": c["arguments"]}}
                for c in calls.values()
            ]
            messages.append({"role": "assistant", "content": text or None, "tool_calls": asked})
            for call in calls.values():
                json.loads(call["arguments"])
                messages.append({"role": "tool", "tool_call_id": call["id"], "content": RESULT})
        firsts.append(first)
    return firsts


async def langchain(base_url: str, turns: int) -> list[float]:
    from langchain.agents import create_agent
    from langchain_core.tools import tool
    from langchain_openai import ChatOpenAI

    @tool
    async def order_status(order_number: str) -> str:
        """The state of an order."""
        return RESULT

    model = ChatOpenAI(
        model="scripted", base_url=base_url, api_key="none", max_retries=0, use_responses_api=False, temperature=0.2
    )
    firsts = []
    for _ in range(turns):
        agent = create_agent(model, [order_status], system_prompt=SYSTEM)
        started, first, text = time.perf_counter(), 0.0, ""
        asked = {"messages": [{"role": "user", "content": QUESTION}]}
        async for message, _ in agent.astream(asked, stream_mode="messages"):
            text += str(message.content) if message.type == "AIMessageChunk" else ""
            if not first and ". " in text:
                first = time.perf_counter() - started
        firsts.append(first)
    return firsts


async def main() -> None:
    kind, base_url, turns = sys.argv[1], sys.argv[2], int(sys.argv[3])
    run = {"sdk": sdk, "langchain": langchain}[kind]
    await run(base_url, 3)
    cpu = time.process_time()
    firsts = await run(base_url, turns)
    cpu_ms = (time.process_time() - cpu) / turns * 1000
    print(json.dumps({"cpu_ms": cpu_ms, "first_sentence_s": statistics.median(firsts)}))


asyncio.run(main())
