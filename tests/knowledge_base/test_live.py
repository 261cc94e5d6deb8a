from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from knowledge_base.embedding import HashingEmbedder
from knowledge_base.knowledge_base import KnowledgeBase, WrittenArticle
from knowledge_base.model import ANYBODY, Article, Audience, Viewer
from knowledge_base.vectors import ScanOnly
from tests.knowledge_base.shelf import NOW, Clock, Shelves
from tests.knowledge_base.shop import article

MEMBER = Viewer(signed_in=True)
PRO = Viewer(signed_in=True, segments=frozenset({"pro"}))
A, B, C = (article(key, f"All about the lamp and {key}.", key.title()) for key in ("apples", "bread", "cheese"))


@pytest.fixture
def shelves() -> Shelves:
    return Shelves()


@pytest.fixture
def clock() -> Clock:
    return Clock()


def opened(folder: Path, shelves: Shelves, clock: Clock) -> KnowledgeBase:
    return KnowledgeBase.open(folder, HashingEmbedder(), vectors=ScanOnly(), kinds=shelves.kinds, clock=clock)


@pytest.fixture
def knowledge(tmp_path: Path, shelves: Shelves, clock: Clock) -> Iterator[KnowledgeBase]:
    opening = opened(tmp_path / "knowledge", shelves, clock)
    opening.add_source("shelf", "Top", {"location": "top"})
    yield opening
    opening.close()


def sync(knowledge: KnowledgeBase, shelves: Shelves, *held: Article) -> None:
    shelves.held["top"] = held
    knowledge.sync()


def found(knowledge: KnowledgeBase, viewer: Viewer = ANYBODY, limit: int = 8) -> set[str]:
    return {str(hit.passage.article_id) for hit in knowledge.search("about the lamp", limit=limit, viewer=viewer).hits}


def citable(knowledge: KnowledgeBase, *ids: str, viewer: Viewer = ANYBODY) -> set[str]:
    with knowledge.citing(ids, viewer) as allowed:
        return set(allowed)


def test_each_viewer_finds_lists_opens_and_cites_what_they_may_read(knowledge: KnowledgeBase, shelves: Shelves) -> None:
    members = replace(B, audience=Audience(signed_in=True))
    pros = replace(C, audience=Audience(signed_in=True, segments=frozenset({"pro"})))
    sync(knowledge, shelves, A, members, pros)
    everything = {"apples", "bread", "cheese"}
    for viewer, seen in ((ANYBODY, {"apples"}), (MEMBER, {"apples", "bread"}), (PRO, everything)):
        assert found(knowledge, viewer) == seen
        assert {one.id for one in knowledge.heads(viewer)} == seen
        assert {key for key in everything if knowledge.article(key, viewer)} == seen
        assert citable(knowledge, *everything, "unknown", viewer=viewer) == seen
    assert [one.id for one in knowledge.heads()] == [one.id for one in knowledge.articles()]
    assert {one.id for one in knowledge.articles()} == everything
    assert knowledge.article("cheese") is not None


def test_drafts_and_articles_of_other_times_are_never_found(
    knowledge: KnowledgeBase, shelves: Shelves, clock: Clock
) -> None:
    later, soon = NOW + timedelta(hours=2), NOW + timedelta(hours=1)
    sync(knowledge, shelves, replace(A, expires_at=soon), replace(B, effective_at=later), replace(C, published=False))
    assert found(knowledge) == citable(knowledge, "apples", "bread", "cheese") == {"apples"}
    clock.pass_(hours=1)
    assert found(knowledge) == citable(knowledge, "apples", "bread", "cheese") == set()
    clock.pass_(hours=1)
    assert found(knowledge) == citable(knowledge, "apples", "bread", "cheese") == {"bread"}
    clock.pass_(hours=-2)
    assert found(knowledge) == {"apples"}, "a clock that was put back counts too"


def test_what_nobody_may_read_takes_nobody_s_place(knowledge: KnowledgeBase, shelves: Shelves) -> None:
    hidden = [replace(A, id=f"hidden{n}", published=False, text=A.text) for n in range(200)]  # type: ignore[arg-type]
    sync(knowledge, shelves, *hidden, B, C)
    assert found(knowledge, limit=2) == {"bread", "cheese"}


