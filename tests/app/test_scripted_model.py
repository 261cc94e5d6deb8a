"""The scripted server speaks the protocol and fails on request."""

from __future__ import annotations

import json
import time

import httpx2
import pytest
from fastapi import FastAPI

from app.scripted_faults import FaultKind
from app.scripted_model import Fault, ScriptedReply, create_scripted_model
from app.scripted_replies import ScriptedCall

ASK = {"model": "scripted", "messages": [{"role": "user", "content": "Hello"}]}
PROMPT = (
    '<help_center>\n<passage marker="[1]" title="Returns">\nYou can return items within 30 days.\n</passage>\n'
    "</help_center>\n\nThe customer's question, made to stand alone: {0}\n\n"
    "<customer_message>\n{0}\n</customer_message>"
)
TOOLS = [
    {"type": "function", "function": {"name": name, "parameters": {"type": "object", "properties": {}}}}
    for name in ("order_status", "search_help_center", "hand_off_to_person", "request_refund")
]


def client(app: FastAPI) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://scripted.test")


async def said(question: str, *more: dict[str, object]) -> dict[str, object]:
    messages = [{"role": "user", "content": PROMPT.format(question)}, *more]
    async with client(create_scripted_model()) as http:
        body = {"model": "scripted", "messages": messages, "tools": TOOLS}
        answer = (await http.post("/v1/chat/completions", json=body)).json()
    message: dict[str, object] = answer["choices"][0]["message"]
    return message


def called(message: dict[str, object]) -> tuple[str, dict[str, object]]:
    calls = message["tool_calls"]
    assert isinstance(calls, list)
    function = calls[0]["function"]
    return function["name"], json.loads(function["arguments"])


async def test_models_are_listed() -> None:
    async with client(create_scripted_model()) as http:
        listed = (await http.get("/v1/models")).json()
    assert "scripted" in [model["id"] for model in listed["data"]]


async def test_a_question_is_answered_with_a_sentence_of_a_passage_and_its_marker() -> None:
    assert (await said("How long can I return items?"))["content"] == "You can return items within 30 days. [1]"


async def test_an_order_is_looked_up() -> None:
    assert called(await said("Where is my order NP-48213?")) == ("order_status", {"order_number": "NP-48213"})
    assert called(await said("Where is my parcel?")) == ("order_status", {})


async def test_a_tool_result_is_told() -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "order_status", "arguments": "{}"}}
    more: list[dict[str, object]] = [
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": '{"message": "It is on its way."}'},
    ]
    assert (await said("Where is my order?", *more))["content"] == "It is on its way."


async def test_a_person_is_called_when_asked_for() -> None:
    assert called(await said("I want a human"))[0] == "hand_off_to_person"


async def test_a_refund_is_requested() -> None:
    name, arguments = called(await said("I want a refund for my order NP-48213"))
    assert (name, arguments["order_number"]) == ("request_refund", "NP-48213")


async def test_nothing_that_fits_is_searched_for_once_and_then_handed_off() -> None:
    assert called(await said("Can you cancel my flight to Lisbon?"))[0] == "search_help_center"
    call = {"id": "c1", "type": "function", "function": {"name": "search_help_center", "arguments": "{}"}}
    more: list[dict[str, object]] = [
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "Nothing new was found."},
    ]
    assert called(await said("Can you cancel my flight to Lisbon?", *more))[0] == "hand_off_to_person"


async def test_a_stream_is_events_that_end_with_done() -> None:
    app = create_scripted_model(
        lambda _: ScriptedReply(text="Good morning.", calls=(ScriptedCall(name="f", arguments='{"a": "0123456789"}'),))
    )
    async with client(app) as http:
        answer = await http.post("/v1/chat/completions", json={**ASK, "stream": True})
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = [line.removeprefix("data: ") for line in answer.text.split("\n\n") if line]
    assert events.pop() == "[DONE]"
    deltas = [json.loads(event)["choices"][0]["delta"] for event in events]
    assert "".join(delta.get("content") or "" for delta in deltas) == "Good morning."
    fragments = [delta["tool_calls"][0] for delta in deltas if "tool_calls" in delta]
    assert len(fragments) > 1
    assert "".join(part["function"]["arguments"] for part in fragments) == '{"a": "0123456789"}'
    assert [part["function"].get("name") for part in fragments] == ["f"] + [None] * (len(fragments) - 1)


async def test_faults_come_in_their_order_and_then_stop() -> None:
    app = create_scripted_model(faults=[Fault(kind=FaultKind.SERVER_ERROR), None, Fault(kind=FaultKind.OVERLOADED)])
    async with client(app) as http:
        codes = [(await http.post("/v1/chat/completions", json=ASK)).status_code for _ in range(4)]
    assert codes == [500, 200, 529, 200]
    assert len(app.state.log.requests) == 4


@pytest.mark.parametrize(
    ("model", "fault"),
    [
        ("scripted:fault=429", Fault(kind=FaultKind.RATE_LIMITED)),
        ("scripted:fault=cut:120", Fault(kind=FaultKind.CUT, at=120)),
        ("scripted", None),
        ("scripted:fault=nonsense", None),
        ("scripted:hostile", None),
    ],
)
def test_a_model_name_can_ask_for_a_fault(model: str, fault: Fault | None) -> None:
    assert Fault.of_model(model) == fault


async def test_a_rate_limit_says_when_to_come_back() -> None:
    async with client(create_scripted_model()) as http:
        answer = await http.post("/v1/chat/completions", json={**ASK, "model": "scripted:fault=429"})
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")


async def test_an_answer_can_be_made_to_take_time() -> None:
    started = time.monotonic()
    async with client(create_scripted_model(delay_s=0.2)) as http:
        await http.post("/v1/chat/completions", json=ASK)
    assert time.monotonic() - started >= 0.2


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b'{"model": "x"}', b"\xff\xfe", b"x" * 3_000_000])
async def test_what_is_no_request_is_refused(body: bytes) -> None:
    async with client(create_scripted_model()) as http:
        assert (await http.post("/v1/chat/completions", content=body)).status_code == 400


async def test_the_hostile_script_is_repeatable_and_calls_real_and_invented_tools() -> None:
    names: set[str] = set()
    async with client(create_scripted_model()) as http:
        for number in range(40):
            question = {"role": "user", "content": f"attack {number}"}
            body = {"model": "scripted:hostile", "messages": [question], "tools": TOOLS}
            first = (await http.post("/v1/chat/completions", json=body)).json()
            assert first == (await http.post("/v1/chat/completions", json=body)).json()
            names |= {call["function"]["name"] for call in first["choices"][0]["message"]["tool_calls"]}
    assert {"order_status", "request_refund", "execute_sql", "set_verified"} <= names
