"""A look at the live version from outside: no lock is taken, nothing is written, a server may go on serving it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from knowledge_base.live import Readers
from knowledge_base.model import ANYBODY
from knowledge_base.nearest import Mask, ScanIndex
from knowledge_base.searching import Searcher
from knowledge_base.stored import KnowledgeBaseDamaged
from knowledge_base.version import FORMAT, Version, VersionFolder, has_version
from knowledge_base.versions import EncoderChanged, read_withdrawn


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A version that is complete and never changes. `readable` are the rows that any visitor may read; None: all."""

    version: Version
    searcher: Searcher
    readable: Mask | None


def snapshot_of(folder: Path, encoder: str) -> Snapshot:
    """The live version of the knowledge base in `folder`, for an encoder of that name.

    Raises FileNotFoundError where nothing was ingested, EncoderChanged, and KnowledgeBaseDamaged, also where the
    version was swept in the moment between.
    """
    if not has_version(folder):
        raise FileNotFoundError(f"Nothing is ingested in {folder}.")
    versions = VersionFolder(folder)
    number = versions.current()
    if number is None:
        raise KnowledgeBaseDamaged(folder)
    version = versions.load(number)
    if version.encoder != encoder or version.format != FORMAT:
        raise EncoderChanged(
            "The articles were embedded by another encoder or an earlier release. Ingest your sources again first."
        )
    withdrawn = read_withdrawn(folder / "withdrawn.json")
    readers = Readers(version, withdrawn, lambda: datetime.now(UTC))
    searcher = Searcher(version, ScanIndex(version.passage_vectors, version.codes))
    return Snapshot(version=version, searcher=searcher, readable=readers.rows(ANYBODY))