def test_a_withdrawn_article_is_gone_at_once_in_every_version_and_after_a_restart(
    knowledge: KnowledgeBase, shelves: Shelves, clock: Clock, tmp_path: Path
) -> None:
    sync(knowledge, shelves, A, B)
    knowledge.withdraw("apples")
    assert found(knowledge) == citable(knowledge, "apples", "bread") == {"bread"}
    assert knowledge.version == "1"
    assert set(knowledge.withdrawn()) == {"apples"}
    assert knowledge.article("apples") is not None, "people still see it"
    assert knowledge.article("apples", ANYBODY) is None
    sync(knowledge, shelves, A, B, C)
    assert found(knowledge) == {"bread", "cheese"}
    knowledge.roll_back(1)
    assert found(knowledge) == {"bread"}
    knowledge.close()
    again = opened(tmp_path / "knowledge", shelves, clock)
    assert found(again) == {"bread"}
    again.restore("apples")
    assert found(again) == {"apples", "bread"}
    again.close()


def test_a_switch_waits_for_replies_that_are_being_posted(knowledge: KnowledgeBase, shelves: Shelves) -> None:
    sync(knowledge, shelves, A, B)
    posted = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        with knowledge.citing(["apples"], ANYBODY) as allowed:
            assert allowed == {"apples"}
            withdrawing = pool.submit(knowledge.withdraw, "apples")
            while citable(knowledge, "apples"):
                time.sleep(0.001)
            time.sleep(0.05)
            assert not withdrawing.done(), "it is hidden from whoever comes now, and the reply before may be posted"
            posted.set()
        withdrawing.result(2)


def test_fifty_clients_cite_an_article_that_is_removed_only_until_the_sync_returned(
    knowledge: KnowledgeBase, shelves: Shelves
) -> None:
    """Each client searches, then posts inside `citing`, as the turn runner does; posting takes a moment."""
    sync(knowledge, shelves, A, B, C)
    done = threading.Event()
    posted: list[tuple[float, bool]] = []

    def ask() -> None:
        while not done.is_set():
            hits = {str(hit.passage.article_id) for hit in knowledge.search("about the lamp").hits}
            with knowledge.citing(hits, ANYBODY) as allowed:
                time.sleep(0.002)
                posted.append((time.monotonic(), "apples" in allowed))

    threads = [threading.Thread(target=ask) for _ in range(50)]
    for thread in threads:
        thread.start()
    time.sleep(0.1)
    sync(knowledge, shelves, B, C)
    removed = time.monotonic()
    time.sleep(0.3)
    done.set()
    for thread in threads:
        thread.join()
    after = [cites for at, cites in posted if at > removed]
    assert any(cites for _, cites in posted), "before, it was cited"
    assert len(after) >= 50
    assert not any(after)


def test_fifty_clients_stop_citing_when_an_article_expires_by_the_clock(
    knowledge: KnowledgeBase, shelves: Shelves, clock: Clock
) -> None:
    sync(knowledge, shelves, replace(A, expires_at=NOW + timedelta(seconds=1)), B)
    before, after = threading.Barrier(51), threading.Barrier(51)
    cited: list[tuple[bool, bool]] = []

    def ask() -> None:
        hits = found(knowledge)
        first = citable(knowledge, *hits)
        before.wait(20)
        after.wait(20)
        # What was found before the expiry is not cited after it.
        cited.append(("apples" in first, "apples" in citable(knowledge, *hits) | found(knowledge)))

    threads = [threading.Thread(target=ask) for _ in range(50)]
    for thread in threads:
        thread.start()
    before.wait(20)
    clock.pass_(seconds=1)
    after.wait(20)
    for thread in threads:
        thread.join()
    assert cited == [(True, False)] * 50


def test_a_written_article_is_found_by_those_it_is_for(knowledge: KnowledgeBase) -> None:
    knowledge.write_article(
        WrittenArticle(id="lamp", title="Lamp", text="About the lamp.", audience=Audience(signed_in=True))
    )
    assert (found(knowledge), found(knowledge, MEMBER)) == (set(), {"lamp"})


def test_overlaps_are_those_of_what_is_live(knowledge: KnowledgeBase, shelves: Shelves, clock: Clock) -> None:
    first = article("old", "You can return worn hiking boots within 30 days of delivery, with the receipt.", "Boots")
    second = article("new", "You can return worn hiking boots within 45 days of delivery, with the receipt.", "Boots")
    sync(knowledge, shelves, first, replace(second, expires_at=NOW + timedelta(days=1)), A)
    (overlap,) = knowledge.overlaps()
    assert {overlap.first.article_id, overlap.second.article_id} == {"old", "new"}
    assert knowledge.overlaps() is knowledge.overlaps(), "looked for once"
    knowledge.withdraw("old")
    assert knowledge.overlaps() == []
    knowledge.restore("old")
    assert len(knowledge.overlaps()) == 1
    clock.pass_(days=1)
    assert knowledge.overlaps() == []
