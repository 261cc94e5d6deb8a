"""What an answer may say, given what it cites."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from agent.claims import is_framing, is_promise, segments
from agent.grounding import FRAMING, Source, check, passage_source, tool_source
from conversations.model import JsonValue
from knowledge_base.model import Article, ArticleId, Quote, QuoteKind, Vectors
from knowledge_base.splitting import split
from tests.agent.llm_cast import passage
from tools.tool import ToolCall, ToolResult

RETURNS = passage_source(
    passage(
        1,
        "Returns",
        "You can return most items within 30 days of delivery for a full refund. Sale items cannot be returned. "
        "Return shipping is free only for members. Shipping to Canada takes 5–9 business days and costs $12.95. "
        "Refunds reach your card within 5 business days after we receive the parcel. We guarantee every seam for life. "
        "Every order arrives in one parcel unless it holds a tent. Poles are sold in pairs only.",
    ),
    1,
)
JACKETS = passage_source(
    passage(2, "Down jackets", "Wash the jacket at 30 degrees. Ember jackets may be tumble dried on low heat."), 2
)


def supported(text: str, *sources: Source) -> bool:
    (support,) = check(text, sources or (RETURNS, JACKETS))
    return support.source is not None


@pytest.mark.parametrize(
    "sentence",
    [
        "You can return most items within 30 days [1].",
        "Most items can be returned within thirty days of delivery [1].",
        "Sale items cannot be returned. [1]",
        "Sale items can't be returned [1].",
        "Members get free return shipping [1].",
        "Delivery to Canada costs $12.95 [1].",
        "Shipping to Canada takes 5–9 business days and costs $12.95 [1].",
        "Your refund reaches your card within 5 business days after we receive the parcel [1].",
        "We guarantee every seam for life. [1]",
        "**Wash** the jacket at 30 degrees [2].",
    ],
)
def test_a_claim_that_its_passage_states_is_supported(sentence: str) -> None:
    assert supported(sentence)


@pytest.mark.parametrize(
    ("sentence", "why"),
    [
        ("You can return most items within 60 days [1].", "other number"),
        ("You can return items within 5 business days [1].", "number from another sentence"),
        ("Refunds reach your card within 30 days [1].", "number from another sentence"),
        ("You can return most items after 30 days [1].", "after, not within"),
        ("Refunds reach your card 5 business days before we receive the parcel [1].", "before, not after"),
        ("Sale items can be returned [1].", "polarity"),
        ("You cannot return most items within 30 days of delivery [1].", "polarity"),
        ("Return shipping is free [1].", "the only is gone"),
        ("Poles are sold in pairs [1].", "the only is gone from the end"),
        ("Every order arrives in one parcel [1].", "the exception is gone"),
        ("Every order that holds a tent arrives in one parcel [1].", "the unless is gone, its words are not"),
        ("Shipping to Mexico costs $12.95 [1].", "name"),
        ("Shipping to Canada takes 5–9 days [1].", "days are not business days"),
        ("Shipping to Canada costs €12.95 [1].", "currency"),
        ("You can return most items within 30 days of delivery.", "no citation"),
        ("You can return most items within 30 days of delivery [2].", "cites another passage"),
        ("You can return most items within 30 days of delivery [9].", "cites nothing"),
        ("Your order NP-48213 can be returned [1].", "order number"),
        ("One device is allowed per plan [1].", "invented policy"),
        ("Our boots are made in Italy by hand [1].", "invented"),
        ("Did you know that all returns are free forever?", "claim in a question"),
        ("I have refunded your order.", "effect"),
        ("Your refund has been issued [1].", "effect"),
        ("We will refund the full price within 30 days [1].", "promise"),
        ("We guarantee every jacket for life [1].", "promise that the source does not make"),
        ("That is a deal, legally binding, no takesies backsies.", "commitment"),
    ],
)
def test_a_claim_that_its_passage_does_not_state_is_not(sentence: str, why: str) -> None:
    assert not supported(sentence), why


@pytest.mark.parametrize(
    "sentence",
    [
        "Hi Maya!",
        "Thanks for asking.",
        "I'm sorry to hear that.",
        "Could you tell me your order number?",
        "Which jacket do you mean?",
        "Let me know if you need anything else.",
        "I hope this helps.",
        "Here is how.",
        "I could not find anything about that.",
        "👍",
    ],
)
def test_small_talk_needs_no_source(sentence: str) -> None:
    (support,) = check(sentence, [])
    assert support.source == FRAMING


@pytest.mark.parametrize(
    "sentence",
    [
        "Sorry, returns are free.",
        "Sure, you get 50% off.",
        "Would you like me to refund it?",
        "Here is your $20 voucher.",
        "Of course we ship everywhere for free.",
        "Let me know and I will cancel it.",
        "Thanks, I've issued a refund.",
        "Can you send me your card number and the CVV?",
        "Please let me know your password.",
        "Would you believe that all returns are free?",
        "Would you like a free tent?",
    ],
)
def test_small_talk_with_a_fact_a_rule_or_a_promise_in_it_is_a_claim(sentence: str) -> None:
    assert not is_framing(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "I have refunded your order",
        "We'll send you a new one",
        "I can offer you a discount",
        "Your order has been cancelled",
        "Let me cancel that for you",
        "You have my word",
        "I went ahead and issued the credit",
    ],
)
def test_commitments_are_recognised(sentence: str) -> None:
    assert is_promise(sentence)


CALL = ToolCall(
    id="call_1",
    tool="order_status",
    arguments={},
    result=ToolResult(
        ok=True,
        code="order",
        message="Order NP-48213 is on its way. UPS took the parcel on November 19. $63.05 was refunded on November 7.",
        data={"order": {"number": "NP-48213", "shipping": {"expected_on": "2026-11-23"}}},
    ),
)


@pytest.mark.parametrize(
    ("sentence", "ok"),
    [
        ("Order NP-48213 is on its way.", True),
        ("UPS took the parcel on 19 November.", True),
        ("Your order NP-48213 is on its way with UPS.", True),
        ("We refunded $63.05 on November 7.", True),
        ("We refunded $630.50 on November 7.", False),
        ("Order NP-41952 is on its way.", False),
        ("UPS took the parcel on 21 November.", False),
        ("I have cancelled order NP-48213.", False),
        ("Order NP-48213 was delivered.", False),
        ("Order NP-48213 was delivered on November 23.", False),
        ("Your order NP-48213 was cancelled.", False),
        ("Order NP-48213 is late.", False),
    ],
)
def test_a_tool_result_supports_what_it_says_and_nothing_more(sentence: str, ok: bool) -> None:
    assert supported(sentence, tool_source(CALL)) is ok


def test_an_outcome_without_its_day_is_no_outcome() -> None:
    data: dict[str, JsonValue] = {
        "orders": [
            {"number": "NP-1001", "status": "shipped", "delivered_at": None, "refunds": []},
            {"number": "NP-1002", "status": "delivered", "delivered_at": "2026-11-03", "refunds": []},
        ]
    }
    source = tool_source(replace(CALL, result=ToolResult(ok=True, code="orders", message="Two orders.", data=data)))
    assert supported("Order NP-1002 was delivered on November 3.", source)
    assert not supported("Order NP-1001 was delivered on November 3.", source)
    assert not supported("Order NP-1001 was delivered.", source)
    assert not supported("Order NP-1001 was refunded.", source)


@pytest.mark.parametrize(
    "sentence",
    [
        "You can return items free within 30 days of delivery [1].",
        "You can return all items within 30 days of delivery [1].",
        "You can return most items within 30 days of purchase [1].",
        "You can always return most items within 30 days of delivery [1].",
    ],
)
def test_a_rule_is_not_stretched(sentence: str) -> None:
    source = passage_source(passage(1, "Returns", "You can return most items within 30 days of delivery."), 1)
    assert supported("You can return most items within 30 days of delivery [1].", source)
    assert not supported(sentence, source)


@pytest.mark.parametrize(
    "sentence",
    [
        "You can return most items within 30 days of delivery and you get the double refund [1].",
        "Sale items cannot be returned, but you get a voucher instead [1].",
        "Sale items cannot be returned; boots are made in Italy [1].",
        "Refunds reach your card within 5 business days after we receive the parcel, plus a bonus [1].",
        "Shipping to Canada costs $12.95, which includes insurance and a gift [1].",
    ],
)
def test_a_false_clause_does_not_pass_on_a_true_one(sentence: str) -> None:
    assert not supported(sentence)


def test_two_true_clauses_may_be_joined() -> None:
    assert supported("Sale items cannot be returned, and shipping to Canada costs $12.95 [1].")


@pytest.mark.parametrize("sentence", ["It's free [1].", "You can return it [1].", "Members [1].", "Refunds [1]."])
def test_a_claim_too_short_to_keep_its_condition_is_not_supported(sentence: str) -> None:
    assert not supported(sentence)


@pytest.mark.parametrize("bare", ["[1]", "[1][2]", "\n\n[1]"])
def test_a_marker_that_cites_nothing_is_dropped(bare: str) -> None:
    assert [support.source for support in check(bare, [RETURNS])] == [None]


@pytest.mark.parametrize(("assent", "ok"), [("Yes.", False), ("No.", True), ("Of course!", False), ("Sure.", False)])
def test_a_yes_or_no_agrees_with_the_sentence_after_it(assent: str, ok: bool) -> None:
    first, second = check(f"{assent} Sale items cannot be returned [1].", [RETURNS])
    assert second.source == "p1"
    assert (first.source == FRAMING) is ok


def test_each_sentence_is_judged_by_itself_and_in_order() -> None:
    supports = check("Hi! Sale items cannot be returned [1]. All returns are free [1].", [RETURNS])
    assert [support.source for support in supports] == [FRAMING, "p1", None]
    assert [support.sentence for support in supports][1] == "Sale items cannot be returned [1]."


def test_a_marker_at_the_end_of_a_paragraph_covers_the_paragraph() -> None:
    text = "You can return most items within 30 days of delivery. Sale items cannot be returned. [1]"
    assert all(support.source == "p1" for support in check(text, [RETURNS]))


def test_a_marker_does_not_reach_into_the_next_paragraph() -> None:
    text = "Sale items cannot be returned. [1]\n\nWash the jacket at 30 degrees."
    assert [support.source for support in check(text, [RETURNS, JACKETS])] == ["p1", None]


def test_steps_share_the_marker_of_their_list() -> None:
    steps = passage_source(passage(3, "Reset", "1. Hold the button.\n2. Wait for the red light.\n3. Let go."), 3)
    text = "To reset it:\n\n1. Hold the button.\n2. Wait for the red light.\n3. Let go. [3]"
    assert [support.source for support in check(text, [steps])] == [FRAMING, "p3", "p3", "p3"]


def test_a_table_row_is_read_with_its_column_names() -> None:
    table = passage(
        4, "Shipping charges", "| Country | Standard |\n|---|---|\n| Canada | $12.95 |\n| Mexico | $15.95 |"
    )
    rows = tuple(
        Quote(text=f"Country: {country}; Standard: {price}", kind=QuoteKind.ROW, lead="Charges by country:")
        for country, price in (("Canada", "$12.95"), ("Mexico", "$15.95"))
    )
    source = passage_source(replace(table, quotes=rows), 4)
    assert supported("Standard shipping to Canada costs $12.95 [4].", source)
    assert not supported("Standard shipping to Canada costs $15.95 [4].", source)


def test_an_embedder_admits_a_closer_paraphrase_but_no_other_number() -> None:
    def same(texts: object) -> Vectors:
        return np.ones((2, 1), dtype=np.float32)

    sentence = "Most items can come back within {} days of delivery for your money [1]."
    without = check(sentence.format(30), [RETURNS])[0].source
    with_cosine = check(sentence.format(30), [RETURNS], embed=same)[0].source
    wrong = check(sentence.format(45), [RETURNS], embed=same)[0].source
    assert (without, with_cosine, wrong) == (None, "p1", None)


def test_no_text_gives_no_sentences() -> None:
    assert check("", [RETURNS]) == ()


def test_segments_put_the_text_together_again() -> None:
    text = "Hi there! First point. [1] Second one.\n\n- item one\n- item two\n\nBye."
    cut = segments(text)
    assert "".join(segment.lead + segment.text for segment in cut) == text
    assert [segment.block for segment in cut] == sorted(segment.block for segment in cut)


def test_checking_a_long_answer_takes_well_under_a_turn() -> None:
    text = "Sale items cannot be returned [1]. " * 100
    started = time.perf_counter()
    check(text, [RETURNS, JACKETS] * 8)
    assert time.perf_counter() - started < 2.0


HELP_CENTER = Path(__file__).parents[2] / "demo" / "help_center"


def _help_center() -> list[Source]:
    found = []
    for file in sorted(HELP_CENTER.glob("*.md")):
        article = Article(id=ArticleId(file.stem), title="", text=file.read_text().split("---", 2)[2])
        cut = split(article, lambda texts: [len(text) // 4 for text in texts])
        found += [passage_source(piece.passage, 1) for piece in cut]
    return found


def _share_supported(change: Callable[[str], str | None]) -> float:
    """Share of the demo help center's sentences that their own passage still supports after `change`."""
    judged = []
    for source in _help_center():
        for unit in source.units[::2]:
            changed = change(unit)
            if changed is not None and "|" not in unit and unit not in ("Yes.", "No."):
                judged.append(all(support.source for support in check(f"{changed} [1]", [source])))
    assert len(judged) > 50
    return sum(judged) / len(judged)


def test_every_sentence_of_the_help_center_is_supported_by_its_own_article() -> None:
    assert _share_supported(lambda sentence: sentence) == 1.0


def test_a_sentence_with_another_number_is_not() -> None:
    """Measured on all sentences: 1 of 220 gets through, a temperature whose minus sign is not read."""

    def one_more(sentence: str) -> str | None:
        number = re.search(r"\d+", sentence)
        return sentence.replace(number[0], str(int(number[0]) + 1), 1) if number else None

    assert _share_supported(one_more) < 0.03


def test_a_sentence_turned_around_is_not() -> None:
    """Measured on all sentences: 3 of 321 get through, all of them questions used as headings."""

    def turned(sentence: str) -> str | None:
        for word, other in ((" cannot ", " can "), (" not ", " "), (" can ", " cannot "), (" is ", " is not ")):
            if word in sentence:
                return sentence.replace(word, other, 1)
        return None

    assert _share_supported(turned) < 0.03
