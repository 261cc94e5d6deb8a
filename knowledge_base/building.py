"""A new version from the live one and a set of articles: what did not change is copied, what did is embedded.

Nothing but the part at hand is in memory, and what was encoded survives an interruption (journal.py).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence, Sized
from enum import StrEnum
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from knowledge_base.arrays import ArrayWriter, RowFile, mapped, writable
from knowledge_base.embedding import Embedder
from knowledge_base.journal import Journal, KeyIndex, Keys, Spool, keys_of
from knowledge_base.lexical import article_words, passage_tokens
from knowledge_base.model import Vectors
from knowledge_base.nearest import VectorRows, codes_of
from knowledge_base.records import StoredArticle
from knowledge_base.splitting import split, spoken
from knowledge_base.stored import TextsWriter
from knowledge_base.version import FORMAT, Version, journal_of, write_manifest
from knowledge_base.word_index import WordIndexWriter

_PART: Final = 1024
"""Texts handed to the encoder at a time."""
_KEPT: Final = 128
"""Vectors written at a time: a second's work at most is lost when the process is killed."""
_BLOCK: Final = 8192
"""Rows of vectors moved at a time."""


class IngestStage(StrEnum):
    READING = "reading"
    SPLITTING = "splitting"
    ENCODING = "encoding"
    INDEXING = "indexing"


IngestProgress = Callable[[IngestStage, int, int], None]
"""Called with the stage, how much of it is done and how much there is (0: not known)."""


def build_version(
    folder: Path,
    wanted: Iterable[StoredArticle],
    live: Version,
    *,
    embedder: Embedder,
    progress: IngestProgress,
) -> None:
    """Write a version of the `wanted` articles into `folder`, taking from `live` what is the same there.

    Raises OSError where the disk is full. Whatever is raised, the next build goes on from what this one encoded.
    """
    usable = live if live.encoder == embedder.name and live.format == FORMAT else None
    rows = _Rows(folder, usable, embedder)
    _write_articles(folder, wanted, usable, embedder, rows, progress)
    rows.encode(progress)
    total = rows.write()
    progress(IngestStage.INDEXING, 0, total)
    write_codes(folder)
    rows.words.finish()
    write_manifest(folder, encoder=embedder.name, dimensions=embedder.dimensions)


def _write_articles(
    folder: Path,
    wanted: Iterable[StoredArticle],
    live: Version | None,
    embedder: Embedder,
    rows: _Rows,
    progress: IngestProgress,
) -> None:
    total = len(wanted) if isinstance(wanted, Sized) else 0
    texts = TextsWriter(folder)
    for done, stored in enumerate(wanted, start=1):
        before = _unchanged(stored, live)
        if live is not None and before is not None:
            texts.copy(stored, live.passages, before)
            rows.copy(before)
            continue
        passages = split(stored.article, embedder.count_tokens)
        texts.article(stored, [one.passage for one in passages])
        about = article_words(stored.article)
        for one in passages:
            quotes = [spoken(quote) for quote in one.passage.quotes]
            rows.add(one.embedded, quotes, passage_tokens(one.passage, one.words, about))
        progress(IngestStage.SPLITTING, done, total)
    texts.close()


def _unchanged(stored: StoredArticle, live: Version | None) -> range | None:
    """The live rows of an article that is the same there."""
    identity = stored.article.id
    if live is None or identity not in live.articles:
        return None
    same = live.articles.content_hash(identity) == stored.content_hash
    return live.articles.rows(identity) if same else None


class _Rows:
    """The rows of a new version: vectors of passages and quotes, and words."""

    def __init__(self, folder: Path, live: Version | None, embedder: Embedder) -> None:
        self._live = live
        self._embedder = embedder
        # Rows of another encoder are of no use here, but may be again after the setting is put back.
        journal = journal_of(folder) / hashlib.sha256(embedder.name.encode()).hexdigest()[:16]
        old_passages = (live.passage_keys, live.passage_vectors) if live is not None else None
        old_quotes = (live.quote_keys, live.quote_vectors) if live is not None else None
        width = embedder.dimensions
        self._passages = _Vectors(
            folder, "passage", Journal(journal / "passages", dimensions=width, dtype=np.float32), old_passages
        )
        self._quotes = _Vectors(
            folder, "quote", Journal(journal / "quotes", dimensions=width, dtype=np.float16), old_quotes
        )
        self._quote_starts = ArrayWriter(folder / "quote_starts.npy", np.int64)
        self._quote_starts.append(np.zeros(1))
        self.words = WordIndexWriter(folder / "words", None if live is None else live.lexical)

    def add(self, embedded: str, quotes: Sequence[str], tokens: Sequence[str]) -> None:
        """The next passage: the text that is embedded for it, those of its quotes, and its stems."""
        self._passages.add([embedded])
        self._quotes.add(quotes)
        self._quote_starts.append(np.array([self._quotes.rows]))
        self.words.add(tokens)

    def copy(self, rows: range) -> None:
        """The next passages, as the live version has them in `rows`."""
        if self._live is None or not len(rows):
            return
        starts = self._live.quote_starts[rows.start : rows.stop + 1]
        self._quote_starts.append(starts[1:] - starts[0] + self._quotes.rows)
        self._passages.take(self._live.passage_keys[rows.start : rows.stop])
        self._quotes.take(self._live.quote_keys[int(starts[0]) : int(starts[-1])])
        self.words.copy(rows)

    def encode(self, progress: IngestProgress) -> None:
        total = self._passages.waiting + self._quotes.waiting
        if not total:
            return
        progress(IngestStage.ENCODING, 0, total)
        first = self._passages.waiting
        self._passages.encode(self._embedder, lambda done: progress(IngestStage.ENCODING, done, total))
        self._quotes.encode(self._embedder, lambda done: progress(IngestStage.ENCODING, first + done, total))

    def write(self) -> int:
        """Write the vectors; how many passages there are comes back."""
        self._passages.write()
        self._quotes.write()
        self._quote_starts.close()
        return self._passages.rows


