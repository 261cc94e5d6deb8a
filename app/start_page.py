"""The page at / of an installation without the demo: the widget over your own help center."""

from __future__ import annotations

from fastapi.responses import HTMLResponse

from app.pages import page
from app.wiring import Baton
from knowledge_base.model import ANYBODY


def start_page(baton: Baton) -> HTMLResponse:
    return page(baton, "start.html", articles=len(baton.library.heads(ANYBODY)))
