"""Packed bodies, unpacked piece by piece."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from typing import Final

_PIECE: Final = 65_536


def unpacked(pieces: Iterable[bytes], encoding: str) -> Iterator[bytes | None]:
    """The body in pieces of at most 64 kB: one of a bomb would fill the memory. None where it cannot be unpacked."""
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        yield from pieces
        return
    if encoding not in ("gzip", "x-gzip", "deflate"):
        yield None
        return
    first, unpacker = True, zlib.decompressobj(zlib.MAX_WBITS | 32)
    for piece in pieces:
        if first and encoding == "deflate" and piece[:1] and piece[0] & 0x0F != 8:
            unpacker = zlib.decompressobj(-zlib.MAX_WBITS)  # what some servers take "deflate" for
        first = False
        while piece:
            try:
                yield unpacker.decompress(piece, _PIECE)
            except zlib.error:
                yield None
                return
            piece = unpacker.unconsumed_tail
    yield unpacker.flush()
    if not first and not unpacker.eof:
        yield None  # it ends early
