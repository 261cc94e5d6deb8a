from __future__ import annotations

import json
import os
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from knowledge_base.model import Article
from knowledge_base.sources import InvalidSource, Skipped, kind_of_path
from knowledge_base.sources.memory import BriefMemory


def read(path: Path) -> tuple[list[Article], list[Skipped]]:
    found = list(kind_of_path(path).open({"location": str(path)}).articles(BriefMemory(), lambda done, total: None))
    return [one for one in found if isinstance(one, Article)], [one for one in found if isinstance(one, Skipped)]


def markdown(folder: Path, name: str, data: str | bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return folder


def test_front_matter_gives_id_title_url_date_and_metadata(tmp_path: Path) -> None:
    markdown(
        tmp_path,
        "a.md",
        "---\nid: returns\ntitle: Return an item\nurl: https://a.example/r\nupdated_at: 2026-01-02\n"
        "tags: [money, parcels]\ndraft: false\n---\n# Other\n\nText.\n",
    )
    (article,), skipped = read(tmp_path)
    assert (article.id, article.title, article.url) == ("returns", "Return an item", "https://a.example/r")
    assert article.updated_at == datetime(2026, 1, 2, tzinfo=UTC)
    assert article.metadata == {"tags": "money, parcels"}
    assert article.text == "# Other\n\nText.\n"
    assert not skipped


def test_without_front_matter_the_path_is_the_id_and_the_heading_the_title(tmp_path: Path) -> None:
    markdown(tmp_path, "Orders/Track it!.md", "```\n# no heading\n```\n\n# Track your *order*\n\nText.")
    markdown(tmp_path, "pay-later.md", "Text only.")
    markdown(tmp_path, ".git/x.md", "Hidden.")
    articles, _ = read(tmp_path)
    assert [(one.id, one.title) for one in articles] == [
        ("orders-track-it", "Track your order"),
        ("pay-later", "Pay later"),
    ]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ("", "no text"),
        ("---\ntitle: x\n---\n  \n", "no text"),
        ("---\ntitle: [x\n---\nText", "not valid YAML"),
        ("---\n- a\n---\nText", "key: value"),
        ("---\nid: [1]\n---\nText", "id"),
        (b"\x89PNG\x00\x00\x01", "binary"),
        (b"x" * 5_000_001, "larger than 5 MB"),
        ("---\na: " + "[" * 9000 + "\n---\nText", "not valid YAML"),
        ("---\na: &a [*a]\n---\nText", "not valid YAML"),
    ],
)
def test_a_bad_markdown_file_is_left_out_with_a_reason(tmp_path: Path, data: str | bytes, why: str) -> None:
    markdown(tmp_path, "bad.md", data)
    markdown(tmp_path, "good.md", "Text.")
    articles, skipped = read(tmp_path)
    assert [one.id for one in articles] == ["good"]
    assert [one.where for one in skipped] == ["bad.md"]
    assert why in skipped[0].why


def test_a_wrong_encoding_is_taken_and_reported(tmp_path: Path) -> None:
    markdown(tmp_path, "a.md", "Gr\u00f6\u00dfe".encode("latin-1") + b" of the shirt and how to measure it")
    (article,), (skipped,) = read(tmp_path)
    assert article.text.startswith("Gr��e")
    assert skipped.kept
    assert "UTF-8" in skipped.why


def test_utf16_and_byte_order_marks_are_understood(tmp_path: Path) -> None:
    markdown(tmp_path, "a.md", "Größe".encode("utf-16"))
    markdown(tmp_path, "b.md", b"\xef\xbb\xbfPlain")
    articles, skipped = read(tmp_path)
    assert [one.text for one in articles] == ["Größe", "Plain"]
    assert not skipped


@pytest.mark.parametrize(
    "keys",
    [
        "kind: !!bool neither",
        "day: !!timestamp someday",
        "n: !!int ''",
        f"n: 0x{'f' * 6_000}",
        f"title: 0x{'f' * 6_000}",
        f"n: {':'.join(['59'] * 5_000)}",
        "id: null",
        "title: ~",
    ],
)
def test_odd_values_in_front_matter_cost_neither_the_article_nor_the_ingest(tmp_path: Path, keys: str) -> None:
    markdown(tmp_path, "odd.md", f"---\n{keys}\n---\n# Odd\n\nText.")
    (article,), skipped = read(tmp_path)
    assert article.id == "odd"
    assert not skipped


