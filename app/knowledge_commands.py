"""What the command line does to the knowledge base: in its own process, or in the server that holds it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar, Final, cast

from pydantic import Field

from app.schemas import Request
from conversations.model import JsonObject
from knowledge_base.chroma import VectorStoreUnreachable
from knowledge_base.knowledge_base import (
    ArticleChange,
    EncoderChanged,
    IngestProgress,
    InvalidSource,
    KnowledgeBase,
    KnowledgeBaseClosed,
    KnowledgeBaseDamaged,
    KnowledgeBaseFull,
    Missing,
    SourceReport,
    SourceState,
    SyncOvertaken,
    SyncReport,
    SyncRunning,
    SyncStopped,
    VersionSummary,
)

Progress = Callable[[str, int, int], None]
"""Called with the stage, how much of it is done and how much there is (0: not known)."""

REFUSALS: Final[tuple[type[Exception], ...]] = (
    EncoderChanged,
    InvalidSource,
    KnowledgeBaseClosed,
    KnowledgeBaseDamaged,
    KnowledgeBaseFull,
    Missing,
    SyncOvertaken,
    SyncRunning,
    SyncStopped,
    VectorStoreUnreachable,
)
"""What a command may fail with; the message is for whoever gave it."""


class KnowledgeCommand(Request, ABC):
    """A command and what it needs to know. `run` blocks; it raises one of REFUSALS."""

    name: ClassVar[str]

    @abstractmethod
    def run(self, knowledge: KnowledgeBase, progress: Progress) -> JsonObject: ...


class Ingest(KnowledgeCommand):
    name = "ingest"
    paths: list[str] = Field(min_length=1)

    def run(self, knowledge: KnowledgeBase, progress: Progress) -> JsonObject:
        return report_json(knowledge.ingest(self.paths, progress=staged(progress)))


class Sync(KnowledgeCommand):
    name = "sync"
    ids: list[str] | None = None

    def run(self, knowledge: KnowledgeBase, progress: Progress) -> JsonObject:
        return report_json(knowledge.sync(self.ids, progress=staged(progress)))


class ListSources(KnowledgeCommand):
    name = "sources"

    def run(self, knowledge: KnowledgeBase, progress: Progress) -> JsonObject:
        return {"sources": [_source_json(state) for state in knowledge.sources()]}


class AddSource(KnowledgeCommand):
    name = "add-source"
    kind: str
    label: str
    options: dict[str, str]

    def run(self, knowledge: KnowledgeBase, progress: Progress) -> JsonObject:
        config = knowledge.add_source(self.kind, self.label, self.options)
        return {"id": config.id, "name": config.name}


class RemoveSource(KnowledgeCommand):
    name = "remove-source"
    id: str

    def run(self, knowledge: KnowledgeBase, progress: Progress) -> JsonObject:
        knowledge.remove_source(self.id, progress=staged(progress))
        return {"version": knowledge.version}


class ListVersions(KnowledgeCommand):
    name = "versions"

    def run(self, knowledge: KnowledgeBase, progress: Progress) -> JsonObject:
        return {"versions": [_version_json(summary) for summary in knowledge.versions()]}


class RollBack(KnowledgeCommand):
    name = "rollback"
    number: int

    def run(self, knowledge: KnowledgeBase, progress: Progress) -> JsonObject:
        knowledge.roll_back(self.number)
        return {"version": knowledge.version}


class Diff(KnowledgeCommand):
    name = "diff"
    before: int
    after: int

    def run(self, knowledge: KnowledgeBase, progress: Progress) -> JsonObject:
        diff = knowledge.diff(self.before, self.after)
        return {
            "before": diff.before,
            "after": diff.after,
            "added": [_change_json(change) for change in diff.added],
            "removed": [_change_json(change) for change in diff.removed],
            "changed": [_change_json(change) for change in diff.changed],
        }


COMMANDS: Final = {
    command.name: command
    for command in (Ingest, Sync, ListSources, AddSource, RemoveSource, ListVersions, RollBack, Diff)
}


def report_json(report: SyncReport) -> JsonObject:
    return {
        "added": report.added,
        "changed": report.changed,
        "removed": report.removed,
        "unchanged": report.unchanged,
        "skipped": [{"where": one.where, "why": one.why, "kept": one.kept} for one in report.skipped],
        "passages": report.passages,
        "seconds": round(report.seconds, 1),
        "version": report.version,
        "sources": [_report_json(one) for one in report.sources],
    }


def _report_json(report: SourceReport) -> JsonObject:
    return {
        "id": report.source,
        "name": report.name,
        "at": report.at.isoformat(),
        "added": report.added,
        "changed": report.changed,
        "removed": report.removed,
        "unchanged": report.unchanged,
        "skipped": len(report.skipped) + report.skipped_more,
        "passages": report.passages,
        "seconds": round(report.seconds, 1),
        "failed": report.failed,
    }


def _source_json(state: SourceState) -> JsonObject:
    return {
        "id": state.config.id,
        "kind": state.config.kind,
        "name": state.config.name,
        "options": dict(state.config.options),
        "secrets_set": [*sorted(state.secrets_set)],
        "articles": state.articles,
        "running": state.running,
        "last_sync": _report_json(state.report) if state.report is not None else None,
    }


def _version_json(summary: VersionSummary) -> JsonObject:
    return {
        "number": summary.number,
        "made_at": summary.made_at.isoformat(),
        "cause": summary.cause,
        "articles": summary.articles,
        "passages": summary.passages,
        "live": summary.live,
        "rolled_back_at": summary.rolled_back_at.isoformat() if summary.rolled_back_at is not None else None,
    }


def _change_json(change: ArticleChange) -> JsonObject:
    passages = {
        side: [{"heading": one.heading, "text": one.text} for one in passages]
        for side, passages in (("went", change.went), ("came", change.came))
    }
    return cast("JsonObject", {"id": change.id, "title": change.title, **passages})


def staged(progress: Progress) -> IngestProgress:
    """Stages by their names."""
    return lambda stage, done, total: progress(stage.value, done, total)
