from __future__ import annotations

import re
import time
from io import BytesIO

import pytest

from knowledge_base.blocks import sections
from knowledge_base.sources.html_page import PageRead, article_of, fragment_of, read_html, read_web_page
from knowledge_base.sources.page_encoding import decoded
from tests.knowledge_base.help_pages import HelpPage, help_pages

URL = "https://help.acme.example/hc/articles/1"


def page(body: str, head: str = "") -> PageRead:
    found = article_of(f'<html lang="en"><head>{head}</head><body><main>{body}</main></body></html>', URL)
    assert isinstance(found, PageRead)
    return found


def markdown(body: str) -> str:
    found = fragment_of(body, URL)
    assert isinstance(found, PageRead)
    return found.text


@pytest.mark.parametrize("given", help_pages(), ids=lambda given: given.name)
def test_of_every_help_center_all_of_the_article_is_taken_and_nothing_around_it(given: HelpPage) -> None:
    found = article_of(given.html, URL)
    assert isinstance(found, PageRead)
    assert (found.title, found.why, found.about.language) == (given.title, "", "en")
    said = set(re.findall(r"\b[KN]\d+\b", found.text))
    assert said == given.facts


def test_every_form_of_text_keeps_its_form() -> None:
    given = next(one for one in help_pages() if one.name == "zendesk")
    found = article_of(given.html, URL)
    assert isinstance(found, PageRead)
    assert found.text.split("\n\n") == [
        "K1 You can return an item within **30 days** of delivery, see our "
        "[K2 terms of sale](https://help.acme.example/terms#top).",
        "## K3 Before you send it back",
        "K4 Keep the box.  \nK5 Take a photo of the label.",
        "1. K6 Open **Orders**.\n2. K7 Choose the item:\n   - K8 one piece\n   - K9 several pieces\n"
        "3. K10 Print the label.",
        "   ![K11 The printed label](https://help.acme.example/img/label.png)",
        "### K12 What it costs",
        "| K13 Country | K14 Fee |\n| --- | --- |\n| K15 Germany | K16 free |\n| K17 France | K18 4,90 € |",
        "> [!WARNING]\n> K19 Opened software cannot be returned.",
        "```bash\nshop returns create --order K20\n```",
        "- **K21 Refund**: K22 The money we send back.",
        "#### K23 Can I exchange it?",
        "K24 Yes, for another size.",
        "> K25 Mail us the number of your order.",
    ]
    assert found.about.path == ("Orders", "Returns")
    assert found.about.updated_at == "2026-03-04T05:06:07Z"
    assert found.about.canonical.endswith("/hc/en-us/articles/360001-Return-an-item")


