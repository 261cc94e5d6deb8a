from __future__ import annotations

from datetime import UTC, datetime

import pytest

from conversations.model import AI_AGENT, Actor, AuthorKind, Citation, ConversationId, Message, MessageId, Visibility
from conversations.plain_text import one_line, plain_text

CUSTOMER = Actor(kind=AuthorKind.CUSTOMER, id="c1")


def message(text: str, *, author: Actor = AI_AGENT, markers: int = 0) -> Message:
    citations = tuple(
        Citation(marker=n, article_id="a", passage_id="a#0", title="A", heading="", url=None, quote="q")
        for n in range(1, markers + 1)
    )
    return Message(
        id=MessageId("m1"),
        conversation_id=ConversationId("c1"),
        seq=1,
        episode=1,
        author=author,
        visibility=Visibility.PUBLIC,
        text=text,
        created_at=datetime(2026, 3, 1, tzinfo=UTC),
        citations=citations,
    )


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("You have **45 days**, ***60*** for *members*. [1]", "You have 45 days, 60 for members."),
        (
            "See [Start a return](/help/start-return) or ![a box](https://x.example/i.png).",
            "See Start a return or a box.",
        ),
        (
            "Here is how: [1]\n\n1. Open **Orders**.\n2. Print the `label`.",
            "Here is how:\n\n1. Open Orders.\n2. Print the label.",
        ),
        ("- one\n- two", "one\ntwo"),
        ("| | Standard |\n|---|---|\n| Cost | $12.95 |", "Standard\nCost · $12.95"),
        ("```\npip install\n```", "pip install"),
        ("It costs 2 * 3 * 4 and snake_case stays.", "It costs 2 * 3 * 4 and snake_case stays."),
        ("Step [2] of the list", "Step [2] of the list"),
    ],
)
def test_marks_and_citation_numbers_are_left_out(written: str, read: str) -> None:
    assert plain_text(message(written, markers=1)) == read


def test_a_customers_words_stay_as_they_were_typed() -> None:
    typed = "my order **is** [1] late _really_"
    assert plain_text(message(typed, author=CUSTOMER)) == typed


def test_a_preview_is_one_line_and_says_where_it_was_cut() -> None:
    assert one_line(message("First\n\nsecond [1]", markers=1), 40) == "First second"
    assert one_line(message("a" * 50), 10) == "a" * 9 + "…"


def test_eight_thousand_marks_are_read_in_no_time() -> None:
    for unit in ("*", "[", "**a", "| ", "> ", "~~", "![](", "`"):
        plain_text(message(unit * (8_000 // len(unit))))
