from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from app.source_folders import refused_location
from knowledge_base.knowledge_base import KnowledgeBase, SourceKind
from tests.app.keeping import RETURNS, ROOT, Kept


async def test_nobody_gets_in_without_a_session_or_changes_anything_without_the_token(kept: Kept) -> None:
    stranger = kept.served.client
    for path in ("/sources", "/articles", "/articles/returns", "/sync", "/versions", "/overlaps", "/kinds"):
        assert (await stranger.get(ROOT + path)).status_code == 401, path
    del kept.console.client.headers["X-CSRF-Token"]
    for method, path in (
        ("POST", "/sources"),
        ("DELETE", "/sources/x"),
        ("POST", "/sync"),
        ("POST", "/versions/1/roll_back"),
        ("POST", "/articles/returns/withdraw"),
        ("POST", "/search"),
        ("DELETE", "/articles/returns"),
    ):
        assert (await kept.ask(method, path, {})).status_code == 403, path


async def test_a_source_is_added_synced_changed_and_removed(kept: Kept) -> None:
    added = await kept.add()
    assert (await kept.get("/sources"))["sources"][0]["last_sync"] is None
    last = await kept.synced([added])
    assert (last["outcome"], last["changes"]["added"], last["started_by"]) == ("done", 2, "Noor")
    (kept.help / "broken.md").write_text("---\nexpires_at: soon\n---\n# Broken\n\nText.")
    (kept.help / "gold.md").unlink()
    assert (await kept.synced())["changes"] == {"added": 0, "changed": 0, "removed": 1, "unchanged": 1, "skipped": 1}
    report = await kept.get(f"/sources/{added}/report")
    assert [(line["where"], line["kept"]) for line in report["skipped"]] == [("broken.md", False)]
    assert "expires_at" in report["skipped"][0]["why"]
    changed = await kept.ok("PUT", f"/sources/{added}", {"name": "Renamed", "options": {"location": str(kept.help)}})
    assert (changed["id"], changed["name"]) == (added, "Renamed")
    await kept.ok("DELETE", f"/sources/{added}")
    assert await kept.titles() == []
    assert (await kept.refused("GET", f"/sources/{added}/report"))[0] == 404


async def test_every_kind_of_source_is_described_by_its_fields(kept: Kept) -> None:
    kinds = await kept.get("/kinds")
    assert kinds["folders"] == [str(kept.help.parent)]
    by_name = {kind["name"]: kind for kind in kinds["kinds"]}
    assert set(by_name) == {kind.name for kind in kept_kinds(kept)}
    location = by_name["markdown"]["fields"][0]
    assert (location["name"], location["required"], location["secret"]) == ("location", True, False)


def kept_kinds(kept: Kept) -> Sequence[SourceKind]:
    knowledge = kept.served.baton.library
    assert isinstance(knowledge, KnowledgeBase)
    return knowledge.kinds()


async def test_the_console_reads_only_folders_that_the_operator_allowed(kept: Kept, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "a.md").write_text("# Secret\n\nText.")
    (kept.help.parent / "link").symlink_to(secret)
    ways = (secret, kept.help / ".." / ".." / "secret", kept.help.parent / "link", tmp_path / "nothing", Path(".env"))
    for way in ways:
        body = {"kind": "markdown", "name": "x", "options": {"location": str(way)}}
        status, code, detail = await kept.refused("POST", "/sources", body)
        assert (status, code) == (422, "location_not_allowed"), way
        assert "BATON_SOURCE_DIRS" in detail
    added = await kept.add()
    body = {"name": "x", "options": {"location": str(secret)}}
    assert (await kept.refused("PUT", f"/sources/{added}", body))[1] == "location_not_allowed"
    body = {"kind": "markdown", "name": "x", "options": {"location": f"file://{secret}"}}
    assert (await kept.refused("POST", "/sources", body))[1] == "location_not_allowed"


def test_no_folder_is_allowed_until_the_operator_says_so() -> None:
    told = refused_location("/srv/help", [])
    assert told is not None
    assert "BATON_SOURCE_DIRS" in told
    assert "baton sources add" in told
    assert refused_location("https://help.example", []) is None
    assert refused_location("/srv/help-center", [Path("/srv/help")]) is not None
    assert "https://help.example" in str(refused_location("help.example", []))


async def test_a_secret_is_never_shown_and_never_goes_to_another_address(kept: Kept) -> None:
    options = {"location": "https://acme.zendesk.com", "email": "noor@acme.example", "api_token": "hush-hush"}
    added = await kept.ok("POST", "/sources", {"kind": "zendesk", "name": "Zendesk", "options": options})
    assert added["secrets_set"] == ["api_token"]
    assert "hush-hush" not in str(await kept.get("/sources"))
    path = f"/sources/{added['id']}"
    renamed = {"name": "Acme", "options": {"location": "https://acme.zendesk.com", "email": "noor@acme.example"}}
    assert (await kept.ok("PUT", path, renamed))["secrets_set"] == ["api_token"]
    elsewhere = {"name": "Acme", "options": {"location": "https://evil.zendesk.com", "email": "noor@acme.example"}}
    assert (await kept.refused("PUT", path, elsewhere))[:2] == (422, "secrets_needed")
    assert (await kept.get("/sources"))["sources"][0]["options"]["location"] == "https://acme.zendesk.com"
    elsewhere["options"] = {**elsewhere["options"], "api_token": "another"}  # type: ignore[dict-item]
    assert (await kept.ok("PUT", path, elsewhere))["secrets_set"] == ["api_token"]


