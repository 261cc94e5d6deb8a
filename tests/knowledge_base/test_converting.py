from __future__ import annotations

import io
import os
import random
import signal
import subprocess
import sys
import threading
import time
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from pypdf import PdfReader, PdfWriter

from knowledge_base.sources.converting import MAX_FILE_BYTES, Converted, Converter, Limits
from knowledge_base.sources.source import Skipped
from tests.knowledge_base.files_made import (
    Drawn,
    docx,
    manual,
    paragraph,
    pdf,
    pdf_of,
    picture,
    table,
    zipped,
)

ROOT = Path(__file__).parents[2]
GOOD = pdf([[Drawn(x=50, y=700, text="All is well here.")]])


@pytest.fixture(scope="module")
def converter() -> Iterator[Converter]:
    with Converter() as one:
        yield one


def converted(converter: Converter, kind: str, data: bytes | Path) -> Converted:
    found = converter.convert(kind, data, "a document")
    assert isinstance(found, Converted), found
    return found


def test_a_printed_manual_becomes_headings_lists_a_table_and_joined_paragraphs(converter: Converter) -> None:
    found = converted(converter, "pdf", manual())
    assert found.title == "Ridgeline manual"
    assert found.language == "en-US"
    assert found.updated_at is not None
    assert found.updated_at.isoformat() == "2026-03-01T08:30:00+00:00"
    assert found.text == (
        "# Ridgeline 2 Tent\n\n## Pitching\n\n"
        "The tent stands on its own. Choose a flat place without stones and do not pitch it under self-supporting "
        "branches, which may fall in a storm. A second sentence ends here.\n\n"
        "You need:\n\n- two poles\n- eight pegs, of which the long ones hold\n- one fly sheet\n\n"
        "## Weights\n\n| Part | Weight | Material |\n| --- | --- | --- |\n| Fly sheet | 900 g | Nylon |\n"
        "| Poles | 450 g | Aluminium |\n\n"
        "The whole tent is packed in a bag that is made of the same fabric as the fly sheet and closes with a cord.\n\n"
        "## Washing\n\n1. Wipe it with lukewarm water.\n2. Let it dry.\n\n"
        "```\ntent --wash 30\n   --dry\n```\n\n"
        "Use 3 \\* 4 \\<b> pegs | never more.\n\n"
        "A self-supporting tent needs no trees.\n"
    )


def test_columns_are_read_one_after_the_other(converter: Converter) -> None:
    left = [Drawn(x=50, y=700 - 12 * at, text=f"left line {at} goes on") for at in range(9)]
    right = [Drawn(x=320, y=700 - 12 * at, text=f"right line {at} goes on") for at in range(9)]
    text = converted(converter, "pdf", pdf([[*left, *right]])).text
    assert text.index("left line 8") < text.index("right line 0")


def test_a_turned_page_is_read_upright_and_a_watermark_at_an_angle_is_not_read(converter: Converter) -> None:
    upwards = zlib.compress(b"BT /F1 10 Tf 0 1 -1 0 300 100 Tm (Read me) Tj 0.7 0.7 -0.7 0.7 100 100 Tm (DRAFT) Tj ET")
    data = pdf_of([upwards])
    assert "has no text" in str(converter.convert("pdf", data, "a spine"))
    turned = data.replace(b"/Type /Page /Parent", b"/Type /Page /Rotate 90 /Parent")
    assert converted(converter, "pdf", turned).text == "Read me\n"


def test_a_word_document_keeps_headings_nested_lists_tables_and_what_describes_pictures(converter: Converter) -> None:
    body = (
        paragraph("Care guide", "Title")
        + paragraph("Washing", "Heading1")
        + paragraph("Wash it at 30 °C.")
        + paragraph("by hand", numbered=(1, 0))
        + paragraph("or not", numbered=(1, 1))
        + table(("Part", "Weight"), ("Pole | long", "450 g"))
        + picture("A tent in the rain")
    )
    found = converted(converter, "docx", docx(body, title="The care guide"))
    assert (found.title, found.language) == ("The care guide", "en-GB")
    assert found.updated_at is not None
    assert found.text.splitlines() == [
        *("# Care guide", "", "# Washing", "", "Wash it at 30 °C.", "", "- by hand", "  - or not", ""),
        *("| Part | Weight |", "| --- | --- |", "| Pole \\| long | 450 g |", "", "![A tent in the rain]()"),
    ]


def bomb_docx() -> bytes:
    body = b"<w:p><w:r><w:t>" + b"A" * 60_000_000 + b"</w:t></w:r></w:p>"
    return zipped({"[Content_Types].xml": b"<Types/>", "word/document.xml": body})


def lying_docx() -> bytes:
    """Says that it unpacks to 1 KB, and unpacks to 30 MB."""
    body = b"<w:p/>" * 5_000_000
    data = bytearray(zipped({"[Content_Types].xml": b"<Types/>", "word/document.xml": body}))
    size = len(body).to_bytes(4, "little")
    at = data.find(size)
    while at >= 0:
        data[at : at + 4] = (1000).to_bytes(4, "little")
        at = data.find(size, at + 4)
    return bytes(data)


