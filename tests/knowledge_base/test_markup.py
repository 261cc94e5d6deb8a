from __future__ import annotations

import time

import pytest

from knowledge_base.markup import html_to_markdown, images_as_words, plain, without_images


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Press <kbd>Ctrl</kbd>", "Press Ctrl"),
        ('Go <a href="https://a.example">here</a> now', "Go [here](https://a.example) now"),
        ("<b>bold</b> and <em>soft</em>", "**bold** and *soft*"),
        ("seen <!-- not seen --> seen", "seen  seen"),
        ("Type `<b>` as it is", "Type `<b>` as it is"),
        ("Choose <port> in <your name>", "Choose <port> in <your name>"),
        ('<img src="a.png" alt="A lamp">', "![A lamp](a.png)"),
        ('<img src="a.png">', ""),
        ("<script>alert(1)</script>safe", "safe"),
        ("## Reset {#reset .wide}", "## Reset"),
        ("A sensor[^1] here", "A sensor here"),
    ],
)
def test_html_becomes_markdown_and_other_angle_brackets_stay(text: str, expected: str) -> None:
    assert html_to_markdown(text).strip() == expected


def test_an_html_table_becomes_a_markdown_table() -> None:
    html = "<table>\n<tr><th>Size</th><th>Fits</th></tr>\n\n    <tr><td>M</td><td>a<br>b</td></tr>\n</table>"
    assert html_to_markdown(html).strip() == "| Size | Fits |\n| --- | --- |\n| M | a b |"


def test_code_blocks_keep_their_tags() -> None:
    text = "```html\n<b>x</b>\n<!-- kept -->\n```"
    assert html_to_markdown(text) == text


def test_indented_html_does_not_become_code() -> None:
    assert "    Deep" not in html_to_markdown("<div>\n    <div>\n        Deep text\n    </div>\n</div>")


@pytest.mark.parametrize(
    ("markdown", "words"),
    [
        ("**Bold** and _soft_ and ~~gone~~", "Bold and soft and gone"),
        ("[link](https://a.example 'title') here", "link here"),
        ("`my_file_name` and snake_case", "my_file_name and snake_case"),
        ("![A lamp](x.png) shines", "A lamp shines"),
        ("&lt;= 3 &amp; more", "<= 3 & more"),
        (r"3 \* 4", "3 * 4"),
        ("> [!WARNING]\n> Hot surface", "Warning: Hot surface"),
        ("- one\n- two", "one two"),
    ],
)
def test_plain_is_what_a_reader_sees(markdown: str, words: str) -> None:
    assert plain(markdown) == words


def test_pictures_are_words_in_a_passage_and_nothing_in_a_quote() -> None:
    assert images_as_words("Click ![the cog](a.png) now") == "Click the cog now"
    assert without_images("[![](a.png)](https://a.example)Click") == "Click"


@pytest.mark.parametrize("piece", ["<a ", "<!--", "![", "[a](", "`", "<div ", "<a href='", "**", "[^", "{#a "])
def test_hostile_repetition_does_not_take_forever(piece: str) -> None:
    started = time.perf_counter()
    plain(html_to_markdown(piece * 20_000))
    assert time.perf_counter() - started < 10


@pytest.mark.parametrize("text", ["~" * 60_000, "`" * 60_000, "<a " + f'"{"a" * 3_900}" ' * 10 + ">x</a>"])
def test_one_endless_run_costs_no_more_than_its_length(text: str) -> None:
    started = time.process_time()
    html_to_markdown(text)
    assert time.process_time() - started < 0.5
