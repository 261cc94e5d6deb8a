from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from knowledge_base.building import IngestStage, build_version
from knowledge_base.embedding import HashingEmbedder
from knowledge_base.lexical import tokens
from knowledge_base.model import Vectors
from knowledge_base.splitting import split, spoken
from knowledge_base.version import Version, VersionFolder, empty_version
from tests.knowledge_base.built import build, many_articles, stored
from tests.knowledge_base.shop import ARTICLES, article


def equal(one: Version, other: Version) -> bool:
    return (
        list(one.passages) == list(other.passages)
        and list(one.articles.items()) == list(other.articles.items())
        and np.array_equal(one.passage_vectors[:], other.passage_vectors[:])
        and np.array_equal(one.quote_vectors[:], other.quote_vectors[:])
        and np.array_equal(one.quote_starts, other.quote_starts)
        and np.array_equal(one.codes.signs, other.codes.signs)
        and np.array_equal(one.codes.bytes, other.codes.bytes)
        and np.array_equal(one.article_of, other.article_of)
        and all(np.allclose(one.lexical.scores([w]), other.lexical.scores([w])) for w in one.lexical.words)
    )


def test_rows_of_every_file_agree(tmp_path: Path) -> None:
    embedder = HashingEmbedder()
    articles = [article(identity) for identity in ARTICLES]
    version = build(tmp_path, articles)
    expected = [one for each in articles for one in split(each, embedder.count_tokens)]
    assert list(version.passages) == [one.passage for one in expected]
    assert version.passages[-1] == expected[-1].passage
    for row, one in enumerate(expected):
        np.testing.assert_array_equal(version.passage_vectors[row], embedder.encode([one.embedded])[0])
        quotes = version.quote_vectors[version.quote_starts[row] : version.quote_starts[row + 1]]
        wanted = embedder.encode([spoken(quote) for quote in one.passage.quotes]).astype(np.float16)
        np.testing.assert_array_equal(quotes, wanted)
        assert list(version.articles)[version.article_of[row]] == one.passage.article_id
        assert version.row_of(one.passage.id) == row
        stems = dict.fromkeys(tokens(one.words), 1.0)
        assert (version.lexical.parts_of(np.array([row]), stems) > 0).all()
    assert version.passage_ids(range(1, 4)) == [passage.id for passage in version.passages[1:4]]


def test_a_change_gives_what_building_anew_gives_and_embeds_only_what_changed(tmp_path: Path) -> None:
    before = [article("returns"), article("shipping"), article("warranty"), article("empty", " ", "No text")]
    embedder = HashingEmbedder()
    first = build(tmp_path, before, embedder=embedder)
    longer = article("warranty", "The warranty of the R4 lamp lasts two years. Keep the receipt.")
    after = [article("passwords"), article("shipping"), longer, article("returns", title="Give an item back")]
    embedder.encoded = 0
    second = build(tmp_path, after, first, embedder)
    assert equal(second, build(tmp_path / "anew", after))
    new_texts = {
        text
        for each in (article("passwords"), longer, after[-1])
        for one in split(each, embedder.count_tokens)
        for text in (one.embedded, *(spoken(quote) for quote in one.passage.quotes))
    }
    old_texts = {
        text
        for each in before
        for one in split(each, embedder.count_tokens)
        for text in (one.embedded, *(spoken(quote) for quote in one.passage.quotes))
    }
    assert 0 < embedder.encoded <= len(new_texts - old_texts) + 1, "a text both embedded and quoted counts twice"


def test_an_article_that_moves_to_another_source_embeds_nothing(tmp_path: Path) -> None:
    embedder = HashingEmbedder()
    live = build(tmp_path, [article("returns"), article("shipping")], embedder=embedder)
    embedder.encoded = 0
    folder = VersionFolder(tmp_path)
    moved = [replace(stored(article(identity)), source="elsewhere") for identity in ("shipping", "returns")]
    build_version(folder.begin(2), iter(moved), live, embedder=embedder, progress=lambda stage, done, total: None)
    folder.finish(2)
    after = folder.load(2)
    assert embedder.encoded == 0
    assert [after.articles.source(identity) for identity in after.articles] == ["elsewhere"] * 2
    assert after.passages[0].title == "Shipping times"


def test_another_encoder_reuses_nothing(tmp_path: Path) -> None:
    live = build(tmp_path, [article("returns")])
    other = HashingEmbedder(dimensions=64)
    assert build(tmp_path, [article("returns")], live, other).passage_vectors.shape == (len(live.passages), 64)


