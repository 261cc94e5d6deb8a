"""A Chroma client, embedded or of a server (the only home of chromadb): deadlines, and one kind of failure."""

from __future__ import annotations

import json
import logging
import shutil
import sqlite3
import urllib.request
from collections.abc import Callable, Collection
from contextlib import closing
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import urlsplit

import numpy as np

from knowledge_base.atomic_file import replace_text
from knowledge_base.model import Vectors

if TYPE_CHECKING:
    from chromadb.api import ClientAPI
    from chromadb.api.models.Collection import Collection as ChromaCollection

Hnsw = dict[str, str | int]
"""Parameters of a collection's graph."""
Result = TypeVar("Result")

_CONNECT_SECONDS: Final = 3.0
_NOTE: Final = "graphs.json"

_log = logging.getLogger(__name__)


class VectorStoreUnreachable(RuntimeError):
    """The Chroma server does not answer, or Chroma cannot be used. The message says what to do."""


class Chroma:
    """A client, with every failure of Chroma's as one exception."""

    def __init__(self, client: ClientAPI, where: str, path: Path | None = None) -> None:
        self._client = client
        self._where = where
        self._path = path

    @classmethod
    def inside(cls, path: Path) -> Chroma:
        """Chroma embedded in a folder; what cannot be used there is removed, as it holds copies only."""
        path.mkdir(parents=True, exist_ok=True)
        where = f"Chroma in {path}"
        if not _intact(path):
            _log.warning("%s was interrupted or damaged, and is filled anew", where)
            _clear(path)
        _sweep(path)
        try:
            return cls(_guarded(where, lambda: _embedded(path)), where, path)
        except VectorStoreUnreachable as failure:
            _log.warning("filled anew: %s", failure)
            _forget(path)
            _clear(path)
            return cls(_guarded(where, lambda: _embedded(path)), where, path)

    @classmethod
    def at(cls, url: str, seconds: float) -> Chroma:
        """A server; each call may take `seconds`."""
        where = f"The Chroma server at {url}"
        _knock(url)
        return cls(_guarded(where, lambda: _remote(url, seconds)), where)

    def keep(self, kept: Collection[str], prefix: str) -> None:
        """Drop the collections that begin with `prefix` but those in `kept`."""
        for name in self.names():
            if name.startswith(prefix) and name not in kept:
                self.drop(name)
        if self._path is not None:
            _sweep(self._path)

    def note(self) -> None:
        """What is in the folder now is whole: call it when all is written."""
        if self._path is not None:
            replace_text(self._path / _NOTE, json.dumps(_graphs(self._path)))

    def names(self) -> list[str]:
        return self._try(lambda: [one.name for one in self._client.list_collections()])

    def collection(self, name: str) -> ChromaCollection | None:
        if name not in self.names():
            return None
        return self._try(lambda: self._client.get_collection(name, embedding_function=None))

    def usable(self, collection: ChromaCollection, size: int) -> bool:
        """Whether it has all rows and can be searched: its files may be half deleted."""
        try:
            found = self._try(lambda: collection.peek(1)["embeddings"])
            if found is None or not len(found) or self._try(collection.count) != size:
                return False
            self.query(collection, np.asarray(found[0], dtype=np.float32), 1)
        except VectorStoreUnreachable:
            return False
        return True

    def create(self, name: str, hnsw: Hnsw) -> ChromaCollection:
        """An empty collection; what an interrupted build left under this name is gone."""
        self.drop(name)
        # Without embedding_function=None Chroma downloads a model at the first add.
        return self._try(
            lambda: self._client.create_collection(name, embedding_function=None, configuration={"hnsw": hnsw})  # type: ignore[arg-type]
        )

    def drop(self, name: str) -> None:
        if name in self.names():
            self._try(lambda: self._client.delete_collection(name))

    def add(self, collection: ChromaCollection, ids: list[str], vectors: Vectors) -> None:
        self._try(lambda: collection.add(ids=ids, embeddings=vectors))

    def query(self, collection: ChromaCollection, vector: Vectors, limit: int) -> tuple[list[str], list[float]]:
        """Ids and cosine distances, nearest first."""
        found = self._try(
            lambda: collection.query(query_embeddings=vector[np.newaxis], n_results=limit, include=["distances"])
        )
        return found["ids"][0], (found["distances"] or [[]])[0]

    def close(self) -> None:
        from chromadb.api.client import Client  # noqa: PLC0415

        if isinstance(self._client, Client):
            self._client.close()

    def _try(self, work: Callable[[], Result]) -> Result:
        return _guarded(self._where, work)