def test_questions_are_headings_above_their_answers() -> None:
    for name in ("accordion_of_questions", "questions_in_divs"):
        given = next(one for one in help_pages() if one.name == name)
        found = article_of(given.html, URL)
        assert isinstance(found, PageRead)
        assert len(sections(found.title, found.text)) == 8
        assert all(section.heading.endswith("?") for section in sections(found.title, found.text))


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>Use <b>bold</b>, <i>italic</i>, <s>old</s> and <code>a`b</code>.</p>",
         "Use **bold**, *italic*, ~~old~~ and ``a`b``."),
        ("<p><strong>Note:</strong>read this</p>", "**Note:** read this"),
        ("<p><b> spaced </b>out</p>", "**spaced** out"),
        ("<p>5 * 3 is *not* my_file_name, a<b>c</b></p>", "5 * 3 is \\*not\\* my_file_name, a**c**"),
        ("<p>Write &lt;b&gt; and &amp;amp;</p>", "Write &lt;b> and &amp;amp;"),
        ("<p># 1 is [x](y)</p>", "\\# 1 is [x\\](y)"),
        ("<p>First<br><br>Second</p>", "First\n\nSecond"),
        ("Bare<div>block</div>tail", "Bare\n\nblock\n\ntail"),
        ("<p>Do this:<br>• one<br>• two</p>", "Do this:\n\n- one\n- two"),
        ("<p>1. Open it</p><p>2. Close it</p>", "1. Open it\n\n2. Close it"),
        ("<p>2024. was long</p>", "2024\\. was long"),
        ("<p>10<sup>2</sup> m, H<sub>2</sub>O, 1<sup>st</sup></p>", "10² m, H₂O, 1st"),
        ("<p>Soft\u00adware\u200b&nbsp;x</p>", "Software x"),
        ('<a href="javascript:alert(1)">a</a> <a href="/x y(z)">b</a> <a href="#c">c</a> <a href="data:x">d</a>',
         "a [b](https://help.acme.example/x%20y%28z%29) c d"),
        ('<a href="mailto:a@b.example"><img src="data:x" alt="Mail"></a>', "![Mail]()"),
        ('<img src="x.png" alt="IMG_1.png"><img src="y.png"><img src="z.png" alt="The [Save] button">',
         "![The (Save) button](https://help.acme.example/hc/articles/z.png)"),
        ('<ol start="3"><li>c</li><li><p>d</p><p>e</p></li></ol>', "3. c\n4. d\n\n   e"),
        ("<ul><li>a</li><ul><li>b</li></ul><li></li><li><input type=checkbox checked> c</li></ul>",
         "- a\n  - b\n- [x] c"),
        ("<ul><li><h4>Head</h4><p>Text</p></li></ul>", "- **Head**\n\n  Text"),
        ("<h2>A <b>b</b></h2><h2></h2><p>x</p>", "## A b\n\nx"),
        ('<pre class="lang-js">if (a &lt; b) {\n  x()\n}\n</pre>', "```js\nif (a < b) {\n  x()\n}\n```"),
        ("<pre>a ``` b</pre>", "````\na ``` b\n````"),
        ("<dl><dt>A<dt>B<dd>Both<dt>Why?<dd>Because</dl>", "- **A / B**: Both\n\n## Why?\n\nBecause"),
        ("<details><summary>More</summary>Text</details>", "## More\n\nText"),
        ('<div class="alert alert-danger"><strong>Danger</strong><p>Hot.</p></div>', "> [!CAUTION]\n> Hot."),
        ("<p><b>Costs</b></p><p>a</p><p><b>Times</b></p><p>b</p>", "## Costs\n\na\n\n## Times\n\nb"),
        ("<p><b>Only one</b></p><p>a</p>", "**Only one**\n\na"),
        ("<label>Where is it?</label><p>There.</p><label>Name</label>", "## Where is it?\n\nThere.\n\nName"),
        ("<p>----</p><p>x</p>", "x"),
    ],
)  # fmt: skip
def test_html_becomes_markdown_that_says_the_same(html: str, text: str) -> None:
    assert markdown(html) == text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<table><tr><th>A<th>B<tr><td>1|2<td>x<br>y</table>", "| A | B |\n| --- | --- |\n| 1\\|2 | x y |"),
        ("<table><tr><th>Weight<td>3 kg<tr><th>Size<td>L</table>",
         "|  |  |\n| --- | --- |\n| Weight | 3 kg |\n| Size | L |"),
        ("<table><tr><td><b>A</b><td><b>B</b><tr><td>c<td>d</table>", "| **A** | **B** |\n| --- | --- |\n| c | d |"),
        ("<table><tr><td>To<td>Days<tr><td>DE<td>2<tr><td>FR<td>4</table>",
         "| To | Days |\n| --- | --- |\n| DE | 2 |\n| FR | 4 |"),
        ("<table><tr><th>A<th>B<tr><td rowspan=2>x<td>1<tr><td>2</table>",
         "| A | B |\n| --- | --- |\n| x | 1 |\n| x | 2 |"),
        ("<table><caption>Fees</caption><tr><th>A<th>B<tr><td colspan=2>x</table>",
         "Fees:\n\n| A | B |\n| --- | --- |\n| x | x |"),
        ("<table><tr><th>A<th>B<tr><td><ul><li>x<li>y</ul><td>z</table>", "| A | B |\n| --- | --- |\n| x; y | z |"),
        ("<table role=presentation><tr><td>left<td>right</table>", "left\n\nright"),
        ("<table><tr><td><h2>Head</h2><p>x<td>y</table>", "## Head\n\nx\n\ny"),
    ],
)  # fmt: skip
def test_tables_keep_their_rows_and_names(html: str, text: str) -> None:
    assert markdown(html) == text


@pytest.mark.parametrize(
    ("head", "body", "title"),
    [
        ("<title>Return an item | Help Center | Acme</title>", "<p>x</p>", "Return an item"),
        ("<title>Reset – step by step - Acme Support</title>", "<p>x</p>", "Reset – step by step"),
        ("<title>Acme Help » Returns</title><meta property=og:site_name content='Acme Help'>", "<p>x</p>", "Returns"),
        ("<title>Wi-Fi set-up</title>", "<p>x</p>", "Wi-Fi set-up"),
        ("<title>x</title><meta property=og:title content='Returns - Acme'>", "<p>x</p>", "Returns"),
        ("<title>Returns | Acme</title>", "<h1>Acme Help</h1><h1>Returns</h1><p>x</p>", "Returns"),
        ("<title>Something</title>", "<h1>Your <em>returns</em></h1><p>x</p>", "Your returns"),
    ],
)
def test_the_title_is_the_articles_own(head: str, body: str, title: str) -> None:
    assert page(body, head).title == title


def test_what_no_reader_sees_is_not_taken_but_what_opens_at_a_click_is() -> None:
    text = page(
        '<p>Seen.</p><p hidden>No</p><p style="display: none">No</p><span aria-hidden="true">No</span>'
        "<script>No</script>"
        '<div class="sr-only">No</div><button aria-controls="p1">How?</button><div id="p1" hidden><p>So.</p></div>'
        '<button>Copy</button><select><option>No</option></select>'
    ).text  # fmt: skip
    assert text == "Seen.\n\n## How?\n\nSo."


