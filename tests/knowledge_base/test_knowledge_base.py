from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from knowledge_base.embedding import HashingEmbedder
from knowledge_base.knowledge_base import (
    EncoderChanged,
    IngestStage,
    InvalidSource,
    KnowledgeBase,
    KnowledgeBaseBusy,
    KnowledgeBaseDamaged,
    SyncReport,
)
from tests.knowledge_base.shop import ARTICLES, write_jsonl


@pytest.fixture
def embedder() -> HashingEmbedder:
    return HashingEmbedder()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_jsonl(tmp_path / "help.jsonl")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "knowledge"


@pytest.fixture
def knowledge(folder: Path, embedder: HashingEmbedder) -> Iterator[KnowledgeBase]:
    opened = KnowledgeBase.open(folder, embedder)
    yield opened
    opened.close()


def counts(report: SyncReport) -> tuple[int, int, int, int]:
    return report.added, report.changed, report.removed, report.unchanged


def titles(knowledge: KnowledgeBase, question: str) -> list[str]:
    return [hit.passage.title for hit in knowledge.search(question).hits]


def test_a_question_finds_its_article_with_every_score(knowledge: KnowledgeBase, source: Path) -> None:
    report = knowledge.ingest([source])
    assert counts(report) == (4, 0, 0, 0)
    assert report.version == knowledge.version == "1"
    found = knowledge.search("How do I return an item to Narnia?", limit=2)
    best = found.hits[0]
    assert best.passage.title == "Return an item"
    assert (best.dense_rank, best.lexical_rank) == (1, 1)
    assert best.lexical > 0
    assert len(best.quote_scores) == len(best.passage.quotes) == 4
    vector = HashingEmbedder().encode(["How do I return an item to Narnia?"])[0]
    assert np.allclose(found.vector, vector)
    assert best.dense > 0.3
    assert found.version == "1"
    assert found.unknown_words == ("Narnia",)
    assert 0 < found.coverage < 1
    assert len(found.hits) == 2


def test_a_vector_that_is_known_already_is_not_computed_again(knowledge: KnowledgeBase, source: Path) -> None:
    knowledge.ingest([source])
    embedder = HashingEmbedder()
    given = knowledge.search("R4 lamp", vector=embedder.encode(["R4 lamp"]))
    assert given.hits == knowledge.search("R4 lamp").hits


def test_an_empty_knowledge_base_finds_nothing(knowledge: KnowledgeBase) -> None:
    found = knowledge.search("Where are my parcels?")
    assert (found.hits, found.version, found.coverage) == ((), "0", 0.0)
    assert found.unknown_words == ("parcels",)
    assert knowledge.articles() == []
    assert knowledge.article("returns") is None


@pytest.mark.parametrize("question", ["", "   ", "?!", "the of and", "\u202e\u200b", "x" * 100_000, "a\x00b", "🛒"])
def test_odd_questions_are_searched_without_a_fuss(knowledge: KnowledgeBase, source: Path, question: str) -> None:
    knowledge.ingest([source])
    assert knowledge.search(question).version == "1"


def test_ingesting_again_embeds_nothing_and_makes_no_version(
    knowledge: KnowledgeBase, source: Path, embedder: HashingEmbedder
) -> None:
    knowledge.ingest([source])
    encoded = embedder.encoded
    report = knowledge.ingest([source])
    assert counts(report) == (0, 0, 0, 4)
    assert report.version == "1"
    assert embedder.encoded == encoded


def test_only_the_passages_and_quotes_that_changed_are_embedded(
    knowledge: KnowledgeBase, source: Path, embedder: HashingEmbedder
) -> None:
    knowledge.ingest([source])
    before = embedder.encoded
    changed = {**ARTICLES, "returns": (ARTICLES["returns"][0], ARTICLES["returns"][1] + "3. Wait.\n")}
    report = knowledge.ingest([write_jsonl(source, changed)])
    assert counts(report) == (0, 1, 0, 3)
    assert embedder.encoded - before == 2
    assert knowledge.search("return an item").hits[0].passage.quotes[-1].text == "Wait."


