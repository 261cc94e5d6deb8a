"""Versions for the tests of this package, built as a sync builds them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from knowledge_base.building import build_version
from knowledge_base.embedding import Embedder, HashingEmbedder
from knowledge_base.model import Article, ArticleId
from knowledge_base.version import StoredArticle, Version, VersionFolder, empty_version


def stored(article: Article, source: str = "shop") -> StoredArticle:
    content = f"{article.title}\n{article.text}".encode("utf-8", "surrogatepass")
    return StoredArticle(article=article, source=source, content_hash=hashlib.sha256(content).hexdigest())


def build(
    root: Path, articles: Iterable[Article], live: Version | None = None, embedder: Embedder | None = None
) -> Version:
    """The next version below `root`, live from now on."""
    embedder = embedder or HashingEmbedder()
    folder = VersionFolder(root)
    number = folder.next_number()
    building = folder.begin(number)
    before = live or empty_version(embedder.name, embedder.dimensions)
    wanted = [stored(one) for one in articles]
    build_version(building, wanted, before, embedder=embedder, progress=lambda stage, done, total: None)
    folder.finish(number)
    folder.forget_encoded()
    folder.switch(number)
    return folder.load(number)


def many_articles(count: int, paragraphs: int = 3) -> list[Article]:
    """Articles of their own words, so that each has a nearest one: itself."""
    return [
        Article(
            id=ArticleId(f"a{number}"),
            title=f"Subject {number}",
            text="\n\n".join(
                f"## Part {part}\n\nThe word{number} of part{part} is note{number * 7 + part}."
                for part in range(paragraphs)
            ),
        )
        for number in range(count)
    ]