def test_keys_that_multiply_by_merging_stay_small(tmp_path: Path) -> None:
    merged = [f"k{n}: &k{n} {{<<: [{', '.join([f'*k{n - 1}'] * 10)}]}}" for n in range(1, 7)]
    markdown(tmp_path, "bomb.md", "---\nk0: &k0 {x: 1}\n" + "\n".join(merged) + "\n---\nText.")
    started = time.process_time()
    (article,), _ = read(tmp_path)
    assert article.id == "bomb"
    assert time.process_time() - started < 0.3


def test_a_file_whose_name_is_not_utf8_is_an_article_with_a_readable_title(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9.md")).write_text("Open on Sundays.")
    (article,), _ = read(tmp_path)
    assert (article.id, article.title) == ("caf", "Caf?")


def test_a_pipe_among_the_articles_is_not_waited_for(tmp_path: Path) -> None:
    markdown(tmp_path, "good.md", "Text.")
    os.mkfifo(tmp_path / "pipe.md")
    articles, skipped = read(tmp_path)
    assert [one.id for one in articles] == ["good"]
    assert [(one.where, one.why) for one in skipped] == [("pipe.md", "is not a file")]


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    markdown(tmp_path, "secret.md", "Secret.")
    markdown(tmp_path / "help", "a.md", "Text.")
    (tmp_path / "help" / "b.md").symlink_to(tmp_path / "secret.md")
    articles, skipped = read(tmp_path / "help")
    assert [one.id for one in articles] == ["a"]
    assert "outside" in skipped[0].why


def test_a_jsonl_line_is_an_article_and_further_keys_are_metadata(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    record = {
        "id": 7, "title": "T", "text": "x\ud800", "url": "javascript:x",
        "updated_at": "2026-01-02T03:04:05+01:00", "path": "a/b", "n": 3, "deep": {"a": 1},
    }  # fmt: skip
    path.write_text(json.dumps(record) + "\n", encoding="utf-8")
    (article,), _ = read(path)
    assert (article.id, article.url) == ("7", None)
    assert article.text == "x?"
    assert article.updated_at == datetime(2026, 1, 2, 2, 4, 5, tzinfo=UTC)
    assert article.metadata == {"path": "a/b", "n": "3"}


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b'{"id": "1", "title": "T", "text": "cut', "cut off"),
        (b"not json\n", "not valid JSON"),
        (b"[1]\n", "not an object"),
        (b'{"title": "T", "text": "x"}\n', '"id"'),
        (b'{"id": true, "title": "T", "text": "x"}\n', '"id"'),
        (b'{"id": "1", "title": "T"}\n', '"text"'),
        (b'{"id": "1", "title": "T", "text": "  "}\n', "no text"),
        (b"\x00\x01\x02\n", "not text"),
        (b"[" * 100_000 + b"\n", "not valid JSON"),
        (b'{"id": "1", "text": "' + b"x" * 5_000_001 + b'"}\n', "larger than 5 MB"),
    ],
)
def test_a_bad_line_is_left_out_with_a_reason(tmp_path: Path, line: bytes, why: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"id": "ok", "title": "T", "text": "x"}\n\n' + line)
    articles, skipped = read(path)
    assert [one.id for one in articles] == ["ok"]
    assert skipped[0].where == "a.jsonl line 3"
    assert why in skipped[0].why


def test_a_path_that_holds_nothing_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InvalidSource, match="nothing at"):
        read(tmp_path / "missing")
    with pytest.raises(InvalidSource, match="no Markdown files"):
        read(tmp_path)
    (tmp_path / "export.jsonl").write_text("{}")
    with pytest.raises(InvalidSource, match=r"name the file: .*export\.jsonl"):
        read(tmp_path)
    (tmp_path / "a.zip").write_text("x")
    with pytest.raises(InvalidSource, match="not a source"):
        read(tmp_path / "a.zip")
