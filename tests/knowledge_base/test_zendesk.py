from __future__ import annotations

import base64
import json
import tracemalloc
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from knowledge_base.model import EVERYONE, Article, Audience
from knowledge_base.sources.converting import Converter
from knowledge_base.sources.fetching import Fetcher
from knowledge_base.sources.guarding import Allowed
from knowledge_base.sources.memory import BriefMemory, KeptMemory, Memory
from knowledge_base.sources.source import InvalidSource, Skipped, Source, SourceFailed
from knowledge_base.sources.zendesk import KIND, ZendeskExport, ZendeskHelpCenter, ZendeskOptions
from tests.knowledge_base.zendesk_server import ZendeskServer

LOCAL = Allowed.parse("127.0.0.1")


@pytest.fixture(scope="module")
def converter() -> Iterator[Converter]:
    with Converter() as one:
        yield one


@pytest.fixture
def zendesk() -> Iterator[ZendeskServer]:
    with ZendeskServer() as server:
        for number in range(1, 6):
            server.add(number, f"Topic {number}", f"<p>Answer <b>{number}</b>.</p>")
        yield server


@dataclass
class Sync:
    converter: Converter
    memory: Memory = field(default_factory=BriefMemory)
    told: list[Skipped] = field(default_factory=list)
    progress: list[tuple[int, int]] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)

    def of(self, zendesk: ZendeskServer, path: str = "", **options: str) -> dict[str, Article]:
        zendesk.seen.clear()
        source = ZendeskHelpCenter(
            options=ZendeskOptions.parse({"location": zendesk.url + path, **options}, LOCAL),
            allowed=LOCAL,
            fetcher=lambda rules: Fetcher(rules, sleep=self.pauses.append),
            converter=lambda: nullcontext(self.converter),
        )
        return self.read(source)

    def of_file(self, path: Path) -> dict[str, Article]:
        return self.read(ZendeskExport(path=path, converter=lambda: nullcontext(self.converter)))

    def read(self, source: Source) -> dict[str, Article]:
        self.told.clear()
        self.progress.clear()
        found = list(source.articles(self.memory, lambda done, total: self.progress.append((done, total))))
        self.told += [one for one in found if isinstance(one, Skipped)]
        return {str(one.id): one for one in found if isinstance(one, Article)}


@pytest.fixture
def sync(converter: Converter) -> Sync:
    return Sync(converter=converter)


def test_a_help_center_is_read_synced_again_and_followed(zendesk: ZendeskServer, sync: Sync) -> None:
    first = sync.of(zendesk)
    assert sorted(first) == ["1", "2", "3", "4", "5"]
    article = first["1"]
    assert (article.title, article.text, article.language) == ("Topic 1", "Answer **1**.", "en-US")
    assert article.url == f"{zendesk.url}/hc/en-us/articles/1"
    assert article.updated_at == datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)
    assert article.metadata == {"category": "Orders", "section": "Returns"}
    assert (article.published, article.audience) == (True, EVERYONE)
    assert sync.progress == [(2, 0), (4, 0), (5, 0)]
    assert sync.of(zendesk) == first

    zendesk.articles[0] |= {"body": "<p>Another answer.</p>", "updated_at": "2026-05-01T00:00:00Z", "edited_at": None}
    del zendesk.articles[3]
    second = sync.of(zendesk)
    assert second["1"].text == "Another answer."
    assert second["1"].updated_at == datetime(2026, 5, 1, tzinfo=UTC)
    assert sorted(second) == ["1", "2", "3", "5"]


def test_a_list_that_breaks_off_deletes_nothing_and_goes_on_where_it_was(
    zendesk: ZendeskServer, converter: Converter, tmp_path: Path
) -> None:
    with KeptMemory(tmp_path / "memory.db") as memory:
        sync = Sync(converter=converter, memory=memory)
        sync.of(zendesk)
        zendesk.add(6, "Topic 6", "<p>Answer 6.</p>")
        zendesk.broken_after = _cursor(4)
        with pytest.raises(SourceFailed, match="answered 500"):
            sync.of(zendesk)
    zendesk.broken_after = None
    with KeptMemory(tmp_path / "memory.db") as memory:
        sync = Sync(converter=converter, memory=memory)
        assert len(sync.of(zendesk)) == 6
        assert len([path for path in zendesk.paths if "articles" in path]) == 1
        assert len(sync.of(zendesk)) == 6
        assert len([path for path in zendesk.paths if "articles" in path]) == 3


