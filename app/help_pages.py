"""An article as a plain page of its own, for citations to point at; it reads without scripts."""

from __future__ import annotations

from html import escape

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from app.schemas import Block
from app.widget_api import BatonHere, article_shape

router = APIRouter(include_in_schema=False)

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} · {company}</title>
<link rel="stylesheet" href="/static/help/help.css">
</head>
<body>
<header><a href="/">{company}</a> <span>Help center</span></header>
<main>
<article>
<h1>{title}</h1>
{updated}
{body}
</article>
</main>
<script src="/widget.js" async></script>
</body>
</html>
"""


@router.get("/help/{article_id:path}")
def article_page(article_id: str, baton: BatonHere) -> HTMLResponse:
    # Not async, so in a thread: 100 kB of Markdown take a second, in which no conversation would move.
    if baton.article(article_id) is None:
        return _gone(baton.company.name)
    article = article_shape(baton, article_id)
    updated = f"<p class=updated>Updated {article.updated_at:%-d %B %Y}</p>" if article.updated_at else ""
    page = _PAGE.format(
        title=escape(article.title),
        company=escape(baton.company.name),
        updated=updated,
        body="\n".join(_block(block) for block in article.body),
    )
    return HTMLResponse(page)


def _gone(company: str) -> HTMLResponse:
    """For whoever follows an old link: words and a way on, not a problem document."""
    body = '<p>It may have moved or been taken down. Ask in the chat, or start from the <a href="/">front page</a>.</p>'
    title = "This article is no longer here"
    return HTMLResponse(_PAGE.format(title=title, company=escape(company), updated="", body=body), status_code=404)


def _block(block: Block) -> str:
    kind = block["t"]
    if kind == "table":
        return _table(block)
    if kind in ("ul", "ol"):
        items = "".join(f"<li>{''.join(_block(part) for part in _blocks(item))}</li>" for item in _list(block["c"]))
        start = f' start="{block["start"]}"' if block.get("start", 1) != 1 else ""
        return f"<{kind}{start}>{items}</{kind}>"
    if kind == "pre":
        return f"<pre>{escape(str(block['v']))}</pre>"
    if kind == "quote":
        return f"<blockquote>{''.join(_block(part) for part in _blocks(block['c']))}</blockquote>"
    if kind == "hr":
        return "<hr>"
    tag = f"h{block['level']}" if kind == "h" else "p"
    return f"<{tag}>{_inlines(block['c'])}</{tag}>"


def _table(block: Block) -> str:
    head = "".join(f"<th>{_inlines(cell)}</th>" for cell in _list(block["head"]))
    rows = "".join(
        f"<tr>{''.join(f'<td>{_inlines(cell)}</td>' for cell in _list(row))}</tr>" for row in _list(block["rows"])
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _inlines(nodes: object) -> str:
    return "".join(_inline(node) for node in _blocks(nodes))


def _inline(node: Block) -> str:
    kind = node["t"]
    if kind == "br":
        return "<br>"
    if kind in ("strong", "em"):
        return f"<{kind}>{_inlines(node['c'])}</{kind}>"
    if kind == "code":
        return f"<code>{escape(str(node['v']))}</code>"
    if kind == "link":
        return f'<a href="{escape(str(node["href"]))}" rel="noopener nofollow">{_inlines(node["c"])}</a>'
    return escape(str(node.get("v", "")))


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _blocks(value: object) -> list[Block]:
    return [part for part in _list(value) if isinstance(part, dict)]
