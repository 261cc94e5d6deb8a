"""What the console's article pages call: the list, one article, the editor with its preview, withdrawing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Response

from app.console_api import signed_in
from app.errors import Problem, Refused
from app.knowledge_api import Desk, in_thread, problems
from app.knowledge_article_schemas import (
    ArticleDetail,
    ArticleListQuery,
    ArticlePage,
    ArticleText,
    ChangeArticle,
    NewArticle,
    PreviewShape,
    PreviewText,
)
from app.knowledge_desk import KnowledgeDesk, written
from app.schemas import Empty
from knowledge_base.model import Article

WAIT_SECONDS: Final = 20.0
"""A change waits for a version that is being built; beyond this the person is told, and it goes live by itself."""

router = APIRouter(
    prefix="/console/v1/knowledge",
    tags=["knowledge"],
    dependencies=[Depends(signed_in)],
    responses=problems(401, 403, 503),
)


@router.get("/articles", summary="Articles", responses=problems(422))
async def list_articles(desk: Desk, query: Annotated[ArticleListQuery, Query()]) -> ArticlePage:
    """A page of the live version's articles in any state, and what the list can be filtered by."""
    usage = await desk.usage()
    return await in_thread(lambda: desk.lists.page(query, usage))


@router.post("/articles", status_code=201, summary="Write an article", responses=problems(409, 413, 422))
async def create_article(body: NewArticle, desk: Desk) -> ArticleDetail:
    """It is live when this returns; answers may cite it at once."""
    async with desk.writing:
        article_id = await in_thread(lambda: body.id or desk.free_id(body.title))
        if await in_thread(lambda: desk.knowledge.article(article_id)) is not None:
            detail = "There is an article with this id already; choose another id, or change that article."
            raise Refused(Problem(status=409, code="article_exists", detail=detail))
        return await _write(desk, article_id, body, None)


@router.get("/articles/{article_id:path}", summary="An article", responses=problems(404))
async def read_article(article_id: str, desk: Desk) -> ArticleDetail:
    """In any state, with its passages as they are searched and what readers said of it."""
    return await desk.detail(await _article(desk, article_id))


@router.put("/articles/{article_id:path}", summary="Change an article", responses=problems(404, 409, 413, 422))
async def change_article(article_id: str, body: ChangeArticle, desk: Desk) -> ArticleDetail:
    """Live when this returns. An article of another source is replaced by this text until that is deleted.

    Refused where somebody changed it since `revision`.
    """
    async with desk.writing:  # of two people who save at once, the second one is told
        before = await _article(desk, article_id)
        if body.revision != await in_thread(lambda: desk.knowledge.content_hash_of(article_id)):
            detail = "Somebody changed this article since you began; your words are still in the form."
            raise Refused(Problem(status=409, code="stale_article", detail=detail))
        return await _write(desk, article_id, body, before)


@router.delete("/articles/{article_id:path}", status_code=204, summary="Delete an article", responses=problems(404))
async def delete_article(article_id: str, desk: Desk) -> Response:
    """Of an article that was written here. The article of another source that it replaced is back."""
    await _soon(lambda: desk.knowledge.delete_written(article_id))
    return Response(status_code=204)


@router.post("/articles/{article_id:path}/withdraw", summary="Withdraw an article", responses=problems(404))
async def withdraw_article(article_id: str, body: Empty, desk: Desk) -> ArticleDetail:
    """No answer cites it from now on, in any version, until it is restored."""
    article = await _article(desk, article_id)
    await in_thread(lambda: desk.knowledge.withdraw(article_id))
    return await desk.detail(article)


@router.post("/articles/{article_id:path}/restore", summary="Restore an article", responses=problems(404))
async def restore_article(article_id: str, body: Empty, desk: Desk) -> ArticleDetail:
    """Takes back a withdrawal."""
    article = await _article(desk, article_id)
    await in_thread(lambda: desk.knowledge.restore(article_id))
    return await desk.detail(article)


@router.post("/preview", summary="Preview Markdown", responses=problems(413, 422))
async def preview(body: PreviewText, desk: Desk) -> PreviewShape:
    """As pages would show it: a tree of blocks; HTML is dropped, images become their text, nothing is fetched."""
    return PreviewShape(body=await asyncio.to_thread(desk.baton.rich_text.article, body.text))


async def _article(desk: KnowledgeDesk, article_id: str) -> Article:
    article = await in_thread(lambda: desk.knowledge.article(article_id))
    if article is None:
        detail = "There is no such article; it may have been removed by a sync."
        raise Refused(Problem(status=404, code="not_found", detail=detail))
    return article


async def _write(desk: KnowledgeDesk, article_id: str, text: ArticleText, before: Article | None) -> ArticleDetail:
    await _soon(lambda: desk.knowledge.write_article(written(article_id, text, before)))
    return await desk.detail(await _article(desk, article_id))


async def _soon(change: Callable[[], None]) -> None:
    """A change that makes a version of its own. Raises Refused."""
    changing = asyncio.ensure_future(in_thread(change))
    done, _ = await asyncio.wait({changing}, timeout=WAIT_SECONDS)
    if not done:
        detail = "This is kept, and goes live as soon as the sync that is running now has ended."
        raise Refused(Problem(status=503, code="live_later", detail=detail))
    changing.result()
