"""Answers a turn with a language model: LangChain's agent loop, our tools, our limits, our checks.

The model reads passages and tool results and says or wishes something. It has no tool with an effect, sees no customer
id, and nothing it says leaves here unless a passage or a tool result supports it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from agent.chat_call import raw_calls
from agent.chat_model import AgentUnavailable, ChatModel
from agent.draft import Activity
from agent.exchange import Exchange
from agent.grounding import Embed
from agent.pinned import Pinned
from agent.responders.llm_model import LlmAnswer, LlmRequest
from agent.responders.llm_prompt import Voice, chat_messages, fill, prompts_hash, system_prompt
from agent.responders.llm_turn import HAND_OFF, OWN_TOOLS, REQUEST_REFUND, SEARCH, LlmTurn
from agent.tracing import Figures, step
from tools.toolbox import BadArguments, Toolbox

if TYPE_CHECKING:
    from langchain.agents.middleware import AgentMiddleware, ModelRequest, ModelResponse
    from langchain_core.tools import BaseTool

MAX_STEPS: Final = 6
MAX_CALLS: Final = 6
MAX_TURN_TOKENS: Final = 60_000
"""Six steps over sixteen long passages come to less: past this a turn is going in circles at somebody's expense."""
_CHARACTERS_PER_TOKEN: Final = 3
"""English has about four; set low, since what is reserved must not be less than what is used."""


class LlmResponder:
    """Answers turns with a language model. Holds no state between turns but the models' circuit breakers.

    `today` gives the day that the prompt names; `embed` lets grounding accept closer paraphrases. Raises ValueError
    when a tool of the toolbox has the name of one of the responder's own.
    """

    def __init__(
        self, *, chat: ChatModel, toolbox: Toolbox, voice: Voice, today: Callable[[], date], embed: Embed | None = None
    ) -> None:
        if taken := set(toolbox.names()) & set(OWN_TOOLS):
            raise ValueError(f"the responder has tools of these names itself: {sorted(taken)!r}")
        self._chat = chat
        self._toolbox = toolbox
        self._voice = voice
        self._today = today
        self._embed = embed
        # LangChain's agents take 0.4 s to import: better at the start than in the first customer's turn.
        _turn_middleware()

    @property
    def pins(self) -> dict[str, str]:
        return {"prompts": prompts_hash(), "model": self._chat.settings.model}

    def replaying(self, pinned: Pinned) -> LlmResponder:
        """The same, over recorded replies and tool results, on that day."""
        settings = replace(self._chat.settings, streaming=False, fallback_model=None)
        return LlmResponder(
            chat=ChatModel(settings, clock=time.monotonic, transport=pinned.model),
            toolbox=self._toolbox.replaying(pinned.results),
            voice=self._voice,
            today=lambda: pinned.today,
            embed=self._embed,
        )

    async def respond(self, request: LlmRequest) -> LlmAnswer:
        """What the model says to the request, grounded. Raises AgentUnavailable, at the latest at the deadline."""
        self._chat.refuse_if_paused()  # reserving tokens and building the loop took 80 ms of a turn under load
        turn = LlmTurn(request, self._toolbox, self._chat.deadline(request.deadline_s), self._embed)
        try:
            async with asyncio.timeout(request.deadline_s):
                text = await self._run(turn)
        except TimeoutError:
            raise AgentUnavailable(f"not done within {request.deadline_s:.1f} s") from None
        with step("grounding", request.host.note) as figures:
            answer = turn.answer(text)
            figures.add(sentences=len(answer.sentences), dropped=answer.dropped)
        return answer

    async def _run(self, turn: LlmTurn) -> str:
        from langchain.agents import create_agent  # noqa: PLC0415
        from langchain.agents.middleware.model_call_limit import (  # noqa: PLC0415
            ModelCallLimitExceededError,
        )

        request = turn.request
        agent = create_agent(
            self._chat.first,
            self._offered(),
            system_prompt=system_prompt(
                self._voice, today=self._today(), search=SEARCH, hand_off=HAND_OFF, request_refund=REQUEST_REFUND
            ),
            middleware=_middleware(self._chat, turn),
        )
        messages = chat_messages(request.messages, question=request.question, hits=turn.hits)
        try:
            state = await agent.ainvoke(
                {"messages": [{"role": role, "content": text} for role, text in messages]},
                {"recursion_limit": 12 * MAX_STEPS},
            )
        except ModelCallLimitExceededError:
            raise AgentUnavailable(f"the model found no end in {MAX_STEPS} steps") from None
        return str(state["messages"][-1].content)

    def _offered(self) -> list[BaseTool]:
        from langchain_core.tools import StructuredTool  # noqa: PLC0415

        own = [(name, model, text) for name, (model, text) in OWN_TOOLS.items()]
        shop = [self._toolbox.get(name) for name in self._toolbox.names()]
        known = [(tool.name, tool.arguments, tool.description) for tool in shop if tool is not None]
        return [
            StructuredTool.from_function(coroutine=_never_run, name=name, description=text, args_schema=model)
            for name, model, text in (*known, *own)
        ]


async def _never_run(**_: object) -> str:
    raise AssertionError("tools run through the turn, from the arguments as the server sent them")


