"""What a source is: something that yields articles, and says in words what it had to leave out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Final, Protocol

from knowledge_base.freshness import freshness_of, instant
from knowledge_base.model import Article, ArticleId
from knowledge_base.sources.memory import Memory

MAX_ARTICLE_BYTES: Final = 5_000_000
"""Beyond this it is an export or a log, not an article; one such file would hold up every other for minutes."""
MAX_ID: Final = 200
_PROBE: Final = 8192


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """A line of the report: what was found where. `kept` is True where the article was taken in all the same."""

    where: str
    why: str
    kept: bool = False


class InvalidSource(ValueError):
    """Nothing at all can be taken from here. The message says what is wrong and what to do."""


class SourceFailed(RuntimeError):
    """A source began and broke off. What it remembered so far makes the next sync shorter; nothing was changed."""


Reading = Callable[[int, int], None]
"""Called with how many articles or pages are read and how many there are (0: not known yet)."""


class Source(Protocol):
    """Articles in a stable order, and a line for everything left out.

    `memory` keeps between syncs what makes the next one cheap and an interrupted one resumable. What cannot be read
    just now keeps its earlier copy, with a line; only what is gone for certain is left out.
    Raises InvalidSource where there is nothing to read, SourceFailed where reading broke off.
    """

    def articles(self, memory: Memory, reading: Reading) -> Iterator[Article | Skipped]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """An option of a kind of source, as a form asks for it. A `secret` one is stored and never shown again."""

    name: str
    words: str
    hint: str = ""
    required: bool = False
    secret: bool = False
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceKind:
    """A kind of source: what it needs to know, and how it is opened.

    `open` raises InvalidSource where the options are unusable; it reads nothing yet.
    """

    name: str
    words: str
    fields: tuple[Field, ...]
    open: Callable[[Mapping[str, str]], Source]


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodedText:
    """Text of a file; `exact` is False where bytes that are no UTF-8 were replaced."""

    text: str
    exact: bool


NOT_UTF8: Final = "some bytes are not UTF-8 and were replaced by � (save the file as UTF-8)"


def decode(data: bytes) -> DecodedText | None:
    """UTF-8, or UTF-16 with its mark; None for what is no text at all."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = data.decode("utf-16", errors="replace")
        return DecodedText(text=text, exact="�" not in text)
    if b"\x00" in data[:_PROBE]:
        return None
    try:
        return DecodedText(text=data.decode("utf-8-sig"), exact=True)
    except UnicodeDecodeError:
        text = data.decode("utf-8-sig", errors="replace")
    # A photo renamed to .md may hold no zero byte; a Latin-1 article still is mostly letters.
    broken = sum(c == "�" or (c < " " and c not in "\t\n\r\f") for c in text[:_PROBE])
    return None if broken * 4 > len(text[:_PROBE]) else DecodedText(text=text, exact=False)


def clean(text: str) -> str:
    """`text` without what no store can hold: lone surrogates (from JSON escapes) and zero characters."""
    return text.encode("utf-8", errors="replace").decode("utf-8").replace("\x00", "")


def article_id(value: object) -> str | None:
    """A usable id, or None. Numbers are taken as they are written."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    text = clean(str(value)).strip()
    usable = 0 < len(text) <= MAX_ID and text.isprintable()
    return text if usable else None


def link(value: object) -> str | None:
    """An address a page may link to; anything else (`javascript:`, a Windows path) is no link."""
    if not isinstance(value, str):
        return None
    text = clean(value).strip()
    safe = text.startswith(("https://", "http://")) or (text.startswith("/") and text[1:2] != "/")
    return text if safe and text.isprintable() else None


def described(
    keys: Mapping[str, object], *, identity: str, title: str, text: str, own: Collection[str]
) -> Article | str:
    """The article that a record with these keys describes, or why it must be left out.

    Keys that are not in `own` are kept as its metadata.
    """
    fresh = freshness_of(keys)
    if isinstance(fresh, str):
        return fresh
    return Article(
        id=ArticleId(identity),
        title=title,
        text=text,
        url=link(keys.get("url")),
        updated_at=instant(keys.get("updated_at")),
        metadata=words_of({key: value for key, value in keys.items() if key not in own}),
        language=fresh.language,
        published=fresh.published,
        effective_at=fresh.effective_at,
        expires_at=fresh.expires_at,
        audience=fresh.audience,
    )


def words_of(values: Mapping[str, object]) -> dict[str, str]:
    """A source's further keys as strings; lists are joined, deeper structures are left out."""
    found: dict[str, str] = {}
    for key, value in values.items():
        items = value if isinstance(value, list | tuple) else [value]
        texts = [_scalar(item) for item in items[:100]]
        joined = ", ".join(text for text in texts if text)
        if joined:
            found[clean(str(key))[:MAX_ID]] = joined
    return found


def _scalar(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float | date | datetime):
        return clean(str(value))[:2000]
    return ""


def read_capped(path: Path) -> bytes | Skipped:
    """A file's bytes, or why it cannot be an article."""
    try:
        if not path.is_file():
            return Skipped(where=str(path), why="is not a file")  # a pipe would be waited for, for ever
        if path.stat().st_size > MAX_ARTICLE_BYTES:
            return Skipped(where=str(path), why=TOO_LARGE)
        return path.read_bytes()
    except OSError as failure:
        return Skipped(where=str(path), why=f"cannot be read: {failure.strerror or failure}")


TOO_LARGE: Final = f"is larger than {MAX_ARTICLE_BYTES // 1_000_000} MB; split it into articles"


def location_of(options: Mapping[str, str]) -> Path:
    """The path in the option "location". Raises InvalidSource where there is nothing."""
    path = Path(options.get("location", "")).expanduser()
    if not options.get("location") or not path.exists():
        raise InvalidSource(f"There is nothing at {path}: check the path.")
    return path.resolve()
