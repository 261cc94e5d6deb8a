from __future__ import annotations

import errno
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from knowledge_base.embedding import HashingEmbedder
from knowledge_base.knowledge_base import (
    IngestStage,
    InvalidArticle,
    InvalidSource,
    KnowledgeBase,
    KnowledgeBaseClosed,
    KnowledgeBaseFull,
    Missing,
    Skipped,
    SyncReport,
    SyncRunning,
    WrittenArticle,
)
from knowledge_base.model import Vectors
from knowledge_base.reports import MAX_LINES
from knowledge_base.sources.source import SourceFailed
from knowledge_base.vectors import ScanOnly
from tests.knowledge_base.shelf import NOW, Clock, Shelves
from tests.knowledge_base.shop import article, write_jsonl

A, B, C = (article(key, f"Text of {key}.", key.title()) for key in ("apples", "bread", "cheese"))


class WatchedEmbedder(HashingEmbedder):
    """Does what a test wants before it encodes anything."""

    def __init__(self) -> None:
        super().__init__()
        self.before: Callable[[], None] = lambda: None

    def encode(self, texts: Sequence[str], *, questions: bool = False) -> Vectors:
        self.before()
        return super().encode(texts, questions=questions)


@pytest.fixture
def shelves() -> Shelves:
    return Shelves()


@pytest.fixture
def embedder() -> WatchedEmbedder:
    return WatchedEmbedder()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "knowledge"


@pytest.fixture
def knowledge(folder: Path, shelves: Shelves, embedder: WatchedEmbedder) -> Iterator[KnowledgeBase]:
    opened = KnowledgeBase.open(folder, embedder, vectors=ScanOnly(), kinds=shelves.kinds, clock=Clock())
    yield opened
    opened.close()


def ids(knowledge: KnowledgeBase) -> list[str]:
    return [one.id for one in knowledge.articles()]


def text(knowledge: KnowledgeBase, article_id: str) -> str | None:
    found = knowledge.article(article_id)
    return found.text if found else None


def add(knowledge: KnowledgeBase, shelves: Shelves, location: str, *held: object) -> str:
    shelves.held[location] = held  # type: ignore[assignment]
    return knowledge.add_source("shelf", location.title(), {"location": location}).id


def counts(report: SyncReport) -> tuple[int, int, int, int]:
    return report.added, report.changed, report.removed, report.unchanged


def test_a_sync_takes_every_source_in_and_reports_each(knowledge: KnowledgeBase, shelves: Shelves) -> None:
    top = add(knowledge, shelves, "top", A, Skipped(where="page 9", why="has no text"), B)
    add(knowledge, shelves, "bottom", C)
    report = knowledge.sync()
    assert counts(report) == (3, 0, 0, 0)
    assert [(one.name, one.added, one.passages) for one in report.sources] == [("Top", 2, 2), ("Bottom", 1, 1)]
    assert report.skipped == (Skipped(where="page 9", why="has no text"),)
    state = knowledge.sources()[0]
    assert (state.config.id, state.articles, state.running) == (top, 2, False)
    assert state.report is not None
    assert (state.report.at, state.report.skipped) == (NOW, report.skipped)
    assert report.sources[0] == state.report


def test_a_second_sync_counts_what_changed_and_an_unchanged_one_makes_no_version(
    knowledge: KnowledgeBase, shelves: Shelves, embedder: WatchedEmbedder
) -> None:
    add(knowledge, shelves, "top", A, B)
    knowledge.sync()
    add_more = [replace(A, text="Other text."), C]
    shelves.held["top"] = add_more
    report = knowledge.sync()
    assert (*counts(report), report.version) == (1, 1, 1, 0, "2")
    encoded = embedder.encoded
    report = knowledge.sync()
    assert (*counts(report), report.version) == (0, 0, 0, 2, "2")
    assert embedder.encoded == encoded


