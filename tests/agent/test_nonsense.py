"""Models that make no sense: random bytes, salad of the passages' own words, calls with random arguments."""

from __future__ import annotations

import contextlib
import random
from dataclasses import replace

import pytest

from agent.chat_model import AgentUnavailable
from agent.claims import plain, segments
from agent.grounding import FRAMING, check, passage_source
from agent.responders.llm_model import LlmAnswer
from agent.words import tokens
from app.scripted_model import ChatRequest, ScriptedReply, create_scripted_model
from app.scripted_replies import ScriptedCall
from tests.agent.llm_cast import HITS, chat_model, order_system, request, responder

ORDER = "NP-48213"


def nonsense(asked: ChatRequest, dice: random.Random) -> ScriptedReply:
    words = [word for hit in HITS for word in hit.passage.text.split()]
    if dice.random() < 0.2 and asked.tools:
        name = dice.choice([*asked.tools, "refund", ""])
        arguments = dice.choice(['{"order_number": "NP-41952"}', "{", "null", '{"why": 1}', '{"x": "\\u0000"}'])
        return ScriptedReply(calls=(ScriptedCall(name=name, arguments=arguments),))
    if dice.random() < 0.3:
        return ScriptedReply(text="".join(chr(dice.randrange(32, 0x2FFF)) for _ in range(dice.randrange(1, 400))))
    said = [f"{dice.choice(words)} {'[1]' if dice.random() < 0.2 else ''}" for _ in range(dice.randrange(5, 120))]
    return ScriptedReply(text=" ".join(said))


async def talked(turns: int, seed: int) -> tuple[list[LlmAnswer], list[tuple[str, str]]]:
    dice = random.Random(seed)  # noqa: S311 - a seed, not a secret
    orders = order_system()
    model = responder(chat_model(create_scripted_model(lambda asked: nonsense(asked, dice)), streaming=True), orders)
    shown: list[LlmAnswer] = []

    async def show(answer: LlmAnswer) -> bool:
        shown.append(answer)
        return True

    for _ in range(turns):
        with contextlib.suppress(AgentUnavailable):
            shown.append(await model.respond(replace(request("What about returns?"), show=show)))
    return shown, [(str(who), str(number)) for who, number in orders.asked]


def assert_grounded(answer: LlmAnswer) -> None:
    """Whatever is said is framing, or made of words of the passages only."""
    sources = [passage_source(hit.passage, place) for place, hit in enumerate(HITS, start=1)]
    known = set(tokens(" ".join(unit for source in sources for unit in (*source.units, source.context))))
    for segment in segments(answer.text):
        cited = [replace(source, marker=1) for source in sources]
        supports = check(f"{plain(segment.text)} [1]", cited)
        assert all(support.source == FRAMING or set(tokens(plain(segment.text))) <= known for support in supports)


async def assert_harmless(turns: int, seed: int) -> None:
    shown, looked_up = await talked(turns, seed)
    for answer in shown:
        assert_grounded(answer)
        assert "1Z41952" not in repr(answer), "the parcel of another customer"
    assert all(who == "cust_1001" for who, _ in looked_up)


async def test_nonsense_shows_nothing_ungrounded_and_nothing_of_others() -> None:
    await assert_harmless(turns=25, seed=1)


@pytest.mark.proof
@pytest.mark.timeout(600)
async def test_two_hundred_turns_of_nonsense_do_no_more() -> None:
    await assert_harmless(turns=200, seed=2)
