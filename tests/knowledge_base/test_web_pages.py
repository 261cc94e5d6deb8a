from __future__ import annotations

import gzip
import os
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from knowledge_base.model import Article
from knowledge_base.sources.converting import Converter
from knowledge_base.sources.fetching import Fetcher, Rules
from knowledge_base.sources.guarding import Allowed
from knowledge_base.sources.memory import BriefMemory, KeptMemory, Memory
from knowledge_base.sources.source import InvalidSource, Skipped, SourceFailed
from knowledge_base.sources.web_pages import KIND, WebOptions, WebPages
from tests.knowledge_base.web_server import Reply, WebServer, leads_to

LOCAL = Allowed.parse("127.0.0.1")
LONG = "We take it back within thirty days, and the money is on its way to you a few days after it arrived here. "


@pytest.fixture(scope="module")
def converter() -> Iterator[Converter]:
    with Converter() as one:
        yield one


@dataclass
class Sync:
    """A source of `site`'s pages, synced again and again with one memory and a clock that moves by hand."""

    site: WebServer
    converter: Converter
    memory: Memory = field(default_factory=BriefMemory)
    now: datetime = datetime(2026, 11, 22, tzinfo=UTC)
    progress: list[tuple[int, int]] = field(default_factory=list)
    told: list[Skipped] = field(default_factory=list)

    def __call__(self, path: str = "/", **options: str) -> dict[str, Article]:
        """The articles by the path of their address."""
        source = WebPages(
            options=WebOptions.parse({"location": self.site.url + path, "rate": "50", **options}, LOCAL),
            allowed=LOCAL,
            fetcher=lambda rules: Fetcher(rules, sleep=lambda _: None),
            converter=lambda: nullcontext(self.converter),
            clock=lambda: self.now,
        )
        self.site.seen.clear()
        self.progress.clear()
        self.told.clear()
        articles: dict[str, Article] = {}
        for one in source.articles(self.memory, lambda done, total: self.progress.append((done, total))):
            if isinstance(one, Skipped):
                self.told.append(one)
            else:
                articles[(one.url or "").removeprefix(self.site.url)] = one
        return articles

    def line(self, path: str) -> Skipped:
        return next(line for line in self.told if line.where == self.site.url + path)


@pytest.fixture
def site() -> Iterator[WebServer]:
    with WebServer() as server:
        yield server


@pytest.fixture
def sync(site: WebServer, converter: Converter) -> Sync:
    return Sync(site=site, converter=converter)


def help_center(site: WebServer, count: int = 6, *, from_home: int = 1) -> list[str]:
    """A home page that leads to the first of `count` articles, each of which leads to the next."""
    paths = [f"/help/{number}-topic" for number in range(count)]
    for number, path in enumerate(paths):
        site.article(path, f"Topic {number}", f"{LONG}Number {number}.", links=(paths[(number + 1) % count],))
    site.article("/", "Help", f"Welcome. {LONG}", links=tuple(paths[:from_home]))
    return paths


def test_a_site_is_crawled_synced_again_and_follows_what_changes(site: WebServer, sync: Sync) -> None:
    paths = help_center(site)
    first = sync()
    assert sorted(first) == ["/", *paths]
    assert (first[paths[0]].title, first[paths[0]].language) == ("Topic 0", "en")
    assert first[paths[0]].text == f"{LONG}Number 0."
    assert sync.progress[-1] == (7, 7)
    assert sync.told == []

    again = sync()
    assert again == first
    assert all(
        "if-none-match" in one.headers for one in site.seen if one.path != "/robots.txt" and "sitemap" not in one.path
    )

    site.article(paths[1], "Topic 1", f"{LONG}Now something else.", links=(paths[2],))
    site.pages[paths[2]] = Reply(status=503)
    del site.pages[paths[5]]
    third = sync()
    assert third[paths[1]].text.endswith("Now something else.")
    assert third[paths[1]].id == first[paths[1]].id
    assert third[paths[2]] == first[paths[2]]
    assert paths[5] not in third
    assert (sync.line(paths[2]).kept, sync.line(paths[2]).why) == (True, "answered 503; its earlier copy stays")
    assert sync.line(paths[5]).why == "is gone (404)"
    assert paths[3] in third  # found by way of the page that failed
    site.pages[paths[5]] = Reply(status=503)
    assert paths[5] not in sync()
    assert not sync.line(paths[5]).kept


