"""The HTTP service: routes, pages, headers and limits around the running parts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.middleware.cors import CORSMiddleware

from app import (
    action_api,
    console_api,
    conversation_link,
    demo_shop_api,
    desk_api,
    eval_api,
    eval_sample_api,
    help_pages,
    inbox_api,
    knowledge_api,
    knowledge_article_api,
    local_api,
    metrics,
    rating_api,
    saved_reply_api,
    tag_api,
    team_api,
    tool_api,
    verification_api,
    wait_api,
    webhook_api,
    widget_api,
)
from app.audit_trail import AuditTrail
from app.errors import Problem, Refused, install_error_handlers
from app.knowledge_desk import knowledge_desk
from app.security import BodyLimit, SecurityHeaders
from app.settings import Settings
from app.start_page import start_page
from app.widget_api import BatonHere
from app.wiring import Parts, running, utc_now

PAGES = Path(__file__).parent.parent / "web" / "dist"
HELP_STYLE = Path(__file__).parent / "static"
MAX_BODY_BYTES = 64 * 1024
MAX_ARTICLE_BODY_BYTES = 1024 * 1024
"""An article written in the console: 200,000 characters of any script."""
KEEP_ALIVE_S = 75
"""Longer than clients and proxies keep an idle connection (mostly 5 and 60 seconds): whoever closes first must be the
one that sends, or a request meets a connection that has just been closed."""


def create_service(
    settings: Settings, parts: Parts, *, clock: Callable[[], datetime] = utc_now, pages: Path = PAGES
) -> FastAPI:
    """The whole service as one ASGI app; it opens the record when it starts and closes it when it stops."""

    @asynccontextmanager
    async def lifespan(service: FastAPI) -> AsyncIterator[None]:
        async with running(settings, parts, clock=clock) as baton, knowledge_desk(baton) as desk:
            if settings.demo:
                await demo_shop_api.add_demo_people(baton)
            service.state.baton = baton
            service.state.knowledge = desk
            yield

    service = _bare(lifespan)
    install_error_handlers(service)
    service.add_middleware(
        BodyLimit, max_bytes=MAX_BODY_BYTES, larger={"/console/v1/knowledge/": MAX_ARTICLE_BODY_BYTES}
    )
    service.add_middleware(AuditTrail)
    service.add_middleware(SecurityHeaders)
    if settings.widget_origins:
        service.add_middleware(
            CORSMiddleware,
            allow_origins=settings.widget_origins,
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type", "Last-Event-ID"],
        )
    service.include_router(widget_api.router)
    service.include_router(verification_api.router)
    service.include_router(wait_api.router)
    service.include_router(rating_api.router)
    service.include_router(inbox_api.router)
    service.include_router(console_api.router)
    service.include_router(desk_api.router)
    service.include_router(saved_reply_api.router)
    service.include_router(tag_api.router)
    service.include_router(team_api.router)
    service.include_router(webhook_api.router)
    service.include_router(action_api.router)
    service.include_router(tool_api.router)
    service.include_router(eval_api.router)
    service.include_router(eval_sample_api.router)
    service.include_router(knowledge_api.router)
    service.include_router(knowledge_article_api.router)
    service.include_router(demo_shop_api.router)
    service.include_router(local_api.router)
    service.include_router(help_pages.router)
    service.include_router(conversation_link.router)
    service.include_router(metrics.router)
    _add_pages(service, pages)
    return service


def _bare(lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]]) -> FastAPI:
    return FastAPI(
        title="Baton",
        summary="An AI support agent with human handoff.",
        version="0.1.0",
        lifespan=lifespan,
        docs_url=None,  # the built-in page loads its scripts from elsewhere; ours is served from here
        redoc_url=None,
    )


def _add_pages(service: FastAPI, pages: Path) -> None:
    """The built front end. A page that is not built answers with the command that builds it."""

    @service.get("/healthz", tags=["operations"])
    async def healthz(baton: BatonHere) -> dict[str, str]:
        await baton.people.anybody_online()  # the record answers
        return {"status": "ok"}

    @service.get("/", include_in_schema=False)
    async def front_page(baton: BatonHere) -> Response:
        return _page(pages / "shop" / "index.html") if baton.shop else start_page(baton)

    @service.get("/widget.js", include_in_schema=False)
    async def widget_script() -> Response:
        return _page(pages / "widget" / "widget.js")

    @service.get("/console", include_in_schema=False)
    @service.get("/console/", include_in_schema=False)
    @service.get("/console/c/{conversation_id}", include_in_schema=False)
    @service.get("/console/desk/{page:path}", include_in_schema=False)
    @service.get("/console/actions", include_in_schema=False)
    @service.get("/console/evals", include_in_schema=False)
    @service.get("/console/evals/{page:path}", include_in_schema=False)
    @service.get("/console/knowledge", include_in_schema=False)
    @service.get("/console/knowledge/{page:path}", include_in_schema=False)
    async def console_page() -> Response:
        return _page(pages / "console" / "index.html")

    @service.get("/docs", include_in_schema=False)
    async def api_docs() -> Response:
        return _page(pages / "api-docs" / "index.html")

    service.mount("/console/assets", StaticFiles(directory=pages / "console" / "assets", check_dir=False))
    service.mount("/assets", StaticFiles(directory=pages / "shop" / "assets", check_dir=False))
    service.mount("/static/api-docs", StaticFiles(directory=pages / "api-docs", check_dir=False))
    service.mount("/static/help", StaticFiles(directory=HELP_STYLE, check_dir=False))


def _page(path: Path) -> Response:
    if not path.is_file():
        raise Refused(Problem(status=503, code="not_built", detail="The pages are not built yet; run `make build`."))
    # Names of assets carry a hash of their content; the pages that name them are asked for anew.
    return FileResponse(path, headers={"Cache-Control": "no-cache"})