def test_a_remembered_place_that_is_too_old_begins_the_list_anew(zendesk: ZendeskServer, sync: Sync) -> None:
    zendesk.broken_after = _cursor(2)
    with pytest.raises(SourceFailed):
        sync.of(zendesk)
    zendesk.broken_after = None
    zendesk.expired.add(_cursor(2))
    zendesk.page_size = 3
    assert len(sync.of(zendesk)) == 5
    zendesk.expired.add(_cursor(3))
    with pytest.raises(InvalidSource, match="answered 400"):
        sync.of(zendesk)  # and it does not turn in circles


def test_what_a_broken_sync_saw_does_not_count_for_the_next(zendesk: ZendeskServer, sync: Sync) -> None:
    sync.of(zendesk)
    zendesk.articles[1]["body"] = zendesk.articles[1]["title"] = "x" * 100
    zendesk.cut = True
    with pytest.raises(SourceFailed, match="did not answer with JSON"):
        sync.of(zendesk)
    zendesk.cut = False
    del zendesk.articles[0]
    assert sorted(sync.of(zendesk)) == ["2", "3", "4", "5"]


def test_the_token_is_sent_and_a_wrong_one_explained(zendesk: ZendeskServer, sync: Sync) -> None:
    zendesk.key = "jo@acme.example/token:s3cret"
    zendesk.add(6, "For staff", "<p>Inside.</p>", user_segment_id=7)
    zendesk.add(7, "For customers", "<p>Inside.</p>", user_segment_id=8)
    zendesk.add(8, "Not yet", "<p>Draft.</p>", draft=True)
    zendesk.add(9, "For some", "<p>Inside.</p>", user_segment_id=9, user_segment_ids=[9, 10])
    zendesk.segments = [
        {"id": 7, "name": "Staff", "user_type": "staff", "built_in": True},
        {
            "id": 8,
            "name": "Signed-in users",
            "user_type": "signed_in_users",
            "built_in": True,
            "tags": [],
            "or_tags": [],
        },
        {"id": 9, "name": "VIP", "user_type": "signed_in_users", "built_in": False, "tags": ["vip"]},
    ]
    assert len(sync.of(zendesk)) == 5
    found = sync.of(zendesk, email="jo@acme.example", api_token="s3cret")
    assert found["6"].audience == Audience(signed_in=True, segments=frozenset({"7"}))
    assert found["7"].audience == Audience(signed_in=True)
    assert found["9"].audience == Audience(signed_in=True, segments=frozenset({"9", "10"}))
    assert not found["8"].published
    with pytest.raises(InvalidSource, match="check the e-mail address and the API token"):
        sync.of(zendesk, email="jo@acme.example", api_token="wrong")
    assert all("s3cret" not in repr(one) for one in (sync.told, ZendeskOptions(base="", token="s3cret")))


def test_a_busy_help_center_is_waited_for(zendesk: ZendeskServer, sync: Sync) -> None:
    zendesk.busy = 2
    assert len(sync.of(zendesk)) == 5
    assert sync.pauses.count(3.0) == 2


def test_one_language_is_taken_and_translations_have_ids_of_their_own(zendesk: ZendeskServer, sync: Sync) -> None:
    zendesk.add(1, "Thema 1", "<p>Antwort.</p>", locale="de", outdated=True, label_names=["money", "parcel"])
    found = sync.of(zendesk, "/hc/de/articles")
    assert list(found) == ["1-de"]
    assert found["1-de"].language == "de"
    assert found["1-de"].metadata["labels"] == "money, parcel"
    assert [(line.why, line.kept) for line in sync.told] == [("is marked as an outdated translation", True)]
    assert len(sync.of(zendesk, locale="en-us")) == 5


def test_lists_that_lie_are_not_believed(zendesk: ZendeskServer, sync: Sync) -> None:
    sync.of(zendesk)
    articles, zendesk.articles = zendesk.articles, []
    with pytest.raises(SourceFailed, match="lists no article any more"):
        sync.of(zendesk)
    zendesk.articles = articles
    zendesk.following = "https://evil.example/api/v2/help_center/articles.json"
    with pytest.raises(SourceFailed, match="breaks off"):
        sync.of(zendesk)
    zendesk.following = f"{zendesk.url}/api/v2/help_center/articles.json?page[size]=100"
    with pytest.raises(SourceFailed, match="turns in a circle|breaks off"):
        sync.of(zendesk)
    zendesk.following = ""
    assert len(sync.of(zendesk)) == 5


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"location": "https://10.0.0.1"}, "may not reach"),
        ({"location": "http://acme.zendesk.com", "email": "a@b.c", "api_token": "x"}, "https://"),
        ({"location": "https://acme.zendesk.com", "email": "a@b.c"}, "both"),
        ({"location": "https://acme.zendesk.com", "locale": "../../x"}, "no language"),
        ({"location": "/no/such/file.json"}, "nothing at"),
        ({}, "nothing at"),
    ],
)
def test_unusable_options_are_refused_at_once(options: dict[str, str], why: str) -> None:
    with pytest.raises(InvalidSource, match=why):
        KIND.open(options)


