from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.knowledge_commands import (
    AddSource,
    Diff,
    Ingest,
    KnowledgeCommand,
    ListSources,
    ListVersions,
    RemoveSource,
    RollBack,
    Sync,
)
from app.wiring import Parts
from knowledge_base.embedding import HashingEmbedder
from knowledge_base.knowledge_base import KnowledgeBase
from knowledge_base.vectors import ScanOnly
from tests.app.serving import COMPANY, Json, Served, WrittenAgent, serving


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "help"
    folder.mkdir()
    (folder / "returns.md").write_text("# Returns\n\nSend it back within 30 days.\n")
    (folder / "draft.md").write_text("---\nexpires_at: soon\n---\n# Sale\n\nHalf price.\n")
    return folder


@pytest.fixture
async def holding(database_url: str, tmp_path: Path) -> AsyncIterator[Served]:
    """A server that holds a knowledge base."""
    knowledge = KnowledgeBase.open(tmp_path / "knowledge", HashingEmbedder(), vectors=ScanOnly())
    parts = Parts(library=knowledge, agent=WrittenAgent(), company=COMPANY)
    async with serving(database_url, tmp_path, parts=parts) as served:
        yield served
    knowledge.close()


async def lines(served: Served, name: str, body: object, token: str | None = None) -> tuple[int, list[Json]]:
    headers = {"Authorization": f"Bearer {token or served.baton.secrets.local}"}
    answer = await served.client.post(f"/local/v1/knowledge/{name}", json=body, headers=headers, timeout=30)
    return answer.status_code, [json.loads(line) for line in answer.text.splitlines()]


async def carried_out(served: Served, command: KnowledgeCommand) -> Json:
    """The result of a command, after nothing but progress."""
    status, told = await lines(served, command.name, command.model_dump())
    assert status == 200
    assert all(set(line) == {"progress"} for line in told[:-1])
    return told[-1]


async def test_the_command_line_can_do_everything_while_a_server_holds_the_knowledge(
    holding: Served, folder: Path
) -> None:
    assert await carried_out(holding, ListSources()) == {"sources": []}
    added = await carried_out(holding, AddSource(kind="markdown", label="Our help", options={"location": str(folder)}))
    synced = await carried_out(holding, Sync(ids=[str(added["id"])]))
    assert (synced["added"], synced["version"], synced["sources"][0]["failed"]) == (1, "1", None)
    assert synced["skipped"][0]["where"] == "draft.md"
    assert "expires_at 'soon' is no date" in synced["skipped"][0]["why"]
    (folder / "returns.md").write_text("# Returns\n\nSend it back within 45 days.\n")
    assert (await carried_out(holding, Ingest(paths=[str(folder)])))["changed"] == 1
    (source,) = (await carried_out(holding, ListSources()))["sources"]
    assert (source["id"], source["name"], source["articles"], source["running"]) == (added["id"], "Our help", 1, False)
    assert source["last_sync"]["changed"] == 1
    newest, first = (await carried_out(holding, ListVersions()))["versions"]
    assert (newest["number"], newest["live"], first["cause"]) == (2, True, "sync of Our help")
    diff = await carried_out(holding, Diff(before=1, after=2))
    (changed,) = diff["changed"]
    assert [changed["id"], changed["title"]] == ["returns", "Returns"]
    assert ("30 days" in changed["went"][0]["text"], "45 days" in changed["came"][0]["text"]) == (True, True)
    assert await carried_out(holding, RollBack(number=1)) == {"version": "1"}
    article = holding.baton.library.article("returns")
    assert article is not None
    assert "30 days" in article.text
    assert await carried_out(holding, RemoveSource(id=str(added["id"]))) == {"version": "3"}
    assert holding.baton.library.articles() == []


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (Ingest(paths=["/nowhere/at/all"]), "There is nothing at /nowhere/at/all"),
        (Sync(ids=["other"]), "There is no source 'other'"),
        (AddSource(kind="gopher", label="", options={}), "There is no kind of source 'gopher'. The kinds are: "),
        (RemoveSource(id="other"), "There is no source 'other'"),
        (RollBack(number=7), "There is no version 7 any more"),
        (Diff(before=1, after=2), "There is no version 1 any more"),
    ],
)
async def test_what_cannot_be_done_is_the_last_line_in_words(
    holding: Served, command: KnowledgeCommand, words: str
) -> None:
    result = await carried_out(holding, command)
    assert list(result) == ["error"]
    assert words in result["error"]


async def test_only_known_commands_of_this_machine_are_taken(holding: Served) -> None:
    assert (await lines(holding, "sources", {}, token="wrong"))[0] == 401
    assert (await lines(holding, "format-disk", {}))[0] == 404
    status, (problem,) = await lines(holding, "rollback", {"number": "one"})
    assert (status, problem["code"]) == (422, "invalid_request")
    assert (await lines(holding, "sources", {"more": 1}))[0] == 422
