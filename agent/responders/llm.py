"""Answers a turn with a language model: LangChain's agent loop, our tools, our limits, our checks.

The model reads passages and tool results and says or wishes something. It has no tool with an effect, sees no customer
id, and nothing it says leaves here unless a passage or a tool result supports it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel, ConfigDict, Field

from agent.chat_model import AgentUnavailable, ChatModel, Deadline, raw_calls
from agent.draft import Activity
from agent.grounding import Embed
from agent.responders.llm_model import (
    Intent,
    IntentKind,
    LlmAnswer,
    LlmRequest,
    SearchHelpCenter,
    nobody_listens,
)
from agent.responders.llm_prompt import (
    Voice,
    chat_messages,
    fill,
    neutral,
    passages_block,
    system_prompt,
)
from agent.responders.llm_text import answer_from
from knowledge_base.model import Hit
from tools.orders import ORDER_STATUS
from tools.tool import ToolCall, ToolResult
from tools.toolbox import BadArguments, Toolbox, strict_json_object, validated_arguments

if TYPE_CHECKING:
    from langchain.agents.middleware import AgentMiddleware
    from langchain_core.messages import AIMessage
    from langchain_core.tools import BaseTool

__all__ = [
    "Intent",
    "IntentKind",
    "LlmAnswer",
    "LlmRequest",
    "LlmResponder",
    "SearchHelpCenter",
    "Voice",
    "nobody_listens",
]

SEARCH: Final = "search_help_center"
HAND_OFF: Final = "hand_off_to_person"
REQUEST_REFUND: Final = "request_refund"
MAX_STEPS: Final = 6
MAX_CALLS: Final = 6
MAX_PASSAGES: Final = 16
"""Past this a search only repeats what the model has seen, and the prompt outgrows small models."""
TOOL_S: Final = 5.0


class SearchArguments(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    query: str = Field(min_length=1, max_length=300, description="What to look for, in a few plain words.")


class HandOffArguments(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    reason: str = Field(max_length=500, description="Why a person is needed, in one sentence for that person.")


class RequestRefundArguments(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    order_number: str | None = Field(default=None, max_length=64, description="As the customer wrote it, if they did.")
    why: str = Field(max_length=500, description="Why the customer wants the money back, in their words.")


_OWN_TOOLS: Final[dict[str, tuple[type[BaseModel], str]]] = {
    SEARCH: (SearchArguments, "Search the help center again, in other words. Returns passages with markers."),
    HAND_OFF: (HandOffArguments, "Pass the conversation to a person of the team. Ends your turn."),
    REQUEST_REFUND: (RequestRefundArguments, "Tell the team that the customer wants money back. Ends your turn."),
}


class LlmResponder:
    """Answers turns with a language model. Holds no state between turns but the models' circuit breakers.

    `today` gives the day that the prompt names; `embed` lets grounding accept closer paraphrases. Raises ValueError
    when a tool of the toolbox has the name of one of the responder's own.
    """

    def __init__(
        self, *, chat: ChatModel, toolbox: Toolbox, voice: Voice, today: Callable[[], date], embed: Embed | None = None
    ) -> None:
        if taken := set(toolbox.names()) & set(_OWN_TOOLS):
            raise ValueError(f"the responder has tools of these names itself: {sorted(taken)!r}")
        self._chat = chat
        self._toolbox = toolbox
        self._voice = voice
        self._today = today
        self._embed = embed
        # LangChain's agents take 0.4 s to import: better at the start than in the first customer's turn.
        _turn_middleware()

    async def respond(self, request: LlmRequest) -> LlmAnswer:
        """What the model says to the request, grounded. Raises AgentUnavailable, at the latest at the deadline."""
        turn = _Turn(request=request, toolbox=self._toolbox, deadline=self._chat.deadline(request.deadline_s))
        try:
            async with asyncio.timeout(request.deadline_s):
                text = await self._run(turn)
        except TimeoutError:
            raise AgentUnavailable(f"not done within {request.deadline_s:.1f} s") from None
        text = "" if turn.intents else text
        said, citations, sentences = answer_from(text, turn.hits, turn.calls, embed=self._embed)
        return LlmAnswer(
            text=said,
            citations=citations,
            tool_calls=tuple(turn.calls),
            intents=tuple(turn.intents),
            sentences=sentences,
            hits=tuple(turn.hits),
            model=turn.model,
            steps=turn.steps,
            used=dict(turn.used),
        )

    async def _run(self, turn: _Turn) -> str:
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

        own = [(name, model, text) for name, (model, text) in _OWN_TOOLS.items()]
        shop = [self._toolbox.get(name) for name in self._toolbox.names()]
        known = [(tool.name, tool.arguments, tool.description) for tool in shop if tool is not None]
        return [
            StructuredTool.from_function(coroutine=_never_run, name=name, description=text, args_schema=model)
            for name, model, text in (*known, *own)
        ]


async def _never_run(**_: object) -> str:
    raise AssertionError("tools run through the turn, from the arguments as the server sent them")


@dataclass(slots=True, kw_only=True)
class _Turn:
    """What happens in one turn: the passages shown, the calls made, the wishes recorded."""

    request: LlmRequest
    toolbox: Toolbox
    deadline: Deadline
    hits: list[Hit] = field(default_factory=list)
    calls: list[ToolCall] = field(default_factory=list)
    intents: list[Intent] = field(default_factory=list)
    steps: int = 0
    model: str = ""
    used: dict[str, int] = field(default_factory=lambda: {"input": 0, "output": 0})

    def __post_init__(self) -> None:
        self.hits.extend(self.request.hits[:MAX_PASSAGES])

    def note(self, message: AIMessage) -> None:
        self.steps += 1
        self.model = str(message.response_metadata.get("model", self.model))
        if usage := message.usage_metadata:
            self.used["input"] += usage["input_tokens"]
            self.used["output"] += usage["output_tokens"]

    async def run(self, call_id: str, name: str, arguments: str) -> str:
        """Runs one undamaged call and returns what the model may read of it. Raises BadArguments if it must not run."""
        if name == SEARCH:
            return await self._search(validated_arguments(SearchArguments, arguments))
        if name == HAND_OFF:
            return self._hand_off(validated_arguments(HandOffArguments, arguments))
        if name == REQUEST_REFUND:
            return self._request_refund(validated_arguments(RequestRefundArguments, arguments))
        self.request.listener(Activity.CHECKING_ORDER if name == ORDER_STATUS else Activity.SEARCHING)
        left = min(TOOL_S, self.deadline.left())
        result = await self.toolbox.call(self.request.principal, name, arguments, deadline_s=left)
        if result.code in ("unknown_tool", "bad_arguments"):
            raise BadArguments(result.message)
        self.calls.append(ToolCall(id=call_id, tool=name, arguments=strict_json_object(arguments), result=result))
        return _for_the_model(result)

    async def _search(self, arguments: BaseModel) -> str:
        self.request.listener(Activity.SEARCHING)
        found = await self.request.search(str(arguments.model_dump()["query"]))
        seen = {hit.passage.id for hit in self.hits}
        new = [hit for hit in found if hit.passage.id not in seen][: MAX_PASSAGES - len(self.hits)]
        first = len(self.hits) + 1
        self.hits.extend(new)
        return passages_block(new, first_marker=first) if new else "Nothing new was found."

    def _hand_off(self, arguments: BaseModel) -> str:
        words = neutral(str(arguments.model_dump()["reason"]), limit=500)
        self.intents.append(Intent(kind=IntentKind.HAND_OFF, words=words))
        return "Noted."

    def _request_refund(self, arguments: BaseModel) -> str:
        given = arguments.model_dump()
        number = given["order_number"]
        self.intents.append(
            Intent(
                kind=IntentKind.REQUEST_REFUND,
                words=neutral(str(given["why"]), limit=500),
                order_number=None if number is None else neutral(str(number), limit=64),
            )
        )
        return "Noted."


def _for_the_model(result: ToolResult) -> str:
    shown = {"ok": result.ok, "code": result.code, "message": result.message, "data": dict(result.data)}
    return neutral(json.dumps(shown, ensure_ascii=False), limit=20_000)


def _middleware(chat: ChatModel, turn: _Turn) -> Sequence[AgentMiddleware[Any, Any]]:
    from langchain.agents.middleware import (  # noqa: PLC0415
        ModelCallLimitMiddleware,
        ToolCallLimitMiddleware,
    )

    return (
        ModelCallLimitMiddleware(run_limit=MAX_STEPS, exit_behavior="error"),
        ToolCallLimitMiddleware(run_limit=MAX_CALLS, exit_behavior="continue"),
        _turn_middleware()(chat, turn),
    )


@cache
def _turn_middleware() -> Callable[[ChatModel, _Turn], AgentMiddleware[Any, Any]]:
    from langchain.agents.middleware import (  # noqa: PLC0415
        AgentMiddleware,
        AgentState,
        ModelRequest,
        ModelResponse,
        ToolCallRequest,
        hook_config,
    )
    from langchain_core.messages import AIMessage, ToolMessage  # noqa: PLC0415
    from langgraph.runtime import Runtime  # noqa: PLC0415

    class TurnMiddleware(AgentMiddleware[Any, Any]):
        """Model calls go down the ladder of models; tool calls run from the raw reply; a wish ends the turn."""

        def __init__(self, chat: ChatModel, turn: _Turn) -> None:
            super().__init__()
            self._chat = chat
            self._turn = turn

        @hook_config(can_jump_to=["end"])
        async def abefore_model(self, state: AgentState[Any], runtime: Runtime[Any]) -> dict[str, Any] | None:
            return {"jump_to": "end"} if self._turn.intents else None

        async def awrap_model_call(
            self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], Awaitable[ModelResponse[Any]]]
        ) -> ModelResponse[Any]:
            self._turn.request.listener(Activity.WRITING)
            response = await self._chat.call(lambda model: handler(request.override(model=model)), self._turn.deadline)
            for message in response.result:
                if isinstance(message, AIMessage):
                    self._turn.note(message)
            return response

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