def _middleware(chat: ChatModel, turn: LlmTurn) -> Sequence[AgentMiddleware[Any, Any]]:
    from langchain.agents.middleware import (  # noqa: PLC0415
        ModelCallLimitMiddleware,
        ToolCallLimitMiddleware,
    )

    return (
        ModelCallLimitMiddleware(run_limit=MAX_STEPS, exit_behavior="error"),
        ToolCallLimitMiddleware(run_limit=MAX_CALLS, exit_behavior="continue"),
        _turn_middleware()(chat, turn),
    )


class _Paying:
    """One model call, paid for before it is made and settled by what it used, whatever comes of it."""

    def __init__(self, chat: ChatModel, turn: LlmTurn) -> None:
        self._chat = chat
        self._turn = turn

    async def call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], Awaitable[ModelResponse[Any]]]
    ) -> ModelResponse[Any]:
        host = self._turn.request.host
        host.activity(Activity.WRITING)
        most = _most_tokens(request, self._chat.settings.max_tokens)
        if self._turn.tokens + most > MAX_TURN_TOKENS:
            raise AgentUnavailable(f"the turn would use more than {MAX_TURN_TOKENS} tokens")
        if not await host.reserve(most):
            raise AgentUnavailable("a spending cap is reached")
        used = most
        try:
            with step("model", host.note, span="chat", gen_ai__operation__name="chat") as figures:
                response = await self._answered(request, handler, figures)
            used = self._turn.last_used or most
        except AgentUnavailable as unavailable:
            used = most if unavailable.asked else 0
            host.keep(Exchange(request_hash="", failure=unavailable.why))
            raise
        finally:
            await host.settle(most, used)
        return response

    async def _answered(
        self,
        request: ModelRequest[Any],
        handler: Callable[[ModelRequest[Any]], Awaitable[ModelResponse[Any]]],
        figures: Figures,
    ) -> ModelResponse[Any]:
        turn = self._turn
        response = await self._chat.call(lambda model: handler(request.override(model=model)), turn.deadline, turn)
        for message in response.result:
            exchange = _exchange_of(message)
            if exchange is None:
                continue
            turn.step_over(exchange)
            turn.request.host.keep(exchange)
            figures.add(
                model=exchange.model,
                input_tokens=exchange.input_tokens,
                output_tokens=exchange.output_tokens,
                cost=self._chat.settings.cost(exchange.input_tokens, exchange.output_tokens),
                finish_reason=exchange.finish_reason,
            )
        return response


def _most_tokens(request: ModelRequest[Any], reply_tokens: int) -> int:
    """The most that the call can use: everything sent, the tools' schemas among it, and the longest reply."""
    texts = [str(message.content) for message in request.messages]
    if request.system_message is not None:
        texts.append(str(request.system_message.content))
    texts += [f"{tool}" for tool in request.tools]
    return sum(map(len, texts)) // _CHARACTERS_PER_TOKEN + reply_tokens


def _exchange_of(message: object) -> Exchange | None:
    from langchain_core.messages import AIMessage  # noqa: PLC0415

    if not isinstance(message, AIMessage):
        return None
    known = message.response_metadata
    used = message.usage_metadata
    return Exchange(
        request_hash=str(known.get("request_hash", "")),
        model=str(known.get("model", "")),
        text=str(message.content),
        calls=tuple(raw_calls(message).values()),
        finish_reason=str(known.get("finish_reason", "")),
        input_tokens=used["input_tokens"] if used else 0,
        output_tokens=used["output_tokens"] if used else 0,
    )


@cache
def _turn_middleware() -> Callable[[ChatModel, LlmTurn], AgentMiddleware[Any, Any]]:
    from langchain.agents.middleware import (  # noqa: PLC0415
        AgentMiddleware,
        AgentState,
        ToolCallRequest,
        hook_config,
    )
    from langchain_core.messages import AIMessage, ToolMessage  # noqa: PLC0415
    from langgraph.runtime import Runtime  # noqa: PLC0415

    class TurnMiddleware(AgentMiddleware[Any, Any]):
        """Model calls go down the ladder of models; tool calls run from the raw reply; a wish ends the turn."""

        def __init__(self, chat: ChatModel, turn: LlmTurn) -> None:
            super().__init__()
            self._paying = _Paying(chat, turn)
            self._turn = turn

        @hook_config(can_jump_to=["end"])
        async def abefore_model(self, state: AgentState[Any], runtime: Runtime[Any]) -> dict[str, Any] | None:
            return {"jump_to": "end"} if self._turn.intents else None

        async def awrap_model_call(
            self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], Awaitable[ModelResponse[Any]]]
        ) -> ModelResponse[Any]:
            return await self._paying.call(request, handler)

        async def awrap_tool_call(self, request: ToolCallRequest, handler: object) -> ToolMessage:
            """The handler is never called: it would run the tool with arguments that were parsed leniently."""
            call_id = str(request.tool_call["id"])
            calls = {id_: call for message in request.state["messages"] if isinstance(message, AIMessage)
                     for id_, call in raw_calls(message).items()}  # fmt: skip
            call = calls[call_id]
            try:
                if call.damage:
                    raise BadArguments(call.damage)
                content, status = await self._turn.run(call_id, call.name, call.arguments), "success"
            except BadArguments as damaged:
                content, status = fill("damaged_call", why=str(damaged)), "error"
            return ToolMessage(content=content, tool_call_id=call_id, name=call.name, status=status)

    return TurnMiddleware
