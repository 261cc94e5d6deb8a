from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from knowledge_base.freshness import readable
from knowledge_base.model import ANYBODY, Article, ArticleId, Audience, Viewer
from knowledge_base.version import FORMAT, KnowledgeBaseDamaged, VersionFolder, stored_record
from tests.knowledge_base.built import build, many_articles, stored
from tests.knowledge_base.shop import ARTICLES, article

NOW = datetime(2026, 5, 1, tzinfo=UTC)


def test_articles_come_back_as_they_were_given(tmp_path: Path) -> None:
    given = Article(
        id=ArticleId("müll/#1~\u2028"),
        title="Ünïcode",
        text="Line one.\r\nLine two \u2028 \ud800.",
        url="https://example.com/?a=1#b",
        updated_at=NOW,
        metadata={"tag": "ä"},
        language="de-AT",
        published=False,
        effective_at=NOW - timedelta(days=1),
        expires_at=NOW + timedelta(microseconds=1),
        audience=Audience(signed_in=True, segments=frozenset({"pro", "vip"})),
    )
    version = build(tmp_path, [article("returns"), given])
    assert version.articles[given.id] == stored(given)
    assert [one.article for one in version.articles.values()] == [article("returns"), given]
    facts = version.articles.facts(given.id)
    assert facts.expires_at == given.expires_at
    assert facts.audience == given.audience
    assert facts.content_hash == stored(given).content_hash
    assert "nothing" not in version.articles
    with pytest.raises(KeyError):
        version.articles[ArticleId("nothing")]


def test_who_may_read_is_the_same_for_all_at_once_as_for_each(tmp_path: Path) -> None:
    day = timedelta(days=1)
    cases = [
        replace(article("returns"), id=ArticleId(f"{published}-{effective}-{expires}-{number}"), published=published,
                effective_at=effective, expires_at=expires, audience=audience)
        for published in (True, False)
        for effective in (None, NOW, NOW + day, NOW - day)
        for expires in (None, NOW, NOW + day, NOW - day)
        for number, audience in enumerate((Audience(), Audience(signed_in=True),
                                           Audience(signed_in=True, segments=frozenset({"pro"}))))
    ]  # fmt: skip
    version = build(tmp_path, cases)
    viewers = (ANYBODY, Viewer(signed_in=True), Viewer(signed_in=True, segments=frozenset({"pro"})))
    for viewer in viewers:
        mask = version.articles.readable(viewer, NOW)
        assert mask.tolist() == [readable(one, viewer, NOW) for one in cases]
        assert mask.tolist() == [readable(version.articles.facts(one.id), viewer, NOW) for one in cases]
        rows = version.mask_of_rows(mask)
        assert rows is not None
        assert rows.tolist() == [mask[place] for place in version.article_of]
    assert version.mask_of_rows(np.ones(len(cases), dtype=np.bool_)) is None


def test_rows_of_an_article_are_those_of_its_passages(tmp_path: Path) -> None:
    version = build(tmp_path, [article(identity) for identity in ARTICLES])
    for identity in version.articles:
        rows = version.articles.rows(identity)
        assert {version.passages[row].article_id for row in rows} == {identity}
        assert [version.row_of(version.passages[row].id) for row in rows] == list(rows)
    assert list(version.passages[1:3]) == [version.passages[1], version.passages[2]]
    for outside in (len(version.passages), -len(version.passages) - 1):
        with pytest.raises(IndexError):
            version.passages[outside]


def test_the_switch_is_one_step_and_the_sweep_keeps_what_it_is_told(tmp_path: Path) -> None:
    for _ in range(3):
        build(tmp_path, [article("returns")])
    folder = VersionFolder(tmp_path)
    folder.begin(9)
    assert (folder.current(), folder.numbers(), folder.next_number()) == (3, [1, 2, 3], 4)
    folder.switch(2)
    folder.sweep([2])
    assert [path.name for path in (tmp_path / "versions").iterdir()] == ["2"]
    assert folder.next_number() == 3
    assert not (tmp_path / "current.next").exists()


def _files(root: Path) -> list[str]:
    folder = VersionFolder(root).path(1)
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_every_missing_or_truncated_file_is_damage_that_says_what_to_do(tmp_path: Path) -> None:
    build(tmp_path, many_articles(60))
    folder = VersionFolder(tmp_path)
    for name in _files(tmp_path):
        path = folder.path(1) / name
        raw = path.read_bytes()
        for damaged in (None, b"", raw[: len(raw) // 2], raw[:-1]):
            path.unlink()
            if damaged is not None:
                path.write_bytes(damaged)
            with pytest.raises(KnowledgeBaseDamaged, match="Delete this folder and ingest your sources again"):
                folder.load(1)
            path.write_bytes(raw)
    assert len(folder.load(1).passages)


def test_a_scribbled_passage_is_damage_when_it_is_read(tmp_path: Path) -> None:
    version = build(tmp_path, many_articles(60))
    path = VersionFolder(tmp_path).path(1) / "passages.jsonl"
    with path.open("r+b") as stream:
        stream.write(b"#" * 20)
    with pytest.raises(KnowledgeBaseDamaged):
        version.passages[0]
    assert version.passages[5].article_id


def test_an_unreadable_name_of_the_live_version_is_damage(tmp_path: Path) -> None:
    (tmp_path / "current").write_text("one", encoding="ascii")
    with pytest.raises(KnowledgeBaseDamaged):
        VersionFolder(tmp_path).current()


def test_an_older_format_gives_its_articles_to_build_anew_from(tmp_path: Path) -> None:
    folder = VersionFolder(tmp_path)
    old = folder.path(1)
    old.mkdir()
    records = [stored_record(stored(article(identity))) for identity in ARTICLES]
    (old / "articles.jsonl").write_text("".join(json.dumps(one) + "\n" for one in records), encoding="utf-8")
    (old / "version.json").write_text(json.dumps({"format": 1, "encoder": "hashing-256"}), encoding="utf-8")
    version = folder.load(1)
    assert version.format == 1
    assert version.format < FORMAT
    assert [one.article for one in version.articles.values()] == [article(identity) for identity in ARTICLES]
    assert not version.passages
    assert len(build(tmp_path, [one.article for one in version.articles.values()], version).passages)


def test_a_version_that_is_swept_can_still_be_read_by_who_holds_it(tmp_path: Path) -> None:
    version = build(tmp_path, many_articles(300))
    VersionFolder(tmp_path).sweep([])
    assert not os.listdir(tmp_path / "versions")
    assert version.passages[len(version.passages) - 1].title == "Subject 299"
    assert float(version.passage_vectors[-1] @ version.passage_vectors[-1]) == pytest.approx(1)
    assert version.lexical.top(["word299"], 3).rows.size
