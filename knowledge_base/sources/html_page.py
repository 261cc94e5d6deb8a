"""A page of HTML to an article: its main content as Markdown, and what the page says of itself.

Pure: text in, `PageRead` or the reason why not out. Pages are untrusted: this runs in the child of `converting.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO, Final
from urllib.parse import urljoin

from conversations.model import JsonObject
from knowledge_base.markup import plain
from knowledge_base.sources.html_about import About, about_page
from knowledge_base.sources.html_content import content_of, links_share
from knowledge_base.sources.html_links import absolute
from knowledge_base.sources.html_markdown import markdown_of
from knowledge_base.sources.html_tree import Element, Tree, tree_of
from knowledge_base.sources.page_encoding import decoded
from knowledge_base.sources.source import MAX_ARTICLE_BYTES, TOO_LARGE

NO_TEXT: Final = "has no text in its HTML; where scripts build its pages, give their sitemap or an export instead"
NO_INDEX: Final = "asks not to be indexed (noindex)"
ONLY_LINKS: Final = "is a list of links, no article"
_MAX_LINKS: Final = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRead:
    """`why` says why it is not to be taken, or is "". `links` are where it leads, for a crawl."""

    title: str
    text: str
    about: About
    links: tuple[str, ...] = ()
    why: str = ""


def article_of(html: str, url: str) -> PageRead | str:
    """The article on the page at `url`, or why it cannot be read."""
    tree = tree_of(html)
    if isinstance(tree, str):
        return tree
    root = tree.root
    base = _base(root, url)
    about = about_page(tree, base)
    links = () if about.nofollow else _links(root, base)
    content = content_of(root)
    title, above = _title(root, content, about)
    if above is not None:
        above.leave()
    if _only_links(content):
        return PageRead(title=title, text="", about=about, links=links, why=ONLY_LINKS)
    text = markdown_of(content, base)
    if len(plain(text)) < 200 and about.questions:
        text = _questions(about, base)
    if len(text) > MAX_ARTICLE_BYTES:
        return TOO_LARGE
    why = NO_INDEX if about.noindex else ""
    return PageRead(title=title, text=text, about=about, links=links, why=why if plain(text) else NO_TEXT)


def fragment_of(html: str, url: str) -> PageRead | str:
    """An article's body without a page around it, as help centers give it out by their programming interfaces."""
    tree = tree_of(html)
    if isinstance(tree, str):
        return tree
    body = next((one for one in tree.root.elements() if one.tag == "body"), tree.root)
    text = markdown_of(body, url)
    if len(text) > MAX_ARTICLE_BYTES:
        return TOO_LARGE
    return PageRead(title="", text=text, about=About(), why="" if plain(text) else "has no text")


def read_html(page: BinaryIO, name: str) -> JsonObject | str:
    """An HTML file as the fields of `Converted`; `name` is its path or address."""
    text, _ = decoded(page.read())
    found = article_of(text, name)
    if isinstance(found, str):
        return found
    # A file that was given by hand is wanted, whatever it once asked of search engines.
    return found.why if found.why and found.why != NO_INDEX else _fields(found)


def read_web_page(page: BinaryIO, name: str) -> JsonObject | str:
    """The page at `name` as the fields of `Converted`, with what a crawl needs in `details`: `why` it is no article,
    `canonical`, `links`, `path`."""
    found = article_of(decoded(page.read())[0], name)
    return found if isinstance(found, str) else _fields(found)


def read_fragment(page: BinaryIO, name: str) -> JsonObject | str:
    """The body of an article in UTF-8 as the fields of `Converted`."""
    found = fragment_of(page.read().decode("utf-8", errors="replace"), name)
    return found if isinstance(found, str) else (found.why or _fields(found))


def _fields(page: PageRead) -> JsonObject:
    about = page.about
    return {
        "title": page.title,
        "text": page.text,
        "language": about.language,
        "updated_at": about.updated_at,
        "details": {
            "why": page.why,
            "canonical": about.canonical,
            "links": list(page.links),
            "path": list(about.path),
        },
    }


def _base(root: Element, url: str) -> str:
    href = next((one.get("href") for one in root.elements() if one.tag == "base" and one.get("href")), "")
    try:
        return urljoin(url, href)
    except ValueError:
        return url


def _links(root: Element, base: str) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for one in root.elements():
        if one.tag not in ("a", "area", "link") or "nofollow" in one.get("rel").lower().split():
            continue
        if one.tag == "link" and one.get("rel").lower() != "next":
            continue
        target = absolute(one.get("href"), base)
        if target.startswith(("https://", "http://")):
            found[target] = None
        if len(found) >= _MAX_LINKS:
            break
    return tuple(found)


def _title(root: Element, content: Element, about: About) -> tuple[str, Element | None]:
    """The article's title, and the heading that says it where it stands in the content."""
    inside = [one for one in content.elements() if one.tag == "h1" and one.text()]
    around = [one for one in root.elements() if one.tag == "h1" and one.text()]
    said = about.title.casefold()
    heading = next((one for one in inside if one.text().casefold() in said), None)
    heading = heading or next(iter(inside), None)
    if heading is not None:
        return heading.text()[:300], heading
    fitting = [one.text() for one in around if not said or one.text().casefold() in said]
    return (fitting[0] if fitting else about.short_title)[:300], None


def _only_links(content: Element) -> bool:
    """A page that only lists articles: its words are in links, five or more."""
    links = [one for one in content.elements() if one.tag == "a" and one.get("href")]
    share = links_share(content)
    return len(links) >= 5 and share > 0.6 and len(content.text()) * (1 - share) < 40 * len(links)


def _questions(about: About, base: str) -> str:
    """Questions and answers that the page holds for machines only, its scripts showing them."""
    parts: list[str] = []
    for question, answer in about.questions:
        tree = tree_of(answer)
        said = markdown_of(tree.root, base) if isinstance(tree, Tree) else ""
        parts += [f"## {' '.join(question.split())}", said] if said else []
    return "\n\n".join(parts)