def test_a_sitemap_is_followed_and_spares_pages_it_calls_unchanged(site: WebServer, sync: Sync) -> None:
    paths = help_center(site)
    listed = dict.fromkeys(paths, "2026-10-01")
    site.sitemap("/sitemap.xml", listed)
    first = sync()
    assert sorted(first) == paths
    assert sync() == first
    assert not [path for path in site.paths if path in paths]

    site.article(paths[0], "Topic 0", f"{LONG}New.")
    site.sitemap("/sitemap.xml", listed | {paths[0]: "2026-11-21T10:00:00Z"} | {paths[1]: "2026-11-22"})
    del listed[paths[5]]
    site.sitemap("/sitemap.xml", listed | {paths[0]: "2026-11-21T10:00:00Z", paths[1]: "2026-11-22"})
    second = sync()
    assert second[paths[0]].text == f"{LONG}New."
    assert sorted(second) == paths[:5]
    # A date without a time may hide a second change on its day.
    sync()
    assert [path for path in site.paths if path in paths] == [paths[1]]
    sync.now += timedelta(days=8)
    sync()
    assert len([path for path in site.paths if path in paths]) == 5


def test_an_index_of_packed_sitemaps_is_read_within_the_scope(site: WebServer, sync: Sync) -> None:
    paths = help_center(site)
    site.article("/shop/hat", "A hat", LONG)
    site.sitemap("/help.xml", dict.fromkeys([*paths, "/shop/hat"], ""))
    packed = site.pages.pop("/help.xml")
    assert isinstance(packed, Reply)
    site.pages["/help.xml.gz"] = Reply(gzip.compress(packed.body), headers={"Content-Type": "application/gzip"})
    index = f"<sitemapindex><sitemap><loc>{site.url}/help.xml.gz</loc></sitemap></sitemapindex>"
    site.pages["/all.xml"] = Reply(index.encode())
    assert sorted(sync("/all.xml", scope="/help")) == paths
    assert "outside /help" in sync.line("/all.xml").why
    site.pages["/robots.txt"] = Reply(f"Sitemap: {site.url}/all.xml".encode())
    assert sorted(sync("/help", mode="sitemap")) == paths


def test_a_list_of_pages_is_taken_as_it_is(site: WebServer, sync: Sync) -> None:
    paths = help_center(site)
    found = sync(paths[0], urls=f"{site.url}{paths[1]}\n{site.url}{paths[1]}?utm_source=mail {site.url}/none")
    assert sorted(found) == [paths[1]]
    found = sync(paths[0], mode="list", urls=f"{site.url}{paths[1]} {site.url}{paths[2]}")
    assert sorted(found) == paths[1:3]
    assert sorted(sync(paths[3], mode="page")) == [paths[3]]


def test_robots_txt_is_obeyed(site: WebServer, sync: Sync) -> None:
    paths = help_center(site)
    rules = f"User-agent: *\nDisallow: /\n\nUser-agent: Baton\nDisallow: /*/2-\nDisallow: {paths[4]}$\nAllow: /h"
    site.pages["/robots.txt"] = Reply(rules.encode())
    found = sync()
    assert paths[2] not in found
    assert paths[2] not in site.paths
    assert "robots.txt" in sync.line(paths[2]).why
    site.pages["/robots.txt"] = Reply(status=500)
    with pytest.raises(SourceFailed, match=r"its robots\.txt answered 500"):
        sync()


def test_copies_are_one_article_and_a_wrong_canonical_address_is_not_believed(site: WebServer, sync: Sync) -> None:
    canonical = f'<link rel="canonical" href="{site.url}/a">'
    site.article("/a", "A", LONG, head=canonical, links=("/a?print=1", "/b", "/c", "/d", "/moved", "/www"))
    site.article("/a?print=1", "A", LONG, head=canonical)
    site.article("/b", "B", "Something else entirely that has nothing to do with it at all.", head=canonical)
    site.article("/c", "C", f"{LONG} C.", head=f'<link rel="canonical" href="{site.url}/c-new">')
    site.article("/d", "D", f"{LONG} D.", head='<link rel="canonical" href="https://elsewhere.example/d">')
    site.pages["/moved"] = leads_to("/b", 301)
    found = sync("/a", mode="crawl", scope="/")
    assert sorted(found) == ["/a", "/b", "/c-new", "/d"]
    assert "says the same as" in sync.line("/a?print=1").why
    assert "one article" in sync.line("/moved").why
    assert len({article.id for article in found.values()}) == 4