def test_no_articles_and_articles_without_text_give_an_empty_version(tmp_path: Path) -> None:
    assert not len(build(tmp_path / "none", []).passages)
    version = build(tmp_path / "blank", [article("blank", " ")])
    assert list(version.articles) == ["blank"]
    assert not version.lexical.top(["word"], 5).rows.size


class Stopping(HashingEmbedder):
    """Dies in the middle, as a process that is stopped does."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self._after = after

    def encode_each(self, texts: Sequence[str]) -> Iterator[Vectors]:
        for text in texts:
            if self.encoded >= self._after:
                raise InterruptedError
            yield self.encode([text])


def test_an_interrupted_build_goes_on_where_it_was(tmp_path: Path) -> None:
    articles = many_articles(300)
    whole = HashingEmbedder()
    anew = build(tmp_path / "anew", articles, embedder=whole)
    dying = Stopping(after=whole.encoded * 6 // 10)
    with pytest.raises(InterruptedError):
        build(tmp_path, articles, embedder=dying)
    assert VersionFolder(tmp_path).current() is None
    VersionFolder(tmp_path).sweep([])
    rest = HashingEmbedder()
    assert equal(build(tmp_path, articles, embedder=rest), anew)
    assert rest.encoded <= whole.encoded - dying.encoded + 256
    assert [path.name for path in (tmp_path / "versions").iterdir()] == ["1"], "nothing is left of the interruption"


def test_a_build_that_was_killed_goes_on_where_it_was(tmp_path: Path) -> None:
    builds = (
        "import time, sys; from pathlib import Path; from tests.knowledge_base.built import build, many_articles\n"
        "from knowledge_base.embedding import HashingEmbedder\n"
        "class Slow(HashingEmbedder):\n"
        "    def encode_each(self, texts):\n"
        "        for text in texts:\n"
        "            time.sleep(0.001); yield self.encode([text])\n"
        f"build(Path({str(tmp_path)!r}), many_articles(300), embedder=Slow())\n"
    )
    process = subprocess.Popen([sys.executable, "-c", builds])
    rows = tmp_path / "versions" / ".encoding"
    while not any(path.stat().st_size > 300_000 for path in rows.rglob("rows")):
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    whole, rest = HashingEmbedder(), HashingEmbedder()
    anew = build(tmp_path / "anew", many_articles(300), embedder=whole)
    assert equal(build(tmp_path, many_articles(300), embedder=rest), anew)
    assert rest.encoded <= whole.encoded - 250


def test_a_full_disk_is_an_error_and_leaves_the_live_version(tmp_path: Path) -> None:
    """A limit on the size of files stands in for the disk: writing past it fails the same way."""
    live = build(tmp_path, [article("returns")])
    builds = (
        "import resource; from pathlib import Path; from tests.knowledge_base.built import build, many_articles\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))\n"
        f"try: build(Path({str(tmp_path)!r}), many_articles(400))\n"
        "except OSError as full: print(full.errno)\n"
    )
    done = subprocess.run([sys.executable, "-c", builds], check=True, capture_output=True, text=True)
    assert int(done.stdout) > 0
    assert VersionFolder(tmp_path).current() == 1
    assert list(VersionFolder(tmp_path).load(1).passages) == list(live.passages)
    assert len(build(tmp_path, many_articles(400)).articles) == 400


def test_progress_tells_each_stage_and_its_end(tmp_path: Path) -> None:
    told: list[tuple[IngestStage, int, int]] = []
    wanted = [stored(one) for one in many_articles(60)]
    embedder = HashingEmbedder()
    build_version(
        VersionFolder(tmp_path).begin(1),
        wanted,
        empty_version(embedder.name, embedder.dimensions),
        embedder=embedder,
        progress=lambda stage, done, total: told.append((stage, done, total)),
    )
    assert (IngestStage.SPLITTING, 60, 60) in told
    encoding = [(done, total) for stage, done, total in told if stage is IngestStage.ENCODING]
    assert encoding[0][0] == 0
    assert encoding[-1] == (embedder.encoded, embedder.encoded)
    assert [done for done, _ in encoding] == sorted(done for done, _ in encoding)


def test_stopping_by_the_progress_changes_nothing(tmp_path: Path) -> None:
    live = build(tmp_path, [article("returns")])

    def stop(stage: IngestStage, done: int, total: int) -> None:
        if stage is IngestStage.ENCODING and done:
            raise KeyboardInterrupt

    folder = VersionFolder(tmp_path)
    wanted = [stored(one) for one in many_articles(10)]
    with pytest.raises(KeyboardInterrupt):
        build_version(folder.begin(2), wanted, live, embedder=HashingEmbedder(), progress=stop)
    assert folder.numbers() == [1]
    assert os.listdir(tmp_path / "versions" / "1")
