"""What the console's knowledge pages work on, beside the running service: the knowledge base, its sync, its lists."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from app.knowledge import source_hosts
from app.knowledge_article_schemas import ArticleDetail, ArticleText
from app.knowledge_articles import ArticleLists, Rows, Usage
from app.knowledge_presenting import article_detail, audience_of
from app.knowledge_sync import KnowledgeSync
from app.wiring import Baton
from knowledge_base.knowledge_base import KnowledgeBase, WrittenArticle
from knowledge_base.model import Article

_MAX_ID: Final = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class KnowledgeDesk:
    baton: Baton
    knowledge: KnowledgeBase
    sync: KnowledgeSync
    lists: ArticleLists
    writing: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held from looking at an article to having changed it."""

    async def usage(self) -> Usage:
        return Usage(cited=await self.baton.usage.cited(), feedback=await self.baton.usage.feedback_counts())

    async def rows(self) -> Rows:
        usage = await self.usage()
        return await asyncio.to_thread(Rows, self.knowledge, usage, self.baton.clock())

    async def detail(self, article: Article) -> ArticleDetail:
        rows, feedback = await self.rows(), await self.baton.usage.feedback(article.id)
        return await asyncio.to_thread(
            article_detail, self.knowledge, article, rows=rows, rich_text=self.baton.rich_text, feedback=feedback
        )

    def free_id(self, title: str) -> str:
        """An id made from a title: letters and digits of any script, joined by hyphens. A withdrawn one is not free."""
        named = re.sub(r"[\W_]+", "-", title.casefold()).strip("-")[:_MAX_ID].strip("-") or "article"
        number, free = 1, named
        while self.knowledge.article(free) is not None or free in self.knowledge.withdrawn():
            number, free = number + 1, f"{named}-{number + 1}"
        return free


@asynccontextmanager
async def knowledge_desk(baton: Baton) -> AsyncIterator[KnowledgeDesk]:
    knowledge = baton.library

    def after() -> None:
        baton.rich_text.allow(source_hosts(knowledge))

    sync = KnowledgeSync(knowledge, clock=baton.clock, after=after)
    try:
        yield KnowledgeDesk(
            baton=baton, knowledge=knowledge, sync=sync, lists=ArticleLists(knowledge, clock=baton.clock)
        )
    finally:
        await sync.close()


def written(article_id: str, text: ArticleText, replaced: Article | None) -> WrittenArticle:
    """The article to keep; of the one it replaces it takes over what the form does not show."""
    return WrittenArticle(
        id=article_id,
        title=text.title,
        text=text.text,
        url=replaced.url if replaced else None,
        metadata=replaced.metadata if replaced else {},
        language=text.language,
        published=text.status == "published",
        effective_at=text.effective_at,
        expires_at=text.expires_at,
        audience=audience_of(text.audience),
    )
