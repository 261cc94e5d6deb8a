from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.rich_text import MAX_DEPTH, RichText
from conversations.model import JsonObject

Node = dict[str, Any]
HOST = "shop.example"
RICH = RichText({HOST, "Docs.Example"})
INLINE = {"text", "strong", "em", "code", "link", "cite", "br"}
BLOCKS = {"p", "h", "ul", "ol", "pre", "quote", "table", "hr"}


def nodes(value: object) -> Iterator[Node]:
    """Every node of a tree, parents first."""
    if isinstance(value, list):
        for part in value:
            yield from nodes(part)
    elif isinstance(value, dict):
        yield value
        for part in value.values():
            yield from nodes(part)


def text_of(tree: list[JsonObject]) -> str:
    return "".join(str(node["v"]) for node in nodes(tree) if "v" in node)


def hrefs(tree: list[JsonObject]) -> list[str]:
    return [node["href"] for node in nodes(tree) if node["t"] == "link"]


def depth_of(value: object) -> int:
    if isinstance(value, list):
        return max(map(depth_of, value), default=0)
    if isinstance(value, dict):
        return 1 + max(map(depth_of, value.values()), default=0)
    return 0


def assert_inert(tree: list[JsonObject]) -> None:
    """Only the kinds that pages know, each with its own fields, and links that a page may follow."""
    fields = {
        "text": {"v"}, "strong": {"c"}, "em": {"c"}, "code": {"v"}, "link": {"href", "c"}, "cite": {"n"}, "br": set(),
        "p": {"c"}, "h": {"level", "c"}, "ul": {"c"}, "ol": {"start", "c"}, "pre": {"v"}, "quote": {"c"},
        "table": {"head", "rows"}, "hr": set(),
    }  # fmt: skip
    assert {block["t"] for block in tree} <= BLOCKS
    for node in nodes(tree):
        assert set(node) - {"t"} == fields[node["t"]]
        if node["t"] in ("p", "h"):
            assert {child["t"] for child in node["c"]} <= INLINE
        if node["t"] == "h":
            assert 2 <= node["level"] <= 4
    for href in hrefs(tree):
        parts = urlsplit(href)
        assert (parts.scheme, parts.hostname) in (("https", HOST), ("https", "docs.example"), ("", None))
        assert parts.scheme or (href[0] == "/" and href[1:2] not in ("/", "\\"))
    json.dumps(tree)


def test_markdown_becomes_blocks() -> None:
    tree = RICH.article(
        "# Title\n\nOne **two** *three* `four`\\\nfive\n\n3. a\n4. b\n\n- c\n\n> quote\n\n```sh\nls <b>\n```\n\n---\n"
    )
    assert tree == [
        {"t": "h", "level": 2, "c": [{"t": "text", "v": "Title"}]},
        {
            "t": "p",
            "c": [
                {"t": "text", "v": "One "},
                {"t": "strong", "c": [{"t": "text", "v": "two"}]},
                {"t": "text", "v": " "},
                {"t": "em", "c": [{"t": "text", "v": "three"}]},
                {"t": "text", "v": " "},
                {"t": "code", "v": "four"},
                {"t": "br"},
                {"t": "text", "v": "five"},
            ],
        },
        {
            "t": "ol",
            "start": 3,
            "c": [[{"t": "p", "c": [{"t": "text", "v": "a"}]}], [{"t": "p", "c": [{"t": "text", "v": "b"}]}]],
        },
        {"t": "ul", "c": [[{"t": "p", "c": [{"t": "text", "v": "c"}]}]]},
        {"t": "quote", "c": [{"t": "p", "c": [{"t": "text", "v": "quote"}]}]},
        {"t": "pre", "v": "ls <b>"},
        {"t": "hr"},
    ]


def test_a_table_has_a_head_and_rows() -> None:
    [table] = RICH.article("| a | b |\n|---|---|\n| 1 | **2** |\n| 3 |\n")
    assert table["t"] == "table"
    assert [text_of([{"c": cell}]) for cell in table["head"]] == ["a", "b"]  # type: ignore[union-attr]
    rows = table["rows"]
    assert isinstance(rows, list)
    assert len(rows) == 2
    assert rows[0] == [[{"t": "text", "v": "1"}], [{"t": "strong", "c": [{"t": "text", "v": "2"}]}]]


SCRIPTS = [
    "<script>alert(1)</script>",
    "a <script>alert(1)</script> b",
    "<SCRIPT SRC=https://evil.example/x.js></SCRIPT>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<div><script>\nalert(1)",
    "<!-- <script>alert(1)</script>",
    "<style>@import 'https://evil.example'</style>",
    "<a href='javascript:alert(1)'>x</a>",
    "<scr<script>ipt>alert(1)</script>",
    "<math><mtext><script>alert(1)</script>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
]


