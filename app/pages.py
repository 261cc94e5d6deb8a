"""Pages that read without scripts, from the templates beside this file. Autoescaping turns every text into text."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from pathlib import Path
from urllib.parse import quote

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from app.wiring import Baton
from knowledge_base.model import Article, ArticleHead

TEMPLATES = Path(__file__).parent / "templates"


def page(baton: Baton, template: str, *, status: int = 200, **values: object) -> HTMLResponse:
    """A page of the company. What a template misses is a defect, and loud."""
    body = _templates().get_template(template).render(company=baton.company.name, **values)
    # Asked for anew each time: what was taken down must not linger in anybody's cache.
    return HTMLResponse(body, status_code=status, headers={"Cache-Control": "no-cache"})


def article_path(article: Article | ArticleHead) -> str:
    """Where an article can be read here, whatever signs its id has."""
    return f"/help/{quote(article.id, safe='')}"


@cache
def _templates() -> Environment:
    found = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined)
    found.trim_blocks = found.lstrip_blocks = True
    found.filters["address"] = article_path
    found.filters["day"] = _day
    return found


def _day(at: datetime) -> str:
    return f"{at:%-d %B %Y}"
