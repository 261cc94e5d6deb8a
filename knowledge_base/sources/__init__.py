"""Where articles come from: one file per kind of source.

A path goes in; articles come out one by one, with a line in plain words for everything that could not be taken.
Never splits, embeds or stores. A new kind of source is its file, a line in `open_source`, and its test.
"""

from __future__ import annotations

from pathlib import Path

from knowledge_base.sources.jsonl import JsonLines
from knowledge_base.sources.markdown_folder import SUFFIXES, MarkdownFolder
from knowledge_base.sources.source import InvalidSource, Skipped, Source

__all__ = ["InvalidSource", "Skipped", "Source", "open_source"]


def open_source(path: Path) -> Source:
    """The source at `path`, by what is there. Raises InvalidSource."""
    if not path.exists():
        raise InvalidSource(f"There is nothing at {path}: check the path.")
    if path.is_dir():
        return MarkdownFolder(path=path)
    if path.suffix.lower() in SUFFIXES:
        return MarkdownFolder(path=path)
    if path.suffix.lower() in (".jsonl", ".ndjson"):
        return JsonLines(path=path)
    raise InvalidSource(
        f"{path} is not a source of articles: name a folder of Markdown files, a .md file or a .jsonl file."
    )
