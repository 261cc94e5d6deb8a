"""PDF pages to pieces of text with their place, size and weight; what they mean is for `pdf_layout.py`.

pypdf's own extraction gives one string per page: neither font sizes (headings) nor gaps (columns of a table).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pypdf import PageObject
    from pypdf.generic import ContentStream, DictionaryObject
    from pypdf.generic._font import Font

_Matrix = tuple[float, float, float, float, float, float]
_IDENTITY: Final[_Matrix] = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
_UPRIGHT: Final[dict[int, _Matrix]] = {
    90: (0.0, -1.0, 1.0, 0.0, 0.0, 0.0),
    180: (-1.0, 0.0, 0.0, -1.0, 0.0, 0.0),
    270: (0.0, 1.0, -1.0, 0.0, 0.0, 0.0),
}
_BOLD: Final = ("bold", "black", "heavy", "semibold", "demi")
_MONO: Final = ("courier", "mono", "consol", "menlo", "typewriter", "cmtt")
_SAVED: Final = ("matrix", "font", "size", "char_space", "word_space", "stretch", "leading", "rise")
_MAX_FORM_DEPTH: Final = 8
_MAX_PIECES: Final = 200_000
"""Of one page. A page of small print has some 5,000."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Text as it was drawn, from `x` to `end` on the baseline `y` (points, upwards), `size` points high."""

    text: str
    x: float
    end: float
    y: float
    size: float
    bold: bool
    mono: bool


def pieces_of(page: PageObject) -> list[Piece]:
    """The level text of a page in the order it was drawn; text at an angle (watermarks, spines) is left out."""
    turned = int(page.rotation) % 360
    pen = _Pen(matrix=_UPRIGHT.get(turned, _IDENTITY), fonts=_Fonts(None))
    _draw(pen, page, page.get_contents(), 0)
    return pen.pieces


@dataclass(slots=True)
class _Pen:
    """The graphics and text state of a content stream (ISO 32000-1, 8.4 and 9.3)."""

    matrix: _Matrix
    fonts: _Fonts
    font: _Typeface | None = None
    size: float = 0.0
    char_space: float = 0.0
    word_space: float = 0.0
    stretch: float = 1.0
    leading: float = 0.0
    rise: float = 0.0
    text: _Matrix = _IDENTITY
    line: _Matrix = _IDENTITY
    saved: list[tuple[Any, ...]] = field(default_factory=list)
    pieces: list[Piece] = field(default_factory=list)

    def save(self) -> None:
        self.saved.append(tuple(getattr(self, name) for name in _SAVED))

    def restore(self) -> None:
        for name, value in zip(_SAVED, self.saved.pop() if self.saved else (), strict=False):
            setattr(self, name, value)

    def place(self, matrix: _Matrix) -> None:
        self.text = self.line = matrix

    def move(self, x: float, y: float) -> None:
        self.place(_times((1.0, 0.0, 0.0, 1.0, x, y), self.line))

    def shift(self, thousandths: float) -> None:
        self._advance(-thousandths / 1000 * self.size * self.stretch)

    def show(self, raw: object) -> None:
        if self.font is None or not isinstance(raw, bytes | str) or len(self.pieces) >= _MAX_PIECES:
            return
        text, width, spaces, count = self.font.read(raw)
        start = _times((1.0, 0.0, 0.0, 1.0, 0.0, self.rise), _times(self.text, self.matrix))
        advance = width / 1000 * self.size + count * self.char_space + spaces * self.word_space
        self._advance(advance * self.stretch)
        end = _times(self.text, self.matrix)
        height = abs(self.size) * math.hypot(start[2], start[3])
        level = abs(start[1]) <= 0.1 * abs(start[0]) and start[0] * self.size > 0
        if text.strip() and level and math.isfinite(start[4] + start[5] + end[4] + height):
            self.pieces.append(
                Piece(
                    text=text,
                    x=start[4],
                    end=end[4],
                    y=start[5],
                    size=height,
                    bold=self.font.bold,
                    mono=self.font.mono,
                )
            )

    def _advance(self, x: float) -> None:
        self.text = _times((1.0, 0.0, 0.0, 1.0, x, 0.0), self.text)


class _Typeface:
    def __init__(self, font: Font) -> None:
        self._font = font
        name = f"{font.name} {font.font_descriptor.name}".lower()
        self.bold = any(part in name for part in _BOLD) or font.font_descriptor.flags >> 18 & 1 == 1
        self.mono = any(part in name for part in _MONO) or font.font_descriptor.flags & 1 == 1

    def read(self, raw: bytes | str) -> tuple[str, float, int, int]:
        """What `raw` says, its width in thousandths of the size, its spaces and its glyphs."""
        font = self._font
        if isinstance(raw, str):
            codes = decoded = raw
        elif isinstance(font.encoding, str):
            codes = decoded = raw.decode(font.encoding, "replace")
        else:
            codes = raw.decode("latin-1")
            decoded = "".join(font.encoding.get(code, chr(code)) for code in raw)
        text = "".join(font.character_map.get(character, character) for character in decoded)
        return (
            (text if font.interpretable else ""),
            font.get_text_width(codes),
            codes.count(font.space_char),
            len(codes),
        )