def laughing_docx() -> bytes:
    entities = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    text = f'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a0 "ha">{entities}]><d>&a11;</d>'
    return docx("", extra={"word/document.xml": text.encode()})


def encrypted_pdf() -> bytes:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(GOOD)))
    writer.encrypt("secret", algorithm="RC4-128")
    stream = io.BytesIO()
    writer.write(stream)
    return stream.getvalue()


def many_pages(count: int) -> bytes:
    """The same page, listed many times."""
    data = GOOD.replace(b"/Kids [10 0 R]", b"/Kids [" + b"10 0 R " * count + b"]")
    return data.replace(b"/Count 1", f"/Count {count}".encode())


def scanned_pdf() -> bytes:
    data = GOOD.replace(b"/Font <<", b"/XObject << /I 6 0 R >> /Font <<")
    data = data.replace(b"6 0 obj\n<<  >>", b"6 0 obj\n<< /Subtype /Image /Width 1 /Height 1 >>")
    stream = zlib.compress(b"q 595 0 0 842 0 0 cm /I Do Q")
    start, end = data.index(b"stream\n") + 7, data.index(b"\nendstream")
    head = data[:start].replace(f"/Length {end - start}".encode(), f"/Length {len(stream)}".encode())
    return head + stream + data[end:]


FLATE_BOMB = zlib.compress(b"0 " * 30_000_000)
DEEP_PDF = pdf([[Drawn(x=50, y=700, text="x")]], info="/A " + "[" * 100_000 + "]" * 100_000)
OPERATORS = zlib.compress(b"BT /F1 9 Tf " + b"1 0 Td (a) Tj " * 200_000 + b"ET")

