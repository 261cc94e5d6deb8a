"""A Word document to Markdown. Runs in the child of `converting.py`."""

from __future__ import annotations

import re
import zlib
from typing import BinaryIO, Final
from xml.etree import ElementTree
from xml.parsers.expat import ExpatError
from zipfile import BadZipFile, ZipFile

from conversations.model import JsonObject
from knowledge_base.sources.html_page import fragment_of

_MAX_PARTS: Final = 5_000
_MAX_XML: Final = 50_000_000
"""Bytes of XML, unpacked. More is a bomb; whether less fits is for the limit on memory to say."""
_OLE: Final = b"\xd0\xcf\x11\xe0"
_DAMAGED: Final = "is no Word document (.docx) or is damaged; open it and save it anew"
_STYLES: Final = "p[style-name='Title'] => h1:fresh\np[style-name='Subtitle'] => p:fresh"
_CORE: Final = "docProps/core.xml"
_TAGS: Final = {
    "title": "{http://purl.org/dc/elements/1.1/}title",
    "language": "{http://purl.org/dc/elements/1.1/}language",
    "updated_at": "{http://purl.org/dc/terms/}modified",
}


def read_docx(file: BinaryIO, name: str) -> JsonObject | str:
    """The fields of `Converted`, or why there is nothing to read. Raises MemoryError."""
    if file.read(4) == _OLE:
        return "is protected by a password or made by an old Word; save it as .docx without a password"
    file.seek(0)
    try:
        about = _checked(file)
        return about if isinstance(about, str) else _read(file, about)
    except (BadZipFile, ExpatError, ElementTree.ParseError, zlib.error, *_ODDITIES):
        return _DAMAGED


_ODDITIES: Final = (ValueError, TypeError, LookupError, AttributeError, NotImplementedError, EOFError)
"""What zipfile and mammoth raise over files that are no proper document, besides their own errors."""


def _checked(file: BinaryIO) -> dict[str, str | None] | str:
    """What the document says about itself, or why it is not opened."""
    with ZipFile(file) as parts:
        infos = parts.infolist()
        xml = [info for info in infos if info.filename.lower().endswith((".xml", ".rels"))]
        if len(infos) > _MAX_PARTS or sum(info.file_size for info in xml) > _MAX_XML:
            return "unpacks to far more than a document holds"
        if any(info.flag_bits & 1 for info in infos):
            return "is protected by a password; save it without one"
        if "word/document.xml" not in parts.namelist() and "[Content_Types].xml" not in parts.namelist():
            return _DAMAGED
        if _CORE not in parts.namelist() or parts.getinfo(_CORE).file_size > 100_000:
            return {}
        core = ElementTree.fromstring(parts.read(_CORE))  # noqa: S314 - expat stops entities that multiply
        return {key: core.findtext(tag) for key, tag in _TAGS.items()}


def _read(file: BinaryIO, about: dict[str, str | None]) -> JsonObject | str:
    import mammoth  # type: ignore[import-untyped]  # noqa: PLC0415

    file.seek(0)
    # Pictures stay closed: only what describes them is text.
    picture = mammoth.images.img_element(lambda image: {"src": ""})
    html = mammoth.convert_to_html(file, style_map=_STYLES, convert_image=picture).value
    page = fragment_of(_FIRST_ROW.sub(_as_header, html), "")
    if isinstance(page, str) or page.why:
        return page if isinstance(page, str) else page.why
    title = " ".join((about.get("title") or "").split())[:300]
    return {
        "title": title,
        "text": page.text,
        "language": about.get("language"),
        "updated_at": about.get("updated_at"),
    }


def _as_header(row: re.Match[str]) -> str:
    """Word seldom marks a header row, and a Markdown table has one: its rows are quoted with their columns' names."""
    return row[0] if "<table" in row[0] else row[0].replace("<td", "<th").replace("</td>", "</th>")


_FIRST_ROW: Final = re.compile(r"(?<=<table>)<tr>.*?</tr>", re.DOTALL)
