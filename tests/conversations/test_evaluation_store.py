from __future__ import annotations

from collections.abc import Iterator

import pytest

from conversations.evaluation_store import Evaluations, NewResult
from tests.conftest import Record


@pytest.fixture
def evaluations(record: Record) -> Evaluations:
    return Evaluations(record.database, clock=record.clock, new_id=record.new_id)


def result(sample: str, number: int = 0, *, passed: bool = True) -> NewResult:
    return NewResult(
        sample_id=sample,
        number=number,
        passed=passed,
        row={"sample": sample, "values": {"decision": float(passed)}},
        sample={"id": sample},
        trial={"sample": sample, "number": number},
    )


async def test_a_run_is_there_with_its_results_the_failed_first(evaluations: Evaluations) -> None:
    run_id = await evaluations.add_run(
        "demo", {"overall": 0.5}, [result("a"), result("b", passed=False), result("a", 1, passed=False)]
    )
    run = await evaluations.run(run_id)
    assert run is not None
    assert (run.name, run.samples, run.trials, run.passed, run.summary) == ("demo", 2, 3, 1, {"overall": 0.5})
    found = await evaluations.results(run_id)
    assert [(one.sample_id, one.number, one.passed) for one in found] == [
        ("a", 1, False),
        ("b", 0, False),
        ("a", 0, True),
    ]
    whole = await evaluations.result(run_id, "a", 1)
    assert whole is not None
    assert (whole.sample, whole.trial) == ({"id": "a"}, {"sample": "a", "number": 1})
    assert await evaluations.result(run_id, "a", 2) is None


async def test_runs_are_listed_newest_first(evaluations: Evaluations, record: Record) -> None:
    first = await evaluations.add_run("first", {}, [])
    record.clock.advance(seconds=1)
    second = await evaluations.add_run("second", {}, [])
    assert [run.id for run in await evaluations.runs(limit=5)] == [second, first]
    assert [run.id for run in await evaluations.runs(limit=1)] == [second]


async def test_a_run_that_breaks_off_while_it_is_written_leaves_nothing(evaluations: Evaluations) -> None:
    def broken() -> Iterator[NewResult]:
        yield from (result(f"s{number}") for number in range(250))
        raise OSError("the file ended")

    with pytest.raises(OSError, match="the file ended"):
        await evaluations.add_run("broken", {}, broken())
    assert await evaluations.runs(limit=5) == []


async def test_more_results_than_are_written_at_once_are_all_there(evaluations: Evaluations) -> None:
    run_id = await evaluations.add_run("large", {}, (result(f"s{number:04}") for number in range(450)))
    assert len(await evaluations.results(run_id)) == 450


async def test_what_a_person_says_of_a_result_stays_until_it_is_taken_back(
    evaluations: Evaluations, record: Record
) -> None:
    await record.people.add_human_agent("noor@shop.example", display_name="Noor", password_hash="x")
    noor = (await record.people.human_agents())[0]
    run_id = await evaluations.add_run("demo", {}, [result("a")])
    place = (run_id, "a", 0)
    assert await evaluations.label(place, "wrong", note="It is 30 days.", by=noor.id)
    labelled = (await evaluations.results(run_id))[0]
    assert (labelled.verdict, labelled.note) == ("wrong", "It is 30 days.")
    assert await evaluations.label(place, None, note="x", by=noor.id)
    assert [(one.verdict, one.note) for one in await evaluations.results(run_id)] == [(None, "")]
    assert not await evaluations.label((run_id, "b", 0), "right", note="", by=noor.id)


async def test_a_run_goes_with_its_results(evaluations: Evaluations) -> None:
    kept_id = await evaluations.add_run("kept", {}, [result("a")])
    gone_id = await evaluations.add_run("gone", {}, [result("a")])
    assert await evaluations.remove_run(gone_id)
    assert not await evaluations.remove_run(gone_id)
    assert await evaluations.results(gone_id) == []
    assert len(await evaluations.results(kept_id)) == 1
