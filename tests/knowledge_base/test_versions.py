from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from knowledge_base.embedding import HashingEmbedder
from knowledge_base.knowledge_base import (
    EncoderChanged,
    IngestStage,
    KnowledgeBase,
    KnowledgeBaseDamaged,
    Missing,
    SyncOvertaken,
    WrittenArticle,
)
from knowledge_base.model import Article
from knowledge_base.vectors import ScanOnly
from tests.knowledge_base.shelf import NOW, Clock, Shelves
from tests.knowledge_base.shop import article

A, B, C = (article(key, f"Text of {key}.", key.title()) for key in ("apples", "bread", "cheese"))


@pytest.fixture
def shelves() -> Shelves:
    return Shelves()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "knowledge"


def opened(
    folder: Path, shelves: Shelves, clock: Clock, *, dimensions: int = 64, keep_versions: int = 5
) -> KnowledgeBase:
    embedder, vectors = HashingEmbedder(dimensions=dimensions), ScanOnly()
    return KnowledgeBase.open(
        folder, embedder, vectors=vectors, kinds=shelves.kinds, clock=clock, keep_versions=keep_versions
    )


@pytest.fixture
def knowledge(folder: Path, shelves: Shelves, clock: Clock) -> Iterator[KnowledgeBase]:
    opening = opened(folder, shelves, clock)
    opening.add_source("shelf", "Top", {"location": "top"})
    yield opening
    opening.close()


def sync(knowledge: KnowledgeBase, shelves: Shelves, *held: Article) -> str:
    shelves.held["top"] = held
    return knowledge.sync().version


def texts(knowledge: KnowledgeBase) -> dict[str, str]:
    return {one.id: one.text for one in knowledge.articles()}


def test_each_version_says_when_and_why_it_was_made(knowledge: KnowledgeBase, shelves: Shelves, clock: Clock) -> None:
    sync(knowledge, shelves, A, B)
    clock.pass_(hours=1)
    knowledge.write_article(WrittenArticle(id="cheese", title="Cheese", text="One.\n\n# More\n\nTwo."))
    newest, first = knowledge.versions()
    assert (first.number, first.made_at, first.cause) == (1, NOW, "sync of Top")
    assert (first.articles, first.passages, first.live) == (2, 2, False)
    assert (newest.number, newest.made_at, newest.cause) == (2, clock.now, "article written: Cheese")
    assert (newest.articles, newest.passages, newest.live) == (3, knowledge.passage_count, True)


def test_a_version_is_gone_back_to_at_once_and_the_next_sync_builds_on_it(
    knowledge: KnowledgeBase, shelves: Shelves, clock: Clock
) -> None:
    sync(knowledge, shelves, A)
    sync(knowledge, shelves, replace(A, text="Wrong."), B)
    clock.pass_(hours=1)
    knowledge.roll_back(1)
    assert (knowledge.version, texts(knowledge)) == ("1", {"apples": A.text})
    assert [hit.passage.text for hit in knowledge.search("Text of apples").hits] == [A.text]
    assert [(one.number, one.live, one.rolled_back_at) for one in knowledge.versions()] == [
        (2, False, None),
        (1, True, clock.now),
    ]
    knowledge.roll_back(2)
    assert texts(knowledge)["apples"] == "Wrong."
    knowledge.roll_back(1)
    assert sync(knowledge, shelves, A, C) == "3"
    assert set(texts(knowledge)) == {"apples", "cheese"}


def test_a_rollback_outlasts_the_process(
    knowledge: KnowledgeBase, shelves: Shelves, folder: Path, clock: Clock
) -> None:
    sync(knowledge, shelves, A)
    sync(knowledge, shelves, B)
    knowledge.roll_back(1)
    knowledge.close()
    again = opened(folder, shelves, clock)
    assert (again.version, set(texts(again))) == ("1", {"apples"})
    assert [one.number for one in again.versions()] == [2, 1]
    again.close()


def test_the_last_versions_are_kept_and_older_ones_swept(folder: Path, shelves: Shelves, clock: Clock) -> None:
    knowledge = opened(folder, shelves, clock, keep_versions=3)
    knowledge.add_source("shelf", "Top", {"location": "top"})
    for number in range(6):
        sync(knowledge, shelves, replace(A, text=f"Number {number}."))
    assert [one.number for one in knowledge.versions()] == [6, 5, 4]
    knowledge.roll_back(4)
    for number in range(3):
        sync(knowledge, shelves, replace(A, text=f"Again {number}."))
    assert [one.number for one in knowledge.versions()] == [9, 8, 7]
    with pytest.raises(Missing, match="There is no version 4 any more. Kept are: 7, 8, 9"):
        knowledge.roll_back(4)
    assert {path.name for path in (folder / "versions").iterdir()} <= {"7", "8", "9", ".encoding"}
    knowledge.close()


def test_a_removed_source_is_back_with_the_version_that_has_its_articles(
    knowledge: KnowledgeBase, shelves: Shelves
) -> None:
    shelves.held["secret"] = [B]
    other = knowledge.add_source("shelf", "Other", {"location": "secret", "token": "hush"}).id
    sync(knowledge, shelves, A)
    knowledge.remove_source(other)
    assert set(texts(knowledge)) == {"apples"}
    knowledge.roll_back(1)
    assert set(texts(knowledge)) == {"apples", "bread"}
    back = knowledge.sources()[1]
    assert (back.config.name, back.articles, back.secrets_set) == ("Other", 1, frozenset())
    knowledge.remove_source(other)
    assert set(texts(knowledge)) == {"apples"}


