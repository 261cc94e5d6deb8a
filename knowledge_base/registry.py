"""The configured sources, in the order in which their articles count, and what is remembered of each.

`sources.json` holds them, passwords included; `sources/<id>/` the memory and the last report of one.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from knowledge_base.atomic_file import SeenFile, replace_text
from knowledge_base.lock import exclusively
from knowledge_base.reports import SourceReport, keep_report, kept_report
from knowledge_base.sources import InvalidSource, Source, SourceKind, kind_of_path
from knowledge_base.sources.markdown_folder import slug
from knowledge_base.sources.memory import KeptMemory
from knowledge_base.sources.written import WRITTEN, WrittenFolder
from knowledge_base.stored import KnowledgeBaseDamaged, StoredArticles

_MAX_NAME: Final = 200
_HASHED: Final = 6


class Missing(LookupError):
    """There is no source, version or written article of this name. The message says which there are."""


class FileDamaged(KnowledgeBaseDamaged):
    """A small file beside the versions cannot be read."""

    def __init__(self, file: Path, what_to_do: str) -> None:
        super().__init__(file)
        self.args = (f"{file} is damaged. Delete it and {what_to_do}; the articles stay until then.",)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceConfig:
    """A configured source. `options` by the names of its kind's fields; "location" is the path or the address."""

    id: str
    kind: str
    name: str
    options: Mapping[str, str]
    removed: bool = False
    """Kept without its secrets, so that going back to a version with its articles can bring it back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceState:
    """A source as people see it: no value of a secret option, only that it is set. `articles` are those live."""

    config: SourceConfig
    secrets_set: frozenset[str]
    articles: int
    report: SourceReport | None
    running: bool


class SourceRegistry:
    """Safe to share between threads, and its files between processes."""

    def __init__(self, folder: Path, kinds: Mapping[str, SourceKind]) -> None:
        """Raises KnowledgeBaseDamaged."""
        self.kinds = kinds
        self._file = folder / "sources.json"
        self._folder = folder / "sources"
        self.written = WrittenFolder(path=folder / WRITTEN)
        self._changing = folder / "sources.lock"
        self._read = _read(self._file)

    @property
    def _configs(self) -> Mapping[str, SourceConfig]:
        """By id, as whichever process changed them last."""
        seen, configs = self._read
        if seen.replaced:
            self._read = _, configs = _read(self._file)
        return configs

    def configured(self) -> list[SourceConfig]:
        """Every source, the written articles first: where two have an article with one id, the first one's counts."""
        return [_WRITTEN, *(config for config in self._configs.values() if not config.removed)]

    def in_use(self) -> list[SourceConfig]:
        """Those that people see: the written articles once there were some."""
        return [config for config in self.configured() if config.id != WRITTEN or self.written.path.is_dir()]

    def get(self, source_id: str) -> SourceConfig:
        """Raises Missing."""
        for config in self.configured():
            if config.id == source_id:
                return config
        known = ", ".join(config.id for config in self.configured()[1:]) or "none yet"
        raise Missing(f"There is no source {source_id!r}. The sources are: {known}.")

    def new_source(self, kind: str, name: str, options: Mapping[str, str]) -> SourceConfig:
        """A source that is not saved yet. Raises InvalidSource where its options are unusable."""
        usable = self._usable(self.kind(kind), options)
        given = self._public(kind, usable)
        hashed = hashlib.sha256(json.dumps([kind, sorted(given.items())]).encode()).hexdigest()
        named = " ".join(name.split())[:_MAX_NAME] or _name_of(usable.get("location", "")) or kind
        # The same place gives the same id, so that what an interrupted first sync remembered is found again.
        first = free = f"{slug(named)[:40]}-{hashed[:_HASHED]}".lstrip("-")
        number = 1
        while free in self._configs and self._public(kind, self._configs[free].options) != given:
            number, free = number + 1, f"{first}-{number + 1}"
        return SourceConfig(id=free, kind=kind, name=named, options=usable)

    def at(self, location: str) -> SourceConfig:
        """The source at a path or address, or a new one that is not saved yet. Raises InvalidSource."""
        for config in self._configs.values():
            if config.options.get("location") == location and not config.removed:
                return config
        kind = self.kind("web") if "://" in location else kind_of_path(Path(location))
        return self.new_source(kind.name, "", {"location": location})

    def add(self, config: SourceConfig) -> SourceConfig:
        """Save a new source. Raises InvalidSource where it is configured already."""
        same = self._public(config.kind, config.options)
        with exclusively(self._changing):
            for other in self.configured():
                if other.kind == config.kind and self._public(other.kind, other.options) == same:
                    raise InvalidSource(f"This is a source already: {other.name} ({other.id}). Sync that one.")
            self._keep(config)
        return config

    def change(self, source_id: str, name: str, options: Mapping[str, str]) -> SourceConfig:
        """Give a source another name or other options; a secret that is not given stays. Raises Missing, InvalidSource.

        What it remembered of another place is forgotten.
        """
        before = self.get(source_id)
        if before.kind == WRITTEN:
            raise InvalidSource("The articles written here are no source that can be changed.")
        kind = self.kind(before.kind)
        public = self._public(kind.name, before.options)
        secrets = {key: value for key, value in before.options.items() if key not in public}
        usable = self._usable(kind, {**secrets, **{key: value for key, value in options.items() if value}})
        if self._public(before.kind, usable) != self._public(before.kind, before.options):
            shutil.rmtree(self._folder / source_id, ignore_errors=True)
        named = " ".join(name.split())[:_MAX_NAME] or before.name
        return self.save(replace(before, name=named, options=usable))

    def save(self, config: SourceConfig) -> SourceConfig:
        with exclusively(self._changing):
            self._keep(config)
        return config

    def remove(self, source_id: str) -> None:
        """Raises Missing, and InvalidSource for the articles written here."""
        config = self.get(source_id)
        if config.kind == WRITTEN:
            raise InvalidSource("The articles written here are no source that can be removed; delete them one by one.")
        self.save(replace(config, options=self._public(config.kind, config.options), removed=True))
        shutil.rmtree(self._folder / source_id, ignore_errors=True)

    def bring_back(self, source_ids: Collection[str]) -> None:
        """Removed sources whose articles are live again."""
        back = [config for config in self._configs.values() if config.removed and config.id in source_ids]
        for config in back:
            self.save(replace(config, removed=False))

    def adopt(self, articles: StoredArticles) -> None:
        """Where no source was ever configured: those of a version from when an article named the path it came from."""
        if self._file.exists():
            return
        for location in dict.fromkeys(articles.source(key) for key in articles):
            if location == WRITTEN:
                continue
            try:
                self.add(self.new_source(kind_of_path(Path(location)).name, "", {"location": location}))
            except InvalidSource:  # gone since: its articles stay until somebody removes the source
                lost = SourceConfig(id=slug(location), kind="markdown", name=location, options={"location": location})
                self.save(lost)

    def owner(self, source: str) -> str:
        """The id of the source that an article names, by its id or, in an old version, by its path."""
        if source == WRITTEN or source in self._configs:
            return source
        for config in self._configs.values():
            if config.options.get("location") == source:
                return config.id
        return source

    def opened(self, config: SourceConfig) -> Source:
        """Raises InvalidSource."""
        if config.kind == WRITTEN:
            return self.written
        return self.kind(config.kind).open(config.options)

    def memory(self, source_id: str) -> KeptMemory:
        return KeptMemory(self._folder / source_id / "memory.db")

    def report(self, source_id: str) -> SourceReport | None:
        return kept_report(self._folder / source_id / "report.json")

    def keep_report(self, report: SourceReport) -> None:
        keep_report(self._folder / report.source / "report.json", report)

    def state(self, config: SourceConfig, articles: int, *, running: bool) -> SourceState:
        shown = self._public(config.kind, config.options)
        return SourceState(
            config=replace(config, options=shown),
            secrets_set=frozenset(config.options.keys() - shown.keys()),
            articles=articles,
            report=self.report(config.id),
            running=running,
        )

    def kind(self, name: str) -> SourceKind:
        """Raises InvalidSource."""
        if name not in self.kinds:
            raise InvalidSource(f"There is no kind of source {name!r}. The kinds are: {', '.join(sorted(self.kinds))}.")
        return self.kinds[name]

    def _usable(self, kind: SourceKind, options: Mapping[str, str]) -> dict[str, str]:
        """The options that were given, checked. Raises InvalidSource."""
        fields = {field.name: field for field in kind.fields}
        given = {key: value.strip() for key, value in options.items() if value.strip()}
        for key, value in given.items():
            if key not in fields:
                raise InvalidSource(f"{kind.words}: there is no option {key!r}, but: {', '.join(fields)}.")
            if fields[key].choices and value not in fields[key].choices:
                raise InvalidSource(f"{fields[key].words} must be one of: {', '.join(fields[key].choices)}.")
        missing = [field.words for field in kind.fields if field.required and field.name not in given]
        if missing:
            raise InvalidSource(f"{kind.words}: please give {', '.join(missing)}.")
        if "location" in given:
            given["location"] = located(given["location"])
        kind.open(given)
        return given

    def _public(self, kind: str, options: Mapping[str, str]) -> dict[str, str]:
        """The options without secrets; none of a kind that this release does not know, as any may be one."""
        shown = {field.name for field in self.kinds[kind].fields if not field.secret} if kind in self.kinds else set()
        return {key: value for key, value in options.items() if key in shown}

    def _keep(self, config: SourceConfig) -> None:
        records = [
            {
                "id": one.id,
                "kind": one.kind,
                "name": one.name,
                "options": dict(one.options),
                "removed": one.removed,
            }
            for one in {**self._configs, config.id: config}.values()
        ]
        replace_text(self._file, json.dumps({"sources": records}, ensure_ascii=False, indent=1))


_WRITTEN: Final = SourceConfig(id=WRITTEN, kind=WRITTEN, name="Written here", options={})


def located(location: str) -> str:
    """A path as it is kept: whole, so that it means the same from another folder. An address stays as it is."""
    path = Path(location.strip()).expanduser()
    return str(path.resolve()) if "://" not in location and path.exists() else location.strip()


def _name_of(location: str) -> str:
    return urlsplit(location).hostname or "" if "://" in location else Path(location).name


def _read(file: Path) -> tuple[SeenFile, Mapping[str, SourceConfig]]:
    """The file of the sources as it is now, and what it holds. Raises KnowledgeBaseDamaged."""
    try:
        seen = SeenFile(file)
        records = [] if seen.text is None else json.loads(seen.text)["sources"]
        return seen, {str(record["id"]): SourceConfig(**record) for record in records}
    except (OSError, ValueError, KeyError, TypeError) as failure:
        raise FileDamaged(file, "add the sources again") from failure