def test_vectors_that_were_kept_belong_to_their_passages(
    knowledge: KnowledgeBase, source: Path, embedder: HashingEmbedder
) -> None:
    knowledge.ingest([source])
    knowledge.ingest([write_jsonl(source, {"new": ("New", "Quite new."), **dict(reversed(list(ARTICLES.items())))})])
    for title, text in ARTICLES.values():
        vector = embedder.encode([f"{title} {text}"])
        best = knowledge.search(f"{title} {text}", vector=vector).hits[0]
        assert best.passage.title == title
        expected = embedder.encode([q.lead + " " + q.text for q in best.passage.quotes]) @ vector[0]
        assert np.allclose(best.quote_scores, expected, atol=2e-3)


def test_an_article_that_left_its_source_is_gone_and_other_sources_stay(
    knowledge: KnowledgeBase, source: Path, tmp_path: Path
) -> None:
    markdown = tmp_path / "more"
    markdown.mkdir()
    (markdown / "gifts.md").write_text("# Gift wrapping\n\nWe wrap gifts.")
    knowledge.ingest([source, markdown])
    fewer = {key: value for key, value in ARTICLES.items() if key != "shipping"}
    report = knowledge.ingest([write_jsonl(source, fewer)])
    assert counts(report) == (0, 0, 1, 3)
    assert "Shipping times" not in titles(knowledge, "Parcels to Canada shipping times")
    assert knowledge.article("shipping") is None
    assert titles(knowledge, "gift wrapping")[0] == "Gift wrapping"
    assert {article.id for article in knowledge.articles()} == {"returns", "passwords", "warranty", "gifts"}


def test_an_id_that_is_taken_is_left_out_with_a_reason(knowledge: KnowledgeBase, source: Path, tmp_path: Path) -> None:
    other = write_jsonl(tmp_path / "other.jsonl", {"returns": ("Mine", "Mine."), "new": ("New", "New.")})
    knowledge.ingest([source])
    report = knowledge.ingest([other])
    assert counts(report) == (1, 0, 0, 0)
    assert "'returns' is already used" in report.skipped[0].why
    assert knowledge.article("returns") is not None
    twice = tmp_path / "twice.jsonl"
    twice.write_text('{"id":"t","title":"A","text":"a"}\n{"id":"t","title":"B","text":"b"}\n')
    report = knowledge.ingest([twice])
    assert counts(report) == (1, 0, 0, 0)
    assert len(report.skipped) == 1


def test_a_source_with_nothing_usable_changes_nothing(knowledge: KnowledgeBase, source: Path) -> None:
    knowledge.ingest([source])
    source.write_text('{"id": "returns", "title": "x", "te')
    with pytest.raises(InvalidSource, match=r"(?s)line 1 is not valid JSON.*Nothing was changed"):
        knowledge.ingest([source])
    with pytest.raises(InvalidSource, match="nothing at"):
        knowledge.ingest([source.parent / "missing"])
    assert titles(knowledge, "return an item")[0] == "Return an item"


def test_an_article_of_headings_only_is_kept_but_never_found(knowledge: KnowledgeBase, tmp_path: Path) -> None:
    report = knowledge.ingest([write_jsonl(tmp_path / "h.jsonl", {"h": ("Empty", "# Empty\n")})])
    assert (report.added, report.passages) == (1, 0)
    assert knowledge.search("empty").hits == ()


def test_progress_is_told_stage_by_stage(knowledge: KnowledgeBase, source: Path) -> None:
    told: list[tuple[IngestStage, int, int]] = []
    knowledge.ingest([source], progress=lambda stage, done, total: told.append((stage, done, total)))
    assert list(dict.fromkeys(stage for stage, _, _ in told)) == list(IngestStage)
    assert all(done <= total or stage is IngestStage.READING for stage, done, total in told)