def test_an_interrupted_sync_goes_on_where_it_was(site: WebServer, converter: Converter, tmp_path: Path) -> None:
    paths = help_center(site, 30, from_home=30)
    with KeptMemory(tmp_path / "memory.db") as memory:
        sync = Sync(site=site, converter=converter, memory=memory)
        site.down_after = 23
        with pytest.raises(SourceFailed, match="stopped answering"):
            sync()
    site.down_after = None
    with KeptMemory(tmp_path / "memory.db") as memory:
        sync = Sync(site=site, converter=converter, memory=memory)
        assert sorted(sync()) == sorted(["/", *paths])
        assert len([path for path in site.paths if path.startswith("/help")]) == 11
        assert sync.progress[-1] == (31, 31)
        sync()
        assert len([path for path in site.paths if path.startswith("/help")]) == 30  # another sync looks at all


def test_pages_behind_one_that_fails_are_not_taken_for_gone(site: WebServer, sync: Sync) -> None:
    paths = help_center(site)
    first = sync()
    site.article("/", "Help", f"Welcome to the new one. {LONG}", links=("/new",))
    site.pages["/new"] = Reply(status=500)
    assert sync().keys() == first.keys()
    site.article("/new", "New", f"{LONG} New.")
    assert sorted(sync()) == ["/", "/new"]
    assert not [path for path in site.paths if path in paths]


_KILLED = """
import sys
from pathlib import Path
from knowledge_base.sources import kinds_allowing
from knowledge_base.sources.memory import KeptMemory
source = kinds_allowing("127.0.0.1")["web"].open({"location": sys.argv[1], "rate": "50"})
with KeptMemory(Path(sys.argv[2])) as memory:
    print(sum(1 for _ in source.articles(memory, lambda done, total: None)), flush=True)
"""


