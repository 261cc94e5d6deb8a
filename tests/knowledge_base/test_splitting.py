from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge_base.embedding import HashingEmbedder
from knowledge_base.model import QuoteKind
from knowledge_base.splitting import SplitPassage, split
from tests.knowledge_base.shop import article

count = HashingEmbedder().count_tokens


def passages(text: str, *, window: int = 220, title: str = "Help") -> list[SplitPassage]:
    return split(article("a", text, title), count, window=window)


def kinds(text: str) -> list[tuple[QuoteKind, str, str]]:
    return [(q.kind, q.text, q.lead) for one in passages(text) for q in one.passage.quotes]


def test_a_short_article_is_one_passage_with_its_text_verbatim() -> None:
    (one,) = passages("We ship **fast**. See [prices](https://a.example).")
    assert one.passage.text == "We ship **fast**. See [prices](https://a.example)."
    assert one.passage.id == "a#0"
    assert one.embedded == "Help\nWe ship fast. See prices."


def test_a_heading_path_goes_with_its_passages_and_the_title_is_not_repeated() -> None:
    found = passages("# Help\n\nTop.\n\n## Returns\n\nA.\n\n### Sale items\n\nB.\n\n## Shipping\n\nC.")
    assert [one.passage.heading for one in found] == ["", "Returns", "Returns › Sale items", "Shipping"]


def test_steps_items_rows_and_code_are_quotes_with_what_introduces_them() -> None:
    text = (
        "To reset it:\n\n1. Press the *button*.\n2. Wait.\n   - Ten seconds\n\nIt comes in:\n\n- red\n\n"
        "Sizes:\n\n| Size | Chest |\n|---|---|\n| M | 96 cm |\n\nRun:\n\n```sh\nreset --now\n```\n"
    )
    assert kinds(text) == [
        (QuoteKind.SENTENCE, "To reset it:", ""),
        (QuoteKind.STEP, "Press the *button*.", "To reset it:"),
        (QuoteKind.STEP, "Wait.", "To reset it:"),
        (QuoteKind.ITEM, "Ten seconds", "Wait."),
        (QuoteKind.SENTENCE, "It comes in:", ""),
        (QuoteKind.ITEM, "red", "It comes in:"),
        (QuoteKind.SENTENCE, "Sizes:", ""),
        (QuoteKind.ROW, "Size: M; Chest: 96 cm", "Sizes:"),
        (QuoteKind.SENTENCE, "Run:", ""),
        (QuoteKind.CODE, "reset --now", "Run:"),
    ]


def test_an_alert_keeps_its_mark_and_its_sentences_do_not_carry_it() -> None:
    (one,) = passages("> [!NOTE]\n> Keep the box. You need it.")
    assert one.passage.text == "> [!NOTE]\n> Keep the box. You need it."
    assert [quote.text for quote in one.passage.quotes] == ["Keep the box.", "You need it."]
    assert "Note: Keep the box." in one.embedded


def test_a_table_larger_than_the_window_is_cut_between_rows_under_its_header() -> None:
    rows = [f"| item {n} | {n} days of waiting for it |" for n in range(60)]
    found = passages("Delivery times:\n\n| Item | Days |\n| --- | --- |\n" + "\n".join(rows))
    assert len(found) > 1
    for one in found:
        lines = one.passage.text.split("\n")
        assert lines[:4] == ["Delivery times:", "", "| Item | Days |", "| --- | --- |"]
        assert all(line in rows for line in lines[4:])
    shown = [line for one in found for line in one.passage.text.split("\n") if line in rows]
    assert shown == rows


def test_a_long_list_is_cut_between_items_and_keeps_its_numbers() -> None:
    items = "\n".join(f"1. Step about the part called {'x' * (n + 1)} and so on for a while." for n in range(60))
    found = passages("Follow these steps.\n\n" + items)
    numbers = [int(n) for one in found for n in re.findall(r"^(\d+)\. Step", one.passage.text, re.M)]
    assert numbers == list(range(1, 61))
    assert all(one.passage.text.startswith("Follow these steps.") for one in found)


def test_a_long_code_block_is_cut_between_lines_and_each_part_is_fenced() -> None:
    code = "\n".join(f"command --number {n} --and more words" for n in range(100))
    found = passages(f"```sh\n{code}\n```")
    assert len(found) > 1
    assert all(one.passage.text.startswith("```sh\n") and one.passage.text.endswith("\n```") for one in found)


def test_reference_links_are_whole_wherever_their_passage_ends_up() -> None:
    (one,) = passages("See [the page][p].\n\n[p]: https://a.example/p")
    assert one.passage.quotes[0].text == "See [the page](https://a.example/p)."


def test_pictures_alone_are_no_quote() -> None:
    found = kinds("Open it.\n\n![The box](a.png)\n\n1. Push.\n\n   ![A hand](b.png)")
    assert [text for _, text, _ in found] == ["Open it.", "Push."]


def test_an_article_of_headings_only_has_no_passages() -> None:
    assert passages("# One\n\n## Two\n") == []


def test_a_word_without_end_and_a_title_without_end_still_fit() -> None:
    found = passages("x " * 5000 + "y" * 5000, title="long title " * 100)
    assert max(count([one.embedded for one in found])) <= 220


BLOCKS = st.sampled_from(
    [
        "Some words here. And more of them!",
        "## A heading",
        "- one\n- two\n  - three",
        "1. first\n2. second\n\n   more",
        "| a | b |\n|---|---|\n| 1 | 2 |",
        "```\ncode here\n```",
        "> [!TIP]\n> Do it.",
        "> - quoted\n> - list",
        "<div><p>html</p></div>",
        "<table><tr><td>x</td></tr></table>",
        "![](a.png)",
        "word " * 300,
        "\n\n---\n\n",
        "*" * 50,
    ]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(BLOCKS | st.text(max_size=80), max_size=12))
def test_whatever_the_article_every_passage_fits_and_its_quotes_are_inside(blocks: list[str]) -> None:
    for one in passages("\n\n".join(blocks)):
        assert one.words
        assert count([one.embedded])[0] <= 220
        assert one.passage.text.strip()
        for quote in one.passage.quotes:
            assert quote.text.strip()
