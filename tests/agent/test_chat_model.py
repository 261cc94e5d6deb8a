"""Chat models on a real SDK against the scripted server: whole replies or nothing, within one deadline."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence

import httpx2
import pytest
from langchain_core.messages import AIMessage
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from agent.chat_call import ReplyListener, raw_calls
from agent.chat_model import AgentUnavailable, ChatModel, ChatModelSettings, CircuitBreaker
from agent.chat_reply import DamagedReply
from app.scripted_faults import FaultKind
from app.scripted_model import ChatRequest, Fault, ScriptedReply, create_scripted_model
from app.scripted_replies import ScriptedCall
from tests.agent.llm_cast import chat_model

PROMPT = [{"role": "user", "content": "Hello"}]
WHOLE = '{"order_number": "NP-48213", "count": 1250}'


def says(text: str) -> ScriptedReply:
    return ScriptedReply(text=text)


def calls_a_tool(_: ChatRequest) -> ScriptedReply:
    return ScriptedReply(calls=(ScriptedCall(name="order_status", arguments=WHOLE),))


async def ask(chat: ChatModel, seconds: float = 5.0) -> str:
    message = await chat.call(lambda model: model.ainvoke(PROMPT), chat.deadline(seconds))
    return str(message.content)


def fault(*kinds: FaultKind | None) -> Sequence[Fault | None]:
    return [Fault(kind=kind) if kind else None for kind in kinds]


@pytest.mark.parametrize("streaming", [False, True])
async def test_a_text_is_received_with_its_usage(streaming: bool) -> None:
    chat = chat_model(create_scripted_model(lambda _: says("Good morning to you.")), streaming=streaming)
    message = await chat.call(lambda model: model.ainvoke(PROMPT), chat.deadline(5))
    assert message.content == "Good morning to you."
    assert message.usage_metadata is not None
    assert message.usage_metadata["output_tokens"] == 5
    assert message.response_metadata["model"] == "scripted"


@pytest.mark.parametrize("streaming", [False, True])
async def test_a_tool_call_keeps_its_arguments_to_the_letter(streaming: bool) -> None:
    odd = '{"order_number":  "NP-48213","order_number": "x"}'
    reply = ScriptedReply(calls=(ScriptedCall(name="order_status", arguments=odd),))
    chat = chat_model(create_scripted_model(lambda _: reply), streaming=streaming)
    message = await chat.call(lambda model: model.ainvoke(PROMPT), chat.deadline(5))
    (call,) = raw_calls(message).values()
    assert (call.name, call.arguments) == ("order_status", odd)
    assert message.tool_calls[0]["args"] == {}


async def test_the_length_limit_is_sent_in_the_name_that_every_server_reads() -> None:
    app = create_scripted_model(lambda _: says("Hi."))
    await ask(chat_model(app))
    (sent,) = app.state.log.requests
    assert sent.body["max_tokens"] == 700
    assert sent.body["temperature"] == 0.2


@pytest.mark.parametrize(
    "kind",
    [
        FaultKind.RATE_LIMITED,
        FaultKind.SERVER_ERROR,
        FaultKind.OVERLOADED,
        FaultKind.HTML,
        FaultKind.EMPTY_CHOICES,
        FaultKind.NULL_CHOICES,
        FaultKind.EMPTY_REPLY,
        FaultKind.BAD_UTF8,
        FaultKind.HUGE,
        FaultKind.LENGTH,
        FaultKind.CUT,
    ],
)
@pytest.mark.parametrize("streaming", [False, True])
async def test_a_passing_fault_is_retried_once(kind: FaultKind, streaming: bool) -> None:
    app = create_scripted_model(lambda _: says("Good morning."), faults=fault(kind))
    assert await ask(chat_model(app, streaming=streaming)) == "Good morning."
    assert len(app.state.log.requests) == 2


async def test_a_lasting_fault_is_asked_about_twice_and_no_more() -> None:
    app = create_scripted_model(faults=fault(*[FaultKind.SERVER_ERROR] * 9))
    with pytest.raises(AgentUnavailable, match="HTTP 500"):
        await ask(chat_model(app))
    assert len(app.state.log.requests) == 2


@pytest.mark.parametrize("kind", [FaultKind.BAD_REQUEST, FaultKind.UNAUTHORIZED])
async def test_a_refused_request_is_not_repeated(kind: FaultKind) -> None:
    app = create_scripted_model(faults=fault(kind, kind))
    with pytest.raises(AgentUnavailable):
        await ask(chat_model(app))
    assert len(app.state.log.requests) == 1


async def test_retry_after_is_waited_for_when_there_is_time() -> None:
    app = create_scripted_model(lambda _: says("Hi."), faults=fault(FaultKind.RATE_LIMITED))
    started = time.monotonic()
    assert await ask(chat_model(app)) == "Hi."
    assert time.monotonic() - started >= 1.0


async def test_retry_after_beyond_the_deadline_is_not_waited_for() -> None:
    app = create_scripted_model(lambda _: says("Hi."), faults=fault(FaultKind.RATE_LIMITED))
    started = time.monotonic()
    with pytest.raises(AgentUnavailable, match="429"):
        await ask(chat_model(app), seconds=1.0)
    assert time.monotonic() - started < 0.9


@pytest.mark.parametrize("kind", [FaultKind.HANG, FaultKind.DRIP])
async def test_a_server_that_does_not_come_to_an_end_costs_the_time_of_one_call(kind: FaultKind) -> None:
    app = create_scripted_model(lambda _: says("word " * 200), faults=fault(kind))
    started = time.monotonic()
    with pytest.raises(AgentUnavailable, match="no answer within"):
        await ask(chat_model(app, timeout_s=0.3))
    assert time.monotonic() - started < 2.0
    assert len(app.state.log.requests) == 1


async def test_nothing_is_asked_when_no_time_is_left() -> None:
    app = create_scripted_model(lambda _: says("Hi."))
    with pytest.raises(AgentUnavailable, match="no time left"):
        await ask(chat_model(app), seconds=0.0)
    assert app.state.log.requests == []


async def test_the_fallback_model_answers_when_the_first_one_fails() -> None:
    app = create_scripted_model(lambda asked: says(asked.model))
    chat = chat_model(app, model="big:fault=500", fallback="small")
    assert await ask(chat) == "small"


async def test_a_hanging_model_leaves_time_for_its_fallback() -> None:
    app = create_scripted_model(lambda asked: says(asked.model))
    chat = chat_model(app, model="big:fault=hang", fallback="small", timeout_s=30)
    assert await ask(chat, seconds=1.0) == "small"


async def test_the_reason_names_every_model_that_failed() -> None:
    chat = chat_model(create_scripted_model(), model="big:fault=500", fallback="small:fault=html")
    with pytest.raises(AgentUnavailable) as unavailable:
        await ask(chat)
    assert "big:fault=500: HTTP 500" in unavailable.value.why
    assert "small:fault=html: damaged reply" in unavailable.value.why


async def test_a_closed_port_is_unavailable() -> None:
    settings = ChatModelSettings(base_url="http://127.0.0.1:9/v1", model="x", timeout_s=2)
    chat = ChatModel(settings, clock=time.monotonic)
    with pytest.raises(AgentUnavailable):
        await ask(chat)
    await chat.aclose()


async def test_after_repeated_failures_a_dead_server_costs_no_time() -> None:
    app = create_scripted_model(faults=fault(*[FaultKind.SERVER_ERROR] * 50))
    chat = chat_model(app)
    for _ in range(2):
        with pytest.raises(AgentUnavailable):
            await ask(chat)
    asked = len(app.state.log.requests)
    started = time.monotonic()
    with pytest.raises(AgentUnavailable, match="paused"):
        await ask(chat)
    assert time.monotonic() - started < 0.05
    assert len(app.state.log.requests) == asked


def test_a_breaker_opens_half_opens_and_closes() -> None:
    now = [0.0]
    breaker = CircuitBreaker(clock=lambda: now[0], failures=2, open_s=10)
    breaker.failed()
    assert breaker.lets_through()
    breaker.failed()
    assert not breaker.lets_through()
    now[0] = 11.0
    assert breaker.lets_through()
    assert not breaker.lets_through(), "one trial at a time"
    breaker.failed()
    assert not breaker.lets_through()
    now[0] = 22.0
    assert breaker.lets_through()
    breaker.abandoned()
    assert breaker.lets_through(), "a cancelled trial must not lock the breaker for ever"
    breaker.succeeded()
    assert breaker.lets_through()
    assert breaker.lets_through()


async def test_a_stream_cut_at_any_byte_gives_the_whole_call_or_none() -> None:
    whole_body = len(await _body_of(streaming=True))
    calls, damaged = set(), 0
    chat = chat_model(
        create_scripted_model(calls_a_tool, faults=[Fault(kind=FaultKind.CUT, at=at) for at in range(whole_body)]),
        streaming=True,
    )
    for _ in range(whole_body):
        try:
            message = await chat.first.ainvoke(PROMPT)
        except (DamagedReply, ValueError):
            damaged += 1
            continue
        calls |= {(call.name, call.arguments, call.damage) for call in raw_calls(message).values()}
    assert calls == {("order_status", WHOLE, "")}
    assert damaged > whole_body * 0.8


async def test_the_stock_client_would_have_run_calls_that_nobody_wrote() -> None:
    """The control: without the strict reading, the test above would fail."""
    whole_body = len(await _body_of(streaming=True))
    cuts = range(whole_body * 2 // 3, whole_body, 11)
    app = create_scripted_model(calls_a_tool, faults=[Fault(kind=FaultKind.CUT, at=at) for at in cuts])
    client = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app))
    stock = ChatOpenAI(
        model="x",
        base_url="http://scripted.test/v1",
        api_key=SecretStr("none"),
        streaming=True,
        http_async_client=client,
    )
    invented = 0
    for _ in cuts:
        with contextlib.suppress(ValueError):
            message = await stock.ainvoke(PROMPT)
            assert isinstance(message, AIMessage)
            invented += any(call["args"] != {"order_number": "NP-48213", "count": 1250} for call in message.tool_calls)
    assert invented > 0


async def test_a_body_cut_at_any_byte_gives_the_whole_call_or_none() -> None:
    whole_body = len(await _body_of(streaming=False))
    chat = chat_model(
        create_scripted_model(calls_a_tool, faults=[Fault(kind=FaultKind.CUT, at=at) for at in range(whole_body)])
    )
    for _ in range(whole_body):
        with pytest.raises((DamagedReply, ValueError)):
            await chat.first.ainvoke(PROMPT)
    assert raw_calls(await chat.first.ainvoke(PROMPT))


async def _body_of(*, streaming: bool) -> bytes:
    transport = httpx2.ASGITransport(app=create_scripted_model(calls_a_tool))
    body = {"model": "scripted", "messages": PROMPT, "stream": streaming, "stream_options": {"include_usage": True}}
    async with httpx2.AsyncClient(transport=transport, base_url="http://scripted.test") as client:
        return (await client.post("/v1/chat/completions", json=body)).content


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (FaultKind.HALF_CALL, [("order_status", "")]),
        (FaultKind.UNKNOWN_TOOL, [("refund_everything", "")]),
        (FaultKind.DUPLICATE_IDS, [("order_status", "Two calls had the same id.")] * 2),
    ],
)
async def test_damage_to_calls_is_kept_for_the_gate_to_see(
    streaming: bool, kind: FaultKind, expected: list[tuple[str, str]]
) -> None:
    chat = chat_model(create_scripted_model(faults=fault(kind)), streaming=streaming)
    message = await chat.first.ainvoke(PROMPT)
    assert [(call.name, call.damage) for call in raw_calls(message).values()] == expected
    assert all(not call["args"] for call in message.tool_calls)


async def test_a_call_that_was_cut_by_the_token_limit_is_damaged_even_if_it_parses() -> None:
    chat = chat_model(create_scripted_model(calls_a_tool, faults=fault(FaultKind.LENGTH)))
    message = await chat.first.ainvoke(PROMPT)
    assert [bool(call.damage) for call in raw_calls(message).values()] == [True]


async def test_a_tool_name_repeated_in_every_delta_is_that_tool() -> None:
    chat = chat_model(create_scripted_model(faults=fault(FaultKind.REPEATED_NAME)), streaming=True)
    (call,) = raw_calls(await chat.first.ainvoke(PROMPT)).values()
    assert call.name == "order_status"


async def test_ids_are_ours_and_differ_between_steps_and_models() -> None:
    chat = chat_model(create_scripted_model(calls_a_tool), fallback="other")
    first = await chat.first.ainvoke(PROMPT)
    second = await chat.first.ainvoke(PROMPT)
    assert set(raw_calls(first)).isdisjoint(raw_calls(second))


async def test_a_missing_finish_reason_is_fine_in_a_body_that_came_whole() -> None:
    app = create_scripted_model(lambda _: says("Good morning."), faults=fault(FaultKind.NO_FINISH))
    assert await ask(chat_model(app)) == "Good morning."


async def test_a_missing_finish_reason_is_fine_in_a_stream_that_says_it_is_done() -> None:
    app = create_scripted_model(lambda _: says("Good morning."), faults=fault(FaultKind.NO_FINISH))
    assert await ask(chat_model(app, streaming=True)) == "Good morning."


async def test_missing_usage_is_fine() -> None:
    app = create_scripted_model(lambda _: says("Good morning."), faults=fault(FaultKind.NO_USAGE))
    assert await ask(chat_model(app)) == "Good morning."


@pytest.mark.parametrize(
    ("kind", "then"),
    [
        (FaultKind.REFUSES_MAX_TOKENS, "max_completion_tokens"),
        (FaultKind.REFUSES_TEMPERATURE, ""),
        (FaultKind.REFUSES_STREAM_OPTIONS, ""),
    ],
)
async def test_a_server_is_asked_in_its_own_words_once_it_has_refused_ours(kind: FaultKind, then: str) -> None:
    app = create_scripted_model(lambda _: says("Good morning."))
    chat = chat_model(app, model=f"scripted:fault={kind}", streaming=True)
    assert [await ask(chat) for _ in range(2)] == ["Good morning."] * 2
    first, *later = app.state.log.requests
    refused = set(first.body) - set(later[0].body)
    assert len(later) == 2, "it is refused once, not at every call"
    assert refused == {kind.removeprefix("refuses_")}
    assert not then or later[0].body[then] == 700


async def test_a_server_that_does_not_stream_is_understood_all_the_same() -> None:
    app = create_scripted_model(lambda _: says("Good morning."), faults=fault(FaultKind.IGNORES_STREAM))
    assert await ask(chat_model(app, streaming=True)) == "Good morning."
    assert len(app.state.log.requests) == 1


async def test_a_date_to_retry_after_counts_from_the_servers_clock() -> None:
    """Its clock may be an hour off; what it says is how long to wait."""
    asked: list[float] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(time.monotonic())
        headers = {"date": "Mon, 30 Nov 2020 10:00:00 GMT", "retry-after": "Mon, 30 Nov 2020 10:00:01 GMT"}
        return httpx2.Response(503, headers=headers, json={"error": {"message": "busy"}})

    with pytest.raises(AgentUnavailable, match="503"):
        await ask(chat_model(httpx2.MockTransport(answer)))
    assert asked[1] - asked[0] >= 1.0


class Heard(ReplyListener):
    """Shows whatever it hears at once."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    async def hear(self, text: str) -> None:
        self.texts.append(text)
        self.shown = True


async def test_no_other_reply_takes_the_place_of_one_that_was_shown_in_part() -> None:
    app = create_scripted_model(
        lambda _: says("One two three four five six."), faults=[Fault(kind=FaultKind.CUT, at=600)]
    )
    heard, chat = Heard(), chat_model(app, fallback="other", streaming=True)
    with pytest.raises(AgentUnavailable) as unavailable:
        await chat.call(lambda model: model.ainvoke(PROMPT), chat.deadline(5), heard)
    assert heard.texts
    assert unavailable.value.asked
    assert len(app.state.log.requests) == 1, "neither again nor by the fallback"
