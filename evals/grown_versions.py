"""Knowledge of any size for the benches: real help articles, and beyond them copies with vectors moved a little."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np

from evals import public_sets
from knowledge_base.arrays import ArrayWriter
from knowledge_base.building import build_version, write_codes
from knowledge_base.embedding import Embedder
from knowledge_base.model import Article, ArticleId, Vectors
from knowledge_base.nearest import Rows
from knowledge_base.stored import TextsWriter
from knowledge_base.version import StoredArticle, Version, VersionFolder, empty_version, write_manifest
from knowledge_base.word_index import WordIndexWriter

_MIXED: Final = 0.5
_JITTER: Final = 0.4
"""A copy is up to half way to another real passage, and then moved by noise of this length."""
_BLOCK: Final = 8192


def real_articles() -> list[Article]:
    """The public sets' articles. Raises MissingSet."""
    sets = (public_sets.clapnq(), public_sets.mtrag(), public_sets.stackfaq())
    return [
        Article(id=ArticleId(f"{one.name}-{row['id']}"), title=row["title"], text=row["text"])
        for one in sets
        for row in one.articles
    ]


def real_questions(count: int) -> list[str]:
    """Customers' last messages from the same sets, evenly taken."""
    asked = [
        question.messages[-1].text
        for one in (public_sets.clapnq(), public_sets.mtrag(), public_sets.stackfaq())
        for question in one.questions
    ]
    return asked[:: max(1, len(asked) // count)][:count]


def real_version(root: Path, embedder: Embedder) -> Version:
    """A version of the real articles below `root`, built where it is not there yet."""
    folder = VersionFolder(root)
    number = folder.current()
    if number is not None and (found := folder.load(number)).encoder == embedder.name and found.passages:
        return found
    stored = [
        StoredArticle(article=one, source="bench", content_hash=str(place)) for place, one in enumerate(real_articles())
    ]
    building = folder.begin(1)
    empty = empty_version(embedder.name, embedder.dimensions)
    build_version(building, stored, empty, embedder=embedder, progress=lambda stage, done, total: None)
    folder.finish(1)
    folder.switch(1)
    return folder.load(1)


def grown_version(root: Path, real: Version, rows: int) -> Version:
    """`real` repeated, or cut, to some `rows` passages, in a knowledge base's folder `root`."""
    folder = VersionFolder(root)
    if folder.current() == 1 and (found := folder.load(1)).encoder == real.encoder:
        return found
    building = folder.begin(1)
    parts = list(_parts(real, rows))
    _write_texts(building, real, parts)
    _write_vectors(building, real, parts)
    dimensions = real.passage_vectors.shape[1]
    write_manifest(building, encoder=real.encoder, dimensions=dimensions)
    about = {"cause": "bench", "made_at": datetime.now(UTC).isoformat(), "articles": 0, "passages": rows}
    (building / "about.json").write_text(json.dumps({**about, "rolled_back_at": None}), encoding="utf-8")
    folder.finish(1)
    folder.switch(1)
    return folder.load(1)


def _parts(real: Version, rows: int) -> Iterator[tuple[ArticleId, range, int]]:
    """Articles with their rows, round after round, until there are enough rows."""
    count, round_ = 0, 0
    while True:
        for identity in real.articles:
            own = real.articles.rows(identity)
            yield identity, own, round_
            count += len(own)
            if count >= rows:
                return
        round_ += 1


def _write_texts(folder: Path, real: Version, parts: list[tuple[ArticleId, range, int]]) -> None:
    texts, words = TextsWriter(folder), WordIndexWriter(folder / "words", real.lexical)
    stored = {identity: real.articles[identity] for identity in real.articles}
    for identity, rows, round_ in parts:
        one = stored[identity].article
        named = Article(id=ArticleId(f"{identity}~{round_}"), title=one.title, text=one.text)
        texts.copy(
            StoredArticle(article=named, source="bench", content_hash=f"{identity}-{round_}"), real.passages, rows
        )
        words.copy(rows)
    texts.close()
    words.finish()


def _write_vectors(folder: Path, real: Version, parts: list[tuple[ArticleId, range, int]]) -> None:
    random = np.random.default_rng(7)
    own_vectors: Vectors = np.asarray(real.passage_vectors)
    taken = np.concatenate([np.arange(rows.start, rows.stop) for _, rows, _ in parts])
    copied = np.concatenate([np.full(len(rows), round_ > 0) for _, rows, round_ in parts])
    dimensions = real.passage_vectors.shape[1]
    with ArrayWriter(folder / "passages.npy", np.float32, dimensions) as passages:
        for start in range(0, len(taken), _BLOCK):
            rows = taken[start : start + _BLOCK]
            moved = _moved(own_vectors, rows, random)
            passages.append(np.where(copied[start : start + _BLOCK, np.newaxis], moved, own_vectors[rows]))
    write_codes(folder)
    np.save(folder / "passage_keys.npy", np.zeros((len(taken), 2), dtype=np.uint64))
    sizes = np.diff(real.quote_starts)[taken]
    starts = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(sizes)])
    np.save(folder / "quote_starts.npy", starts)
    np.save(folder / "quote_keys.npy", np.zeros((int(starts[-1]), 2), dtype=np.uint64))
    with ArrayWriter(folder / "quotes.npy", np.float16, dimensions) as quotes:
        for _, own, _ in parts:
            quotes.append(real.quote_vectors[int(real.quote_starts[own.start]) : int(real.quote_starts[own.stop])])


def _moved(real: Vectors, rows: Rows, random: np.random.Generator) -> Vectors:
    share = random.uniform(0, _MIXED, (len(rows), 1))
    other = real[random.integers(0, len(real), len(rows))]
    noise = _JITTER / np.sqrt(real.shape[1]) * random.standard_normal((len(rows), real.shape[1]))
    moved = (1 - share) * real[rows] + share * other + noise
    return np.asarray(moved / np.linalg.norm(moved, axis=1, keepdims=True), dtype=np.float32)