def test_going_back_while_a_version_is_built_holds_and_the_sync_says_so(
    knowledge: KnowledgeBase, shelves: Shelves
) -> None:
    sync(knowledge, shelves, A)
    sync(knowledge, shelves, B)
    shelves.held["top"] = [C]

    def go_back(stage: IngestStage, done: int, total: int) -> None:
        if stage is IngestStage.ENCODING:
            knowledge.roll_back(1)

    with pytest.raises(SyncOvertaken, match="version 1 meanwhile"):
        knowledge.sync(progress=go_back)
    assert (knowledge.version, set(texts(knowledge))) == ("1", {"apples"})
    assert [one.number for one in knowledge.versions()] == [2, 1]
    assert set(knowledge.sync().version) == {"3"}


def test_a_version_of_another_encoder_cannot_be_gone_back_to(
    knowledge: KnowledgeBase, shelves: Shelves, folder: Path, clock: Clock
) -> None:
    sync(knowledge, shelves, A)
    knowledge.close()
    again = opened(folder, shelves, clock, dimensions=128)
    with pytest.raises(EncoderChanged):
        again.search("apples")
    assert again.renew()
    assert not again.renew()
    assert (again.version, again.versions()[0].cause) == ("2", "embedded anew")
    assert again.search("apples").hits
    with pytest.raises(EncoderChanged, match="Version 1 was made with another encoder"):
        again.roll_back(1)
    again.close()


def test_a_version_that_was_finished_but_never_live_is_swept(
    knowledge: KnowledgeBase, shelves: Shelves, folder: Path, clock: Clock
) -> None:
    sync(knowledge, shelves, A)
    knowledge.close()
    shutil.copytree(folder / "versions" / "1", folder / "versions" / "2")
    (folder / "versions" / "2" / "served").unlink()
    again = opened(folder, shelves, clock)
    assert [one.number for one in again.versions()] == [1]
    assert sync(again, shelves, B) == "2"
    again.close()


def test_a_version_made_before_versions_were_described_gets_a_description(
    knowledge: KnowledgeBase, shelves: Shelves, folder: Path, clock: Clock
) -> None:
    sync(knowledge, shelves, A)
    knowledge.close()
    for name in ("about.json", "served"):
        (folder / "versions" / "1" / name).unlink()
    again = opened(folder, shelves, clock)
    (only,) = again.versions()
    assert (only.number, only.cause, only.articles, only.live) == (1, "made by an earlier release", 1, True)
    again.close()


def test_two_versions_are_one_diff_of_articles_and_passages(knowledge: KnowledgeBase, shelves: Shelves) -> None:
    long = replace(B, text="# Rye\n\nDark bread.\n\n# Wheat\n\nLight bread.")
    sync(knowledge, shelves, A, long)
    sync(knowledge, shelves, replace(long, text=long.text.replace("Light", "White")), C)
    diff = knowledge.diff(1, 2)
    assert (diff.before, diff.after) == (1, 2)
    (added,), (removed,), (changed,) = diff.added, diff.removed, diff.changed
    assert (added.id, added.went, [one.text for one in added.came]) == ("cheese", (), [C.text])
    assert (removed.id, removed.title, [one.text for one in removed.went], removed.came) == (
        "apples",
        "Apples",
        [A.text],
        (),
    )
    assert ["Light bread." in one.text for one in changed.went] == [True]
    assert ["White bread." in one.text for one in changed.came] == [True]
    back = knowledge.diff(2, 1)
    assert ([one.id for one in back.added], back.changed[0].went) == (["apples"], changed.came)
    assert knowledge.diff(2, 2).changed == ()
    with pytest.raises(Missing):
        knowledge.diff(1, 7)


def test_going_back_is_never_seen_half(knowledge: KnowledgeBase, shelves: Shelves) -> None:
    def numbered(number: int) -> Sequence[Article]:
        return [article(f"a{n}", f"Lamp {n} belongs to release {number}.", f"Lamp {n}") for n in range(20)]

    for number in (1, 2):
        sync(knowledge, shelves, *numbered(number))
    ended = threading.Event()
    mixed: list[str] = []

    def search() -> None:
        while not ended.is_set():
            found = knowledge.search("Which release does the lamp belong to?", limit=20)
            told = {hit.passage.text.rsplit(" ", 1)[1] for hit in found.hits}
            if told != {f"{found.version}."}:
                mixed.append(f"{found.version}: {told}")

    threads = [threading.Thread(target=search) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in (1, 2) * 10:
        knowledge.roll_back(number)
    ended.set()
    for thread in threads:
        thread.join()
    assert mixed == []


def test_a_lost_list_of_withdrawn_articles_is_told_not_taken_for_empty(
    knowledge: KnowledgeBase, shelves: Shelves, folder: Path, clock: Clock
) -> None:
    sync(knowledge, shelves, A)
    knowledge.withdraw("apples")
    knowledge.close()
    (folder / "withdrawn.json").write_text("[")
    with pytest.raises(KnowledgeBaseDamaged, match=r"withdrawn.json is damaged"):
        opened(folder, shelves, clock)
