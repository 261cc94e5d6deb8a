"""Where articles come from: one file per kind of source.

Options go in; articles come out one by one, with a line in plain words for everything that could not be taken.
Never splits, embeds or stores. A new kind of source is its file, a line in `KINDS`, and its test.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from knowledge_base.sources import jsonl, markdown_folder
from knowledge_base.sources.source import InvalidSource, Skipped, Source, SourceFailed, SourceKind

__all__ = ["KINDS", "InvalidSource", "Skipped", "Source", "SourceFailed", "SourceKind", "kind_of_path"]

KINDS: Final = {kind.name: kind for kind in (markdown_folder.KIND, jsonl.KIND)}
"""By name."""
_BY_SUFFIX: Final = {".jsonl": "jsonl", ".ndjson": "jsonl"} | dict.fromkeys(markdown_folder.SUFFIXES, "markdown")


def kind_of_path(path: Path) -> SourceKind:
    """The kind of source at `path`, by what is there. Raises InvalidSource."""
    if not path.exists():
        raise InvalidSource(f"There is nothing at {path}: check the path.")
    if path.is_dir():
        return KINDS["markdown"]
    name = _BY_SUFFIX.get(path.suffix.lower())
    if name is None:
        raise InvalidSource(
            f"{path} is not a source of articles: name a folder of Markdown files or a file that ends in one of "
            f"{', '.join(sorted(_BY_SUFFIX))}."
        )
    return KINDS[name]
