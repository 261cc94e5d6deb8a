"""Regressions seeded on purpose: each is caught by the gate on the samples meant for it, and another seed is not.

A sample of every suite runs by default; `pytest -m proof tests/evals/test_regressions.py -s` runs the whole suites, and
both print what was lost.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest
from rich.console import Console

from agent.draft import SentenceSupport
from agent.grounding import Source, check
from agent.responders import llm_text
from app.scripted_replies import ChatRequest, ScriptedReply, helpful_reply
from app.settings import Settings
from evals import sandbox
from evals.comparing import compare
from evals.gate import Verdict, judge
from evals.results import Header, ResultsFile, read_results
from evals.rows import Row
from evals.run_command import Wanted, grounds_for, scored, system_of
from evals.runner import Standing, run
from evals.sample import Sample
from evals.sample_files import read_samples
from evals.sandbox import Grounds
from knowledge_base.model import SearchResult
from tests.journeys.running import scripted_model
from tools.policy_check import check as unsound
from tools.policy_rules import read_policy

SUITES: Final = Path(__file__).parents[2] / "evals" / "datasets" / "suites"
POLICY: Final = Path(__file__).parents[2] / "tools" / "refund_policy.toml"
ACTIONS: Final = frozenset({"refund_within_policy", "refund_above_a_limit", "refund_against_policy", "cancellation"})
SIZES: Final = [pytest.param(False, id="sample"), pytest.param(True, id="whole", marks=pytest.mark.proof)]

pytestmark = [pytest.mark.model, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def grounds(data_dir: Path) -> Iterator[Grounds]:
    """The demo shop with all of its help center."""
    settings = Settings(data_dir=data_dir, demo=True, _env_file=None)
    with grounds_for(settings, Wanted(files=(), demo=True), Console(quiet=True)) as found:
        yield found


def suite(name: str) -> list[Sample]:
    return read_samples([SUITES / f"{name}.jsonl"])


def questions() -> list[Sample]:
    """Samples of one question that an article answers."""
    return [one for one in suite("demo") if one.question and one.expect.relevant and one.expect.says]


def actions() -> list[Sample]:
    return [one for one in suite("demo") if ACTIONS & set(one.tags)]


def some(samples: Sequence[Sample], most: int, *, whole: bool) -> list[Sample]:
    """Evenly spread over the samples; all of them for the whole proof."""
    return list(samples) if whole else list(samples[:: max(1, len(samples) // most)])


async def rows_of(grounds: Grounds, samples: Sequence[Sample], path: Path, *, lanes: int = 2) -> list[Row]:
    header = Header(
        run=path.stem, started="", trials=1, samples=len(samples), system=system_of(grounds, [SUITES / "demo.jsonl"])
    )
    results = ResultsFile.open(path, header, list(samples))
    try:
        await run(grounds, samples, results, lanes, _unwatched)
    finally:
        results.close()
    rows = await asyncio.to_thread(scored, read_results(path), {one.id: one for one in samples})
    assert len(rows) == len(samples)
    assert not [row.error for row in rows if row.error]
    return rows


def verdict_on(before: Sequence[Row], after: Sequence[Row]) -> Verdict:
    verdict = judge(compare(before, after), after)
    print(*verdict.lines, sep="\n")  # noqa: T201 - read by whoever runs the proof
    return verdict


def lost(verdict: Verdict) -> set[str]:
    return {one.name for one in verdict.losses}


@pytest.mark.parametrize("whole", SIZES)
async def test_worse_retrieval_is_caught_by_the_questions(
    grounds: Grounds, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, whole: bool
) -> None:
    asked = some(questions(), 45, whole=whole)
    before = await rows_of(grounds, asked, tmp_path / "before.jsonl")
    monkeypatch.setattr(grounds.knowledge, "search", _without_the_best(grounds.knowledge.search))
    after = await rows_of(grounds, asked, tmp_path / "after.jsonl")
    assert {"passed", "mrr"} <= lost(verdict_on(before, after))


@pytest.mark.parametrize("whole", SIZES)
async def test_a_policy_without_its_limits_is_caught_by_the_actions(
    grounds: Grounds, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, whole: bool
) -> None:
    asked = some(actions(), 60, whole=whole)
    before = await rows_of(grounds, asked, tmp_path / "before.jsonl")
    text = "example = []\n" + POLICY.read_text(encoding="utf-8").partition("# --- Examples")[0]
    for rule in ("final_sale", "return_too_late", "reported_too_late"):
        start = text.index(f'id = "{rule}"')
        text = text[:start] + text[start:].replace('give = "no"', 'give = "refund"', 1)
    for limit in ("15000", "12000", "30000", "24000"):
        text = text.replace(f"= {limit}", "= 10000000")
    loose = tmp_path / "policy.toml"
    loose.write_text(text.replace("refunds_per_customer_week = 3", "refunds_per_customer_week = 99"), encoding="utf-8")
    policy = read_policy(loose)
    assert unsound(policy), "the service would not even start with it"
    monkeypatch.setattr(sandbox, "sound_policy", lambda _: policy)
    after = await rows_of(grounds, asked, tmp_path / "after.jsonl")
    assert "passed" in lost(verdict_on(before, after))


@pytest.mark.parametrize("whole", SIZES)
async def test_grounding_that_is_off_is_caught_by_the_answers_of_a_model(
    grounds: Grounds, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, whole: bool
) -> None:
    asked = some(questions(), 25, whole=whole)
    async with scripted_model(script=_adds_a_promise) as url:
        settings = grounds.settings.model_copy(update={"llm_base_url": url, "llm_model": "scripted"})
        answering = replace(grounds, settings=settings)
        before = await rows_of(answering, asked, tmp_path / "before.jsonl")
        failed = [row.sample for row in before if "grounding" in row.failed]
        assert len(failed) <= len(before) / 20, "what the model adds is left out"
        monkeypatch.setattr(llm_text, "check", _believes_everything)
        after = await rows_of(answering, asked, tmp_path / "after.jsonl")
    assert "grounding" in lost(verdict_on(before, after))


@pytest.mark.parametrize("whole", SIZES)
async def test_the_same_again_in_another_order_is_no_loss(grounds: Grounds, tmp_path: Path, *, whole: bool) -> None:
    asked = some(suite("demo"), 45, whole=whole)
    before = await rows_of(grounds, asked, tmp_path / "before.jsonl")
    after = await rows_of(grounds, asked[::-1], tmp_path / "after.jsonl", lanes=3)
    assert {row.sample: row.values for row in before} == {row.sample: row.values for row in after}
    assert verdict_on(before, after).passed


@pytest.mark.parametrize("whole", SIZES)
async def test_customers_played_with_other_seeds_are_no_loss(grounds: Grounds, tmp_path: Path, *, whole: bool) -> None:
    played = some(suite("simulated"), 16, whole=whole)
    runs = [
        await rows_of(grounds, [_reseeded(one, by) for one in played], tmp_path / f"seed-{by}.jsonl")
        for by in (0, 1000, 2000, 3000)[: 4 if whole else 2]
    ]
    assert any(row.values != other.values for row, other in zip(runs[0], runs[1], strict=True)) or not whole
    alarms = [one for one in runs for other in runs if one is not other and not verdict_on(one, other).passed]
    assert not alarms


def _unwatched(_: Standing) -> None:
    pass


def _without_the_best(search: Callable[..., SearchResult]) -> Callable[..., SearchResult]:
    """For one question in three the article that ranks first is not found."""

    def worse(question: str, **asked: object) -> SearchResult:
        found = search(question, **asked)
        if not found.hits or zlib.crc32(question.encode()) % 3:
            return found
        best = found.hits[0].passage.article_id
        return replace(found, hits=tuple(hit for hit in found.hits if hit.passage.article_id != best))

    return worse


def _adds_a_promise(asked: ChatRequest) -> ScriptedReply:
    """The helpful script, and a promise of its own behind whatever it quotes."""
    reply = helpful_reply(asked)
    return (
        replace(reply, text=f"{reply.text} You also get 40 dollars of credit for waiting. [1]") if reply.text else reply
    )


def _believes_everything(text: str, sources: Sequence[Source], **_: object) -> tuple[SentenceSupport, ...]:
    found = check(text, sources)
    return tuple(replace(one, source=one.source or sources[0].id) if sources else one for one in found)


def _reseeded(sample: Sample, by: int) -> Sample:
    assert sample.simulated is not None
    other = sample.simulated.model_copy(update={"seed": sample.simulated.seed + by})
    return sample.model_copy(update={"simulated": other})