@pytest.mark.parametrize("text", SCRIPTS)
def test_html_is_never_anything_but_text(text: str) -> None:
    for tree in (RICH.article(text), RICH.typed(text), RICH.plain(text)):
        assert_inert(tree)
        assert hrefs(tree) == []


def test_an_articles_tags_are_dropped_and_a_persons_are_shown() -> None:
    assert text_of(RICH.article("<div>Hello <b>you</b></div>")) == "Hello  you"
    assert text_of(RICH.article("<div>a<script>alert(1)</script>b</div>")) == "a b"
    assert text_of(RICH.article("a <b>bold</b> word")) == "a bold word"
    assert text_of(RICH.typed("type <b>this</b>")) == "type <b>this</b>"
    assert text_of(RICH.plain("**not bold** <b>")) == "**not bold** <b>"


def test_a_break_may_be_written_as_a_tag() -> None:
    [paragraph] = RICH.article("a<br>b<BR/>c")
    assert [node["t"] for node in nodes(paragraph["c"])] == ["text", "br", "text", "br", "text"]


@pytest.mark.parametrize(
    "text",
    ["![pixel](https://evil.example/p.png)", "![pixel](https://shop.example/p.png)", "![pixel][1]\n\n[1]: /p.png"],
)
def test_a_picture_is_its_description(text: str) -> None:
    tree = RICH.article(text)
    assert text_of(tree) == "pixel"
    assert hrefs(tree) == []


@pytest.mark.parametrize(
    "href",
    [
        "https://shop.example",
        "https://shop.example/a?b=c#d",
        "HTTPS://SHOP.EXAMPLE/a",
        "https://docs.example/",
        "/help/returns",
        "/",
        "/a?b#c",
    ],
)
def test_links_to_allowed_hosts_and_own_paths_stay(href: str) -> None:
    assert RICH.allows(href)
    assert len(hrefs(RICH.article(f"[x](<{href}>)"))) == 1


BAD_HREFS = [
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "java\tscript:alert(1)",
    " javascript:alert(1)",
    "\x01javascript:alert(1)",
    "javascript&colon;alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "data:image/png;base64,AAAA",
    "vbscript:x",
    "file:///etc/passwd",
    "http://shop.example/",
    "ftp://shop.example/",
    "mailto:a@shop.example",
    "//evil.example/x",
    "///evil.example/x",
    "////evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "https:evil.example",
    "https:/evil.example",
    "https:///evil.example",
    "https:\\\\evil.example",
    "https://evil.example/",
    "https://evil.example\\@shop.example/",
    "https://shop.example@evil.example/",
    "https://shop.example:pw@evil.example/",
    "https://bank.example@shop.example/",
    "https://shop.example.evil.example/",
    "https://notshop.example/",
    "https://sub.shop.example/",
    "https://evil.example#shop.example",
    "https://evil.example?https://shop.example",
    "https://shop.example%2eevil.example/",
    "https://[::1]/",
    "https://[::1",
    "https://127.0.0.1/",
    "https://ѕhop.example/",
    "https://shop。evil.example/",
    "https://ｓhop.example/",
    "https://shop.example\u200b/",
    "https://xn--hop-y3d.example/",
    "\x00https://shop.example/",
    "help/returns",
    "../help",
    "#top",
    "?a",
    "",
]


@pytest.mark.parametrize("href", BAD_HREFS)
def test_every_other_link_loses_its_address_and_keeps_its_words(href: str) -> None:
    assert not RICH.allows(href)
    written = [f"[words]({href})", f"[words](<{href}>)", f'[words]({href} "title")', f"[words][1]\n\n[1]: {href}"]
    for text in written:
        for tree in (RICH.article(text), RICH.typed(text)):
            assert_inert(tree)
            assert "words" in text_of(tree)


@pytest.mark.parametrize("text", ["<https://evil.example/>", "<javascript:alert(1)>", "<a@evil.example>"])
def test_an_autolink_elsewhere_is_text(text: str) -> None:
    assert hrefs(RICH.article(text)) == hrefs(RICH.typed(text)) == []


def test_an_address_that_is_only_written_out_is_not_made_a_link() -> None:
    assert hrefs(RICH.article("see https://shop.example/a")) == []


def test_a_link_around_a_picture_and_formatting_keeps_both_as_text() -> None:
    tree = RICH.article("[![logo](https://evil.example/l.png) **our** shop](/shop)")
    assert hrefs(tree) == ["/shop"]
    assert text_of(tree) == "logo our shop"


def test_a_marker_is_a_citation_only_where_one_was_issued() -> None:
    [paragraph] = RICH.article("Within 30 days. [1] See [2], [3]\\[1\\] and [1].", markers=[1, 3])
    kinds = [(node["t"], node.get("v", node.get("n"))) for node in nodes(paragraph["c"])]
    cited = [value for kind, value in kinds if kind == "cite"]
    assert cited[:2] == [1, 3]
    assert 2 not in cited
    assert "[2]" in text_of([paragraph])


