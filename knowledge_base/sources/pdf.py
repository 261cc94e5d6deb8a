"""A PDF to Markdown: what may be read of it, its title, language and date. Runs in the child of `converting.py`."""

from __future__ import annotations

import re
import zlib
from datetime import datetime
from typing import TYPE_CHECKING, BinaryIO, Final

from conversations.model import JsonObject
from knowledge_base.sources.pdf_layout import markdown_of
from knowledge_base.sources.pdf_lines import Line, lines_of
from knowledge_base.sources.pdf_text import dictionary, pieces_of
from knowledge_base.sources.source import MAX_ARTICLE_BYTES, TOO_LARGE

if TYPE_CHECKING:
    from pypdf import PageObject, PdfReader

MAX_PAGES: Final = 1_000
"""20 ms a page. A longer one is a library: nobody finds out from a citation where in it the answer stands."""
_MAX_STREAM: Final = 20_000_000
"""Bytes of one unpacked stream. A page of text has some 10,000; parsed, it takes ten times as much."""
_FORGET_EVERY: Final = 50
"""Pages. The reader keeps every object and picture it came by: 972 pages took 44 MB more, forgetting 20."""
_NO_TITLE: Final = re.compile(
    r"(?i)(?:microsoft \w+ - .*|untitled.*|unbenannt.*|.*\.(?:docx?|indd|pdf|tex|dvi|qxd)|\W*)"
)
_DAMAGED: Final = "is no PDF or is damaged; open it and save or print it as a PDF anew"


def read_pdf(file: BinaryIO, name: str) -> JsonObject | str:
    """The fields of `Converted`, or why there is nothing to read. Raises what pypdf lets through, and MemoryError."""
    from pypdf import Configuration, PdfReader, apply_configuration  # noqa: PLC0415
    from pypdf.errors import DependencyError, PyPdfError  # noqa: PLC0415

    limits = Configuration(
        maximum_declared_stream_length=_MAX_STREAM,
        array_based_stream_maximum_output_length=_MAX_STREAM,
        zlib_maximum_output_length=_MAX_STREAM,
        lzw_maximum_output_length=_MAX_STREAM,
        run_length_maximum_output_length=_MAX_STREAM,
        brotli_maximum_output_length=_MAX_STREAM,
        stream_decoding_work_maximum_length=4 * _MAX_STREAM,
        stream_parsing_work_maximum_count=500_000,
    )
    try:
        with apply_configuration(limits):
            reader = PdfReader(file)
            if reader.is_encrypted and not reader.decrypt(""):
                return "is protected by a password; save it without one"
            return _read(reader)
    except DependencyError:
        return "is encrypted; save it without protection"
    except (PyPdfError, *_ODDITIES):
        return _DAMAGED


_ODDITIES: Final = (ValueError, TypeError, LookupError, AttributeError, zlib.error)
"""What pypdf raises over files that are no proper PDF, besides its own errors."""


def _read(reader: PdfReader) -> JsonObject | str:
    pages = len(reader.pages)
    if pages == 0:
        return "has no pages"
    if pages > MAX_PAGES:
        return f"has {pages:,} pages, more than {MAX_PAGES:,}; split it into articles"
    read = _lines(reader)
    if isinstance(read, str):
        return read
    lines, unread = read
    text = markdown_of(lines)
    if not text:
        return _why_empty(reader, unread)
    about = reader.metadata
    return {
        "title": _title(about.title if about else None),
        "text": text,
        "language": _language(reader),
        "updated_at": _date(about.modification_date_raw if about else None),
        "details": {"unread_pages": [*unread]},
    }


def _lines(reader: PdfReader) -> tuple[list[Line], list[int]] | str:
    """The lines of all pages and the numbers of those that cannot be read."""
    from pypdf.errors import PyPdfError  # noqa: PLC0415

    lines: list[Line] = []
    unread: list[int] = []
    size = 0
    for number, page in enumerate(reader.pages, start=1):
        try:
            found = lines_of(pieces_of(page), number)
        except (PyPdfError, *_ODDITIES):
            unread.append(number)
            continue
        lines += found
        size += sum(len(line.text) for line in found)
        if size > MAX_ARTICLE_BYTES:
            return TOO_LARGE
        if number % _FORGET_EVERY == 0:
            reader.resolved_objects.clear()
    return lines, unread


def _why_empty(reader: PdfReader, unread: list[int]) -> str:
    if unread:
        return _DAMAGED
    if any(_has_pictures(page) for page in reader.pages[:20]):
        return "holds only pictures of text (a scan?); run text recognition (OCR) on it first"
    return "has no text"


def _has_pictures(page: PageObject) -> bool:
    resources = dictionary(page.get("/Resources"))
    named = dictionary(resources.get("/XObject")) if resources else None
    forms = (dictionary(value) for value in named.values()) if named else ()
    return any(form is not None and form.get("/Subtype") == "/Image" for form in forms)


def _title(given: str | None) -> str:
    """The title the file gives itself, unless it is one that a program put there."""
    title = " ".join((given or "").split())[:300]
    return "" if _NO_TITLE.fullmatch(title) else title


def _language(reader: PdfReader) -> str | None:
    language = reader.root_object.get("/Lang")
    return str(language) if language else None


def _date(raw: str | None) -> str | None:
    """D:20250208122313+01'00' as an ISO instant."""
    match = re.match(r"D:(\d{14})(?:Z|([+-]\d\d)'?(\d\d)?)?", str(raw or ""))
    if match is None:
        return None
    zone = f"{match[2]}{match[3] or '00'}" if match[2] else "+0000"
    try:
        return datetime.strptime(match[1] + zone, "%Y%m%d%H%M%S%z").isoformat()
    except ValueError:
        return None