@pytest.mark.parametrize("after", [5, *(pytest.param(after, marks=pytest.mark.proof) for after in range(3, 31, 3))])
def test_a_killed_sync_goes_on_where_it_was(site: WebServer, tmp_path: Path, after: int) -> None:
    help_center(site, 30, from_home=30)
    command = [sys.executable, "-c", _KILLED, site.url, str(tmp_path / "memory.db")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": "."}) as first:
        while len(site.seen) < after and first.poll() is None:
            time.sleep(0.002)
        first.kill()
    seen = len(site.seen)
    second = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": "."}, check=True)
    assert second.stdout == "31\n"
    # The page that was on its way, and robots.txt, the sitemap and the first page once more.
    assert len(site.seen) - seen <= 34 - min(seen, 33) + 4


def test_a_site_that_dies_at_sixty_percent_changes_nothing_but_few_failures_do_not_stop_a_sync(
    site: WebServer, sync: Sync
) -> None:
    paths = help_center(site, 20)
    listed = "\n".join(site.url + path for path in paths)
    assert len(sync(mode="list", urls=listed)) == 20
    site.down_after = 13
    with pytest.raises(SourceFailed, match="sync again to go on"):
        sync(mode="list", urls=listed)
    site.down_after = None
    for path in paths[3:6]:
        site.pages[path] = Reply(status=500)
    sync.now += timedelta(days=2)
    assert len(sync(mode="list", urls=listed)) == 20
    assert sum(line.kept for line in sync.told) == 3
    site.pages[paths[9]] = Reply(status=500)
    sync.now += timedelta(days=2)
    with pytest.raises(SourceFailed, match="4 of 20 pages"):
        sync(mode="list", urls=listed)


def test_a_notice_on_every_page_does_not_replace_the_help_center(site: WebServer, sync: Sync) -> None:
    paths = help_center(site, 8)
    site.sitemap("/sitemap.xml", dict.fromkeys(paths, ""))
    first = sync()
    kept = {path: site.pages[path] for path in paths}
    for path in paths:
        site.article(path, "Back soon", "We are working on our help center and will be back in an hour or so.")
    with pytest.raises(SourceFailed, match="one and the same"):
        sync()
    site.pages.update(kept)
    assert sync() == first


def test_a_site_that_asks_to_sign_in_does_not_become_one_article(site: WebServer, sync: Sync) -> None:
    paths = help_center(site, 8)
    site.sitemap("/sitemap.xml", dict.fromkeys(paths, ""))
    first = sync()
    kept = {path: site.pages[path] for path in paths}
    site.article("/sign-in", "Sign in", "Please sign in with your account to read our help center.")
    site.pages.update(dict.fromkeys(paths, leads_to("/sign-in")))
    with pytest.raises(SourceFailed, match="one and the same"):
        sync()
    site.pages.update(kept)
    assert sync() == first


def test_a_page_that_is_shut_off_stays_for_two_days(site: WebServer, sync: Sync) -> None:
    paths = help_center(site, 8)
    site.sitemap("/sitemap.xml", dict.fromkeys(paths, ""))
    sync()
    site.pages[paths[0]], site.pages[paths[1]] = Reply(status=403), Reply(status=401)
    assert sorted(sync()) == [paths[0], *paths[2:]]
    sync.now += timedelta(days=3)
    assert sorted(sync()) == paths[2:]


def test_a_name_for_another_host_leads_there(site: WebServer, sync: Sync) -> None:
    paths = help_center(site, 3)
    with WebServer() as name:
        name.pages["/"] = leads_to(f"{site.url}/")
        name.pages["/old"] = leads_to(f"{site.url}{paths[0]}")
        name.article("/page", "Page", LONG)
        by_name = Sync(site=name, converter=sync.converter)
        assert sorted(one.title for one in by_name().values()) == ["Help", "Topic 0", "Topic 1", "Topic 2"]
        assert [one.title for one in by_name("/old", mode="page").values()] == ["Topic 0"]
        name.sitemap("/sitemap.xml", {"/old": "", "/page": ""})
        assert sorted(by_name("/sitemap.xml")) == ["/page"]
        assert "leads to another site" in by_name.line("/old").why


def test_a_site_that_has_lost_everything_is_not_believed(site: WebServer, sync: Sync) -> None:
    with pytest.raises(InvalidSource, match=r"No article was found at .*is gone \(404\)"):
        sync()
    help_center(site)
    sync()
    site.pages.clear()
    with pytest.raises(SourceFailed, match="The earlier ones stay"):
        sync()


def test_traps_end(site: WebServer, sync: Sync) -> None:
    def day(handler: BaseHTTPRequestHandler) -> None:
        number = int(handler.path.rsplit("/", 1)[1]) if handler.path[-1].isdigit() else 0
        links = (
            f'<a href="/cal/2026/{number + 1}">Next</a><a href="/x{handler.path}">Deep</a><a href="?sid={number}">S</a>'
        )
        body = f"<main><h1>Day {number}</h1><p>{LONG} {handler.path}</p></main>{links}".encode()
        handler.send_response(200)
        handler.send_header("Content-Type", "text/html")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    class Endless(dict[str, Callable[[BaseHTTPRequestHandler], None]]):
        def get(self, key: str, default: object = None) -> object:  # type: ignore[override]
            return default if key == "/robots.txt" or "sitemap" in key else day

    site.pages = Endless()  # type: ignore[assignment]
    found = sync("/cal/2026/1", scope="/", limit="1000")
    assert 100 < len(found) < 400
    assert not [path for path in found if path.count("/x") > 2 or "sid" in path]
    assert any("left out" in line.why for line in sync.told)


def test_a_sitemap_of_a_million_pages_is_read_as_far_as_the_limit(site: WebServer, sync: Sync) -> None:
    paths = help_center(site, 3)
    entries = b"".join(b"<url><loc>%s/p/%d</loc></url>" % (site.url.encode(), number) for number in range(300_000))
    listed = "".join(f"<url><loc>{site.url}{path}</loc></url>" for path in paths).encode()
    site.pages["/sitemap.xml"] = Reply(gzip.compress(b"<urlset>" + listed + entries * 4 + b"</urlset>", 1))
    tracemalloc.start()
    assert sorted(sync("/sitemap.xml", limit="3")) == paths
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 60_000_000
    assert "more than 3 pages" in sync.line("/sitemap.xml").why


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"location": "http://169.254.169.254/"}, "may not reach"),
        ({"location": "http://127.0.0.1:8000/"}, "may not reach"),
        ({"location": "https://me:secret@help.example.com"}, "password"),
        ({"location": "help.example.com"}, "neither http nor https"),
        ({"location": "ftp://help.example.com"}, "neither http nor https"),
        ({"location": "https://help.example.com", "urls": "/relative"}, "neither http nor https"),
        ({"location": "https://help.example.com", "limit": "many"}, "limit must be a number up to 20000"),
        ({"location": "https://help.example.com", "limit": "1000000"}, "limit must be a number"),
        ({"location": "https://help.example.com", "rate": "-1"}, "rate must be a number"),
        ({"location": "https://help.example.com", "mode": "all"}, "is no way to find pages"),
        ({}, "no web address"),
    ],
)
def test_unusable_options_are_refused_at_once(options: dict[str, str], why: str) -> None:
    with pytest.raises(InvalidSource, match=why):
        KIND.open(options)


