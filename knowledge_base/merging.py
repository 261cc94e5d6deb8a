"""Reading sources, and whose article counts where two have one with the same id."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from knowledge_base.entries import Entry, TakenArticles, content_hash
from knowledge_base.full_disk import is_full_disk
from knowledge_base.model import Article, ArticleId
from knowledge_base.records import StoredArticle
from knowledge_base.registry import SourceConfig
from knowledge_base.reports import Lines
from knowledge_base.sources import InvalidSource, Skipped, SourceFailed
from knowledge_base.sources.written import WRITTEN
from knowledge_base.stored import StoredArticles

_REASONS: Final = 3
"""Lines of a source without a usable article that its failure quotes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What was read of a source. `failed` says why it could not be read to its end, and then it has no articles.

    `invalid` is True where nothing at all can be taken from there.
    """

    config: SourceConfig
    entries: tuple[Entry, ...] = ()
    lines: Lines = field(default_factory=Lines)
    seconds: float = 0.0
    failed: str | None = None
    invalid: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """The articles of a version, and those that give way to another with their id, in the order of their sources."""

    wanted: tuple[Entry, ...]
    shadowed: tuple[Entry, ...]
    owners: Mapping[ArticleId, SourceConfig]
    """Whose article is wanted, by id."""

    def explain(self, taken: Taken) -> None:
        """Add a line for each article of `taken` that gives way."""
        for entry in self.shadowed if taken.failed is None else ():
            if entry.source == taken.config.id:
                taken.lines.add(_id_is_taken(entry.load().article, self.owners[entry.id]))


def take(
    config: SourceConfig,
    found: Callable[[], Iterable[Article | Skipped]],
    live: StoredArticles,
    folder: Path,
) -> Taken:
    """Read a source to its end. A failure that a source may have is part of what comes back.

    Articles that `live` has not got wait in `folder`.
    """
    started, lines = time.perf_counter(), Lines()
    try:
        entries = _read(config, found(), live, TakenArticles(folder), lines)
        if not entries and config.kind != WRITTEN:
            raise InvalidSource(_nothing_usable(config, lines))
    except (InvalidSource, SourceFailed) as failure:
        invalid = isinstance(failure, InvalidSource)
        return Taken(
            config=config, lines=lines, seconds=time.perf_counter() - started, failed=str(failure), invalid=invalid
        )
    except OSError as failure:
        if is_full_disk(failure):
            raise
        why = f"Reading {config.name} broke off: {failure.strerror or failure}. Nothing of it was changed."
        return Taken(config=config, lines=lines, seconds=time.perf_counter() - started, failed=why)
    return Taken(config=config, entries=tuple(entries), lines=lines, seconds=time.perf_counter() - started)


def merge(base: Iterable[Entry], taken: Sequence[Taken], order: Sequence[SourceConfig]) -> Merged:
    """What the sources in `order` have: those just taken what was read of them, the others what is in `base`.

    Where two sources have an article with one id, the first one's is wanted.
    """
    by_source: dict[str, dict[ArticleId, Entry]] = {config.id: {} for config in order}
    fresh = {one.config.id: one for one in taken if one.failed is None and one.config.id in by_source}
    for entry in base:
        if entry.source in by_source and entry.source not in fresh:
            by_source[entry.source].setdefault(entry.id, entry)
    for source, one in fresh.items():
        by_source[source] = {entry.id: entry for entry in one.entries}
    owners: dict[ArticleId, SourceConfig] = {}
    wanted: list[Entry] = []
    shadowed: list[Entry] = []
    for config in order:
        for key, entry in by_source[config.id].items():
            owner = owners.setdefault(key, config)
            (wanted if owner is config else shadowed).append(entry)
    return Merged(wanted=tuple(wanted), shadowed=tuple(shadowed), owners=owners)


def _read(
    config: SourceConfig,
    found: Iterable[Article | Skipped],
    live: StoredArticles,
    waiting: TakenArticles,
    lines: Lines,
) -> list[Entry]:
    entries: dict[ArticleId, Entry] = {}
    for one in found:
        if isinstance(one, Skipped):
            lines.add(one)
        elif one.id in entries:
            lines.add(_id_is_taken(one, config))
        else:
            hashed = content_hash(one)
            known = one.id in live and live.content_hash(one.id) == hashed
            stored = StoredArticle(article=one, source=config.id, content_hash=hashed)
            load = partial(live.__getitem__, one.id) if known else waiting.add(stored)
            entries[one.id] = Entry(id=one.id, source=config.id, content_hash=hashed, load=load)
    return list(entries.values())


def _id_is_taken(article: Article, owner: SourceConfig) -> Skipped:
    why = f"its id {article.id!r} is already used by an article of {owner.name}; that one counts"
    return Skipped(where=article.title, why=why)


def _nothing_usable(config: SourceConfig, lines: Lines) -> str:
    reasons = "; ".join(f"{one.where} {one.why}" for one in lines.kept[-_REASONS:])
    where = config.options.get("location") or config.name
    return f"{where} holds no usable article{': ' + reasons if reasons else ''}. Nothing was changed."
