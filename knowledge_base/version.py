"""One version of the knowledge on disk: articles, passages, vectors and words, written once and never changed.

`versions/<number>/` holds a version; the file `current` names the live one and is replaced in one step.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from knowledge_base.arrays import RowFile, mapped
from knowledge_base.atomic_file import SeenFile, sync_folder
from knowledge_base.model import ArticleId
from knowledge_base.nearest import Codes, Mask, VectorRows, codes_of
from knowledge_base.records import StoredArticle, stored_from, stored_record
from knowledge_base.stored import (
    ArticleFacts,
    KnowledgeBaseDamaged,
    Passages,
    StoredArticles,
    TextsWriter,
    no_articles,
    open_texts,
    read_articles,
)
from knowledge_base.word_index import LexicalIndex

__all__ = [
    "FORMAT",
    "ArticleFacts",
    "KnowledgeBaseDamaged",
    "StoredArticle",
    "StoredArticles",
    "Version",
    "VersionFolder",
    "empty_version",
    "has_version",
    "stored_from",
    "stored_record",
]

FORMAT: Final = 3
"""Raised when splitting, tokens or files change, so that an older version is built anew from its articles."""
_CURRENT: Final = "current"
"""The file that names the live version."""
_BUILDING: Final = ".building-"
_JOURNAL: Final = ".encoding"


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A version, its large parts on disk. Rows of passages, vectors, codes and the lexical index agree.

    The quotes of passage `row` are rows quote_starts[row]:quote_starts[row + 1] of `quote_vectors`. `article_of` names
    for each row the place of its article in `articles`. Keys are the hashes of what was embedded, shape (rows, 2).
    """

    number: int
    encoder: str
    format: int
    articles: StoredArticles
    passages: Passages
    article_of: NDArray[np.int32]
    passage_vectors: VectorRows
    passage_keys: NDArray[np.uint64]
    codes: Codes
    quote_vectors: VectorRows
    quote_keys: NDArray[np.uint64]
    quote_starts: NDArray[np.int64]
    lexical: LexicalIndex

    def mask_of_rows(self, articles: Mask) -> Mask | None:
        """Which rows may be found, given which articles may, by place; None where all may."""
        return None if articles.all() else np.asarray(articles[self.article_of])

    def passage_ids(self, rows: range) -> list[str]:
        """The ids of passages without reading them."""
        found: list[str] = []
        for place in range(int(self.article_of[rows.start]), int(self.article_of[rows.stop - 1]) + 1):
            identity = self.articles.at(place)
            own = self.articles.rows(identity)
            found += [f"{identity}#{row - own.start}" for row in own if row in rows]
        return found

    def row_of(self, passage_id: str) -> int:
        """Raises KeyError for an id that this version has not."""
        identity, _, position = passage_id.rpartition("#")
        return self.articles.rows(ArticleId(identity))[int(position)]


def has_version(root: Path) -> bool:
    """Whether anything was ever ingested into the knowledge base at `root`."""
    return (root / _CURRENT).exists()


