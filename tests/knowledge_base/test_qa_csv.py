from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from knowledge_base.model import Article, Audience
from knowledge_base.sources import InvalidSource, Skipped, kind_of_path
from knowledge_base.sources.memory import BriefMemory


def read(path: Path) -> tuple[list[Article], list[Skipped]]:
    found = list(kind_of_path(path).open({"location": str(path)}).articles(BriefMemory(), lambda done, total: None))
    return [one for one in found if isinstance(one, Article)], [one for one in found if isinstance(one, Skipped)]


def csv_file(folder: Path, text: str | bytes, name: str = "faq.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_every_row_is_an_article_titled_by_its_question(tmp_path: Path) -> None:
    rows = (
        "ID,Question,Answer,Source URL,Category,Tags,Last updated,Status,Language,Audience,Expires at\n"
        'a1,"Can I return it?","Yes, within\n\n30 days.",https://a.example/r,Returns,"x, y",2026-01-02,published,'
        "en-gb,signed_in,2027-01-01\n"
        ",,,,,,,,,,\n"
        "a2,Is it free?,=HYPERLINK(1),javascript:x,,,,draft,,,\n"
    )
    (first, second), skipped = read(csv_file(tmp_path, rows))
    assert (first.id, first.title, first.text) == ("a1", "Can I return it?", "Yes, within\n\n30 days.")
    assert (first.url, first.updated_at) == ("https://a.example/r", datetime(2026, 1, 2, tzinfo=UTC))
    assert first.metadata == {"Category": "Returns", "Tags": "x, y"}
    assert (first.language, first.audience) == ("en-GB", Audience(signed_in=True))
    assert first.expires_at == datetime(2027, 1, 1, tzinfo=UTC)
    assert (second.text, second.url, second.published) == ("=HYPERLINK(1)", None, False)
    assert not skipped


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("question;answer", "Wie lange?;30, höchstens 45 Tage"),
        ("Frage\tAntwort", "Wie lange?\t30, höchstens 45 Tage"),
        ("sep=;\nTitle;Text", "Wie lange?;30, höchstens 45 Tage"),
        ("Q|A", "Wie lange?|30, höchstens 45 Tage"),
        ('note,"answer","question"', 'n,"30, höchstens 45 Tage",Wie lange?'),
        ("title,question,text,answer", 'T,Wie lange?,t,"30, höchstens 45 Tage"'),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_delimiters_headers_and_encodings_are_recognised(tmp_path: Path, header: str, row: str, encoding: str) -> None:
    (article,), skipped = read(csv_file(tmp_path, f"{header}\r\n{row}\r\n".encode(encoding)))
    assert (article.title, article.text) == ("Wie lange?", "30, höchstens 45 Tage")
    assert not skipped


def test_windows_1252_is_read_and_reported_and_a_stray_byte_does_not_change_the_encoding(tmp_path: Path) -> None:
    (article,), (line,) = read(csv_file(tmp_path, "question,answer\nGröße?,“Groß” – 5 €\n".encode("cp1252")))
    assert (article.title, article.text) == ("Größe?", "“Groß” – 5 €")
    assert line.kept
    assert "Windows-1252" in line.why
    broken = "question,answer\nGröße und Höhe?,Über §5 ".encode() + b"\xff\n"
    (article,), (line,) = read(csv_file(tmp_path, broken))
    assert (article.title, article.text) == ("Größe und Höhe?", "Über §5 �")
    assert "UTF-8" in line.why


def test_without_an_id_a_question_keeps_its_article_wherever_it_moves(tmp_path: Path) -> None:
    before, _ = read(csv_file(tmp_path, "question,answer\nA?,1\nIs  it free?,2\n"))
    after, _ = read(csv_file(tmp_path, "answer,question\n3,is it free?\n1,A?\n"))
    assert [one.id for one in after] == [before[1].id, before[0].id]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("a,,Text", "no question"),
        ("a,What?,", "no answer"),
        ("ok,Again?,Text", "has the id of line 2"),
        ("a,What?,Text,more", "4 cells, the header only 3; put quotes"),
        ("x" * 201 + ",What?,Text", "id must be a short text"),
        (f"a,What?,{'x' * 5_000_001}", "larger than 5 MB"),
        (f'a,What?,"{"x" * 2_600_000}\n{"x" * 2_600_000}"', "larger than 5 MB"),
        ('a,What?,"never closed', "quotation mark that nothing closes"),
    ],
)
def test_a_bad_row_is_left_out_with_its_line_and_reason(tmp_path: Path, row: str, why: str) -> None:
    articles, skipped = read(csv_file(tmp_path, f"id,question,answer\nok,Fine?,Yes\n{row}\n"))
    assert [one.id for one in articles] == ["ok"]
    assert [one.where for one in skipped] == ["faq.csv line 3"]
    assert why in skipped[0].why


def test_rows_after_a_row_that_is_too_large_are_read(tmp_path: Path) -> None:
    large = f'a,What?,"{"x" * 5_100_000}"\nb,And?,Yes\n'
    articles, (line,) = read(csv_file(tmp_path, f"id,question,answer\n{large}"))
    assert [one.id for one in articles] == ["b"]
    assert line.where == "faq.csv line 2"


def test_zero_bytes_and_unreadable_dates_cost_only_their_row(tmp_path: Path) -> None:
    rows = b"question,answer,expires_at\nA?,o\x00ne,\nB?,two,soon\nC?,three,\n"
    articles, (line,) = read(csv_file(tmp_path, rows))
    assert [one.text for one in articles][:2] == ["one", "three"]
    assert line.where == "faq.csv line 3"
    assert "expires_at" in line.why


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "is empty"),
        (b"\n\n \n", "is empty"),
        (b"Can I return it?,Yes\n", 'no column for the question, only: Can I return it.*"question" and one "answer"'),
        (b"question,note\nA?,b\n", "no column for the answer"),
        (b"PK\x03\x04" + b"x" * 100, "workbook"),
        (b"\x00\x01\x02\xff" * 100, "no text"),
    ],
)
def test_a_file_without_its_header_says_what_it_needs(tmp_path: Path, data: bytes, why: str) -> None:
    with pytest.raises(InvalidSource, match=why):
        read(csv_file(tmp_path, data))


MEASURE = """
import resource, sys
from pathlib import Path
from tests.knowledge_base.test_qa_csv import read
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
articles, skipped = read(Path(sys.argv[1]))
print(len(articles), len(skipped), (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def test_a_line_of_100_mb_is_skipped_in_little_memory(tmp_path: Path) -> None:
    path = csv_file(tmp_path, b"question,answer\nA?," + b"x" * 100_000_000 + b"\nB?,two\n")
    done = subprocess.run([sys.executable, "-c", MEASURE, str(path)], capture_output=True, text=True, check=True)
    articles, skipped, megabytes = (int(value) for value in done.stdout.split())
    assert (articles, skipped) == (1, 1)
    assert megabytes < 60