def test_only_the_sources_that_are_named_are_read(knowledge: KnowledgeBase, shelves: Shelves) -> None:
    add(knowledge, shelves, "top", A)
    bottom = add(knowledge, shelves, "bottom", B)
    report = knowledge.sync([bottom])
    assert ids(knowledge) == ["bread"]
    assert [one.source for one in report.sources] == [bottom]
    with pytest.raises(Missing, match=f"The sources are: .*{bottom}"):
        knowledge.sync(["other"])


@pytest.mark.parametrize(
    "failure", [SourceFailed("The server went away."), InvalidSource("It is no shop."), OSError(errno.EIO, "I/O error")]
)
def test_a_source_that_fails_keeps_its_articles_and_the_others_go_in(
    knowledge: KnowledgeBase, shelves: Shelves, failure: Exception
) -> None:
    add(knowledge, shelves, "top", A)
    add(knowledge, shelves, "bottom", B)
    knowledge.sync()
    shelves.held["top"] = [replace(A, text="Half of it."), failure]
    shelves.held["bottom"] = [B, C]
    report = knowledge.sync()
    assert [one.name for one in report.failed] == ["Top"]
    assert str(getattr(failure, "strerror", None) or failure) in str(report.sources[0].failed)
    assert text(knowledge, "apples") == "Text of apples."
    assert (ids(knowledge), counts(report)) == (["apples", "bread", "cheese"], (1, 0, 0, 1))
    kept = knowledge.sources()[0].report
    assert kept is not None
    assert kept.failed == report.sources[0].failed


def test_a_source_that_lost_everything_keeps_it(knowledge: KnowledgeBase, shelves: Shelves) -> None:
    add(knowledge, shelves, "top", A)
    knowledge.sync()
    shelves.held["top"] = [Skipped(where="index", why="is empty")]
    assert "holds no usable article: index is empty" in str(knowledge.sync().sources[0].failed)
    assert ids(knowledge) == ["apples"]


def test_what_a_source_remembered_is_there_after_it_broke_off(knowledge: KnowledgeBase, shelves: Shelves) -> None:
    add(knowledge, shelves, "top", A, B, SourceFailed("Gone."))
    knowledge.sync()
    shelves.held["top"] = [A, B, C]
    knowledge.sync()
    assert shelves.remembered["top"] == ["apples", "bread"]


def test_of_two_articles_with_one_id_the_first_source_counts_until_it_drops_it(
    knowledge: KnowledgeBase, shelves: Shelves
) -> None:
    top = add(knowledge, shelves, "top", A)
    add(knowledge, shelves, "bottom", replace(A, text="From below."), B)
    report = knowledge.sync()
    assert text(knowledge, "apples") == "Text of apples."
    assert [line.why for line in report.skipped] == [
        "its id 'apples' is already used by an article of Top; that one counts"
    ]
    assert report.sources[1].added == 1
    shelves.held["top"] = [C]
    assert knowledge.sync([top]).sources[0].removed == 1
    assert text(knowledge, "apples") == "From below.", "although its own source was not read again"


def test_of_two_articles_with_one_id_in_one_source_the_first_counts(knowledge: KnowledgeBase, shelves: Shelves) -> None:
    add(knowledge, shelves, "top", A, replace(A, text="Again."))
    report = knowledge.sync()
    assert text(knowledge, "apples") == "Text of apples."
    assert len(report.skipped) == 1


def test_a_written_article_replaces_a_source_s_and_gives_way_when_it_is_deleted(
    knowledge: KnowledgeBase, shelves: Shelves
) -> None:
    top = add(knowledge, shelves, "top", A, B)
    knowledge.sync()
    knowledge.write_article(WrittenArticle(id="apples", title="Apples", text="Written by a person."))
    assert text(knowledge, "apples") == "Written by a person."
    assert knowledge.search("Written by a person").hits[0].passage.article_id == "apples"
    assert knowledge.source_of("apples") == "written"
    assert [state.config.id for state in knowledge.sources()] == ["written", top]
    assert "already used" in knowledge.sync().skipped[0].why, "a sync does not bring the source's back"
    shelves.held["top"] = [replace(A, text="Newer."), B]
    knowledge.sync()
    assert text(knowledge, "apples") == "Written by a person."
    knowledge.delete_written("apples")
    assert text(knowledge, "apples") == "Newer.", "at once, without reading the source"
    assert set(ids(knowledge)) == {"apples", "bread"}
    with pytest.raises(Missing):
        knowledge.delete_written("apples")