BAD = {
    "docx bomb": ("docx", bomb_docx, "unpacks to far more"),
    "docx that lies about its size": ("docx", lying_docx, "no Word document|memory"),
    "docx of multiplying entities": ("docx", laughing_docx, "no Word document|memory|damaged"),
    "docx in name only": ("docx", lambda: b"plain text", "no Word document"),
    "zip of something else": ("docx", lambda: zipped({"a.txt": b"x"}), "no Word document"),
    "cut docx": ("docx", lambda: docx(paragraph("x"))[:-200], "no Word document"),
    "old or protected Word": ("docx", lambda: b"\xd0\xcf\x11\xe0" + b"x" * 5000, "password or made by an old Word"),
    "empty docx": ("docx", lambda: docx(""), "no text"),
    "docx nested deep": ("docx", lambda: docx("<w:p><w:r>" + "<w:x>" * 30_000), "no Word document|nested|damaged"),
    "pdf without pages": ("pdf", lambda: many_pages(0), "no pages"),
    "pdf of 10,000 pages": ("pdf", lambda: many_pages(10_000), "10,000 pages"),
    "pdf with a password": ("pdf", encrypted_pdf, "protected by a password"),
    "pdf of pictures": ("pdf", scanned_pdf, "only pictures of text"),
    "pdf in name only": ("pdf", lambda: b"<html>no pdf</html>", "no PDF or is damaged"),
    "cut pdf": ("pdf", lambda: GOOD[: len(GOOD) // 3], "damaged"),
    "empty file": ("pdf", lambda: b"", "no PDF or is damaged"),
    "pdf bomb": ("pdf", lambda: pdf_of([FLATE_BOMB]), "damaged|memory"),
    "pdf nested deep": ("pdf", lambda: DEEP_PDF, ""),
    "pdf of endless operators": ("pdf", lambda: pdf_of([OPERATORS]), "damaged|memory|larger"),
    "html nested deep": ("html", lambda: b"<div>" * 100_000 + b"<p>deep</p>", "nested too deeply"),
}


SLOWEST = {"pdf of endless operators"}


@pytest.mark.parametrize("case", [pytest.param(one, marks=pytest.mark.proof) if one in SLOWEST else one for one in BAD])
def test_a_bad_document_is_left_out_with_its_reason_and_harms_no_other(converter: Converter, case: str) -> None:
    kind, make, why = BAD[case]
    started = time.monotonic()
    found = converter.convert(kind, make(), case)
    assert time.monotonic() - started < 60
    if why:
        assert isinstance(found, Skipped), found.text[:200] if isinstance(found, Converted) else found
        assert any(part in found.why for part in why.split("|")), found.why
        assert found.where == case
    assert converted(converter, "pdf", GOOD).text == "All is well here.\n"


def test_one_broken_page_costs_no_other_page(converter: Converter) -> None:
    good = zlib.compress(b"BT /F1 9 Tf 50 700 Td (Still here.) Tj ET")
    found = converted(converter, "pdf", pdf_of([FLATE_BOMB, good]))
    assert found.text == "Still here.\n"
    assert found.details == {"unread_pages": [1]}


def test_what_is_larger_than_a_document_is_not_even_sent(converter: Converter) -> None:
    found = converter.convert("pdf", b"%" * (MAX_FILE_BYTES + 1), "huge.pdf")
    assert found == Skipped(where="huge.pdf", why="is larger than 50 MB")


ENDLESS = pdf_of([zlib.compress(b"BT /F1 9 Tf " + b"1 0 Td (a) Tj " * 60_000 + b"ET")] * 20)


@pytest.mark.parametrize("limits", [Limits(seconds=3.0), pytest.param(Limits(cpu_seconds=1), marks=pytest.mark.proof)])
def test_what_takes_too_long_is_given_up_and_the_next_one_read(limits: Limits) -> None:
    with Converter(limits) as converter:
        found = converter.convert("pdf", ENDLESS, "slow.pdf")
        assert isinstance(found, Skipped)
        assert "too long" in found.why
        assert converted(converter, "pdf", GOOD).text == "All is well here.\n"


def test_a_child_that_was_killed_while_idle_is_replaced_unnoticed() -> None:
    others = _children()
    with Converter() as converter:
        converted(converter, "pdf", GOOD)
        (child,) = _children() - others
        os.kill(child, signal.SIGKILL)
        time.sleep(0.2)
        assert converted(converter, "pdf", GOOD).text == "All is well here.\n"
    assert _children() <= others


def _children() -> set[int]:
    return {int(one) for one in Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()}


def test_threads_wait_for_each_other_and_get_their_own_documents() -> None:
    texts: dict[int, str] = {}
    with Converter() as converter:

        def convert(number: int) -> None:
            data = pdf([[Drawn(x=50, y=700, text=f"I am number {number}.")]])
            texts[number] = converted(converter, "pdf", data).text

        threads = [threading.Thread(target=convert, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert texts == {number: f"I am number {number}.\n" for number in range(8)}


MEASURE = """
import resource, sys
from pathlib import Path
from knowledge_base.sources.converting import Converter
with Converter() as converter:
    for path in sys.argv[1:]:
        converter.convert(Path(path).suffix[1:], Path(path), path)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
"""


def peak_of(folder: Path, made: dict[str, bytes]) -> int:
    """Megabytes that converting these files took at most, in a process of its own."""
    for name, data in made.items():
        (folder / name).write_bytes(data)
    paths = [str(folder / name) for name in made]
    done = subprocess.run([sys.executable, "-c", MEASURE, *paths], cwd=ROOT, capture_output=True, text=True, check=True)
    return int(done.stdout)


def test_a_bomb_and_a_large_file_take_less_than_200_mb(tmp_path: Path) -> None:
    made = {"bomb.pdf": pdf_of([FLATE_BOMB]), "large.html": b"<p>" + b"<b>word</b> " * 1_500_000}
    assert 30 < peak_of(tmp_path, made) < 200


@pytest.mark.proof
def test_no_document_takes_more_than_200_mb(tmp_path: Path) -> None:
    made = {
        "bomb.docx": bomb_docx(),
        "lying.docx": lying_docx(),
        "laughing.docx": laughing_docx(),
        "paragraphs.docx": docx(paragraph("Words and more words.") * 150_000),
        "bomb.pdf": pdf_of([FLATE_BOMB]),
        "bombs.pdf": pdf_of([FLATE_BOMB] * 20),
        "operators.pdf": pdf_of([OPERATORS]),
        "pages.pdf": many_pages(10_000),
        "large.pdf": GOOD + b"%" * 40_000_000,
        "large.html": b"<p>" + b"<b>word</b> " * 4_000_000,
        "deep.html": b"<div>" * 100_000,
    }
    assert 30 < peak_of(tmp_path, made) < 200


@pytest.mark.parametrize("seed", range(20))
def test_a_damaged_copy_of_a_good_document_is_read_or_left_out(converter: Converter, seed: int) -> None:
    _damage(converter, seed)


@pytest.mark.proof
def test_2000_damaged_copies_are_read_or_left_out() -> None:
    with Converter() as converter:
        for seed in range(2000):
            _damage(converter, seed)


def _damage(converter: Converter, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - damage, not secrets
    kind = chance.choice(("pdf", "docx"))
    data = bytearray(manual() if kind == "pdf" else _stored(docx(paragraph("Hello") + table(("a", "b"), ("c", "d")))))
    for _ in range(chance.choice((1, 5, 50))):
        at = chance.randrange(len(data))
        data[at : at + chance.randrange(4)] = chance.randbytes(chance.randrange(4))
    assert isinstance(converter.convert(kind, bytes(data), "damaged"), Converted | Skipped)


def _stored(data: bytes) -> bytes:
    """Unpacked inside, so that damage reaches the XML and not only its checksum."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as archive, zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as copy:
        for name in archive.namelist():
            copy.writestr(name, archive.read(name))
    return stream.getvalue()
