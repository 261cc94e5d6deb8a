"""The console's list of articles: every one of the live version, filtered, ordered and cut into pages."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

from app.knowledge_article_schemas import (
    ArticleFilters,
    ArticleListQuery,
    ArticlePage,
    ArticleRow,
    AudienceShape,
    Counted,
    State,
)
from app.knowledge_schemas import SourceName
from knowledge_base.freshness import state_of
from knowledge_base.knowledge_base import KnowledgeBase, SourceConfig
from knowledge_base.model import Article, ArticleId, Audience
from knowledge_base.usage_store import Cited, FeedbackCount

_EVERYONE: Final = "everyone"
_SIGNED_IN: Final = "signed_in"
_AUDIENCES: Final = {_EVERYONE: "Everyone", _SIGNED_IN: "Signed-in customers"}
_STATES: Final[Mapping[State, str]] = {
    "live": "Live",
    "draft": "Draft",
    "scheduled": "Scheduled",
    "expired": "Expired",
    "withdrawn": "Withdrawn",
}
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """How articles are used, by article id."""

    cited: Mapping[str, Cited] = field(default_factory=dict)
    feedback: Mapping[str, FeedbackCount] = field(default_factory=dict)


class Rows:
    """Articles as rows of the list, as they stand at one moment."""

    def __init__(self, knowledge: KnowledgeBase, usage: Usage, now: datetime) -> None:
        self._sources = {state.config.id: source_name(state.config) for state in knowledge.sources()}
        self._usage = usage
        self._withdrawn = knowledge.withdrawn()
        self._now = now

    def state(self, article: Article) -> State:
        if article.id in self._withdrawn:
            return "withdrawn"
        return state_of(article, self._now).value

    def source(self, source_id: str) -> SourceName:
        return self._sources.get(source_id) or SourceName(id=source_id, name=source_id, kind="")

    def times_cited(self, article_id: ArticleId) -> int:
        cited = self._usage.cited.get(article_id)
        return cited.times if cited is not None else 0

    def not_helpful(self, article_id: ArticleId) -> int:
        given = self._usage.feedback.get(article_id)
        return given.not_helpful if given is not None else 0

    def row(self, article: Article, source_id: str) -> ArticleRow:
        cited, given = self._usage.cited.get(article.id), self._usage.feedback.get(article.id)
        return ArticleRow(
            id=article.id,
            title=article.title,
            state=self.state(article),
            source=self.source(source_id),
            language=article.language,
            audience=audience_shape(article.audience),
            updated_at=article.updated_at,
            effective_at=article.effective_at,
            expires_at=article.expires_at,
            times_cited=cited.times if cited else 0,
            last_cited_at=cited.last_at if cited else None,
            helpful=given.helpful if given else 0,
            not_helpful=given.not_helpful if given else 0,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """An article of the live version, without its text: of 10,000 articles the texts are most of the memory."""

    article: Article
    source_id: str


class ArticleLists:
    """Pages of articles. What a version holds is read once, as long as it is live."""

    def __init__(self, knowledge: KnowledgeBase, clock: Callable[[], datetime]) -> None:
        self._knowledge = knowledge
        self._clock = clock
        self._reading = threading.Lock()
        self._read: tuple[str, list[_Entry]] = ("", [])

    def page(self, query: ArticleListQuery, usage: Usage) -> ArticlePage:
        entries = self._entries()
        rows = Rows(self._knowledge, usage, self._clock())
        fitting = [entry for entry in entries if _fits(entry, query, rows)]
        ordered = _ordered(fitting, query.sort, rows)
        if query.search.strip():
            ordered = self._searched(ordered, query.search)
        shown = ordered[query.offset : query.offset + query.limit]
        return ArticlePage(
            articles=[rows.row(entry.article, entry.source_id) for entry in shown],
            total=len(ordered),
            offset=query.offset,
            filters=_filters(entries, rows),
        )

    def _entries(self) -> list[_Entry]:
        with self._reading:
            version = self._knowledge.version
            if self._read[0] != version:
                self._read = (version, [self._entry(article) for article in self._knowledge.articles()])
            return self._read[1]

    def _entry(self, article: Article) -> _Entry:
        source_id = self._knowledge.source_of(article.id) or ""
        return _Entry(article=replace(article, text="", metadata={}), source_id=source_id)

    def _searched(self, entries: Sequence[_Entry], words: str) -> list[_Entry]:
        """Those with every word in their title or id, and after them those with the others in their text."""
        wanted = words.casefold().split()
        named: list[_Entry] = []
        told: list[_Entry] = []
        for entry in entries:
            name = f"{entry.article.title}\n{entry.article.id}".casefold()
            missing = [word for word in wanted if word not in name]
            if not missing:
                named.append(entry)
            elif self._tells(entry.article.id, missing):
                told.append(entry)
        return named + told

    def _tells(self, article_id: ArticleId, words: Sequence[str]) -> bool:
        article = self._knowledge.article(article_id)
        text = article.text.casefold() if article is not None else ""
        return all(word in text for word in words)


def source_name(config: SourceConfig) -> SourceName:
    return SourceName(id=config.id, name=config.name, kind=config.kind)


def audience_shape(audience: Audience) -> AudienceShape:
    return AudienceShape(signed_in=audience.signed_in, segments=sorted(audience.segments))


def _audiences(audience: Audience) -> list[str]:
    """What the list can be filtered by."""
    if audience.segments:
        return sorted(audience.segments)
    return [_SIGNED_IN if audience.signed_in else _EVERYONE]


def _fits(entry: _Entry, query: ArticleListQuery, rows: Rows) -> bool:
    article = entry.article
    return (
        query.state in ("", rows.state(article))
        and query.source in ("", entry.source_id)
        and query.language in ("", article.language)
        and (not query.audience or query.audience in _audiences(article.audience))
        and (query.cited != "never" or not rows.times_cited(article.id))
    )


def _ordered(entries: Sequence[_Entry], sort: str, rows: Rows) -> list[_Entry]:
    by_title = sorted(entries, key=lambda entry: (entry.article.title.casefold(), entry.article.id))
    if sort == "updated":
        return sorted(by_title, key=lambda entry: entry.article.updated_at or _LONG_AGO, reverse=True)
    if sort == "cited":
        return sorted(by_title, key=lambda entry: rows.times_cited(entry.article.id), reverse=True)
    if sort == "not_helpful":
        return sorted(by_title, key=lambda entry: rows.not_helpful(entry.article.id), reverse=True)
    return by_title


def _filters(entries: Sequence[_Entry], rows: Rows) -> ArticleFilters:
    states = Counter(rows.state(entry.article) for entry in entries)
    sources = Counter(entry.source_id for entry in entries)
    languages = Counter(entry.article.language for entry in entries if entry.article.language)
    audiences = Counter(name for entry in entries for name in _audiences(entry.article.audience))
    return ArticleFilters(
        states=[
            Counted(value=value, words=words, count=states[value]) for value, words in _STATES.items() if states[value]
        ],
        sources=[
            Counted(value=source, words=rows.source(source).name, count=count)
            for source, count in sources.most_common()
        ],
        languages=[Counted(value=value, words=value, count=count) for value, count in languages.most_common()],
        audiences=[
            Counted(value=value, words=_AUDIENCES.get(value, value), count=count)
            for value, count in audiences.most_common()
        ],
        never_cited=sum(not rows.times_cited(entry.article.id) for entry in entries),
    )