def test_a_deletion_that_broke_off_is_carried_out_by_the_next_sync(
    knowledge: KnowledgeBase, shelves: Shelves, embedder: WatchedEmbedder
) -> None:
    def broken() -> None:
        raise RuntimeError("the process dies here")

    add(knowledge, shelves, "top", A)
    other = add(knowledge, shelves, "bottom", B)
    knowledge.sync()
    knowledge.write_article(WrittenArticle(id="apples", title="Apples", text="Written by a person."))
    shelves.held["top"] = [replace(A, text="Newer, and not embedded yet.")]
    knowledge.sync()
    embedder.before = broken
    with pytest.raises(RuntimeError):
        knowledge.delete_written("apples")
    assert text(knowledge, "apples") == "Written by a person."
    embedder.before = lambda: None
    knowledge.sync(["written", other])
    assert text(knowledge, "apples") == "Newer, and not embedded yet."


def test_a_written_article_that_cannot_be_kept_changes_nothing(knowledge: KnowledgeBase) -> None:
    with pytest.raises(InvalidArticle, match="no text"):
        knowledge.write_article(WrittenArticle(id="x", title="X", text=" \n"))
    assert (knowledge.version, knowledge.sources()) == ("0", [])


def test_an_article_written_twice_the_same_makes_one_version(knowledge: KnowledgeBase) -> None:
    for _ in range(2):
        knowledge.write_article(WrittenArticle(id="x", title="X", text="Hello."))
    assert knowledge.version == "1"


def test_the_articles_of_a_removed_source_leave(knowledge: KnowledgeBase, shelves: Shelves) -> None:
    top = add(knowledge, shelves, "top", A)
    add(knowledge, shelves, "bottom", replace(A, text="From below."), B)
    knowledge.sync()
    knowledge.remove_source(top)
    assert (set(ids(knowledge)), text(knowledge, "apples")) == ({"apples", "bread"}, "From below.")
    assert [state.config.name for state in knowledge.sources()] == ["Bottom"]
    with pytest.raises(Missing):
        knowledge.remove_source(top)


def test_a_second_sync_at_the_same_time_is_refused_and_an_article_is_written_meanwhile(
    knowledge: KnowledgeBase, shelves: Shelves
) -> None:
    top = add(knowledge, shelves, "top", A)
    shelves.gate.clear()
    reports: list[SyncReport] = []
    syncing = threading.Thread(target=lambda: reports.append(knowledge.sync()))
    syncing.start()
    assert shelves.reached.wait(10)
    with pytest.raises(SyncRunning, match="A sync of Top is running"):
        knowledge.sync()
    assert [state.running for state in knowledge.sources()] == [True]
    knowledge.write_article(WrittenArticle(id="bread", title="Bread", text="Fresh."))
    assert text(knowledge, "bread") == "Fresh."
    shelves.gate.set()
    syncing.join(10)
    assert ids(knowledge) == ["bread", "apples"], "the sync builds on what was live when it had read"
    assert reports[0].sources[0].source == top
    assert [state.running for state in knowledge.sources()] == [False, False]


def test_whatever_ends_a_sync_early_leaves_the_live_version(
    knowledge: KnowledgeBase, shelves: Shelves, folder: Path
) -> None:
    add(knowledge, shelves, "top", A)
    knowledge.sync()
    shelves.held["top"] = [B]

    class Stop(Exception):
        pass

    for stage in (IngestStage.READING, IngestStage.SPLITTING, IngestStage.ENCODING, IngestStage.INDEXING):

        def stop(now: IngestStage, done: int, total: int, at: IngestStage = stage) -> None:
            if now is at:
                raise Stop

        with pytest.raises(Stop):
            knowledge.sync(progress=stop)
        assert (knowledge.version, ids(knowledge)) == ("1", ["apples"])
        assert {path.name for path in (folder / "versions").iterdir()} <= {"1", ".encoding"}
    assert counts(knowledge.sync()) == (1, 0, 1, 0)


