"""What happens in one turn of the LLM responder: passages shown, calls made, wishes recorded, sentences shown."""

from __future__ import annotations

import json
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from agent.chat_call import ReplyListener
from agent.chat_model import Deadline
from agent.draft import Activity
from agent.exchange import Exchange
from agent.grounding import Embed
from agent.responders.llm_model import Intent, IntentKind, LlmAnswer, LlmRequest
from agent.responders.llm_prompt import neutral, passages_block
from agent.responders.llm_text import answer_from, may_end_a_sentence
from agent.tracing import step
from knowledge_base.model import Hit
from tools.orders import ORDER_STATUS
from tools.tool import ToolCall, ToolResult
from tools.toolbox import BadArguments, Toolbox, strict_json_object, validated_arguments

SEARCH: Final = "search_help_center"
HAND_OFF: Final = "hand_off_to_person"
REQUEST_REFUND: Final = "request_refund"
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


OWN_TOOLS: Final[dict[str, tuple[type[BaseModel], str]]] = {
    SEARCH: (SearchArguments, "Search the help center again, in other words. Returns passages with markers."),
    HAND_OFF: (HandOffArguments, "Pass the conversation to a person of the team. Ends your turn."),
    REQUEST_REFUND: (RequestRefundArguments, "Tell the team that the customer wants money back. Ends your turn."),
}


class LlmTurn(ReplyListener):
    """The state of one turn. As a listener it hears the reply grow and shows every sentence that is verified."""

    def __init__(self, request: LlmRequest, toolbox: Toolbox, deadline: Deadline, embed: Embed | None) -> None:
        super().__init__()
        self.request = request
        self.deadline = deadline
        self.hits: list[Hit] = list(request.hits[:MAX_PASSAGES])
        self.calls: list[ToolCall] = []
        self.intents: list[Intent] = []
        self.exchanges: list[Exchange] = []
        self._toolbox = toolbox
        self._embed = embed
        self._seen: LlmAnswer | None = None
        self._before = ""
        self._offered = ""

    async def hear(self, text: str) -> None:
        if not may_end_a_sentence(text):
            return
        answer = self._answer(self._before + text, ended=False)
        before = self._seen.text if self._seen else ""
        if answer.text == self._offered or not answer.text.startswith(before):
            return
        self._offered = answer.text
        if await self.request.show(answer):
            self._seen, self.shown = answer, True

    def step_over(self, exchange: Exchange) -> None:
        """Words of a step that goes on to call a tool are part of the answer only if the customer has seen of them."""
        self.exchanges.append(exchange)
        if exchange.calls and self.shown:
            self._before = f"{self._before}{exchange.text}\n\n"

    @property
    def tokens(self) -> int:
        """Used so far, as far as servers told."""
        return sum(one.input_tokens + one.output_tokens for one in self.exchanges)

    @property
    def last_used(self) -> int:
        """Of the last call; 0 where the server did not tell."""
        return self.exchanges[-1].input_tokens + self.exchanges[-1].output_tokens if self.exchanges else 0

    def answer(self, text: str) -> LlmAnswer:
        """The whole answer. Where the end would change what the customer has read, that stands and the end is left."""
        whole = self._answer("" if self.intents else self._before + text, ended=True)
        if self._seen is None or self.intents or whole.text.startswith(self._seen.text):
            return whole
        return self._seen

    def _answer(self, text: str, *, ended: bool) -> LlmAnswer:
        said = answer_from(text, self.hits, self.calls, embed=self._embed, ended=ended)
        return LlmAnswer(
            text=said.text,
            citations=said.citations,
            tool_calls=tuple(self.calls),
            intents=tuple(self.intents),
            sentences=said.sentences,
            hits=tuple(self.hits),
            model=self.exchanges[-1].model if self.exchanges else "",
            steps=len(self.exchanges),
            used={
                "input": sum(one.input_tokens for one in self.exchanges),
                "output": sum(one.output_tokens for one in self.exchanges),
            },
        )

    async def run(self, call_id: str, name: str, arguments: str) -> str:
        """Runs one undamaged call and returns what the model may read of it. Raises BadArguments if it must not run."""
        with step("tool", self.request.host.note, span=f"execute_tool {name}", gen_ai__operation__name="execute_tool"):
            return await self._run(call_id, name, arguments)

    async def _run(self, call_id: str, name: str, arguments: str) -> str:
        if name == SEARCH:
            return await self._search(validated_arguments(SearchArguments, arguments))
        if name == HAND_OFF:
            return self._hand_off(validated_arguments(HandOffArguments, arguments))
        if name == REQUEST_REFUND:
            return self._request_refund(validated_arguments(RequestRefundArguments, arguments))
        self.request.host.activity(Activity.CHECKING_ORDER if name == ORDER_STATUS else Activity.SEARCHING)
        left = min(TOOL_S, self.deadline.left())
        result = await self._toolbox.call(self.request.principal, name, arguments, deadline_s=left)
        if result.code in ("unknown_tool", "bad_arguments"):
            raise BadArguments(result.message)
        self.calls.append(ToolCall(id=call_id, tool=name, arguments=strict_json_object(arguments), result=result))
        return _for_the_model(result)

    async def _search(self, arguments: BaseModel) -> str:
        self.request.host.activity(Activity.SEARCHING)
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