class _Fonts:
    """The fonts that a page or form names, each read once."""

    def __init__(self, named: DictionaryObject | None) -> None:
        self._named = named
        self._faces: dict[str, _Typeface | None] = {}

    def face(self, name: str) -> _Typeface | None:
        from pypdf.generic._font import Font  # noqa: PLC0415

        if name not in self._faces:
            font = dictionary(self._named.get(name)) if self._named else None
            self._faces[name] = _Typeface(Font.from_font_resource(font)) if font else None
        return self._faces[name]


def _draw(pen: _Pen, holder: DictionaryObject, content: ContentStream | None, depth: int) -> None:
    from pypdf.errors import PyPdfError  # noqa: PLC0415

    if content is None or depth > _MAX_FORM_DEPTH:
        return
    resources = dictionary(holder.get("/Resources"))
    named = dictionary(resources.get("/Font")) if resources else None
    forms = dictionary(resources.get("/XObject")) if resources else None
    pen.fonts = _Fonts(named)
    for operands, operator in content.operations:
        # One broken step or form (a logo, a stamp) is no reason to lose the page.
        with suppress(PyPdfError, ValueError, TypeError, LookupError, AttributeError):
            if operator == b"Do" and forms:
                _draw_form(pen, holder, dictionary(forms.get(operands[0])), depth)
            elif step := _STEPS.get(operator):
                step(pen, operands)


def _draw_form(pen: _Pen, holder: DictionaryObject, form: DictionaryObject | None, depth: int) -> None:
    from pypdf.generic import ContentStream  # noqa: PLC0415

    if form is None or form.get("/Subtype") != "/Form":
        return
    kept = pen.text, pen.line, pen.fonts
    pen.save()
    pen.matrix = _times(_matrix(form.get("/Matrix", _IDENTITY)), pen.matrix)
    _draw(pen, form if "/Resources" in form else holder, ContentStream(form, None), depth + 1)
    pen.restore()
    pen.text, pen.line, pen.fonts = kept


_Step = Callable[[_Pen, list[Any]], None]


def _choose(pen: _Pen, operands: list[Any]) -> None:
    pen.font, pen.size = pen.fonts.face(str(operands[0])), float(operands[1])


def _lead_and_move(pen: _Pen, operands: list[Any]) -> None:
    pen.leading = -float(operands[1])
    pen.move(float(operands[0]), float(operands[1]))


def _show_array(pen: _Pen, operands: list[Any]) -> None:
    for item in operands[0]:
        if isinstance(item, bytes | str):
            pen.show(item)
        else:
            pen.shift(float(item))


def _next_and_show(pen: _Pen, operands: list[Any]) -> None:
    pen.move(0.0, -pen.leading)
    pen.show(operands[-1])


def _transform(pen: _Pen, operands: list[Any]) -> None:
    pen.matrix = _times(_matrix(operands), pen.matrix)


def _setting(name: str, scale: float = 1.0) -> _Step:
    return lambda pen, operands: setattr(pen, name, float(operands[0]) * scale)


_STEPS: Final[dict[bytes, _Step]] = {
    b"q": lambda pen, _: pen.save(),
    b"Q": lambda pen, _: pen.restore(),
    b"cm": _transform,
    b"BT": lambda pen, _: pen.place(_IDENTITY),
    b"Tf": _choose,
    b"Td": lambda pen, operands: pen.move(float(operands[0]), float(operands[1])),
    b"TD": _lead_and_move,
    b"Tm": lambda pen, operands: pen.place(_matrix(operands)),
    b"T*": lambda pen, _: pen.move(0.0, -pen.leading),
    b"Tj": lambda pen, operands: pen.show(operands[0]),
    b"TJ": _show_array,
    b"'": _next_and_show,
    b'"': _next_and_show,
    b"Tc": _setting("char_space"),
    b"Tw": _setting("word_space"),
    b"Tz": _setting("stretch", 0.01),
    b"TL": _setting("leading"),
    b"Ts": _setting("rise"),
}
"""What each operator that moves or shows text does."""


def dictionary(value: object) -> DictionaryObject | None:
    """What a value of a PDF refers to, if it is a dictionary (streams are)."""
    from pypdf.generic import DictionaryObject, IndirectObject  # noqa: PLC0415

    found = value.get_object() if isinstance(value, IndirectObject) else value
    return found if isinstance(found, DictionaryObject) else None


def _matrix(values: Sequence[Any]) -> _Matrix:
    a, b, c, d, e, f = (float(value) for value in values)
    return a, b, c, d, e, f


def _times(m: _Matrix, n: _Matrix) -> _Matrix:
    return (
        m[0] * n[0] + m[1] * n[2],
        m[0] * n[1] + m[1] * n[3],
        m[2] * n[0] + m[3] * n[2],
        m[2] * n[1] + m[3] * n[3],
        m[4] * n[0] + m[5] * n[2] + n[4],
        m[4] * n[1] + m[5] * n[3] + n[5],
    )