class _Vectors:
    """The vectors of one kind of text: taken from the live version or the journal by the hash of the text."""

    def __init__(self, folder: Path, kind: str, journal: Journal, live: tuple[Keys, VectorRows] | None) -> None:
        self._folder = folder
        self._kind = kind
        self._journal = journal
        self._live = live
        self._known_live = KeyIndex(live[0]) if live is not None else None
        self._known = KeyIndex(journal.keys())
        self._keys = ArrayWriter(folder / f"{kind}_keys.npy", np.uint64, 2)
        self._spool = Spool(folder / f"{kind}.waiting")

    @property
    def rows(self) -> int:
        return self._keys.rows

    @property
    def waiting(self) -> int:
        return len(self._spool)

    def add(self, texts: Sequence[str]) -> None:
        if not texts:
            return
        keys = keys_of(texts)
        self._keys.append(keys)
        missing = self._known.rows(keys) < 0
        if self._known_live is not None:
            missing &= self._known_live.rows(keys) < 0
        for place in np.flatnonzero(missing).tolist():
            self._spool.add(keys[place].tobytes(), texts[place])

    def take(self, keys: Keys) -> None:
        """Rows that the live version has."""
        self._keys.append(keys)

    def encode(self, embedder: Embedder, done: Callable[[int], None]) -> None:
        count = 0
        for texts in self._spool.parts(_PART):
            keys, kept, ready = keys_of(texts), 0, list[Vectors]()
            for block in embedder.encode_each(texts):
                ready.append(block)
                size = sum(len(one) for one in ready)
                if size < _KEPT and kept + size < len(texts):
                    continue
                self._journal.append(keys[kept : kept + size], np.concatenate(ready))
                kept, ready = kept + size, []
                done(count + kept)
            count += len(texts)
        self._spool.close()

    def write(self) -> None:
        self._keys.close()
        keys = mapped(self._folder / f"{self._kind}_keys.npy")
        known, fresh = KeyIndex(self._journal.keys()), self._journal.vectors()
        with ArrayWriter(self._folder / f"{self._kind}s.npy", fresh.dtype, fresh.shape[1]) as writer:
            for start in range(0, len(keys), _BLOCK):
                writer.append(self._gathered(keys[start : start + _BLOCK], known, fresh))

    def _gathered(self, keys: Keys, known: KeyIndex, fresh: NDArray[np.floating]) -> NDArray[np.floating]:
        rows = known.rows(keys)
        found = np.empty((len(keys), fresh.shape[1]), dtype=fresh.dtype)
        encoded = rows >= 0
        found[encoded] = fresh[rows[encoded]]
        if self._live is not None and self._known_live is not None and not encoded.all():
            found[~encoded] = self._live[1][self._known_live.rows(keys[~encoded])]
        return found


def write_codes(folder: Path) -> None:
    """What a scan compares first, from the vectors of the passages in `folder`."""
    vectors = RowFile(folder / "passages.npy")
    rows, dimensions = vectors.shape
    signs = writable(folder / "signs.npy", np.uint64, (-(-dimensions // 64), rows))
    with (
        ArrayWriter(folder / "bytes.npy", np.int8, dimensions) as values,
        ArrayWriter(folder / "scales.npy", np.float32) as scales,
    ):
        for start in range(0, rows, _BLOCK):
            codes = codes_of(vectors[start : start + _BLOCK])
            signs[:, start : start + _BLOCK] = codes.signs
            values.append(codes.bytes)
            scales.append(codes.scales)
