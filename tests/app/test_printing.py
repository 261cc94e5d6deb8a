from __future__ import annotations

from datetime import UTC, datetime

import pytest

from app.printing import print_diff, print_sources, print_synced, print_versions
from conversations.model import JsonObject

AT = datetime(2026, 5, 1, 12, tzinfo=UTC).isoformat()
COUNTS: JsonObject = {"added": 1, "changed": 0, "removed": 2, "unchanged": 3}


def source(**changes: object) -> JsonObject:
    values: dict[str, object] = {"id": "help-1", "kind": "web", "name": "Help", "articles": 7, "running": False}
    return {**values, "last_sync": None, **changes}  # type: ignore[dict-item]


def synced(*sources: JsonObject, **changes: object) -> JsonObject:
    values: dict[str, object] = {**COUNTS, "passages": 9, "version": "4", "seconds": 0.5, "skipped": []}
    return {**values, "sources": list(sources), **changes}  # type: ignore[dict-item]


def test_a_sync_is_printed_in_a_line_and_each_failure_in_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    good: JsonObject = {**COUNTS, "name": "Help", "failed": None}
    bad: JsonObject = {**COUNTS, "name": "Shop\x1b[2J", "failed": "The server did not answer."}
    lines: list[JsonObject] = [
        {"where": "a.md", "why": "has no text", "kept": False},
        {"where": "b.md", "why": "was mended", "kept": True},
    ]
    print_synced(synced(good, bad, skipped=lines))
    assert capsys.readouterr().out.splitlines() == [
        "1 added, 0 changed, 2 removed, 3 unchanged; 9 passages, version 4, 0.5 s",
        "  Help: 1 added, 0 changed, 2 removed, 3 unchanged",
        "failed Shop�[2J: The server did not answer.",
        "skipped a.md: has no text",
        "noted b.md: was mended",
    ]


def test_sources_are_a_table_with_how_their_last_sync_ended(capsys: pytest.CaptureFixture[str]) -> None:
    done: JsonObject = {"at": AT, "failed": None}
    failed: JsonObject = {"at": AT, "failed": "Gone."}
    print_sources([source(), source(running=True), source(last_sync=done), source(last_sync=failed)])
    _, never, running, good, bad = capsys.readouterr().out.splitlines()
    assert never.split() == ["help-1", "web", "Help", "7", "never"]
    assert running.rstrip().endswith("running")
    assert good.rstrip().endswith("done")
    assert bad.rstrip().endswith("failed: Gone.")


def test_versions_are_a_table_with_the_live_one_marked(capsys: pytest.CaptureFixture[str]) -> None:
    version: JsonObject = {"number": 2, "made_at": AT, "cause": "sync of Help", "articles": 7, "passages": 9}
    print_versions([{**version, "live": False}, {**version, "number": 1, "live": True}])
    _, newest, live = capsys.readouterr().out.splitlines()
    assert newest.split()[0] == "2"
    assert "live" not in newest
    assert live.split()[-5:] == ["9", "live", "sync", "of", "Help"]


def test_a_diff_names_articles_and_shows_what_came_and_went(capsys: pytest.CaptureFixture[str]) -> None:
    def change(article_id: str, went: str, came: str) -> JsonObject:
        return {
            "id": article_id,
            "title": article_id.title(),
            "went": [{"heading": "", "text": went}],
            "came": [{"heading": "", "text": came}],
        }

    print_diff(
        {
            "before": 1,
            "after": 2,
            "added": [change("apples", "", "Red.")],
            "removed": [],
            "changed": [change("bread", "Old\n\ntext.", "x" * 500)],
        }
    )
    assert capsys.readouterr().out.splitlines() == [
        "From version 1 to 2: 1 added, 0 removed, 1 changed",
        "added Apples apples",
        "changed Bread bread",
        "  - Old text.",
        f"  + {'x' * 200}",
    ]


def test_with_nothing_there_yet_each_says_how_to_begin(capsys: pytest.CaptureFixture[str]) -> None:
    print_synced(synced())
    print_sources([])
    print_versions([])
    assert capsys.readouterr().out.count("baton ingest PATH") == 3
