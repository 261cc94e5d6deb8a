"""Where the vectors of every version are stored, and the index that answers a search.

By default a scan of the version's own files answers (nearest.py) and Chroma is filled behind it, by another process;
with search="chroma" Chroma answers, and is filled before a version goes live. It only ever holds copies: what it lost
is put back.
"""

from __future__ import annotations

import logging
import subprocess
import sys
import time
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from knowledge_base.chroma import Chroma, VectorStoreUnreachable
from knowledge_base.filling import ANSWERING, Collections
from knowledge_base.model import Vectors
from knowledge_base.nearest import Found, Mask, ScanIndex, VectorIndex, best

if TYPE_CHECKING:
    from chromadb.api.models.Collection import Collection as ChromaCollection

    from knowledge_base.version import Version

VectorSearch = Literal["scan", "chroma"]

_QUERY_SECONDS: Final = 2.0
_REST_SECONDS: Final = 30.0
"""After Chroma failed the scan answers for so long, rather than every search waiting for it."""
_CLOSE_SECONDS: Final = 30.0

_log = logging.getLogger(__name__)


class VectorStore:
    """The Chroma of one knowledge base: in its folder (one process at a time), or a server that many processes share.

    `search` says which index answers. Where the scan does, this process never imports Chroma.
    """

    def __init__(self, folder: Path, url: str | None = None, search: VectorSearch = "scan") -> None:
        self._folder = folder
        self._url = url
        self._search = search
        self._collections = Collections(folder, url)
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="chroma")
        """Everything that this process writes to Chroma, one after another."""
        self._filling: subprocess.Popen[bytes] | None = None

    def index(self, version: Version) -> VectorIndex:
        """What answers for a version that is live, or about to be. Raises VectorStoreUnreachable, for "chroma"."""
        if not len(version.passages):
            return ScanIndex(version.passage_vectors, version.codes)
        if self._search == "chroma":
            return self._worker.submit(self._filled, version).result()
        if not self._collections.has(version.number):
            self._fill_behind(version.number)
        return ScanIndex(version.passage_vectors, version.codes)

    def keep(self, numbers: Collection[int]) -> None:
        """Drop what Chroma has of other versions; behind a scan it only ever has the one filled last."""
        if self._search == "chroma" and numbers:
            self._worker.submit(self._swept, frozenset(numbers))

    def wait(self, seconds: float = _CLOSE_SECONDS) -> bool:
        """Until Chroma has the version asked for last; False where it has not by then."""
        if self._filling is None:
            return True
        try:
            return self._filling.wait(seconds) == 0
        except subprocess.TimeoutExpired:
            return False

    def close(self) -> None:
        """Chroma gets a moment to be filled; what is missing then is filled after the next start."""
        self.wait()
        self._stop_filling()
        self._worker.shutdown()
        self._collections.close()

    def _fill_behind(self, number: int) -> None:
        self._stop_filling()
        arguments = [str(self._folder.resolve()), str(number), *([self._url] if self._url else [])]
        command = [sys.executable, "-m", "knowledge_base.filling", *arguments]
        root = Path(__file__).parent.parent
        self._filling = subprocess.Popen(command, cwd=root, stdin=subprocess.DEVNULL)  # noqa: S603

    def _stop_filling(self) -> None:
        if self._filling is not None:
            self._filling.terminate()
            self._filling.wait()

    def _filled(self, version: Version) -> ChromaIndex:
        chroma, collection = self._collections.fill(version, ANSWERING)
        if self._url is not None:
            # A client of its own, whose calls end sooner than those that write.
            chroma = Chroma.at(self._url, _QUERY_SECONDS)
            collection = chroma.collection(collection.name) or collection
        return ChromaIndex(chroma, collection, version)

    def _swept(self, numbers: frozenset[int]) -> None:
        try:
            self._collections.keep(numbers)
        except (VectorStoreUnreachable, OSError) as failure:
            _log.warning("old versions stay in Chroma: %s", failure)


class ScanOnly:
    """Indexes without a Chroma beside them: for knowledge bases that are gone soon, and no process fills behind."""

    def index(self, version: Version) -> VectorIndex:
        return ScanIndex(version.passage_vectors, version.codes)

    def keep(self, numbers: Collection[int]) -> None: ...

    def close(self) -> None: ...


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
