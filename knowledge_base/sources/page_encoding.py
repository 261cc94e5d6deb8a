"""The encoding of a web page, found as browsers find it."""

from __future__ import annotations

import codecs
import re
from typing import Final

_PROBE: Final = 2048
_META_CHARSET: Final = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([a-zA-Z0-9_:.-]{1,40})", re.I)
_XML_CHARSET: Final = re.compile(rb"<\?xml[^>]{0,100}?encoding\s*=\s*[\"']([a-zA-Z0-9_.-]{1,40})", re.I)
_MARKS: Final = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
# What browsers read these as (the Encoding Standard): pages that claim Latin-1 hold Windows' quotes and dashes.
_ALIASES: Final = {
    "iso-8859-1": "cp1252", "latin-1": "cp1252", "latin1": "cp1252", "ascii": "cp1252", "us-ascii": "cp1252",
    "gb2312": "gb18030", "gbk": "gb18030", "shift_jis": "cp932", "windows-31j": "cp932", "ks_c_5601-1987": "cp949",
    "euc-kr": "cp949", "iso-8859-9": "cp1254", "utf8": "utf-8",
}  # fmt: skip


def decoded(data: bytes, content_type: str = "") -> tuple[str, bool]:
    """The text of a page, by its mark, its header (`content_type`) or its own words, as browsers do; else UTF-8, else
    Windows' Latin. False where bytes that fit nothing were replaced."""
    for mark, name in _MARKS:
        if data.startswith(mark):
            return _decode(data.removeprefix(mark), name)
    header = re.search(r"charset\s*=\s*[\"']?\s*([\w:.-]{1,40})", content_type, re.I)
    meta = _META_CHARSET.search(data[:_PROBE]) or _XML_CHARSET.search(data[:_PROBE])
    said = [header[1]] if header else []
    said += [meta[1].decode("ascii")] if meta else []
    for name in said:
        text = _strictly(data, name)
        if text is not None:
            return text, True
    for name in ("utf-8", "utf-16" if _wide(data) else "cp1252"):
        # A server that says UTF-8 of a Latin-1 page, or the other way round.
        text = _strictly(data, name)
        if text is not None:
            return text, True
    return _decode(data, next((name for name in map(_codec, said) if name), "utf-8"))


def _wide(data: bytes) -> bool:
    return data[:_PROBE].count(0) > len(data[:_PROBE]) // 4


def _codec(name: str) -> str:
    """Python's name of an encoding, or "" for what is none."""
    name = _ALIASES.get(name.lower(), name.lower())
    try:
        return name if codecs.lookup(name)._is_text_encoding else ""
    except LookupError:
        return ""


def _strictly(data: bytes, name: str) -> str | None:
    codec = _codec(name)
    if not codec or (codec == "cp1252" and b"\x00" in data[:_PROBE]):
        return None
    try:
        return data.decode(codec)
    except (UnicodeError, ValueError):
        # The five codes that Windows' Latin leaves open are no reason to take it for something else.
        return data.decode("latin-1") if codec == "cp1252" else None


def _decode(data: bytes, name: str) -> tuple[str, bool]:
    text = data.decode(name, errors="replace")
    return text, "�" not in text