def _guarded(where: str, work: Callable[[], Result]) -> Result:
    try:
        return work()
    except _failures() as failure:
        raise VectorStoreUnreachable(f"{where} failed: {failure or type(failure).__name__}.") from failure


def _failures() -> tuple[type[Exception], ...]:
    """What Chroma was seen to raise, embedded on damaged files and over HTTP; looked up only once something was."""
    from chromadb.errors import ChromaError  # noqa: PLC0415
    from httpx import HTTPError  # noqa: PLC0415 - Chroma's own HTTP client

    return (ChromaError, HTTPError, sqlite3.Error, OSError, ValueError, KeyError, TypeError, RuntimeError)


def _embedded(path: Path) -> ClientAPI:
    import chromadb  # noqa: PLC0415
    from chromadb.config import Settings  # noqa: PLC0415

    return chromadb.PersistentClient(path=str(path), settings=Settings(anonymized_telemetry=False, is_persistent=True))


def _forget(path: Path) -> None:
    """Chroma keeps what failed to open, and would give it to whoever opens this folder next."""
    from chromadb.api.shared_system_client import SharedSystemClient  # noqa: PLC0415

    SharedSystemClient._identifier_to_system.pop(str(path), None)
    SharedSystemClient._identifier_to_refcount.pop(str(path), None)


def _clear(path: Path) -> None:
    shutil.rmtree(path)
    path.mkdir()


def _graphs(path: Path) -> dict[str, int]:
    """The files that Chroma maps into memory, with their sizes."""
    return {str(file.relative_to(path)): file.stat().st_size for file in sorted(path.glob("*/*.bin"))}


def _intact(path: Path) -> bool:
    """Whether these are the files that were noted: Chroma dies of a segmentation fault on one that was cut short."""
    try:
        return bool(json.loads((path / _NOTE).read_text(encoding="ascii")) == _graphs(path))
    except FileNotFoundError:
        return not _graphs(path)
    except (OSError, ValueError):
        return False


def _remote(url: str, seconds: float) -> ClientAPI:
    import chromadb  # noqa: PLC0415
    from chromadb.api.fastapi import FastAPI  # noqa: PLC0415
    from chromadb.config import Settings  # noqa: PLC0415

    parts = urlsplit(url)
    secure = parts.scheme == "https"
    client = chromadb.HttpClient(
        host=parts.hostname or "",
        port=parts.port or (443 if secure else 80),
        ssl=secure,
        settings=Settings(anonymized_telemetry=False),
    )
    server = getattr(client, "_server", None)
    if isinstance(server, FastAPI):
        # Chroma waits for ever otherwise, and offers no setting.
        server._session.timeout = seconds
    return client


def _knock(url: str) -> None:
    """Chroma's client has no deadline while it connects."""
    try:
        with urllib.request.urlopen(f"{url.rstrip('/')}/api/v2/heartbeat", timeout=_CONNECT_SECONDS) as answer:  # noqa: S310
            answer.read(4096)
    except (OSError, ValueError, HTTPException) as failure:
        raise VectorStoreUnreachable(
            f"The Chroma server at {url} does not answer ({failure}). Start it with "
            "`chroma run --path FOLDER --host HOST --port PORT`, or correct BATON_CHROMA_URL."
        ) from failure


def _sweep(path: Path) -> None:
    """Deleting a collection leaves its index folder on disk; each update of a help center would add one."""
    database = path / "chroma.sqlite3"
    known: set[str] = set()
    try:
        if database.exists():
            with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
                known = {str(row[0]) for row in connection.execute("SELECT id FROM segments")}
    except sqlite3.Error:
        # Unreadable or from another Chroma: it holds copies only, so it is built anew from the versions.
        database.unlink()
    for folder in path.iterdir():
        if folder.is_dir() and folder.name not in known:
            shutil.rmtree(folder, ignore_errors=True)
