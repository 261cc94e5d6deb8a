from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.eval_comparing import compare_runs, sign_test
from conversations.evaluation_store import EvaluationResult, NewResult
from conversations.model import JsonObject, Role
from tests.app.serving import Served, serving

EVALS = "/console/v1/evals"
HOSTILE = "</script><b>x</b>"


@pytest.fixture
async def served(database_url: str, tmp_path: Path) -> AsyncIterator[Served]:
    async with serving(database_url, tmp_path) as running:
        yield running


def new(sample: str, *, passed: bool = True) -> NewResult:
    return NewResult(
        sample_id=sample,
        number=0,
        passed=passed,
        row={"sample": sample, "asked": HOSTILE, "values": {"decision": float(passed)}, "failed": {}},
        sample={"id": sample},
        trial={"sample": sample, "messages": [{"role": "customer", "text": HOSTILE}]},
    )


def result(sample: str, value: float) -> EvaluationResult:
    row: JsonObject = {"values": {"mrr": value, "odd": "text"}}
    return EvaluationResult(sample_id=sample, number=0, passed=value == 1, row=row, verdict=None, note="")


async def test_a_run_its_results_and_one_of_them_in_full(served: Served) -> None:
    noor = await served.console()
    run_id = await served.baton.evaluations.add_run("demo", {"samples": 2}, [new("a"), new("b/ü?", passed=False)])
    listed = (await noor.client.get(f"{EVALS}/runs")).json()["runs"]
    assert [(run["name"], run["trials"], run["passed"]) for run in listed] == [("demo", 2, 1)]
    run = (await noor.client.get(f"{EVALS}/runs/{run_id}")).json()
    assert run["summary"] == {"samples": 2}
    assert [one["sample_id"] for one in run["results"]] == ["b/ü?", "a"]
    whole = await noor.client.get(f"{EVALS}/runs/{run_id}/result", params={"sample_id": "b/ü?"})
    assert whole.json()["trial"]["messages"][0]["text"] == HOSTILE
    missing = await noor.client.get(f"{EVALS}/runs/{run_id}/result", params={"sample_id": "a", "number": 7})
    assert missing.status_code == 404


async def test_what_a_person_says_of_a_result_is_kept_and_on_the_log(served: Served) -> None:
    noor = await served.console()
    run_id = await served.baton.evaluations.add_run("demo", {}, [new("a")])
    body = {"sample_id": "a", "number": 0, "verdict": "wrong", "note": "30 days"}
    assert (await noor.client.put(f"{EVALS}/runs/{run_id}/label", json=body)).status_code == 204
    said = (await noor.client.get(f"{EVALS}/runs/{run_id}")).json()["results"][0]
    assert (said["verdict"], said["note"]) == ("wrong", "30 days")
    lines = await served.baton.audit.lines(before=None, limit=5)
    assert any(line.did == f"PUT {EVALS}/runs/{{run_id}}/label" for line in lines)
    for bad in ({**body, "verdict": "maybe"}, {**body, "number": -1}):
        assert (await noor.client.put(f"{EVALS}/runs/{run_id}/label", json=bad)).status_code == 422
    nothing = await noor.client.put(f"{EVALS}/runs/{run_id}/label", json={**body, "sample_id": "z"})
    assert nothing.status_code == 404


async def test_two_runs_compared(served: Served) -> None:
    noor = await served.console()
    evaluations = served.baton.evaluations
    before = await evaluations.add_run("before", {}, [new("a"), new("b"), new("c")])
    after = await evaluations.add_run("after", {}, [new("a", passed=False), new("b"), new("d")])
    found = (await noor.client.get(f"{EVALS}/compare", params={"before": before, "after": after})).json()
    assert (found["samples"], found["only_before"], found["only_after"]) == (2, 1, 1)
    assert found["moved"] == [{"sample_id": "a", "before": 1.0, "after": 0.0}]
    assert [(one["name"], one["better"], one["worse"], one["p"]) for one in found["scores"]] == [
        ("passed", 0, 1, 1.0),
        ("decision", 0, 1, 1.0),
    ]
    gone = await noor.client.get(f"{EVALS}/compare", params={"before": before, "after": "nothing"})
    assert gone.status_code == 404


async def test_a_run_is_removed(served: Served) -> None:
    noor = await served.console()
    run_id = await served.baton.evaluations.add_run("demo", {}, [new("a")])
    assert (await noor.client.delete(f"{EVALS}/runs/{run_id}")).status_code == 204
    assert (await noor.client.delete(f"{EVALS}/runs/{run_id}")).status_code == 404
    assert (await noor.client.get(f"{EVALS}/runs")).json() == {"runs": []}


async def test_human_agents_do_not_see_evaluations_and_leads_do(served: Served) -> None:
    await served.console("boss@shop.example", "Boss")
    noor = await served.console()
    for role, status in ((Role.HUMAN_AGENT, 403), (Role.LEAD, 200)):
        await served.baton.team.set_role(noor.me["id"], role)
        assert (await noor.client.get(f"{EVALS}/runs")).status_code == status


def test_scores_are_compared_over_the_samples_that_have_them_in_both_runs() -> None:
    found = compare_runs([result("a", 1), result("b", 0.5)], [result("a", 0.5), result("b", 0.25), result("c", 1)])
    mrr = next(one for one in found.scores if one.name == "mrr")
    assert (mrr.samples, mrr.before, mrr.after, mrr.better, mrr.worse, mrr.p) == (2, 0.75, 0.375, 0, 2, 0.5)
    assert [one.sample_id for one in found.moved] == ["a"]
    assert not any(one.name == "odd" for one in found.scores)


@pytest.mark.parametrize(("better", "worse", "p"), [(0, 0, 1.0), (1, 9, 0.021484375), (9, 1, 0.021484375), (5, 5, 1.0)])
def test_the_sign_test_is_exact(better: int, worse: int, p: float) -> None:
    assert sign_test(better, worse) == p
