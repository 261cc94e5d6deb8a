from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from knowledge_base.embedding import HashingEmbedder
from knowledge_base.model import Article, ArticleId, SearchResult
from knowledge_base.nearest import ScanIndex
from knowledge_base.searching import Searcher
from tests.knowledge_base.built import build
from tests.knowledge_base.shop import ARTICLES, article

EMBEDDER = HashingEmbedder()


def searcher(root: Path, *more: Article) -> Searcher:
    version = build(root, [*(article(key) for key in ARTICLES), *more])
    return Searcher(version, ScanIndex(version.passage_vectors, version.codes))


def found(where: Searcher, text: str, *earlier: str, limit: int = 8) -> SearchResult:
    return where.search(where.question(text, earlier, EMBEDDER), limit)


def test_a_hit_says_why_it_ranks_where_it_does(tmp_path: Path) -> None:
    best = found(searcher(tmp_path), "How long is the warranty of the R4 lamp?").hits[0]
    assert best.passage.article_id == "warranty"
    assert (best.dense_rank, best.lexical_rank) == (1, 1)
    assert [word.word for word in best.matched][0] in ("R4", "warranty", "lamp")
    assert {word.word for word in best.matched} == {"R4", "warranty", "lamp"}
    assert sum(word.weight for word in best.matched) == pytest.approx(best.lexical, abs=1e-4)
    assert [word.weight for word in best.matched] == sorted((word.weight for word in best.matched), reverse=True)
    parts = best.parts
    assert parts.passage + parts.opening + parts.quote + parts.words == pytest.approx(best.score, abs=1e-5)
    assert len(best.quote_scores) == len(best.passage.quotes)


def test_all_that_is_found_of_an_article_counts_for_its_opening(tmp_path: Path) -> None:
    """Of two equal passages the one below a title on the subject comes first."""
    same = "Open the page and confirm."
    about = Article(id=ArticleId("about"), title="Invoices", text=f"Invoices in short.\n\n## Steps\n\n{same}")
    other = Article(id=ArticleId("other"), title="Gardens", text=f"Gardens in short.\n\n## Steps\n\n{same}")
    hits = found(searcher(tmp_path, other, about), "invoices open page confirm").hits
    steps = [hit.passage.article_id for hit in hits if hit.passage.heading == "Steps"]
    assert steps == ["about", "other"]


def test_words_that_no_article_has_are_told_and_coverage_is_weighted(tmp_path: Path) -> None:
    result = found(searcher(tmp_path), "warranty of the zeppelin")
    assert result.unknown_words == ("zeppelin",)
    assert 0 < result.coverage < 1


def test_only_readable_rows_are_found_and_the_limit_holds(tmp_path: Path) -> None:
    where = searcher(tmp_path)
    question = where.question("return an item", (), EMBEDDER)
    everything = where.search(question, 8)
    assert everything.hits[0].passage.article_id == "returns"
    readable = np.array([passage.article_id != "returns" for passage in where.version.passages])
    rest = where.search(question, 8, readable=readable)
    assert rest.hits
    assert "returns" not in {hit.passage.article_id for hit in rest.hits}
    assert len(where.search(question, 1).hits) == 1


def test_articles_in_two_languages_are_found_by_inflected_words_of_either(tmp_path: Path) -> None:
    german = Article(
        id=ArticleId("de"),
        title="Rückgabe",
        text="Sie können Bestellungen innerhalb von 30 Tagen zurückgeben, wenn sie nicht benutzt sind.",
        language="de",
    )
    where = searcher(tmp_path, german)
    for asked, article_id in (("bestellung", "de"), ("passwords resetting", "passwords")):
        result = found(where, asked)
        assert [hit.passage.article_id for hit in result.hits if hit.lexical_rank == 1] == [article_id]
        assert result.unknown_words == ()


def test_a_follow_up_finds_what_the_conversation_is_about(tmp_path: Path) -> None:
    where = searcher(tmp_path)
    assert found(where, "and to Peru?", "Which parcels do you ship to Canada?").hits[0].passage.article_id == "shipping"


def test_an_empty_version_finds_nothing(tmp_path: Path) -> None:
    version = build(tmp_path, [])
    result = found(Searcher(version, ScanIndex(version.passage_vectors, version.codes)), "anything")
    assert (result.hits, result.coverage) == ((), 0.0)