def test_a_full_disk_is_told_in_one_sentence(
    knowledge: KnowledgeBase, shelves: Shelves, embedder: WatchedEmbedder, folder: Path
) -> None:
    def full() -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    add(knowledge, shelves, "top", A)
    embedder.before = full
    with pytest.raises(KnowledgeBaseFull, match=r"The disk .* is full\. Nothing was changed"):
        knowledge.sync()
    assert (knowledge.version, knowledge.articles()) == ("0", [])
    assert {path.name for path in (folder / "versions").iterdir()} <= {".encoding"}
    shelves.held["top"] = [A, OSError(errno.ENOSPC, "No space left on device")]
    with pytest.raises(KnowledgeBaseFull):
        knowledge.sync()
    embedder.before = lambda: None
    shelves.held["top"] = [A]
    assert counts(knowledge.sync()) == (1, 0, 0, 0)


def test_closing_ends_a_sync_at_its_next_step(folder: Path, shelves: Shelves) -> None:
    knowledge = KnowledgeBase.open(folder, HashingEmbedder(), vectors=ScanOnly(), kinds=shelves.kinds)
    add(knowledge, shelves, "top", A)
    shelves.gate.clear()
    ended: list[BaseException] = []

    def sync() -> None:
        try:
            knowledge.sync()
        except KnowledgeBaseClosed as closed:
            ended.append(closed)

    syncing = threading.Thread(target=sync)
    syncing.start()
    assert shelves.reached.wait(10)
    knowledge.close()
    shelves.gate.set()
    syncing.join(10)
    assert len(ended) == 1
    again = KnowledgeBase.open(folder, HashingEmbedder(), vectors=ScanOnly(), kinds=shelves.kinds)
    assert again.version == "0"
    again.close()


def test_reading_counts_on_from_source_to_source(knowledge: KnowledgeBase, shelves: Shelves) -> None:
    add(knowledge, shelves, "top", A, B)
    add(knowledge, shelves, "bottom", C)
    told: list[tuple[int, int]] = []
    knowledge.sync(progress=lambda stage, done, total: told.append((done, total)) if stage == "reading" else None)
    assert told[:3] == [(1, 2), (2, 2), (3, 3)]


def test_a_report_keeps_its_first_lines_and_counts_the_others(knowledge: KnowledgeBase, shelves: Shelves) -> None:
    lines = [Skipped(where=f"page {n}", why="is a login page") for n in range(MAX_LINES + 5)]
    add(knowledge, shelves, "top", A, *lines)
    report = knowledge.sync().sources[0]
    assert (len(report.skipped), report.skipped_more) == (MAX_LINES, 5)


def test_what_is_ingested_becomes_a_source_that_can_be_synced(knowledge: KnowledgeBase, tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "help.jsonl", {"a": ("A", "One.")})
    knowledge.ingest([path])
    (state,) = knowledge.sources()
    assert (state.config.kind, state.config.name, state.articles) == ("jsonl", "help.jsonl", 1)
    write_jsonl(path, {"a": ("A", "Two.")})
    assert counts(knowledge.sync()) == (0, 1, 0, 0)
    knowledge.ingest([str(path)])
    assert len(knowledge.sources()) == 1


def test_an_ingest_that_cannot_be_leaves_no_source_behind(knowledge: KnowledgeBase, tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "help.jsonl", {"a": ("A", "One.")})
    (tmp_path / "broken.jsonl").write_text("{")
    with pytest.raises(InvalidSource):
        knowledge.ingest([path, tmp_path / "broken.jsonl"])
    assert (knowledge.sources(), knowledge.version) == ([], "0")
