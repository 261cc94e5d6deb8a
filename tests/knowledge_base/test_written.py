from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge_base.model import Article, ArticleId, Audience
from knowledge_base.sources.memory import BriefMemory
from knowledge_base.sources.written import InvalidArticle, WrittenArticle, WrittenFolder

AT = datetime(2026, 5, 1, 12, tzinfo=UTC)
FULL = WrittenArticle(
    id="returns",
    title="How do I: return? # something",
    text="---\nSend it back.\n\n- one\n",
    url="https://shop.example/help/returns",
    metadata={"category": "Orders: yes", "id": "not this one", "odd": "a\n---\nb"},
    language="de-AT",
    published=False,
    effective_at=datetime(2026, 6, 1, tzinfo=UTC),
    expires_at=datetime(2027, 1, 1, 9, 30, tzinfo=UTC),
    audience=Audience(signed_in=True, segments=frozenset({"pro", "team"})),
)


@pytest.fixture
def folder(tmp_path: Path) -> WrittenFolder:
    return WrittenFolder(path=tmp_path / "written")


def read(folder: WrittenFolder) -> list[object]:
    return list(folder.articles(BriefMemory(), lambda done, total: None))


def test_an_article_is_read_back_as_it_was_written(folder: WrittenFolder) -> None:
    folder.write(FULL, at=AT)
    assert read(folder) == [
        Article(
            id=ArticleId("returns"),
            title=FULL.title,
            text=FULL.text,
            url=FULL.url,
            updated_at=AT,
            metadata={"category": "Orders: yes", "odd": "a\n---\nb"},
            language="de-AT",
            published=False,
            effective_at=FULL.effective_at,
            expires_at=FULL.expires_at,
            audience=FULL.audience,
        )
    ]


def test_the_folder_may_be_missing_or_empty(folder: WrittenFolder) -> None:
    assert read(folder) == []
    folder.write(FULL, at=AT)
    assert folder.holds("returns")
    folder.delete("returns")
    assert (read(folder), folder.holds("returns")) == ([], False)


def test_writing_again_replaces_and_ids_alike_are_kept_apart(folder: WrittenFolder) -> None:
    for identity in ("a b", "a-b", "../../etc/passwd", "🛒", "."):
        folder.write(WrittenArticle(id=identity, title="T", text="One."), at=AT)
    folder.write(WrittenArticle(id="a b", title="T", text="Two."), at=AT)
    found = {article.id: article.text for article in read(folder) if isinstance(article, Article)}
    assert found == {"a b": "Two.", "a-b": "One.", "../../etc/passwd": "One.", "🛒": "One.", ".": "One."}
    assert [path.parent for path in folder.path.parent.rglob("*.md")] == [folder.path] * 5


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"id": ""}, "The id must be"),
        ({"id": "x" * 201}, "The id must be"),
        ({"id": " x"}, "The id must be"),
        ({"title": " \n"}, "Give the article a title"),
        ({"title": "x" * 501}, "Give the article a title"),
        ({"text": "\n \t"}, "no text yet"),
        ({"url": "javascript:alert(1)"}, "The address must begin"),
        ({"text": "x" * 5_000_001}, "larger than 5 MB"),
        ({"audience": Audience(signed_in=True, segments=frozenset({"a b"}))}, "its audience"),
        ({"metadata": {"notes": "x" * 30_000}}, "front matter is too long"),
    ],
)
def test_what_cannot_be_kept_is_refused_in_words(folder: WrittenFolder, fields: dict[str, object], words: str) -> None:
    values: dict[str, object] = {"id": "x", "title": "X", "text": "Text.", **fields}
    with pytest.raises(InvalidArticle, match=words):
        folder.write(WrittenArticle(**values), at=AT)  # type: ignore[arg-type]
    assert read(folder) == []


@settings(max_examples=60, deadline=None)
@given(title=st.text(max_size=60), text=st.text(max_size=200), note=st.text(max_size=40))
def test_whatever_is_written_is_read_back_or_refused(
    tmp_path_factory: pytest.TempPathFactory, title: str, text: str, note: str
) -> None:
    folder = WrittenFolder(path=tmp_path_factory.mktemp("written"))
    try:
        folder.write(WrittenArticle(id="x", title=title, text=text, metadata={"note": note}), at=AT)
    except InvalidArticle:
        assert read(folder) == []
        return
    (article,) = read(folder)
    assert isinstance(article, Article)
    assert article.id == "x"
    assert article.text == text.replace("\r\n", "\n").replace("\x00", "").encode("utf-8", "replace").decode()