async def test_a_source_that_cannot_be_read_says_why_in_words(kept: Kept) -> None:
    empty = kept.help.parent / "empty"
    empty.mkdir()
    added = await kept.add("Empty", empty)
    last = await kept.synced([added])
    assert last["outcome"] == "failed"
    assert last["words"].startswith("Empty: ")
    (source,) = (await kept.get("/sources"))["sources"]
    assert source["last_sync"]["problem"]
    body = {"kind": "nonsense", "name": "x", "options": {"location": str(kept.help)}}
    assert (await kept.refused("POST", "/sources", body))[:2] == (422, "invalid_source")


async def test_a_running_sync_shows_its_progress_and_a_second_one_is_refused(kept: Kept) -> None:
    for n in range(60):
        (kept.help / f"a{n}.md").write_text(f"# Article {n}\n\nBoots number {n} are waterproof and warm.")
    kept.embedder.seconds = 0.15
    added = await kept.add()
    started = await kept.ok("POST", "/sync", {"source_ids": [added]})
    assert started["running"]["started_by"] == "Noor"
    status, code, detail = await kept.refused("POST", "/sync", {"source_ids": None})
    assert (status, code) == (409, "sync_running")
    assert "stop it" in detail
    assert (await kept.refused("DELETE", f"/sources/{added}"))[:2] == (409, "sync_running")
    stages = set()
    while (state := await kept.get("/sync"))["running"] is not None:
        stages.add(state["running"]["stage"])
        await asyncio.sleep(0.02)
    assert "encoding" in stages
    assert state["last"]["outcome"] == "done"


async def test_a_sync_that_is_stopped_changes_nothing(kept: Kept) -> None:
    await kept.synced([await kept.add()])
    versions = await kept.get("/versions")
    for n in range(60):
        (kept.help / f"a{n}.md").write_text(f"# Article {n}\n\nBoots number {n}.")
    kept.embedder.seconds = 0.2
    await kept.ok("POST", "/sync", {"source_ids": None})
    assert (await kept.ok("DELETE", "/sync"))["running"]["stopping"] is True
    assert (await kept.sync_over())["outcome"] == "stopped"
    assert await kept.get("/versions") == versions
    kept.embedder.seconds = 0.0
    assert (await kept.synced())["changes"]["added"] == 60, "it can be begun again"


async def test_versions_are_compared_and_gone_back_to(kept: Kept) -> None:
    await kept.synced([await kept.add()])
    (kept.help / "returns.md").write_text(RETURNS.replace("45", "30"))
    await kept.synced()
    newest, oldest = (await kept.get("/versions"))["versions"]
    assert (newest["live"], oldest["live"]) == (True, False)
    diff = await kept.get(f"/versions/diff?before={oldest['number']}&after={newest['number']}")
    assert (diff["changed"], diff["added"], diff["removed"]) == (1, 0, 0)
    (change,) = diff["articles"]
    assert "45 days" in change["before"][0]["text"]
    assert "30 days" in change["after"][0]["text"]
    assert (await kept.ok("POST", f"/versions/{oldest['number']}/roll_back", {}))["number"] == oldest["number"]
    found = await kept.ok("POST", "/search", {"question": "boots back"})
    assert "45 days" in found["hits"][0]["text"]
    assert (await kept.refused("POST", "/versions/99/roll_back", {}))[:2] == (404, "not_found")


async def test_a_search_explains_its_hits_and_shows_what_each_reader_may_see(kept: Kept) -> None:
    await kept.synced([await kept.add()])
    found = await kept.ok("POST", "/search", {"question": "When do I have to send a boot back? zebra"})
    (hit,) = found["hits"]
    assert (hit["article_id"], hit["dense_rank"], hit["lexical_rank"]) == ("returns", 1, 1)
    assert "boots" in hit["matched_words"]
    assert "boot" not in hit["matched_words"], "words are shown as the passage has them"
    assert hit["best_sentence"]["text"] == "Send boots back within 45 days."
    assert found["unknown_words"] == ["zebra"]
    gold = {"question": "boots", "viewer": {"segments": ["gold"]}}
    seen = {hit["article_id"] for hit in (await kept.ok("POST", "/search", gold))["hits"]}
    assert seen == {"returns", "gold"}


async def test_the_api_is_described_with_words_examples_and_its_refusals(kept: Kept) -> None:
    described = (await kept.served.client.get("/openapi.json")).json()
    ours = {path: item for path, item in described["paths"].items() if path.startswith(ROOT)}
    assert len(ours) >= 15
    for path, item in ours.items():
        for method, operation in item.items():
            assert operation["summary"], path
            assert operation["description"], path
            assert "application/problem+json" in operation["responses"]["401"]["content"], (method, path)


async def test_articles_that_contradict_each_other_are_shown_side_by_side(kept: Kept) -> None:
    for days, name in ((45, "one"), (30, "two")):
        text = f"# Returns {name}\n\nYou can send boots back to our store within {days} days of the delivery."
        (kept.help / f"{name}.md").write_text(text)
    await kept.synced([await kept.add()])
    overlaps = (await kept.get("/overlaps"))["overlaps"]
    pair = next(each for each in overlaps if each["kind"] == "contradiction")
    sides = {side["article_id"]: side for side in (pair["first"], pair["second"])}
    assert set(sides) == {"one", "two"}
    assert "45" in " ".join(sides["one"]["differing"])
    assert "30" in " ".join(sides["two"]["differing"])
    assert sides["one"]["source"]["name"] == "Help center"
    assert pair["why"]


async def test_every_address_of_the_area_is_the_consoles_page(kept: Kept) -> None:
    for path in ("", "/sources", "/articles/a/b", "/search?q=x", "/versions", "/overlaps", "/write"):
        page = await kept.served.client.get(f"/console/knowledge{path}")
        assert page.status_code in (200, 503), "503 where the pages are not built"
