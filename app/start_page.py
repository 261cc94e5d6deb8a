"""The page at / of an installation without the demo: the widget over your own help center."""

from __future__ import annotations

from html import escape

from fastapi.responses import HTMLResponse

from app.wiring import Baton

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{company}</title>
<link rel="stylesheet" href="/static/help/help.css">
</head>
<body>
<header><a href="/">{company}</a> <span>Baton is running</span></header>
<main>
<h1>Try it in the corner</h1>
<p>{knows}</p>
<ul>
<li>People answer in the <a href="/console">console</a>; make an account with <code>baton add-person</code>.</li>
<li>The API is described in the <a href="/docs">API docs</a>.</li>
<li>Your site embeds the widget with <code>&lt;script src="…/widget.js" async&gt;&lt;/script&gt;</code>.</li>
</ul>
</main>
<script src="/widget.js" async></script>
</body>
</html>
"""


def start_page(baton: Baton) -> HTMLResponse:
    articles = len(baton.library.articles())
    knows = (
        f"The AI agent answers from {articles:,} articles of your help center. Ask it something."
        if articles
        else "There is nothing to answer from yet: take your help center in with baton ingest PATH."
    )
    return HTMLResponse(_PAGE.format(company=escape(baton.company.name), knows=knows))
