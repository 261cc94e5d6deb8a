"""The vectors of versions into the collections of Chroma, from here or from a process of its own.

    python -m knowledge_base.filling FOLDER NUMBER [URL]

What a scan answers for is filled by the process: importing and feeding Chroma would slow every search meanwhile (8.5
instead of 3 ms, 2 cores) and stay in memory (60 MB).
"""

from __future__ import annotations

import logging
import os
import secrets
import sys
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING, Final

from knowledge_base.atomic_file import replace_text
from knowledge_base.chroma import Chroma, Hnsw, VectorStoreUnreachable
from knowledge_base.lock import exclusively
from knowledge_base.version import KnowledgeBaseDamaged, Version, VersionFolder

if TYPE_CHECKING:
    from chromadb.api.models.Collection import Collection as ChromaCollection

ANSWERING: Final[Hnsw] = {"space": "cosine", "ef_search": 200, "ef_construction": 200, "max_neighbors": 32}
"""Where Chroma answers. With its defaults (100, 100, 16) recall@10 is .98 at 10,000 passages and .85 at 100,000."""
_KEEPING: Final[Hnsw] = {"space": "cosine", "ef_search": 100, "ef_construction": 40, "max_neighbors": 16}
"""Where the scan answers and the graph only has to be there: filled two to four times as fast."""
_BATCH: Final = 5000
"""Chroma refuses more than 5461 rows in one call."""
_WRITE_SECONDS: Final = 120.0

_log = logging.getLogger(__name__)


class Collections:
    """The collections of the knowledge base in `folder`, one for each version, in its own Chroma or at `url`."""

    def __init__(self, folder: Path, url: str | None) -> None:
        self._folder = folder
        self._url = url
        self._chroma: Chroma | None = None
        self._marker = folder / "chroma.filled"

    def fill(
        self, version: Version, hnsw: Hnsw, *, wanted: Callable[[], bool] = lambda: True
    ) -> tuple[Chroma, ChromaCollection]:
        """The version's collection, whole, unless it was no longer `wanted`. Raises VectorStoreUnreachable.

        One process fills at a time: others wait and find it full.
        """
        name = self.name(version.number)
        with exclusively(self._folder / "chroma.lock"):
            chroma = self._open()
            collection = chroma.collection(name)
            if collection is None or not chroma.usable(collection, len(version.passages)):
                collection = chroma.create(name, hnsw)
                for start in range(0, len(version.passages), _BATCH):
                    if not wanted():
                        return chroma, collection
                    rows = range(start, min(start + _BATCH, len(version.passages)))
                    chroma.add(collection, version.passage_ids(rows), version.passage_vectors[start : rows.stop])
                chroma.note()
            replace_text(self._marker, name)
            return chroma, collection

    def keep(self, numbers: Collection[int]) -> None:
        """Drop the collections of all other versions. Raises VectorStoreUnreachable."""
        kept, prefix = {self.name(number) for number in numbers}, self.name("")
        with exclusively(self._folder / "chroma.lock"):
            chroma = self._open()
            chroma.keep(kept, prefix)
            chroma.note()

    def has(self, number: int) -> bool:
        """Whether this version was the last to be filled: a start need not open Chroma to know."""
        try:
            return self._marker.read_text(encoding="ascii") == self.name(number)
        except (OSError, ValueError):
            return False

    def name(self, number: int | str) -> str:
        """Of a version's collection: several knowledge bases may share a server."""
        path = self._folder / "identity"
        if not path.exists():
            with exclusively(self._folder / "chroma.lock"):
                if not path.exists():
                    replace_text(path, secrets.token_hex(6))
        return f"baton-{path.read_text(encoding='ascii')}-version-{number}"

    def close(self) -> None:
        if self._chroma is not None:
            self._chroma.close()
            self._chroma = None

    def _open(self) -> Chroma:
        if self._chroma is None:
            inside = self._folder / "chroma"
            self._chroma = Chroma.at(self._url, _WRITE_SECONDS) if self._url else Chroma.inside(inside)
        return self._chroma


def main() -> int:
    """Fill the collection of one version and drop the others; stops when the process that started it has gone."""
    folder, number, url = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else None
    os.nice(10)
    parent = os.getppid()
    collections = Collections(folder, url)
    try:
        versions = VersionFolder(folder)
        collections.fill(versions.load(number), _KEEPING, wanted=lambda: os.getppid() == parent)
        if versions.current() == number:  # else another process has made a later one live, and fills that
            collections.keep([number])
    except (VectorStoreUnreachable, KnowledgeBaseDamaged, OSError) as failure:
        _log.warning("Chroma has not got version %d: %s", number, failure)
        return 1
    finally:
        collections.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