def test_bad_bodies_are_left_out_with_a_reason(zendesk: ZendeskServer, sync: Sync) -> None:
    zendesk.articles[0]["body"] = None
    zendesk.articles[1]["body"] = "<div>" * 100_000 + "deep"
    zendesk.articles[2]["body"] = "<script>alert(1)</script>"
    found = sync.of(zendesk)
    assert sorted(found) == ["4", "5"]
    assert [line.why for line in sync.told] == ["has no text", "is nested too deeply to be read", "has no text"]


def _article(number: int, **fields: object) -> dict[str, object]:
    return {"id": number, "title": f"Topic {number}", "body": f"<p>Answer {number}.</p>", "locale": "en-us", **fields}


@pytest.mark.parametrize("form", ["object", "object with names last", "list", "lines", "pages", "list of pages"])
def test_an_export_is_read_in_every_form_it_comes_in(tmp_path: Path, sync: Sync, form: str) -> None:
    articles = [_article(number, section_id=10) for number in range(1, 8)]
    names = {"sections": [{"id": 10, "name": "Returns", "category_id": 1}], "categories": [{"id": 1, "name": "Orders"}]}
    pages = [{"count": 7, "articles": articles[:4], "next_page": "x"}, {"articles": articles[4:], "page": 2}]
    text = {
        "object": json.dumps({**names, "articles": articles}, indent=2),
        "object with names last": json.dumps({"count": 7, "articles": articles, **names}),
        "list": json.dumps(articles),
        "lines": "\n".join(map(json.dumps, articles)) + "\n",
        "pages": "\n".join(map(json.dumps, pages)),
        "list of pages": json.dumps(pages),
    }[form]
    path = tmp_path / "export.json"
    path.write_text("\ufeff" + text, encoding="utf-8")
    found = sync.of_file(path)
    assert sorted(found) == [str(number) for number in range(1, 8)]
    assert found["7"].text == "Answer 7."
    assert found["7"].metadata == ({"category": "Orders", "section": "Returns"} if "object" in form else {})
    assert sync.of_file(path) == found


def test_an_export_is_followed_and_a_damaged_one_changes_nothing(tmp_path: Path, sync: Sync) -> None:
    path = tmp_path / "export.json"
    text = json.dumps({"articles": [_article(number) for number in range(1, 5)]})
    path.write_text(text)
    assert len(sync.of_file(path)) == 4
    path.write_text(text[:-40])
    with pytest.raises(InvalidSource, match="ends early"):
        sync.of_file(path)
    path.write_text("not json")
    with pytest.raises(InvalidSource, match="is no JSON"):
        sync.of_file(path)
    path.write_text('{"articles": []}')
    with pytest.raises(SourceFailed, match="no article any more"):
        sync.of_file(path)
    path.write_text(json.dumps([_article(2, body="<p>New.</p>"), {"id": True}, 7, _article(3)]))
    found = sync.of_file(path)
    assert sorted(found) == ["2", "3"]
    assert found["2"].text == "New."
    assert len(sync.told) == 2


def test_a_large_export_is_read_piece_by_piece_and_a_giant_article_left_out(tmp_path: Path, sync: Sync) -> None:
    path = tmp_path / "export.json"
    filler = 'x \\" ] } ' + "word " * 1000
    with path.open("w") as stream:
        stream.write('{"count": 3, "articles": [')
        stream.write(json.dumps(_article(1)) + ', {"id": 2, "title": "Giant", "body": "')
        for _ in range(10_000):
            stream.write(filler)
        stream.write('"}, ' + json.dumps(_article(3)) + "]}")
    tracemalloc.start()
    found = sync.of_file(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert sorted(found) == ["1", "3"]
    assert [line.why for line in sync.told] == ["is larger than 5 MB; split it into articles"]
    assert peak < 100_000_000


def _cursor(position: int) -> str:
    return base64.b64encode(str(position).encode()).decode()