@pytest.mark.parametrize("text", ["`[1]`", "```\n[1]\n```", "[1](https://evil.example)", "[11]", "[١]", "[ 1 ]"])
def test_what_only_looks_like_a_marker_is_none(text: str) -> None:
    assert [node for node in nodes(RICH.article(text, markers=[1])) if node["t"] == "cite"] == []


def test_what_a_person_types_cites_nothing() -> None:
    assert RICH.typed("see [1]") == [{"t": "p", "c": [{"t": "text", "v": "see [1]"}]}]


def test_plain_text_keeps_its_paragraphs_and_lines() -> None:
    assert RICH.plain("a\nb\n \nc") == [
        {"t": "p", "c": [{"t": "text", "v": "a"}, {"t": "br"}, {"t": "text", "v": "b"}]},
        {"t": "p", "c": [{"t": "text", "v": "c"}]},
    ]
    assert RICH.plain(" \n \n") == []


DEEP = {
    "quotes": ">" * 10_000 + " x",
    "lists": "- " * 10_000 + "x",
    "numbered": "1. " * 5_000 + "x",
    "indented": "\n".join(" " * 2 * n + "- x" for n in range(300)),
    "emphasis": "*a " * 10_000 + "a* " * 10_000,
    "strong": "**a " * 2_000 + "a** " * 2_000,
    "mixed": "_a *b " * 2_500 + "b* a_ " * 2_500,
    "struck": "~~a " * 2_000 + "a~~ " * 2_000,
    "in a picture": "![" + "*a " * 5_000 + "a* " * 5_000 + "](/x)",
    "brackets": "[" * 10_000 + "x" + "]" * 10_000,
    "links": "[a" * 5_000 + "](/x)" * 5_000,
    "pictures": "![" * 2_000 + "x" + "](/x)" * 2_000,
    "tags": "<div>\n" + "<a" * 30_000,
    "comments": "<div>\n" + "<!--" * 20_000,
    "scripts": "<div>\n" + "<script>" * 10_000,
    "backticks": "".join("`" * n + "a" for n in range(200)),
    "entities": "&#x41;" * 10_000,
}


@pytest.mark.parametrize("name", DEEP)
def test_ten_thousand_levels_are_shown_flat_and_at_once(name: str) -> None:
    for render in (RICH.article, RICH.typed):
        started = time.perf_counter()
        tree = render(DEEP[name])
        assert time.perf_counter() - started < 3, "a page would hang on it"
        assert_inert(tree)
        assert depth_of(tree) <= 3 * MAX_DEPTH


def test_words_inside_too_many_levels_are_still_read() -> None:
    assert "needle" in text_of(RICH.typed("> " * 30 + "needle"))
    assert "needle" in text_of(RICH.typed("*a " * 30 + "needle " + "a* " * 30))


def test_a_huge_table_is_rendered_whole() -> None:
    started = time.perf_counter()
    [table] = RICH.article("| a | b | c |\n|---|---|---|\n" + "| 1 | 2 | 3 |\n" * 3_000)
    assert len(table["rows"]) == 3_000  # type: ignore[arg-type]
    assert time.perf_counter() - started < 5


PIECES = st.sampled_from(
    [
        "[x](",
        ")",
        "<",
        ">",
        "](javascript:alert(1))",
        "![",
        "](https://evil.example)",
        "](/ok)",
        "[1]",
        "**",
        "*",
        "_",
        "`",
        "-",
        "#",
        "|",
        "|-|-",
        "<script>",
        "</script>",
        "<!--",
        "-->",
        "<br>",
        "[a]://evil.example",
        "[a]",
        "<https://evil.example>",
        "~~",
        "\\",
        "&lt;",
        "&#106;avascript:",
        "---",
        "===",
        "https://shop.example",
        "https://shop.example\\@evil.example",
        "///evil.example",
    ]
    + ["\n", "\n\n", "\n```\n", "- ", "1. ", "> ", "# ", "\t", "    ", "\n|-|-|\n", "\u202e", "\x00", " "]
)


@given(st.one_of(st.text(max_size=300), st.lists(st.one_of(PIECES, st.text(max_size=5)), max_size=60).map("".join)))
@example("[x](///evil.example)")
@example("*a " * 400 + "a* " * 400)
def test_whatever_the_text_the_tree_is_inert(text: str) -> None:
    for tree in (RICH.article(text, markers=[1]), RICH.typed(text), RICH.plain(text)):
        assert_inert(tree)
    issued = {node["n"] for node in nodes(RICH.article(text, markers=[1])) if node["t"] == "cite"}
    assert issued <= {1}
