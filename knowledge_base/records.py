"""An article, and a passage, as the line of a file and back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from knowledge_base.model import Article, ArticleId, Audience, Passage, PassageId, Quote, QuoteKind


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredArticle:
    """An article with the source it came from and the hash of its content."""

    article: Article
    source: str
    content_hash: str


def stored_record(stored: StoredArticle) -> dict[str, object]:
    article = stored.article
    return {
        "id": article.id,
        "title": article.title,
        "text": article.text,
        "url": article.url,
        "updated_at": article.updated_at.isoformat() if article.updated_at else None,
        "metadata": dict(article.metadata),
        "language": article.language,
        "published": article.published,
        "effective_at": article.effective_at.isoformat() if article.effective_at else None,
        "expires_at": article.expires_at.isoformat() if article.expires_at else None,
        "audience": [article.audience.signed_in, sorted(article.audience.segments)],
        "source": stored.source,
        "hash": stored.content_hash,
    }


def stored_from(record: dict[str, object]) -> StoredArticle:
    # Before format 2 articles had neither language, dates nor audience: they were for everyone.
    metadata, url, language = record["metadata"], record["url"], record.get("language")
    article = Article(
        id=ArticleId(str(record["id"])),
        title=str(record["title"]),
        text=str(record["text"]),
        url=None if url is None else str(url),
        updated_at=_instant(record["updated_at"]),
        metadata=metadata if isinstance(metadata, dict) else {},
        language=None if language is None else str(language),
        published=record.get("published", True) is True,
        effective_at=_instant(record.get("effective_at")),
        expires_at=_instant(record.get("expires_at")),
        audience=audience_from(record.get("audience", [False, []])),
    )
    return StoredArticle(article=article, source=str(record["source"]), content_hash=str(record["hash"]))


def _instant(value: object) -> datetime | None:
    return None if value is None else datetime.fromisoformat(str(value))


def audience_from(value: object) -> Audience:
    signed_in, segments = value if isinstance(value, list) else (None, None)
    if not isinstance(signed_in, bool) or not isinstance(segments, list):
        raise TypeError("an audience is unreadable")
    return Audience(signed_in=signed_in, segments=frozenset(str(segment) for segment in segments))


def passage_record(passage: Passage) -> dict[str, object]:
    return {
        "article": passage.article_id,
        "position": passage.position,
        "title": passage.title,
        "heading": passage.heading,
        "url": passage.url,
        "text": passage.text,
        "quotes": [[quote.text, quote.kind.value, quote.lead] for quote in passage.quotes],
    }


def passage_from(record: dict[str, object]) -> Passage:
    identity, position, url, quotes = record["article"], int(str(record["position"])), record["url"], record["quotes"]
    if not isinstance(quotes, list):
        raise TypeError("quotes are not a list")
    return Passage(
        id=PassageId(f"{identity}#{position}"),
        article_id=ArticleId(str(identity)),
        title=str(record["title"]),
        heading=str(record["heading"]),
        text=str(record["text"]),
        position=position,
        url=None if url is None else str(url),
        quotes=tuple(Quote(text=text, kind=QuoteKind(kind), lead=lead) for text, kind, lead in quotes),
    )