class VersionFolder:
    """The versions below one folder."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._versions = root / "versions"
        self._versions.mkdir(parents=True, exist_ok=True)

    def current(self) -> int | None:
        """The number of the live version. Raises KnowledgeBaseDamaged."""
        return self.see_current()[0]

    def see_current(self) -> tuple[int | None, SeenFile]:
        """The number of the live version, and the file that says so. Raises KnowledgeBaseDamaged."""
        try:
            seen = SeenFile(self._root / _CURRENT)
            return (None if seen.text is None else int(seen.text)), seen
        except ValueError as failure:
            raise KnowledgeBaseDamaged(self._root) from failure

    def switch(self, number: int) -> None:
        """Make `number` the live version in one step: a reader, or a crash, sees the old name or the new one."""
        draft = self._root / "current.next"
        with draft.open("w", encoding="ascii") as stream:
            stream.write(str(number))
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(draft, self._root / _CURRENT)
        sync_folder(self._root)

    def next_number(self) -> int:
        return max((*self.numbers(), self.current() or 0)) + 1

    def numbers(self) -> list[int]:
        return sorted(int(path.name) for path in self._versions.iterdir() if path.name.isdigit())

    def path(self, number: int) -> Path:
        return self._versions / str(number)

    def begin(self, number: int) -> Path:
        """An empty folder to build a version in; `finish` gives it its name."""
        folder = self._versions / f"{_BUILDING}{number}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        return folder

    def finish(self, number: int) -> None:
        building = self._versions / f"{_BUILDING}{number}"
        for path in building.rglob("*"):
            if path.is_file():
                _sync_file(path)
            else:
                sync_folder(path)
        sync_folder(building)
        shutil.rmtree(self.path(number), ignore_errors=True)
        building.rename(self.path(number))
        sync_folder(self._versions)

    def forget_encoded(self) -> None:
        """Drop what builds encoded: all of it is in a version now."""
        shutil.rmtree(self._versions / _JOURNAL, ignore_errors=True)

    def sweep(self, keep: Sequence[int]) -> None:
        """Remove every version but those in `keep`, and what an interrupted build left except what it encoded."""
        kept = {_JOURNAL, *(str(number) for number in keep)}
        for path in self._versions.iterdir():
            if path.name not in kept:
                shutil.rmtree(path, ignore_errors=True)

    def load(self, number: int) -> Version:
        """Of a version in an older format only the articles: it has to be built anew from them.

        Raises KnowledgeBaseDamaged.
        """
        folder = self.path(number)
        try:
            manifest = json.loads((folder / "version.json").read_text(encoding="utf-8"))
            if manifest["format"] != FORMAT:
                return _outdated(folder, manifest)
            return _load(folder, manifest)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError) as failure:
            raise KnowledgeBaseDamaged(self._root) from failure


def journal_of(building: Path) -> Path:
    """Where a build keeps what it has encoded, so that the next one goes on from there if it is interrupted."""
    return building.with_name(_JOURNAL)


def write_manifest(folder: Path, *, encoder: str, dimensions: int) -> None:
    """Last of all files: a folder that has it is whole."""
    manifest = {"format": FORMAT, "encoder": encoder, "dimensions": dimensions}
    (folder / "version.json").write_text(json.dumps(manifest), encoding="utf-8")


def empty_version(encoder: str, dimensions: int) -> Version:
    return _empty(number=0, encoder=encoder, format_=FORMAT, articles=no_articles(), dimensions=dimensions)


def _empty(*, number: int, encoder: str, format_: int, articles: StoredArticles, dimensions: int) -> Version:
    return Version(
        number=number,
        encoder=encoder,
        format=format_,
        articles=articles,
        passages=Passages(),
        article_of=np.empty(0, dtype=np.int32),
        passage_vectors=np.empty((0, dimensions), dtype=np.float32),
        passage_keys=np.empty((0, 2), dtype=np.uint64),
        codes=codes_of(np.empty((0, dimensions), dtype=np.float32)),
        quote_vectors=np.empty((0, dimensions), dtype=np.float16),
        quote_keys=np.empty((0, 2), dtype=np.uint64),
        quote_starts=np.zeros(1, dtype=np.int64),
        lexical=LexicalIndex.empty(),
    )


def _load(folder: Path, manifest: Mapping[str, object]) -> Version:
    articles, passages, starts = open_texts(folder)
    lexical = LexicalIndex(folder / "words")
    found = Version(
        number=int(folder.name),
        encoder=str(manifest["encoder"]),
        format=int(str(manifest["format"])),
        articles=articles,
        passages=passages,
        article_of=np.repeat(np.arange(len(articles), dtype=np.int32), np.diff(starts)),
        passage_vectors=RowFile(folder / "passages.npy"),
        passage_keys=mapped(folder / "passage_keys.npy"),
        codes=Codes(
            signs=mapped(folder / "signs.npy"), bytes=mapped(folder / "bytes.npy"), scales=mapped(folder / "scales.npy")
        ),
        quote_vectors=RowFile(folder / "quotes.npy"),
        quote_keys=mapped(folder / "quote_keys.npy"),
        quote_starts=mapped(folder / "quote_starts.npy"),
        lexical=lexical,
    )
    size, dimensions = len(passages), int(str(manifest["dimensions"]))
    agree = (
        found.passage_vectors.shape == (size, dimensions)
        and found.codes.signs.shape == (-(-dimensions // 64), size)
        and found.codes.bytes.shape == (size, dimensions)
        and len(found.codes.scales) == size
        and len(found.passage_keys) == lexical.size == len(found.quote_starts) - 1 == size
        and found.quote_vectors.shape == (int(found.quote_starts[-1]), dimensions)
        and len(found.quote_keys) == len(found.quote_vectors)
    )
    if not agree:
        raise ValueError("the files of the version do not agree")
    return found


def _outdated(folder: Path, manifest: Mapping[str, object]) -> Version:
    stored = list(read_articles(folder))
    with tempfile.TemporaryDirectory() as beside:
        writer = TextsWriter(Path(beside))
        for one in stored:
            writer.article(one, ())
        writer.close()
        articles, _, _ = open_texts(Path(beside))
    return _empty(
        number=int(folder.name),
        encoder=str(manifest["encoder"]),
        format_=int(str(manifest["format"])),
        articles=articles,
        dimensions=0,
    )


def _sync_file(path: Path) -> None:
    with path.open("rb") as stream:
        os.fsync(stream.fileno())
