"""Sitemaps (sitemaps.org): which pages a site has, and when each changed. Read piece by piece; never all in memory."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Final
from xml.parsers import expat

from knowledge_base.sources.unpacking import unpacked

MAX_SITEMAP_BYTES: Final = 50_000_000
"""The protocol's own limit, unpacked."""
_PIECE: Final = 65_536
_PROBE: Final = 200
_MAX_TEXT: Final = 4_000


class NoSitemap(ValueError):
    """These bytes are none. The message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A page, or another sitemap where `index` is True, with when it last changed as the sitemap says."""

    url: str
    lastmod: str = ""
    index: bool = False


class Sitemap:
    """The entries of a sitemap, an index of sitemaps, or a text file of addresses; packed (.gz) or not.

    `cut` says whether only its beginning was there, or read. Iterating raises NoSitemap where it is none of them, or
    ends early without having been cut off by us.
    """

    def __init__(self, body: bytes, *, cut: bool = False) -> None:
        self.cut = cut
        self._body = body

    def __iter__(self) -> Iterator[Entry]:
        pieces = self._pieces()
        first = b""
        while len(first) < _PROBE and (more := next(pieces, b"")):
            first += more
        first = first.removeprefix(b"\xef\xbb\xbf").lstrip()
        whole = chain([first], pieces)
        if first.startswith(b"<"):
            return self._parsed(whole)
        if re.match(rb"https?://\S+\s", first + b"\n"):
            return _lines(whole)
        raise NoSitemap("is no sitemap")

    def _pieces(self) -> Iterator[bytes]:
        packed = "gzip" if self._body.startswith(b"\x1f\x8b") else ""
        size = 0
        for piece in unpacked((self._body[at : at + _PIECE] for at in range(0, len(self._body), _PIECE)), packed):
            if piece is None and self.cut:
                return
            if piece is None:
                raise NoSitemap("cannot be unpacked")
            size += len(piece)
            if size > MAX_SITEMAP_BYTES:
                self.cut = True  # what it may unpack to has no end
                return
            yield piece

    def _parsed(self, pieces: Iterable[bytes]) -> Iterator[Entry]:
        reader = _Reader()
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = reader.start
        parser.EndElementHandler = reader.end
        parser.CharacterDataHandler = reader.data
        parser.EntityDeclHandler = _refuse_entity
        try:
            for piece in pieces:
                parser.Parse(piece, False)
                yield from reader.found
                reader.found.clear()
            if not self.cut:
                parser.Parse(b"", True)
        except expat.ExpatError as failure:
            raise NoSitemap(f"is no whole sitemap: {failure}") from failure


@dataclass(slots=True)
class _Reader:
    found: list[Entry] = field(default_factory=list)
    kind: str = ""
    _path: list[str] = field(default_factory=list)
    _text: list[str] = field(default_factory=list)
    _values: dict[str, str] = field(default_factory=dict)

    def start(self, name: str, _: object) -> None:
        self._path.append(name.rsplit(":", 1)[-1].lower())
        if len(self._path) == 1:
            self.kind = self._path[0]
        if len(self._path) > 20 or self.kind not in ("urlset", "sitemapindex"):
            raise NoSitemap("is no sitemap")
        self._text.clear()

    def data(self, text: str) -> None:
        if len(self._path) == 3 and len(self._text) < _MAX_TEXT:
            self._text.append(text)

    def end(self, _: str) -> None:
        name = self._path.pop()
        if len(self._path) == 2 and name in ("loc", "lastmod"):
            self._values[name] = "".join(self._text).strip()[:_MAX_TEXT]
        elif len(self._path) == 1 and self._values:
            url = self._values.get("loc", "")
            if url:
                lastmod = self._values.get("lastmod", "")[:40]
                self.found.append(Entry(url=url, lastmod=lastmod, index=self.kind == "sitemapindex"))
            self._values = {}


def _refuse_entity(*_: object) -> None:
    raise NoSitemap("declares entities, which no sitemap needs")


def _lines(pieces: Iterable[bytes]) -> Iterator[Entry]:
    rest = b""
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        yield from _addresses(lines)
        rest = rest[-_MAX_TEXT:]
    yield from _addresses([rest])


def _addresses(lines: list[bytes]) -> Iterator[Entry]:
    for line in lines:
        url = line.decode("utf-8", errors="replace").strip()
        if url.startswith(("https://", "http://")):
            yield Entry(url=url)
