from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from knowledge_base.building import build_version
from knowledge_base.embedding import HashingEmbedder
from knowledge_base.entries import content_hash
from knowledge_base.knowledge_base import InvalidSource, KnowledgeBase, KnowledgeBaseDamaged, Missing
from knowledge_base.records import StoredArticle
from knowledge_base.registry import SourceRegistry
from knowledge_base.vectors import ScanOnly
from knowledge_base.version import VersionFolder, empty_version
from tests.knowledge_base.shelf import Shelves
from tests.knowledge_base.shop import article, write_jsonl


@pytest.fixture
def registry(tmp_path: Path) -> SourceRegistry:
    return SourceRegistry(tmp_path, Shelves().kinds)


def reopened(tmp_path: Path) -> SourceRegistry:
    return SourceRegistry(tmp_path, Shelves().kinds)


def add(registry: SourceRegistry, location: str, name: str = "", **options: str) -> str:
    return registry.add(registry.new_source("shelf", name, {"location": location, **options})).id


def ids(registry: SourceRegistry) -> list[str]:
    return [config.id for config in registry.configured()]


def made_before(root: Path, source: str) -> None:
    """A live version of one article that names the path it came from."""
    folder, embedder = VersionFolder(root), HashingEmbedder()
    apples = article("apples", "Red.", "Apples")
    wanted = [StoredArticle(article=apples, source=source, content_hash=content_hash(apples))]
    before = empty_version(embedder.name, embedder.dimensions)
    build_version(folder.begin(1), wanted, before, embedder=embedder, progress=lambda stage, done, total: None)
    folder.finish(1)
    folder.switch(1)


def test_sources_are_kept_in_the_order_in_which_they_were_added(registry: SourceRegistry, tmp_path: Path) -> None:
    first, second = add(registry, "b", "Zoo"), add(registry, "a", "Ant")
    assert ids(registry) == ids(reopened(tmp_path)) == ["written", first, second]
    assert first.startswith("zoo-")
    assert registry.get(first) == reopened(tmp_path).get(first)


def test_the_same_place_has_the_same_id_and_is_added_once(registry: SourceRegistry) -> None:
    assert registry.new_source("shelf", "", {"location": "b"}).id == add(registry, "b")
    with pytest.raises(InvalidSource, match="This is a source already: b"):
        add(registry, "b", "Another name")
    with pytest.raises(InvalidSource, match="already"):
        add(registry, "b", token="another token")


@pytest.mark.parametrize(
    ("kind", "options", "words"),
    [
        ("shop", {}, "There is no kind of source 'shop'. The kinds are: .*shelf"),
        ("shelf", {}, "Shelf: please give Shelf"),
        ("shelf", {"location": "b", "colour": "red"}, "there is no option 'colour', but: location, token, order"),
        ("shelf", {"location": "b", "order": "left"}, "Order must be one of: up, down"),
        ("jsonl", {"location": "/nowhere/at/all.jsonl"}, "There is nothing at"),
    ],
)
def test_unusable_options_are_told_in_words(
    registry: SourceRegistry, kind: str, options: dict[str, str], words: str
) -> None:
    with pytest.raises(InvalidSource, match=words):
        registry.new_source(kind, "", options)


def test_a_secret_is_kept_from_everybody_but_the_source(registry: SourceRegistry, tmp_path: Path) -> None:
    source = add(registry, "b", token="hush")
    state = registry.state(registry.get(source), 3, running=False)
    assert state.config.options == {"location": "b"}
    assert state.secrets_set == {"token"}
    assert "hush" not in repr(state)
    assert stat.S_IMODE((tmp_path / "sources.json").stat().st_mode) == 0o600
    assert reopened(tmp_path).get(source).options["token"] == "hush"


