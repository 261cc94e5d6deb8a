"""Where the vectors of every version are stored, and the index that answers a search.

By default a scan of the version's own files answers (nearest.py) and Chroma is filled behind it; with search="chroma"
Chroma answers, and is filled before a version goes live. It only ever holds copies: what it lost is put back.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable, Collection
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from knowledge_base.atomic_file import replace_text
from knowledge_base.chroma import Chroma, Hnsw, VectorStoreUnreachable
from knowledge_base.lock import exclusively
from knowledge_base.model import Vectors
from knowledge_base.nearest import Found, Mask, ScanIndex, VectorIndex, best

if TYPE_CHECKING:
    from chromadb.api.models.Collection import Collection as ChromaCollection

    from knowledge_base.version import Version

VectorSearch = Literal["scan", "chroma"]

_BATCH: Final = 5000
"""Chroma refuses more than 5461 rows in one call."""
_QUERY_SECONDS: Final = 2.0
_WRITE_SECONDS: Final = 120.0
_REST_SECONDS: Final = 30.0
"""After Chroma failed the scan answers for so long, rather than every search waiting for it."""
_CLOSE_SECONDS: Final = 30.0
HNSW: Final[Hnsw] = {"space": "cosine", "ef_search": 200, "ef_construction": 200, "max_neighbors": 32}
"""Where Chroma answers. With its defaults (100, 100, 16) recall@10 is .98 at 10,000 passages and .85 at 100,000."""
_HNSW_KEPT: Final[Hnsw] = {"space": "cosine", "ef_search": 100, "ef_construction": 40, "max_neighbors": 16}
"""Where the scan answers and the graph only has to be there: filled two to four times as fast."""

_log = logging.getLogger(__name__)


class VectorStore:
    """The Chroma of one knowledge base: in its folder (one process at a time), or a server that many processes share.

    `search` says which index answers. Nothing of Chroma is imported or opened until something is written or asked
    there: it takes a second and 100 MB.
    """

    def __init__(self, folder: Path, url: str | None = None, search: VectorSearch = "scan") -> None:
        self._folder = folder
        self._url = url
        self._search = search
        self._chroma: Chroma | None = None
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="chroma")
        """Everything that writes to Chroma, one after another."""
        self._last: Future[object] | None = None
        self._closing = threading.Event()
        self._live = 0

    def index(self, version: Version) -> VectorIndex:
        """What answers for a version that is live, or about to be. Raises VectorStoreUnreachable, for "chroma"."""
        self._live = version.number
        if not len(version.passages):
            return ScanIndex(version.passage_vectors, version.codes)
        if self._search == "chroma":
            return self._worker.submit(self._filled, version).result()
        if self._marked() != self._name(version.number):
            self._behind(lambda: self._fill(self._open(), version, _HNSW_KEPT))
        return ScanIndex(version.passage_vectors, version.codes)

    def keep(self, numbers: Collection[int]) -> None:
        """Drop what is stored of other versions; behind a scan only the live one is stored."""
        if self._last is None and self._chroma is None:
            return
        kept = {self._name(number) for number in numbers if self._search == "chroma" or number == self._live}
        self._behind(lambda: self._open().keep(kept, self._name("")))

    def wait(self, seconds: float = _CLOSE_SECONDS) -> bool:
        """Until Chroma has the live version; False where it has not by then."""
        return self._last is None or not wait([self._last], seconds).not_done

    def close(self) -> None:
        """Chroma gets a moment to be filled; what is missing then is filled after the next start."""
        self.wait()
        self._closing.set()
        self._worker.shutdown(cancel_futures=True)
        if self._chroma is not None:
            self._chroma.close()
            self._chroma = None

    def _behind(self, work: Callable[[], object]) -> None:
        def logged() -> None:
            try:
                work()
            except (VectorStoreUnreachable, OSError) as failure:
                _log.warning("Chroma lags behind: %s", failure)

        self._last = self._worker.submit(logged)

    def _filled(self, version: Version) -> ChromaIndex:
        chroma = self._open()
        collection = self._fill(chroma, version, HNSW)
        if self._url is not None:
            # A client of its own, whose calls end sooner than those that write.
            chroma = Chroma.at(self._url, _QUERY_SECONDS)
            collection = chroma.collection(collection.name) or collection
        return ChromaIndex(chroma, collection, version)

    def _fill(self, chroma: Chroma, version: Version, hnsw: Hnsw) -> ChromaCollection:
        """The version's collection, whole. One process fills at a time: others wait and find it full."""
        name = self._name(version.number)
        with exclusively(self._folder / "chroma.lock"):
            collection = chroma.collection(name)
            if collection is None or not chroma.usable(collection, len(version.passages)):
                collection = chroma.create(name, hnsw)
                for start in range(0, len(version.passages), _BATCH):
                    if self._closing.is_set() or version.number != self._live:
                        return collection
                    rows = range(start, min(start + _BATCH, len(version.passages)))
                    chroma.add(collection, version.passage_ids(rows), version.passage_vectors[start : rows.stop])
            replace_text(self._marker, name)
            return collection

    def _open(self) -> Chroma:
        if self._chroma is None:
            inside = self._folder / "chroma"
            self._chroma = Chroma.at(self._url, _WRITE_SECONDS) if self._url else Chroma.inside(inside)
        return self._chroma

    @property
    def _marker(self) -> Path:
        """Names the collection that was filled last, so that a start need not open Chroma to know."""
        return self._folder / "chroma.filled"

    def _marked(self) -> str:
        try:
            return self._marker.read_text(encoding="ascii")
        except (OSError, ValueError):
            return ""

    def _name(self, number: int | str) -> str:
        """Of a collection: several knowledge bases may share a server."""
        path = self._folder / "identity"
        if not path.exists():
            replace_text(path, secrets.token_hex(6))
        return f"baton-{path.read_text(encoding='ascii')}-version-{number}"


class ChromaIndex:
    """A version's collection in Chroma. While Chroma fails, the scan answers."""

    def __init__(self, chroma: Chroma, collection: ChromaCollection, version: Version) -> None:
        self._chroma = chroma
        self._collection = collection
        self._version = version
        self._scan = ScanIndex(version.passage_vectors, version.codes)
        self._resting_until = 0.0

    def nearest(self, vector: Vectors, limit: int, readable: Mask | None = None) -> Found:
        if time.monotonic() < self._resting_until:
            return self._scan.nearest(vector, limit, readable)
        try:
            return self._asked(vector, limit, readable)
        except VectorStoreUnreachable as failure:
            _log.warning("the scan answers for %.0f s: %s", _REST_SECONDS, failure)
            self._resting_until = time.monotonic() + _REST_SECONDS
            return self._scan.nearest(vector, limit, readable)

    def _asked(self, vector: Vectors, limit: int, readable: Mask | None) -> Found:
        size = len(self._version.passages)
        # Chroma cannot be given a mask, so it is asked for more; where that is not enough, the scan takes the mask.
        wanted = min(limit if readable is None else 4 * limit, size)
        ids, distances = self._chroma.query(self._collection, vector, wanted)
        rows = np.array([self._version.row_of(identity) for identity in ids], dtype=np.int64)
        scores = np.array([1.0 - distance for distance in distances], dtype=np.float32)
        if readable is None:
            return best(rows, scores, limit)
        allowed = readable[rows]
        if np.count_nonzero(allowed) < limit and wanted < size:
            return self._scan.nearest(vector, limit, readable)
        return best(rows[allowed], scores[allowed], limit)
