"""The objects of a large JSON file one by one: a list, JSON Lines, or an object that holds a list under a name."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, TextIO

_PIECE: Final = 1 << 18
_SPACE: Final = " \t\r\n"
_MARKS: Final = re.compile(r'["\[\]{}]')
_INSIDE: Final = re.compile(r'(?:[^"\\]++|\\.)*+', re.DOTALL)
_OF_ITEMS: Final = frozenset({"id", "url", "html_url", "author_id", "title", "name", "body"})
"""What an object begins with that is an item itself, not what holds a list of them."""
TOO_LONG: Final = "TOO LONG"
"""Stands for an item that is longer than the limit."""


class BrokenJson(ValueError):
    """The file is no JSON, or ends early. The message says where."""


def items_of(path: Path, names: frozenset[str], *, largest: int) -> Iterator[tuple[str, object]]:
    """Each item of a list as ("", item), and so each value of JSON Lines; of an object at the top each item of the
    lists called one of `names` as (name, item).

    Little more than `largest` characters are held: an item beyond comes as TOO_LONG. Raises BrokenJson, OSError.
    """
    with path.open(encoding="utf-8-sig", errors="replace") as stream:
        yield from _Reader(stream, largest).top(names)


class _Reader:
    def __init__(self, stream: TextIO, largest: int) -> None:
        self._stream = stream
        self._largest = largest
        self._text = ""
        self._at = 0
        self._before = 0
        self._decoder = json.JSONDecoder()

    def top(self, names: frozenset[str]) -> Iterator[tuple[str, object]]:
        while first := self._peek():
            if first == "[":
                for item in self._list():
                    yield "", item
            elif first == "{" and self._first_key() not in _OF_ITEMS:
                yield from self._object(names)
            else:
                yield "", self._value()

    def _object(self, names: frozenset[str]) -> Iterator[tuple[str, object]]:
        self._take("{")
        while self._peek() != "}":
            name = self._value()
            self._take(":")
            if name in names and self._peek() == "[":
                for item in self._list():
                    yield str(name), item
            else:
                self._value()
            if self._peek() == ",":
                self._take(",")
        self._take("}")

    def _list(self) -> Iterator[object]:
        self._take("[")
        while self._peek() != "]":
            yield self._value()
            if self._peek() != "]":
                self._take(",")
        self._take("]")

    def _first_key(self) -> str:
        """The name that the object here begins with; nothing is taken."""
        start = re.match(r'\{\s*"([^"\\]{0,100})"', self._text[self._at : self._at + 1000])
        return start[1] if start else ""

    def _value(self) -> object:
        """The value here. A number at the very end of what was read may go on: more is read first."""
        self._peek()
        size = _PIECE
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text, self._at)
            except RecursionError:
                raise self._broken("is nested too deeply") from None
            except ValueError:
                value, end = None, len(self._text)
            if end < len(self._text):
                self._at = end
                return value
            held = len(self._text) - self._at
            more = self._stream.read(size)
            if not more:
                return self._last()
            self._append(more)
            if held > self._largest:
                self._skip()
                return TOO_LONG
            # Doubled, so that a long value is not parsed once for every piece of it.
            size = min(2 * size, max(_PIECE, self._largest - held))

    def _skip(self) -> None:
        """Pass over the value here without holding it."""
        depth, quoted = 0, False
        while True:
            if quoted and (inside := _INSIDE.match(self._text, self._at)):
                self._at = inside.end()
            elif not quoted and (mark := _MARKS.search(self._text, self._at)):
                self._at = mark.start()
            else:
                self._at = len(self._text)
            # An escape may be cut in two by the end of what was read.
            if self._at + 1 >= len(self._text):
                more = self._stream.read(_PIECE)
                if not more and self._at == len(self._text):
                    raise self._broken("is no JSON, or ends early,")
                self._append(more)
            elif quoted and self._text[self._at] == "\\":
                self._at += 2
            else:
                mark_here = self._text[self._at]
                quoted = not quoted if mark_here == '"' else quoted
                depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(mark_here, 0)
                self._at += 1
                if not quoted and depth <= 0:
                    return

    def _last(self) -> object:
        try:
            value, end = self._decoder.raw_decode(self._text, self._at)
        except ValueError:
            raise self._broken("is no JSON, or ends early,") from None
        self._at = end
        return value

    def _peek(self) -> str:
        """The next character that is no space, or "" at the end."""
        while True:
            while self._at < len(self._text) and self._text[self._at] in _SPACE:
                self._at += 1
            if self._at < len(self._text):
                return self._text[self._at]
            more = self._stream.read(_PIECE)
            if not more:
                return ""
            self._append(more)

    def _take(self, character: str) -> None:
        if self._peek() != character:
            raise self._broken("is no JSON, or ends early,")
        self._at += 1

    def _append(self, more: str) -> None:
        self._before += self._at
        self._text = self._text[self._at :] + more
        self._at = 0

    def _broken(self, why: str) -> BrokenJson:
        return BrokenJson(f"{why} near character {self._before + self._at:,}")