def test_pages_that_are_no_articles_are_left_out_with_a_reason(site: WebServer, sync: Sync) -> None:
    help_center(site, 2)
    site.page("/noindex", f'<meta name="robots" content="noindex"><main><h1>X</h1><p>{LONG}</p></main>')
    site.page("/header", f"<main><h1>X</h1><p>{LONG}</p></main>", X_Robots_Tag="noindex, nofollow")
    site.page("/script", '<div id="root"></div><script>render()</script>')
    site.page(
        "/list", "<main><h1>All</h1>" + "".join(f'<p><a href="/{n}">Article {n}</a></p>' for n in range(9)) + "</main>"
    )
    site.page("/deep", "<div>" * 100_000)
    site.pages["/big"] = Reply(b"<p>x</p>" * 7_000_000, headers={"Content-Type": "text/html"})
    site.pages["/pdf"] = Reply(b"%PDF", headers={"Content-Type": "application/pdf"})
    site.pages["/latin"] = Reply(
        f"<main><h1>Größe</h1><p>{LONG}</p></main>".encode("cp1252"), headers={"Content-Type": "text/html"}
    )
    site.pages["/away"] = leads_to("https://8.8.8.8.invalid/")
    site.pages["/closed"] = Reply(status=403)
    names = ["noindex", "header", "script", "list", "deep", "big", "pdf", "latin", "closed"]
    found = sync("/", urls=" ".join(f"{site.url}/{name}" for name in ["", *names]))
    assert sorted(found) == ["/", "/latin"]
    assert found["/latin"].title == "Größe"
    reasons = {
        "/noindex": "noindex", "/header": "noindex", "/script": "no text", "/list": "list of links",
        "/deep": "nested too deeply", "/big": "larger than 5 MB",
        "/pdf": "application/pdf", "/closed": "not open to the public",
    }  # fmt: skip
    for path, why in reasons.items():
        assert why in sync.line(path).why


def test_the_pace_is_two_a_second_unless_the_site_or_the_operator_says_otherwise(
    site: WebServer, converter: Converter
) -> None:
    help_center(site, 2)
    site.pages["/robots.txt"] = Reply(b"User-agent: *\nCrawl-delay: 4")

    def pauses(**options: str) -> list[float]:
        slept: list[float] = []

        def opened(rules: Rules) -> Fetcher:
            return Fetcher(rules, sleep=slept.append)

        source = WebPages(
            options=WebOptions.parse({"location": site.url, **options}, LOCAL),
            allowed=LOCAL,
            fetcher=opened,
            converter=lambda: nullcontext(converter),
        )
        list(source.articles(BriefMemory(), lambda done, total: None))
        return [round(one, 1) for one in slept]

    assert max(pauses()) == 4.0
    assert max(pauses(rate="10")) == 0.1
    del site.pages["/robots.txt"]
    assert max(pauses()) == 0.5
