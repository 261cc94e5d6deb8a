"""Where articles come from: one file per kind of source.

Options go in; articles come out one by one, with a line in plain words for everything that could not be taken.
Never splits, embeds or stores. A new kind of source is its file, a line in `KINDS`, and its test.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from knowledge_base.sources import files, jsonl, markdown_folder, qa_csv, web_pages, zendesk
from knowledge_base.sources.guarding import Allowed
from knowledge_base.sources.source import InvalidSource, Skipped, Source, SourceFailed, SourceKind

__all__ = [
    "KINDS",
    "InvalidSource",
    "Skipped",
    "Source",
    "SourceFailed",
    "SourceKind",
    "kind_of_path",
    "kinds_allowing",
]

KINDS: Final = {
    kind.name: kind
    for kind in (files.KIND, web_pages.KIND, zendesk.KIND, markdown_folder.KIND, jsonl.KIND, qa_csv.KIND)
}
"""By name."""
_BY_SUFFIX: Final = (
    {".jsonl": "jsonl", ".ndjson": "jsonl"}
    | dict.fromkeys(markdown_folder.SUFFIXES, "markdown")
    | dict.fromkeys(files.CONVERTED, "files")
    | dict.fromkeys(qa_csv.SUFFIXES, "qa")
)


def kinds_allowing(private: str) -> Mapping[str, SourceKind]:
    """The kinds, where those of the web may reach these private hosts and networks too ("help.internal, 10.1.0.0/16").

    For the operator of the service to say: whoever may add a source must not reach inside. Raises ValueError.
    """
    allowed = Allowed.parse(private)
    return KINDS | {kind.name: kind for kind in (web_pages.kind(allowed), zendesk.kind(allowed))}


def kind_of_path(path: Path) -> SourceKind:
    """The kind of source at `path`, by what is there. Raises InvalidSource."""
    if not path.exists():
        raise InvalidSource(f"There is nothing at {path}: check the path.")
    if path.is_dir():
        return KINDS["files"]
    name = _BY_SUFFIX.get(path.suffix.lower())
    if name is None:
        raise InvalidSource(
            f"{path} is not a source of articles: name a folder of articles, or a file that ends in one of "
            f"{', '.join(sorted(_BY_SUFFIX))}."
        )
    return KINDS[name]
