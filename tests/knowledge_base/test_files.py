from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from knowledge_base.model import Article
from knowledge_base.sources import InvalidSource, Skipped, kind_of_path
from knowledge_base.sources.memory import BriefMemory, Memory
from tests.knowledge_base.files_made import Drawn, docx, manual, paragraph, pdf

GOOD = pdf([[Drawn(x=50, y=700, text="All is well.")]])


def read(path: Path, memory: Memory | None = None) -> tuple[dict[str, Article], list[Skipped]]:
    source = kind_of_path(path).open({"location": str(path)})
    found = list(source.articles(memory or BriefMemory(), lambda done, total: None))
    articles = {one.id: one for one in found if isinstance(one, Article)}
    return {str(key): one for key, one in articles.items()}, [one for one in found if isinstance(one, Skipped)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "guides").mkdir()
    (tmp_path / "guides" / "tent.pdf").write_bytes(manual())
    (tmp_path / "care.docx").write_bytes(docx(paragraph("Washing", "Heading1") + paragraph("By hand."), title="Care"))
    (tmp_path / "care.md").write_text("# Care of boots\n\nWith wax.")
    (tmp_path / "page.html").write_text(
        "<html lang=de><title>Seite</title><main><h1>Rückgabe</h1><p>Innerhalb von 30 Tagen.</p></main></html>",
        encoding="utf-8",
    )
    (tmp_path / "notes.txt").write_text("not taken")
    return tmp_path


def test_a_folder_takes_in_markdown_html_pdf_and_word_alike(folder: Path) -> None:
    articles, skipped = read(folder)
    assert {key: one.title for key, one in articles.items()} == {
        "care-docx": "Care",
        "care": "Care of boots",
        "guides-tent-pdf": "Ridgeline manual",
        "page-html": "Rückgabe",
    }
    assert not skipped
    assert articles["guides-tent-pdf"].language == "en-US"
    assert articles["page-html"].language == "de"
    assert "30 Tagen" in articles["page-html"].text


def test_a_title_comes_from_the_file_then_its_first_heading_then_its_name(tmp_path: Path) -> None:
    heading = [
        Drawn(x=50, y=700, text="Returns", size=20),
        *(Drawn(x=50, y=640 - 12 * n, text="Text.") for n in range(4)),
    ]
    (tmp_path / "a.pdf").write_bytes(pdf([heading], info="/Title (Microsoft Word - draft3.docx)"))
    (tmp_path / "b_long-name.pdf").write_bytes(GOOD)
    articles, _ = read(tmp_path)
    assert [one.title for one in articles.values()] == ["Returns", "B long name"]


def test_a_second_sync_converts_nothing_and_a_change_only_what_changed(folder: Path) -> None:
    memory = BriefMemory()
    first, _ = read(folder, memory)
    kept = memory.keys()
    for key in kept:
        # Only what is remembered can say so: a converted file would say what it holds.
        memory.put(key, {**(memory.get(key) or {}), "text": "As remembered."})
    second, _ = read(folder, memory)
    assert {one.text for key, one in second.items() if key != "care"} == {"As remembered."}
    assert kept == ["care.docx", "guides/tent.pdf", "page.html"]

    (folder / "care.docx").write_bytes(docx(paragraph("By machine.")))
    os.utime(folder / "page.html", ns=(1, 1))
    (folder / "guides" / "tent.pdf").unlink()
    third, _ = read(folder, memory)
    assert third["care-docx"].text.strip() == "By machine."
    assert third["page-html"].text == "As remembered."  # touched, but the same
    assert "guides-tent-pdf" not in third
    assert memory.keys() == ["care.docx", "page.html"]
    assert first["care"] == third["care"]


def test_a_file_of_the_same_size_and_time_is_not_even_opened(tmp_path: Path) -> None:
    file = tmp_path / "a.pdf"
    file.write_bytes(GOOD)
    memory = BriefMemory()
    read(tmp_path, memory)
    stamp = file.stat()
    file.write_bytes(b"%" * stamp.st_size)
    os.utime(file, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert read(tmp_path, memory)[0]["a-pdf"].text == "All is well.\n"


def test_a_bad_document_is_a_line_and_not_tried_again_until_it_changes(tmp_path: Path) -> None:
    (tmp_path / "bad.pdf").write_bytes(b"no pdf at all")
    (tmp_path / "good.pdf").write_bytes(GOOD)
    memory = BriefMemory()
    for _ in range(2):
        articles, skipped = read(tmp_path, memory)
        assert list(articles) == ["good-pdf"]
        assert [(one.where, "is no PDF" in one.why) for one in skipped] == [("bad.pdf", True)]
    (tmp_path / "bad.pdf").write_bytes(GOOD)
    articles, skipped = read(tmp_path, memory)
    assert list(articles) == ["bad-pdf", "good-pdf"]
    assert not skipped


def test_a_document_that_cannot_be_read_just_now_keeps_its_earlier_copy(tmp_path: Path) -> None:
    file = tmp_path / "a.pdf"
    file.write_bytes(GOOD)
    memory = BriefMemory()
    read(tmp_path, memory)
    file.write_bytes(pdf([[Drawn(x=50, y=700, text="Changed.")]]))
    file.chmod(0)
    if os.access(file, os.R_OK):
        pytest.skip("this user may read everything")
    articles, (line,) = read(tmp_path, memory)
    assert articles["a-pdf"].text == "All is well.\n"
    assert line.kept


def test_pipes_links_out_of_the_folder_and_large_files_are_lines(tmp_path: Path) -> None:
    outside = tmp_path / "outside.pdf"
    outside.write_bytes(GOOD)
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "link.pdf").symlink_to(outside)
    os.mkfifo(folder / "pipe.pdf")
    with (folder / "large.pdf").open("wb") as stream:
        stream.truncate(50_000_001)
    started = time.monotonic()
    articles, skipped = read(folder)
    assert not articles
    assert {one.where: one.why for one in skipped} == {
        "large.pdf": "is larger than 50 MB",
        "link.pdf": "is a link to a file outside the folder",
        "pipe.pdf": "is not a file",
    }
    assert time.monotonic() - started < 30


def test_a_single_document_is_a_source_and_an_empty_folder_says_what_it_wants(tmp_path: Path) -> None:
    (tmp_path / "a.PDF").write_bytes(GOOD)
    assert list(read(tmp_path / "a.PDF")[0]) == ["a-pdf"]
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(InvalidSource, match=r"no Markdown files \(\*\.md\), HTML pages, PDF or Word"):
        read(empty)
