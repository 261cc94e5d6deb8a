from __future__ import annotations

from pathlib import Path

import pytest

from tests.app.test_cli import asked, baton, refused, serving

pytestmark = pytest.mark.model


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("help-center")
    (folder / "returns.md").write_text("# Returns\n\nSend it back within 30 days.\n")
    return folder


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, folder: Path) -> Path:
    """A data folder with one source that was read."""
    home = tmp_path_factory.mktemp("cli") / "home"
    done = baton(home, "sources", "add", "markdown", "--option", f"location={folder}", "--name", "Our help")
    assert done.returncode == 0, done.stderr
    source = done.stdout.split()[-1]
    assert done.stdout == f"Added Our help. Read it with: baton sync {source}\n"
    assert baton(home, "sync", source).stdout.startswith("1 added, 0 changed, 0 removed, 0 unchanged; 1 passages")
    return home


def test_sources_are_synced_listed_and_removed_and_versions_gone_back_to(home: Path, folder: Path) -> None:
    (source,) = asked(home, "sources")["sources"]
    assert (source["name"], source["articles"], source["last_sync"]["added"]) == ("Our help", 1, 1)
    assert source["id"] in baton(home, "sources").stdout
    (folder / "returns.md").write_text("# Returns\n\nSend it back within 45 days.\n")
    assert asked(home, "sync")["changed"] == 1
    assert baton(home, "diff", "1", "2").stdout.splitlines()[-1] == "  + Send it back within 45 days."
    assert baton(home, "rollback", "1").stdout == "Version 1 is live.\n"
    assert [(one["number"], one["live"]) for one in asked(home, "versions")["versions"]] == [(2, False), (1, True)]
    assert "live" in baton(home, "versions").stdout
    assert "no version 9 any more" in refused(baton(home, "rollback", "9"))
    assert baton(home, "sources", "remove", source["id"]).stdout == f"Removed {source['id']}; version 3 is live.\n"
    assert asked(home, "search", "returns")["hits"] == []
    baton(home, "rollback", "2")


def test_a_source_that_fails_is_named_and_the_exit_status_says_so(home: Path, folder: Path) -> None:
    kept = (folder / "returns.md").read_text()
    (folder / "returns.md").unlink()
    done = baton(home, "sync")
    (folder / "returns.md").write_text(kept)
    assert done.returncode == 1
    assert "failed Our help: " in done.stdout
    assert "Traceback" not in done.stderr
    assert asked(home, "search", "returns")["hits"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("sync", "other"), "There is no source 'other'"),
        (("sources", "add", "gopher"), "There is no kind of source 'gopher'"),
        (("sources", "add", "jsonl", "--option", "location=/nowhere"), "There is nothing at /nowhere"),
        (("sources", "remove", "other"), "There is no source 'other'"),
        (("ingest", "gopher://help.example"), "gopher"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(home: Path, words: tuple[str, ...], told: str) -> None:
    assert told in refused(baton(home, *words))


@pytest.mark.parametrize(("option", "told"), [("location", "is not key=value"), ("location=@/nowhere", "cannot be")])
def test_an_option_that_is_none_is_a_usage_error(tmp_path: Path, option: str, told: str) -> None:
    done = baton(tmp_path / "home", "sources", "add", "jsonl", "--option", option)
    assert done.returncode == 2
    assert told in done.stderr


def test_while_a_server_holds_the_knowledge_the_same_commands_go_through_it(home: Path, folder: Path) -> None:
    (folder / "kayaks.md").write_text("# Kayaks\n\nWe rent kayaks.\n")
    with serving(home):
        assert baton(home, "sync").stdout.startswith("1 added")
        (source,) = asked(home, "sources")["sources"]
        assert source["articles"] == 2
        live = next(one for one in asked(home, "versions")["versions"] if one["live"])
        assert (live["articles"], live["cause"]) == (2, "sync of Our help")
        assert baton(home, "rollback", "1").stdout == "Version 1 is live.\n"
        assert "no version 99 any more" in refused(baton(home, "rollback", "99"))
    assert asked(home, "sources")["sources"][0]["articles"] == 1
