"""Vector indexes: Chroma in a folder (the only home of chromadb), and an exact one that tests hold it against."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Collection, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

from knowledge_base.model import Vectors

if TYPE_CHECKING:
    from chromadb.api import ClientAPI
    from chromadb.api.models.Collection import Collection as ChromaCollection

_BATCH: Final = 5000
"""Chroma refuses more than 5461 rows in one call."""
_SEARCH_EF: Final = 200
_BUILD_EF: Final = 200
_NEIGHBOURS: Final = 32
"""With Chroma's defaults (100, 100, 16) recall@10 is .98 at 10,000 passages and .85 at 100,000."""


class VectorIndex(Protocol):
    """Unit vectors by id. Not safe for writing while reading; any number of threads may query."""

    def add(self, ids: Sequence[str], vectors: Vectors) -> None: ...

    def query(self, vector: Vectors, limit: int) -> list[tuple[str, float]]:
        """The nearest ids with their cosines, best first. `vector` has shape (dimensions,)."""
        ...

    def remove(self, ids: Collection[str]) -> None: ...

    def ids(self) -> list[str]: ...


class ExactIndex:
    """Every cosine computed: slow beyond some 100,000 rows, never wrong."""

    def __init__(self, dimensions: int) -> None:
        self._ids: list[str] = []
        self._vectors: Vectors = np.empty((0, dimensions), dtype=np.float32)

    def add(self, ids: Sequence[str], vectors: Vectors) -> None:
        self._ids += ids
        self._vectors = np.concatenate([self._vectors, vectors])

    def query(self, vector: Vectors, limit: int) -> list[tuple[str, float]]:
        cosines = self._vectors @ vector
        best = np.argsort(-cosines, kind="stable")[:limit]
        return [(self._ids[row], float(cosines[row])) for row in best]

    def remove(self, ids: Collection[str]) -> None:
        gone = frozenset(ids)
        kept = [row for row, identity in enumerate(self._ids) if identity not in gone]
        self._ids = [self._ids[row] for row in kept]
        self._vectors = self._vectors[kept]

    def ids(self) -> list[str]:
        return list(self._ids)


class ChromaIndex:
    """One Chroma collection."""

    def __init__(self, collection: ChromaCollection) -> None:
        self._collection = collection

    def add(self, ids: Sequence[str], vectors: Vectors) -> None:
        for start in range(0, len(ids), _BATCH):
            stop = start + _BATCH
            self._collection.add(ids=list(ids[start:stop]), embeddings=vectors[start:stop])

    def query(self, vector: Vectors, limit: int) -> list[tuple[str, float]]:
        found = self._collection.query(query_embeddings=vector[np.newaxis], n_results=limit, include=["distances"])
        distances = found["distances"] or [[]]
        return [
            (identity, 1.0 - float(distance)) for identity, distance in zip(found["ids"][0], distances[0], strict=True)
        ]

    def remove(self, ids: Collection[str]) -> None:
        rows = list(ids)
        for start in range(0, len(rows), _BATCH):
            self._collection.delete(ids=rows[start : start + _BATCH])

    def ids(self) -> list[str]:
        return list(self._collection.get(include=[])["ids"])

    def count(self) -> int:
        return self._collection.count()


class ChromaFolder:
    """Chroma embedded in a folder, one collection for each version. One process at a time: the caller holds a lock."""

    def __init__(self, path: Path) -> None:
        path.mkdir(parents=True, exist_ok=True)
        _sweep(path)
        self._client: ClientAPI = _client(path)

    def create(self, name: str) -> ChromaIndex:
        """An empty index; what an interrupted build left under this name is gone."""
        self.drop(name)
        # Without embedding_function=None Chroma downloads a model at the first add.
        collection = self._client.create_collection(
            name,
            embedding_function=None,
            configuration={
                "hnsw": {
                    "space": "cosine",
                    "ef_search": _SEARCH_EF,
                    "ef_construction": _BUILD_EF,
                    "max_neighbors": _NEIGHBOURS,
                }
            },
        )
        return ChromaIndex(collection)

    def open(self, name: str) -> ChromaIndex | None:
        if name not in self.names():
            return None
        return ChromaIndex(self._client.get_collection(name, embedding_function=None))

    def drop(self, name: str) -> None:
        if name in self.names():
            self._client.delete_collection(name)

    def names(self) -> list[str]:
        return [collection.name for collection in self._client.list_collections()]

    def close(self) -> None:
        from chromadb.api.client import Client  # noqa: PLC0415

        if isinstance(self._client, Client):
            self._client.close()


def _client(path: Path) -> ClientAPI:
    import chromadb  # noqa: PLC0415
    from chromadb.config import Settings  # noqa: PLC0415

    return chromadb.PersistentClient(path=str(path), settings=Settings(anonymized_telemetry=False, is_persistent=True))


def _sweep(path: Path) -> None:
    """Deleting a collection leaves its index folder on disk; each update of a help center would add one."""
    database = path / "chroma.sqlite3"
    if not database.exists():
        return
    try:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
            known = {str(row[0]) for row in connection.execute("SELECT id FROM segments")}
    except sqlite3.DatabaseError:
        # Unreadable or from another Chroma: it holds copies only, so it is built anew from the versions.
        shutil.rmtree(path)
        path.mkdir()
        return
    for folder in path.iterdir():
        if folder.is_dir() and folder.name not in known:
            shutil.rmtree(folder, ignore_errors=True)
