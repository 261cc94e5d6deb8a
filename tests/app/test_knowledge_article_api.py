from __future__ import annotations

import asyncio

from tests.app.keeping import Kept


async def test_an_article_is_written_changed_found_and_deleted(kept: Kept) -> None:
    body = {"title": "Do you rent kayaks?", "text": "Kayaks are rented at the **harbor**.", "language": "en"}
    made = await kept.ok("POST", "/articles", body)
    assert (made["id"], made["state"], made["written"]) == ("do-you-rent-kayaks", "live", True)
    assert made["body"][0]["c"][1] == {"t": "strong", "c": [{"t": "text", "v": "harbor"}]}
    assert "harbor" in made["passages"][0]["text"]
    found = await kept.ok("POST", "/search", {"question": "rent kayaks"})
    assert found["hits"][0]["article_id"] == made["id"]
    again = await kept.ok("POST", "/articles", body)
    assert again["id"] == "do-you-rent-kayaks-2"
    draft = {**body, "status": "draft", "revision": made["revision"]}
    assert (await kept.ok("PUT", f"/articles/{made['id']}", draft))["state"] == "draft"
    assert (await kept.refused("PUT", f"/articles/{made['id']}", draft))[:2] == (409, "stale_article")
    found = await kept.ok("POST", "/search", {"question": "rent kayaks"})
    assert [hit["article_id"] for hit in found["hits"]] == [again["id"]]
    await kept.ok("DELETE", f"/articles/{made['id']}")
    assert (await kept.refused("GET", f"/articles/{made['id']}"))[0] == 404


async def test_words_written_here_replace_a_sources_article_until_they_are_deleted(kept: Kept) -> None:
    await kept.synced([await kept.add()])
    before = await kept.get("/articles/returns")
    assert before["written"] is False
    body = {"title": "Returns", "text": "Within 60 days.", "revision": before["revision"]}
    assert (await kept.ok("PUT", "/articles/returns", body))["written"] is True
    await kept.synced()
    assert (await kept.get("/articles/returns"))["text"].strip() == "Within 60 days."
    await kept.ok("DELETE", "/articles/returns")
    assert "45 days" in (await kept.get("/articles/returns"))["text"]


async def test_a_withdrawn_article_is_found_by_nobody_until_it_is_restored(kept: Kept) -> None:
    await kept.synced([await kept.add()])
    question = {"question": "send boots back"}
    assert (await kept.ok("POST", "/articles/returns/withdraw", {}))["state"] == "withdrawn"
    assert (await kept.ok("POST", "/search", question))["hits"] == []
    assert await kept.titles("state=withdrawn") == ["Returns"]
    assert (await kept.ok("POST", "/articles/returns/restore", {}))["state"] == "live"
    assert (await kept.ok("POST", "/search", question))["hits"]
    assert (await kept.refused("POST", "/articles/nothing/withdraw", {}))[0] == 404


async def test_the_list_of_articles_is_filtered_searched_ordered_and_paged(kept: Kept) -> None:
    (kept.help / "draft.md").write_text("---\nstatus: draft\nlanguage: de\n---\n# Entwurf\n\nStiefel.")
    source = await kept.add()
    await kept.synced([source])
    assert await kept.titles() == ["Entwurf", "Gold perks", "Returns"]
    assert await kept.titles("state=draft") == ["Entwurf"]
    assert await kept.titles("language=de") == ["Entwurf"]
    assert await kept.titles("audience=gold") == ["Gold perks"]
    assert await kept.titles(f"source={source}&search=RECEIPT") == ["Returns"]
    assert await kept.titles("search=boots+overnight") == ["Gold perks"]
    (kept.help / "about.md").write_text("# About us\n\nReturns are on us.")
    await kept.synced()
    assert await kept.titles("search=returns") == ["Returns", "About us"], "titles come before texts"
    (kept.help / "about.md").unlink()
    await kept.synced()
    assert await kept.titles("offset=1&limit=1") == ["Gold perks"]
    await kept.served.baton.usage.give_feedback("returns", helpful=False, words="Too short", given_by="a")
    assert (await kept.titles("sort=not_helpful"))[0] == "Returns"
    assert (await kept.get("/articles/returns"))["feedback"][0]["words"] == "Too short"
    page = await kept.get("/articles")
    assert {each["value"]: each["count"] for each in page["filters"]["states"]} == {"live": 2, "draft": 1}
    assert page["filters"]["never_cited"] == page["total"] == 3
    assert (await kept.refused("GET", "/articles?limit=9999"))[0] == 422


async def test_the_preview_drops_what_could_run_or_call_home(kept: Kept) -> None:
    text = "Hi <script>alert(1)</script> ![pixel](https://evil.example/p.png) [x](javascript:alert(1))"
    body = (await kept.ok("POST", "/preview", {"text": text}))["body"]
    assert "evil.example" not in str(body)
    assert "'link'" not in str(body), "what is no link stays text"
    assert "script>" not in str(body)


async def test_an_article_may_be_larger_than_a_message_but_not_without_bound(kept: Kept) -> None:
    long = {"title": "Long", "text": "Kayaks. " * 20_000}
    assert (await kept.ok("POST", "/articles", long))["state"] == "live"
    assert (await kept.refused("POST", "/articles", {"title": "Long", "text": "x" * 2_000_000}))[0] == 413
    assert (await kept.refused("POST", "/articles", {"title": " ", "text": "x"}))[0] == 422
    dated = {"title": "Dated", "text": "x", "expires_at": "2020-01-01T00:00:00Z"}
    assert (await kept.ok("POST", "/articles", dated))["state"] == "expired"


async def test_two_people_who_save_at_once_do_not_overwrite_each_other(kept: Kept) -> None:
    made = await kept.ok("POST", "/articles", {"title": "Kayaks", "text": "One."})
    bodies = [{"title": "Kayaks", "text": f"Text {n}.", "revision": made["revision"]} for n in range(4)]
    answers = await asyncio.gather(*(kept.ask("PUT", "/articles/kayaks", body) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]


async def test_tables_and_marks_of_passages_are_shown_as_words(kept: Kept) -> None:
    text = "Prices of **boats**:\n\n| Boat | [Price](/p) |\n|---|:-:|\n| Kayak | $25 |"
    made = await kept.ok("POST", "/articles", {"title": "Boats", "text": text})
    assert made["passages"][0]["text"] == "Prices of boats:\nBoat · Price\nKayak · $25"