def test_a_change_keeps_the_secrets_that_are_not_given_and_drops_other_options(registry: SourceRegistry) -> None:
    source = add(registry, "b", "Shelf b", token="hush", order="up")
    with registry.memory(source) as memory:
        memory.put("page", {"etag": "1"})
    changed = registry.change(source, "Better name", {"location": "b", "order": "up"})
    assert (changed.name, changed.options) == ("Better name", {"location": "b", "order": "up", "token": "hush"})
    with registry.memory(source) as memory:
        assert memory.keys() == ["page"]
    changed = registry.change(source, "", {"location": "c", "token": "new"})
    assert (changed.id, changed.name, changed.options) == (source, "Better name", {"location": "c", "token": "new"})
    with registry.memory(source) as memory:
        assert memory.keys() == [], "it was about another place"
    with pytest.raises(InvalidSource):
        registry.change(source, "", {})
    with pytest.raises(Missing):
        registry.change("other", "", {})
    with pytest.raises(InvalidSource):
        registry.change("written", "", {})


def test_a_source_that_moved_leaves_its_old_place_to_another(registry: SourceRegistry) -> None:
    first = add(registry, "b")
    registry.change(first, "", {"location": "c"})
    second = add(registry, "b")
    assert ids(registry) == ["written", first, f"{first}-2"] == ["written", first, second]


def test_a_removed_source_leaves_neither_secret_nor_memory(registry: SourceRegistry, tmp_path: Path) -> None:
    source = add(registry, "b", token="hush")
    with registry.memory(source) as memory:
        memory.put("page", {"etag": "1"})
    registry.remove(source)
    assert ids(registry) == ["written"]
    assert "hush" not in (tmp_path / "sources.json").read_text()
    assert not (tmp_path / "sources" / source).exists()
    with pytest.raises(Missing, match="The sources are: none yet"):
        registry.get(source)
    with pytest.raises(InvalidSource):
        registry.remove("written")
    registry.bring_back({source})
    assert ids(reopened(tmp_path)) == ["written", source]


def test_a_removed_source_can_be_added_again(registry: SourceRegistry) -> None:
    source = add(registry, "b")
    registry.remove(source)
    assert add(registry, "b") == source


def test_a_damaged_file_is_told_and_not_taken_for_no_sources(registry: SourceRegistry, tmp_path: Path) -> None:
    add(registry, "b")
    (tmp_path / "sources.json").write_text('{"sources": [{"id"')
    with pytest.raises(KnowledgeBaseDamaged, match=r"sources.json is damaged. Delete it and add the sources again"):
        reopened(tmp_path)


def test_a_kind_that_is_gone_shows_no_option_at_all(registry: SourceRegistry, tmp_path: Path) -> None:
    add(registry, "b", token="hush")
    records = json.loads((tmp_path / "sources.json").read_text())
    records["sources"][0]["kind"] = "gopher"
    (tmp_path / "sources.json").write_text(json.dumps(records))
    again = reopened(tmp_path)
    state = again.state(again.configured()[1], 0, running=False)
    assert (state.config.kind, state.config.options) == ("gopher", {})
    assert state.secrets_set == {"location", "token"}
    again.remove(state.config.id)
    assert "hush" not in (tmp_path / "sources.json").read_text()


def test_articles_from_before_sources_were_configured_keep_their_sources(tmp_path: Path) -> None:
    here = write_jsonl(tmp_path / "help.jsonl", {"apples": ("Apples", "Red.")})
    folder = tmp_path / "knowledge"
    made_before(folder, str(here))
    knowledge = KnowledgeBase.open(folder, HashingEmbedder(), vectors=ScanOnly())
    (state,) = knowledge.sources()
    assert (state.config.kind, state.config.options, state.articles) == ("jsonl", {"location": str(here)}, 1)
    assert knowledge.source_of("apples") == state.config.id
    for _ in range(2):
        knowledge.sync()
        assert knowledge.version == "2", "the articles name their source by its id now"
    write_jsonl(here, {"apples": ("Apples", "Green.")})
    assert knowledge.sync().changed == 1
    knowledge.close()


def test_articles_whose_path_is_gone_stay_until_their_source_is_removed(tmp_path: Path) -> None:
    made_before(tmp_path, "/gone/help.jsonl")
    knowledge = KnowledgeBase.open(tmp_path, HashingEmbedder(), vectors=ScanOnly())
    report = knowledge.sync()
    assert "nothing at /gone/help.jsonl" in str(report.sources[0].failed)
    assert knowledge.article("apples") is not None
    knowledge.remove_source(report.sources[0].source)
    assert knowledge.articles() == []
    knowledge.close()