def test_a_reopened_knowledge_base_answers_the_same(folder: Path, source: Path) -> None:
    first = KnowledgeBase.open(folder, HashingEmbedder())
    first.ingest([source])
    expected = first.search("return an item")
    first.close()
    second = KnowledgeBase.open(folder, HashingEmbedder())
    found = second.search("return an item")
    assert [hit.passage for hit in found.hits] == [hit.passage for hit in expected.hits]
    assert [hit.score for hit in found.hits] == pytest.approx([hit.score for hit in expected.hits], abs=1e-5)
    assert second.version == "1"
    second.close()


def test_a_second_opening_is_told_where_the_first_one_serves(knowledge: KnowledgeBase, folder: Path) -> None:
    knowledge.announce("http://127.0.0.1:8000")
    with pytest.raises(KnowledgeBaseBusy) as busy:
        KnowledgeBase.open(folder, HashingEmbedder())
    assert (busy.value.pid, busy.value.address) == (os.getpid(), "http://127.0.0.1:8000")


def test_another_encoder_is_refused_until_everything_is_embedded_again(folder: Path, source: Path) -> None:
    first = KnowledgeBase.open(folder, HashingEmbedder())
    first.ingest([source])
    first.close()
    second = KnowledgeBase.open(folder, HashingEmbedder(dimensions=128))
    with pytest.raises(EncoderChanged, match="baton sync"):
        second.search("return")
    assert counts(second.ingest([source])) == (0, 0, 0, 4)
    assert titles(second, "return an item")[0] == "Return an item"
    second.close()


def test_a_lost_chroma_folder_is_built_anew_and_other_losses_are_told(folder: Path, source: Path) -> None:
    first = KnowledgeBase.open(folder, HashingEmbedder())
    first.ingest([source])
    first.close()
    shutil.rmtree(folder / "chroma")
    second = KnowledgeBase.open(folder, HashingEmbedder())
    assert titles(second, "return an item")[0] == "Return an item"
    second.close()
    (folder / "versions" / "1" / "passages.npy").unlink()
    with pytest.raises(KnowledgeBaseDamaged, match="ingest your sources again"):
        KnowledgeBase.open(folder, HashingEmbedder())
    with pytest.raises(KnowledgeBaseDamaged):
        KnowledgeBase.open(folder, HashingEmbedder())


def test_old_versions_and_unfinished_builds_are_swept(folder: Path, source: Path) -> None:
    knowledge = KnowledgeBase.open(folder, HashingEmbedder())
    for number in range(4):
        knowledge.ingest([write_jsonl(source, {**ARTICLES, "n": ("Count", f"Number {number}.")})])
    assert knowledge.version == "4"
    knowledge.close()
    (folder / "versions" / ".building-9").mkdir()
    knowledge = KnowledgeBase.open(folder, HashingEmbedder())
    assert {path.name for path in (folder / "versions").iterdir()} <= {"1", "2", "3", "4", ".encoding"}
    assert len([path for path in (folder / "chroma").iterdir() if path.is_dir()]) <= 1
    knowledge.close()


def test_searches_during_ingests_see_one_whole_version_each(knowledge: KnowledgeBase, source: Path) -> None:
    def texts(number: int) -> dict[str, tuple[str, str]]:
        return {f"a{n}": (f"Lamp {n}", f"Lamp {n} belongs to release {number}.") for n in range(30)}

    knowledge.ingest([write_jsonl(source, texts(1))])
    done = threading.Event()
    mixed: list[str] = []
    searched = [0]

    def search() -> None:
        while not done.is_set():
            found = knowledge.search("Which release does the lamp belong to?", limit=30)
            told = {hit.passage.quotes[0].text.rsplit(" ", 1)[1] for hit in found.hits}
            searched[0] += 1
            if told != {f"{found.version}."}:
                mixed.append(f"{found.version}: {told}")

    threads = [threading.Thread(target=search) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(2, 8):
        knowledge.ingest([write_jsonl(source, texts(number))])
    done.set()
    for thread in threads:
        thread.join()
    assert mixed == []
    assert searched[0] > 10
    assert knowledge.version == "7"
