"""The model's text made into an answer."""

from __future__ import annotations

import pytest

from agent.responders.llm_text import Said, answer_from, own_markers, visible, without_foreign_links
from tests.agent.llm_cast import CANADA, HITS, RETURNS, hit, passage

SHOWN = [RETURNS, CANADA]


@pytest.mark.parametrize(
    "evil",
    [
        "![x](https://evil.example/?q=1)",
        "![x][ref]\n\n[ref]: https://evil.example/?q=1",
        "[click](https://evil.example)",
        "[click](javascript:alert(1))",
        "[click](data:text/html;base64,AAAA)",
        "[click](//evil.example)",
        "[click](https://shop.example.evil.example/returns)",
        "[click](https://shop.example/returns?name=Maya)",
        "[click](https://shop.example@evil.example/)",
        "[click](<https://evil.example/>)",
        '[click](https://evil.example "title")',
        "[click][ref]\n\n[ref]: https://evil.example",
        "<https://evil.example>",
        "https://evil.example/path",
        "www.evil.example",
        "evil.example/?q=1",
        '<img src="https://evil.example/?q=1">',
        '<a href="https://evil.example">x</a>',
        "<svg/onload=fetch('//evil.example')>",
        "ftp://evil.example/x",
        "\u200bhttps://evil.example",
    ],
)
def test_no_foreign_address_is_left(evil: str) -> None:
    text = without_foreign_links(visible(f"[1] Before {evil}\n\nafter."), SHOWN)
    assert "evil" not in text
    assert "javascript" not in text
    assert "?name" not in text
    assert "[1]" in text


@pytest.mark.parametrize(
    "own",
    ["[the form](https://shop.example/returns)", "https://shop.example/help/2", "[a](https://shop.example/help/1/)"],
)
def test_links_that_a_shown_passage_has_stay(own: str) -> None:
    assert own in without_foreign_links(f"See {own} [1].", SHOWN)


def test_comparisons_are_not_taken_for_tags() -> None:
    assert without_foreign_links("5 < 6 and a <b", SHOWN) == "5 < 6 and a <b"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("A [1].", "A [1]."),
        ("A [1][2].", "A [1][2]."),
        ("A [1, 2].", "A [1][2]."),
        ("A 【1】.", "A [1]."),
        ("A 【1†source】.", "A [1]."),
        ("A [^2].", "A [2]."),
        ("A [passage 1].", "A [1]."),
        ("A [Source 2].", "A [2]."),
        ("A [7].", "A."),
        ("A [1][99].", "A [1]."),
        ("A [0].", "A."),
        ("array[x] stays", "array[x] stays"),
    ],
)
def test_markers_are_read_in_any_spelling_and_only_if_issued(written: str, read: str) -> None:
    assert own_markers(written, {1: RETURNS, 2: CANADA}) == read


def test_invisible_characters_are_removed() -> None:
    assert visible("a\u200b\u202eb\U000e0041c\x00\ud800d\ne") == "abcd\ne"


def test_a_very_long_answer_is_bounded() -> None:
    assert len(visible("x" * 1_000_000)) < 10_000


def test_the_quote_of_a_citation_is_the_sentence_that_supports_the_answer() -> None:
    (citation,) = answer_from("Sale items cannot be returned [1].", HITS, [], embed=None).citations
    assert citation.quote == "Sale items cannot be returned."
    assert citation.url == "https://shop.example/help/1"


def test_a_sentence_keeps_a_marker_when_the_neighbour_that_carried_it_is_dropped() -> None:
    text = "Sale items cannot be returned. All returns are free for 99 years [1]."
    said = answer_from(text, HITS, [], embed=None)
    assert said.text == "Sale items cannot be returned. [1]"
    assert len(said.citations) == 1


def test_a_marker_of_a_passage_that_does_not_state_the_sentence_is_removed() -> None:
    said = answer_from("Sale items cannot be returned [2][1]. Thanks!", HITS, [], embed=None)
    assert said.text == "Sale items cannot be returned [1]. Thanks!"
    (citation,) = said.citations
    assert citation.article_id == "a1"


def test_the_intro_of_a_list_goes_when_no_item_is_left() -> None:
    said = answer_from("Sale items cannot be returned [1].\n\nAlso:\n\n- free boats [1]", HITS, [], embed=None)
    assert said.text == "Sale items cannot be returned [1]."


def test_lists_keep_their_layout() -> None:
    steps = passage(5, "Reset", "1. Hold the button down.\n2. Wait for the red light.")
    text = "To reset it:\n\n1. Hold the button down [1].\n2. Wait for the red light [1]."
    said = answer_from(text, [hit(steps)], [], embed=None)
    assert said.text == text


def test_an_empty_text_is_an_empty_answer() -> None:
    assert answer_from("", HITS, [], embed=None) == Said(text="", citations=(), sentences=())


def test_cleaning_takes_time_in_proportion_to_the_text() -> None:
    for hostile in ("[" * 6_000, "![" * 3_000, "<" * 6_000, "[a](" * 1_500, "a." * 3_000, "[1," * 2_000):
        answer_from(hostile, HITS, [], embed=None)


STREAMED = [
    "Hi! You can return most items within 30 days of delivery [1]. Sale items cannot be returned. [1] Anything else?",
    "Thanks for asking.\n\nStandard shipping to Canada costs $12.95 [2]. It is free for ever [2]. Let me know!",
    "To do so:\n\n1. Wash the down jacket at 30 degrees [3].\n2. Sing [3].\n\n[It](https://shop.example/returns) [1].",
    "Sale items cannot be returned [2][1]. ![x](https://evil.example/a. b) And **bold. Words** [1].",
    "You can return most items within 30 days of delivery. Sale items cannot be returned.\n[1]\nBye <b>now</b>.",
    "Everything is free. Really [1]. Sale items cannot be returned [1][2].",
]


@pytest.mark.parametrize("text", STREAMED)
def test_what_is_said_early_is_never_taken_back(text: str) -> None:
    """At every length of the text: what may be shown then is how the whole answer begins."""
    whole = answer_from(text, HITS, [], embed=None).text
    shown = [answer_from(text[:end], HITS, [], embed=None, ended=False).text for end in range(len(text) + 1)]
    assert all(whole.startswith(early) for early in shown)
    assert any(shown)


@pytest.mark.parametrize("text", STREAMED)
def test_a_sentence_is_said_as_soon_as_the_next_one_begins(text: str) -> None:
    early = answer_from(f"{text[: text.index(']') + 1]}. Next", HITS, [], embed=None, ended=False).text
    assert early == "" or early.count("]") >= 1


def test_a_sentence_with_its_marker_inside_is_said_at_its_full_stop() -> None:
    text = "Sale items cannot be returned [1]."
    assert answer_from(text, HITS, [], embed=None, ended=False).text == text
    assert answer_from(text[:-1], HITS, [], embed=None, ended=False).text == ""