def test_what_a_highlighter_calls_a_comment_is_code() -> None:
    code = '<span class="lineno">1</span><span class="hljs-comment">// keep</span>\n<span class="meta">x</span>'
    assert (
        page(f"<p>Text.</p><pre><code>{code}</code></pre><button>Copy</button>").text == "Text.\n\n```\n// keep\nx\n```"
    )


def test_a_class_that_names_the_whole_page_does_not_take_it_out() -> None:
    found = article_of(
        f"<body class='has-sidebar'><div class='page related-content'><p>{'Words. ' * 40}</p></div></body>", URL
    )
    assert isinstance(found, PageRead)
    assert found.text.startswith("Words.")


def test_pages_that_are_no_articles_say_why() -> None:
    assert page("<p>x</p>", '<meta name="robots" content="NOINDEX, follow">').why == "asks not to be indexed (noindex)"
    assert "no text" in page('<div id="app"></div>').why
    listing = page("".join(f'<h3><a href="/a/{number}">How do I do number {number}</a></h3>' for number in range(8)))
    assert (listing.why, len(listing.links)) == ("is a list of links, no article", 8)
    assert article_of("<p>x" * 300_001, URL) == "holds far more markup than an article; split it"
    assert article_of("<div>" * 10_000 + "x", URL) == "is nested too deeply to be read"
    assert read_html(BytesIO(b"<body></body>"), "a.html") == page("").why


def test_questions_that_only_machines_are_told_are_taken() -> None:
    said = (
        '{"@context":"https://schema.org","@type":"FAQPage","mainEntity":[{"@type":"Question","name":"When?",'
        '"acceptedAnswer":{"@type":"Answer","text":"<p>On <b>Monday</b>.</p>"}}]}'
    )
    assert page('<div id="app">Loading</div>', f'<script type="application/ld+json">{said}</script>').text == (
        "## When?\n\nOn **Monday**."
    )


def test_links_are_for_a_crawl_to_follow() -> None:
    links = '<a href="/a">A</a><a href="b#x">B</a><a rel="nofollow" href="/c">C</a><a href="mailto:x@y.z">M</a>'
    html = f"<nav>{links}</nav><p>x</p>"
    assert page(html).links == ("https://help.acme.example/a", "https://help.acme.example/hc/articles/b#x")
    assert page(html, "<meta name=robots content=nofollow>").links == ()


@pytest.mark.parametrize(
    ("data", "header", "text"),
    [
        ("Größe".encode(), "", "Größe"),
        ("Größe".encode("cp1252"), "text/html; charset=ISO-8859-1", "Größe"),
        ("“Größe”".encode("cp1252"), "text/html; charset=iso-8859-1", "“Größe”"),
        ('<meta charset="shift_jis">返品'.encode("shift_jis"), "text/html", '<meta charset="shift_jis">返品'),
        ("<meta http-equiv=x content='text/html; charset=koi8-r'>Возврат".encode("koi8-r"), "", "Возврат"),
        ("Größe".encode("utf-16"), "text/html; charset=utf-8", "Größe"),
        ("\ufeffGröße".encode(), "text/html; charset=latin-1", "Größe"),
        ("Größe".encode("cp1252"), "text/html; charset=utf-8", "Größe"),
        ("Größe".encode(), "text/html; charset=us-ascii", "GrÃ¶ÃŸe"),
        ("Größe".encode(), "text/html; charset=no-such-thing", "Größe"),
        ("退货".encode("gb18030"), "text/html; charset=gb2312", "退货"),
    ],
)
def test_encodings_are_found_as_browsers_find_them(data: bytes, header: str, text: str) -> None:
    found, exact = decoded(data, header)
    assert found.endswith(text)
    assert exact


@pytest.mark.parametrize(
    "html",
    [
        "<table><tr><td rowspan=65534 colspan=1000>x" * 200,
        "<ul><li>" * 240 + "x",
        "<b>" * 490 + "x",
        "<table><tr><td>" * 160 + "x",
        "<p>" + "*" * 60_000,
        "<pre>" + "`" * 60_000,
        "<p>" + "<br>" * 60_000,
        '<p class="' + "a-" * 60_000 + '">x',
        "<a href=x>" * 20_000,
        "<details><summary>q?" * 200,
        "<!--" * 50_000,
        "<script>" * 50_000,
        "<dl><dt>x?" * 200,
        "x\x1e\x1c**\x1d\x00\x1fy",
        '<script type="application/ld+json">' + "[" * 100_000 + "</script><p>x",
        "<title>" + " | " * 50_000,
    ],
    ids=lambda html: html[:20],
)
def test_hostile_pages_cost_little(html: str) -> None:
    started = time.process_time()
    assert read_web_page(BytesIO(html.encode()), URL)
    assert time.process_time() - started < 20.0, "a hang, not a slow machine"
