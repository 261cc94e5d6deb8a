"""A folder of Markdown files, one article each, with optional YAML front matter; or a single such file."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import yaml

from knowledge_base.freshness import FRESHNESS_KEYS
from knowledge_base.markup import plain
from knowledge_base.model import Article
from knowledge_base.sources.memory import Memory
from knowledge_base.sources.source import (
    MAX_ID,
    NOT_UTF8,
    Field,
    InvalidSource,
    Reading,
    Skipped,
    SourceKind,
    article_id,
    clean,
    decode,
    described,
    location_of,
    read_capped,
)

SUFFIXES: Final = (".md", ".markdown")
_FRONT_MATTER: Final = re.compile(r"\A---[ \t]*\n(.*?)^(?:---|\.\.\.)[ \t]*$\n?", re.DOTALL | re.MULTILINE)
_MAX_FRONT_MATTER: Final = 20_000
_HEADING: Final = re.compile(r"^#{1,6}[ \t]+(.+?)[ \t]*#*[ \t]*$|^(.+)\n=+[ \t]*$", re.MULTILINE)
_FENCE: Final = re.compile(r"^[ \t]*(`{3,}|~{3,}).*?(?:^[ \t]*\1|\Z)", re.DOTALL | re.MULTILINE)
OWN_KEYS: Final = frozenset({"id", "title", "url", "updated_at"}) | FRESHNESS_KEYS


class _FrontMatterLoader(yaml.BaseLoader):
    """Every value as the text it is, or None: a typed one (`!!bool x`, 6,000 digits) would end the whole ingest with an
    error of its own, and merged keys (`<<`) multiply: 500 characters of them took all memory.
    """


_NULL: Final = "tag:yaml.org,2002:null"
_FrontMatterLoader.add_implicit_resolver(_NULL, re.compile(r"(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""])
_FrontMatterLoader.add_constructor(_NULL, lambda loader, node: None)


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkdownFolder:
    path: Path

    def articles(self, memory: Memory, reading: Reading) -> Iterator[Article | Skipped]:
        files = [self.path] if self.path.is_file() else sorted(files_below(self.path, SUFFIXES))
        if not files:
            raise InvalidSource(nothing_in(self.path, "Markdown files (*.md)"))
        root = self.path.parent if self.path.is_file() else self.path
        for done, file in enumerate(files, start=1):
            yield from read_file(file, root)
            reading(done, len(files))


def first_heading(text: str) -> str:
    """The words of the first heading, or ""."""
    match = _HEADING.search(_FENCE.sub("", text))
    return plain(match[1] or match[2]) if match else ""


def files_below(folder: Path, suffixes: tuple[str, ...]) -> Iterator[Path]:
    """The files in `folder` and below that end so, but for hidden ones. Raises InvalidSource."""

    def unreadable(failure: OSError) -> None:
        raise InvalidSource(f"{failure.filename} cannot be read: {failure.strerror}. Check its permissions.")

    for parent, names, files in os.walk(folder, onerror=unreadable):
        names[:] = [name for name in names if not name.startswith(".")]
        for name in files:
            if name.lower().endswith(suffixes) and not name.startswith("."):
                yield Path(parent, name)


def nothing_in(folder: Path, wanted: str) -> str:
    exports = sorted(path.name for path in folder.glob("*.jsonl"))
    if exports:
        return f"{folder} holds no {wanted}. To take in {exports[0]}, name the file: {folder / exports[0]}"
    return f"{folder} holds no {wanted}: name the folder that holds the articles, or a .jsonl file."


def read_file(file: Path, root: Path) -> Iterator[Article | Skipped]:
    """The article in a file of a source at `root`, with a line for whatever is odd about it."""
    where = clean(str(file.relative_to(root)))  # a name from a Latin-1 archive is no text
    if file.is_symlink() and not file.resolve().is_relative_to(root.resolve()):
        yield Skipped(where=where, why="is a link to a file outside the folder")
        return
    data = read_capped(file)
    if isinstance(data, Skipped):
        yield replace(data, where=where)
        return
    decoded = decode(data)
    if decoded is None:
        yield Skipped(where=where, why="is a binary file")
        return
    article = article_in(decoded.text, where)
    if isinstance(article, Article) and not decoded.exact:
        yield Skipped(where=where, why=NOT_UTF8, kept=True)
    yield article


def article_in(text: str, where: str) -> Article | Skipped:
    """The article of a file with this text, or why there is none."""
    text = clean(text.replace("\r\n", "\n"))
    match = _FRONT_MATTER.match(text)
    keys = _front_matter(match[1]) if match else {}
    if isinstance(keys, str):
        return Skipped(where=where, why=keys)
    body = text[match.end() :] if match else text
    if not body.strip():
        return Skipped(where=where, why="has no text")
    identity = article_id(keys["id"]) if keys.get("id") is not None else slug(where)
    if not identity:
        return Skipped(where=where, why=f"its id must be a short text of at most {MAX_ID} characters")
    title = keys.get("title")
    named = clean(title).strip() if isinstance(title, str) else ""
    titled = named or first_heading(body) or name_of(where)
    article = described(keys, identity=identity, title=titled, text=body, own=OWN_KEYS)
    return Skipped(where=where, why=article) if isinstance(article, str) else article


def _front_matter(text: str) -> Mapping[str, object] | str:
    """The keys above the text, or why they cannot be read."""
    if len(text) > _MAX_FRONT_MATTER:
        return "its front matter is too long"
    try:
        keys = yaml.load(text, Loader=_FrontMatterLoader)  # noqa: S506 - makes nothing but texts
    except (yaml.YAMLError, RecursionError, ValueError, OverflowError) as failure:
        first = " ".join(str(getattr(failure, "problem", None) or failure).split())
        return f"its front matter is not valid YAML: {first[:200]}"
    if keys is None:
        return {}
    if not isinstance(keys, dict):
        return 'its front matter is not a list of "key: value" lines'
    return {str(key): value for key, value in keys.items()}


def slug(where: str) -> str:
    """The id of a file without one: its path, letters and digits of any script, joined by hyphens."""
    stem = where.rsplit(".", 1)[0]
    return re.sub(r"[\W_]+", "-", stem.lower()).strip("-")[:MAX_ID]


def name_of(where: str) -> str:
    """A title for a file without one."""
    words = re.sub(r"[-_\s]+", " ", Path(where).stem).strip()
    return words[:1].upper() + words[1:]


def _open(options: Mapping[str, str]) -> MarkdownFolder:
    path = location_of(options)
    if path.is_file() and path.suffix.lower() not in SUFFIXES:
        raise InvalidSource(f"{path} is no Markdown file: name a folder, or a file that ends in .md.")
    return MarkdownFolder(path=path)


KIND: Final = SourceKind(
    name="markdown",
    words="Markdown files",
    fields=(Field(name="location", words="Folder or file", hint="/srv/help-center", required=True),),
    open=_open,
)
