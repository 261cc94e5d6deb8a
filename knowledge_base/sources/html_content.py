"""Which part of a page is its article: navigation, banners, votes and what else stands around it are taken out."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from knowledge_base.sources.html_tree import Element

_LANDMARKS: Final = frozenset(
    ("navigation", "search", "banner", "contentinfo", "dialog", "alertdialog", "menu", "menubar", "toolbar", "tooltip")
)
_NEVER: Final = frozenset(("nav", "dialog", "link", "meta", "title", "head", "base", "menuitem"))
_NOISE: Final = re.compile(
    r"cookies?|consent|gdpr|onetrust|cookiebot|didomi|usercentrics|truste|cc window|"
    r"breadcrumbs?|pagination|pager|prev next|next prev|skip (?:link|to|nav)|skiplink|skipnav|"
    r"votes?|helpful|was this|did this|feedback|reaction picker|reactions?|csat|thumbs|rate (?:article|page)|"
    r"article rating|related|recommended|recently viewed|recent articles|article relatives|up next|suggested|read next|"
    r"more articles|share|sharing|sharedaddy|social|addthis|sharethis|jp relatedposts|"
    r"byline|author(?: box| bio| info)?|avatar|(?:article|post|entry|page) meta|meta data|posted on|"
    r"(?:entry|post|article) footer|last updated|reading time|read time|edit (?:this )?page|edit on github|"
    r"comments?|comment list|disqus|respond|newsletter|subscribe|subscription|article subscribe|follow|"
    r"toc|table of contents|tableofcontents|on this page|in this article|page nav|local nav|"
    r"popup|modal|tooltip|advert|ads|ad slot|promo|upsell|app banner|announcement bar|"
    r"more questions|still need help|need (?:more )?help|submit a request|contact support|contact box|"
    r"visually ?hidden|sr only|screen reader (?:text|only)|a11y hidden|print only|no web|"
    r"copy (?:button|btn|code|link)|btn copy|clipboard|headerlink|hash link|(?:header|heading) anchor|anchor link|"
    r"mw editsection|line numbers?|lineno|linenos|gutter|edit link|print(?: button| link)?|article actions|back to top"
)
"""Words of a class or id, wherever it stands, that name what no article says itself."""
_AROUND: Final = re.compile(
    r"nav|navbar|navigation|menu|submenu|side ?bar|side ?nav|top ?bar|masthead|(?:site|page|global) (?:header|footer)|"
    r"header|footer|search|search box|language (?:switcher|selector|picker)|locale|lang(?:uage)?s?|login|sign ?in|"
    r"user (?:menu|nav)|tags?|labels?|categories|widget|banner|hero|cta|contact|logo|drawer"
)
"""The same, but only where most of it is links or it holds few words: an article may be about any of these."""
_BESIDE_CODE: Final = re.compile(r"line-?no|line-?numbers?|gutter|copy|clipboard")
_HIDES: Final = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.I)
_OPENS: Final = re.compile(r"accordion|collaps|faq|tab|answer|toggle|expand|panel|dropdown|disclosure|spoiler|content")
_CONTENTS: Final = re.compile(
    r"(?:in this (?:article|guide|section)|(?:table of )?contents|on this page|jump to|inhalt|inhaltsverzeichnis|"
    r"auf dieser seite|sommaire|dans cet article|contenido|en este artículo|related articles|see also|"
    r"share this(?: article)?)\W*",
    re.I,
)
_TURNS: Final = re.compile(
    r"[←«‹<\s]*(?:previous|prev|next|zurück|weiter|vorherige\w?|nächste\w?|suivant|précédent|anterior|siguiente)\b.{0,100}$",
    re.I,
)
_KNOWN: Final = (
    "#fullArticle", ".theme-doc-markdown", ".vp-doc", ".theme-default-content", ".md-content__inner", ".rm-Markdown",
    ".markdown-section", ".mw-parser-output", ".wiki-content", ".notion-page-content", ".d360-article-content",
    ".article_body", ".article-body", ".article__body", ".kb-article__content", ".hkb-article__content",
    "#eckb-article-content-body", ".betterdocs-content", ".KbDetailLtContainer__articleDescription",
    ".article-post__content", ".wp-block-post-content", ".entry-content", ".post-content", ".kb-article-content",
    ".article-content", ".page-content", "[itemprop=articleBody]", ".markdown-body", ".intercom-force-break",
    "article", "main", "[role=main]", "#main-content", "#content", "#main", ".content", ".main-content",
)  # fmt: skip
"""Where help centers keep their articles: Help Scout, Docusaurus, VitePress, MkDocs, ReadMe, GitBook, MediaWiki,
Confluence, Notion, Document360, Intercom, Zendesk, Freshdesk, HubSpot and WordPress; then any page."""
_PLACES: Final = frozenset(_KNOWN)
_TITLES: Final = frozenset(("h2", "h3", "h4", "h5", "h6", "p", "div", "strong"))
_FRAMES: Final = frozenset(("div", "section", "ul", "ol", "form", "table", "span", "a"))
_PARAGRAPHS: Final = frozenset(("p", "li", "td", "pre", "dd", "blockquote", "h2", "h3", "figcaption", "summary"))


def content_of(root: Element) -> Element:
    """The element that holds the article, with everything around it and in between taken out. Changes the tree."""
    _drop(root, _hidden(root))
    _drop(root, _noise(root))
    body = next((one for one in root.elements() if one.tag == "body"), root)
    _label_tabs(body)
    found = _known(body)
    if found is None:
        found = _densest(body)
        _drop(found, _link_farms(found))
    _drop(found, [*_contents_lists(found), *_turning_links(found)])
    return found


def links_share(element: Element) -> float:
    """Of its characters, how many are in links."""
    whole = len(element.text())
    linked = sum(len(one.text()) for one in element.elements() if one.tag == "a" and one.get("href"))
    return linked / whole if whole else 0.0


def _drop(root: Element, noise: Iterable[Element]) -> None:
    """Take `noise` out, except what holds half of all words: a class that happens to name the whole page."""
    whole = len(root.text())
    for element in list(noise):
        if element.tag in _NEVER or not _holds_article(element, whole):
            element.leave()


def _holds_article(element: Element, whole: int) -> bool:
    return len(element.text()) > whole / 2 or element.tag in ("html", "body", "main")


def _hidden(root: Element) -> list[Element]:
    """What no reader sees; but what opens at a click is read by everyone who asks."""
    opened = {
        target.lstrip("#")
        for one in root.elements()
        for name in ("aria-controls", "data-target", "data-bs-target", "href", "for")
        for target in one.get(name).split()
    }
    return [one for one in root.elements() if _is_hidden(one) and not _opens(one, opened)]


def _is_hidden(element: Element) -> bool:
    hidden = "hidden" in element.attributes and element.get("hidden") != "until-found"
    return hidden or element.get("aria-hidden") == "true" or _HIDES.search(element.get("style")) is not None


def _opens(element: Element, opened: set[str]) -> bool:
    if element.get("aria-hidden") == "true" and "hidden" not in element.attributes and not element.get("id"):
        return False
    named = (
        element.get("id") in opened or element.get("role") in ("tabpanel", "region") or element.get("aria-labelledby")
    )
    return bool(named) or _OPENS.search(f"{element.get('class')} {element.get('id')}".lower()) is not None


def _noise(root: Element) -> list[Element]:
    code = {inner for one in root.elements() if one.tag == "pre" for inner in one.elements()}
    return [one for one in root.elements() if one is not root and (_in_code if one in code else _is_noise)(one)]


def _in_code(element: Element) -> bool:
    """What stands in the code but is none of it. Highlighters have classes for everything: `comment`, `tag`, `meta`."""
    return any(_BESIDE_CODE.search(name) for name in element.classes)


def _is_noise(element: Element) -> bool:
    if element.tag in _NEVER or element.get("role") in _LANDMARKS:
        return True
    if element.tag in ("footer", "header", "aside"):
        return _is_frame(element)
    names = [name for name in [*element.classes, element.get("id")] if name]
    if not names or element.tag in ("html", "body", "main", "article", "h1"):
        return False
    if any(_matches(_NOISE, name) for name in names):
        return not any(one.tag == "h1" for one in element.elements())
    return element.tag in _FRAMES and any(_matches(_AROUND, name, end=False) for name in names) and _is_thin(element)


def _is_frame(element: Element) -> bool:
    """Whether a header, footer or aside belongs to the page, not to the article in it."""
    inside = next((one.tag for one in element.above() if one.tag in ("article", "main", "blockquote", "section")), "")
    if inside == "blockquote":
        return False
    if element.tag == "header":
        return not inside and not any(one.tag == "h1" for one in element.elements()) or _is_thin(element)
    return element.tag == "footer" or not inside or _is_thin(element)


def _is_thin(element: Element) -> bool:
    """Mostly links, or a few words; and no heading of the article."""
    if any(one.tag == "h1" for one in element.elements()):
        return False
    length = len(element.text())
    return length < 60 or (links_share(element) > 0.5 and length < 3000)


def _matches(words: re.Pattern[str], name: str, *, end: bool = True) -> bool:
    """Whether `name` ("article-votes", "wasThisHelpful") is, begins or ends with one of `words`.

    Not its end for words as common as "header": an accordion has headers too.
    """
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[\W_]+", " ", name[:100]).lower().strip()
    if words.fullmatch(spaced):
        return True
    tokens = spaced.split()
    starts = (" ".join(tokens[:size]) for size in range(1, min(4, len(tokens))))
    ends = () if not end else tuple(" ".join(tokens[-size:]) for size in range(1, min(4, len(tokens))))
    return any(words.fullmatch(part) for part in (*starts, *ends))


def _known(body: Element) -> Element | None:
    """The first place of `_KNOWN` that holds a good part of what the page says."""
    least = max(40, len(_densest(body).text()) * 0.5)
    held: dict[str, list[Element]] = {}
    for one in body.elements():
        for place in _PLACES.intersection(_places(one)):
            held.setdefault(place, []).append(one)
    for place in _KNOWN:
        found = set(held.get(place, ()))
        outer = [one for one in held.get(place, ()) if found.isdisjoint(one.above())]
        if outer and len((one := _common(outer)).text()) >= least:
            return one
    return None


def _places(element: Element) -> list[str]:
    """What `_KNOWN` may call it."""
    named = [f".{name}" for name in element.classes]
    return [
        element.tag,
        f"#{element.get('id')}",
        f"[itemprop={element.get('itemprop')}]",
        f"[role={element.get('role')}]",
        *named,
    ]


def _common(elements: list[Element]) -> Element:
    """The nearest element that holds them all; the one itself."""
    first, *others = elements
    if not others:
        return first
    paths = [set(map(id, one.above())) for one in others]
    return next((one for one in first.above() if all(id(one) in path for path in paths)), first)


def _densest(body: Element) -> Element:
    """Where the paragraphs are: each gives its length to what it stands in, half of it one level up, and so on."""
    scores: dict[Element, float] = {}
    for one in body.elements():
        if one.tag not in _PARAGRAPHS:
            continue
        own = sum(len(child.strip()) if isinstance(child, str) else len(child.text()) for child in one.children)
        share, holder = float(own) * (1 - links_share(one)), one.parent
        for _ in range(4):
            if holder is None:
                break
            scores[holder] = scores.get(holder, 0.0) + share
            share, holder = share / 2, holder.parent
    best = max(scores, key=lambda one: scores[one], default=body)
    # A page of many small sections: what holds them all says more than any of them.
    for holder in list(best.above()):
        more = len(holder.text()) - len(best.text())
        if more > 0.2 * len(best.text()) and links_share(holder) <= 0.4:
            best = holder
        if holder is body:
            break
    return best


def _label_tabs(body: Element) -> None:
    """Each panel of a set of tabs begins with the words of its tab; the bar of tabs itself goes."""
    panels = {one.get("id"): one for one in body.elements() if one.get("role") == "tabpanel" and one.get("id")}
    for bar in [one for one in body.elements() if one.get("role") == "tablist" and one.parent is not None]:
        tabs = [one for one in bar.elements() if one.get("role") == "tab"]
        around = bar.parent or body
        beside = [one for one in around.elements() if one.get("role") == "tabpanel"]
        for place, tab in enumerate(tabs):
            panel = panels.get(tab.get("aria-controls")) or (beside[place] if place < len(beside) else None)
            if panel is not None:
                label = Element("strong", {}, panel, [tab.text()])
                panel.children.insert(0, Element("p", {}, panel, [label]))
        bar.leave()


def _link_farms(root: Element) -> list[Element]:
    """Columns and lists that hold nothing but links, on a page that does not say where its article is."""
    found: list[Element] = []
    for one in root.elements():
        if one.tag in ("td", "div", "ul", "section", "p", "center"):
            links = sum(link.tag == "a" for link in one.elements())
            if links >= 3 and links_share(one) > 0.7 and len(one.text()) < 3000:
                found.append(one)
    return found


def _turning_links(root: Element) -> list[Element]:
    """ "Next: Refunds", "Previous": links to the pages beside this one."""
    return [one for one in root.elements() if one.tag == "a" and _TURNS.match(one.text()) and _is_alone(one)]


def _is_alone(link: Element) -> bool:
    return link.parent is None or links_share(link.parent) > 0.9


def _contents_lists(root: Element) -> list[Element]:
    """Lists of links to places on the page or to other articles, with the words above them ("In this article")."""
    found = [one for one in root.elements() if one.tag in ("ul", "ol") and _leads_into_page(one)]
    for one in list(root.elements()):
        if one.tag in _TITLES and _CONTENTS.fullmatch(one.text()):
            below = _next(one)
            if below is not None and (below in found or (links_share(below) > 0.8 and below.tag not in _TITLES)):
                found += [one, below]
    return found


def _leads_into_page(element: Element) -> bool:
    links = [link for link in element.elements() if link.tag == "a"]
    return len(links) >= 2 and all(link.get("href").startswith("#") for link in links) and links_share(element) > 0.8


def _next(element: Element) -> Element | None:
    """The element after it, or after what it is alone in."""
    holder = element.parent
    if holder is None:
        return None
    held = [one for one in holder.children if isinstance(one, Element)]
    place = held.index(element) + 1
    return held[place] if place < len(held) else None
