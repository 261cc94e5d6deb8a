"""Evaluations in the console: runs, two of them compared, one result with its turns, and what a person says of it."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated

import pydantic
from fastapi import APIRouter, Query, Response
from pydantic import Field

from app.console_api import Me
from app.errors import Problem, Refused
from app.eval_comparing import compare_runs
from app.schemas import Request, Shape
from app.widget_api import BatonHere
from app.wiring import Baton
from conversations.evaluation_store import EvaluationResult, EvaluationRun, Verdict

SHOWN_RUNS = 200
NO_RUN = Problem(status=404, code="not_found", detail="There is no such run.")
_NO_RESULT = Problem(status=404, code="not_found", detail="This run has no such result.")

router = APIRouter(prefix="/console/v1/evals", tags=["evaluations"])

SampleId = Annotated[str, Query(max_length=200)]
Number = Annotated[int, Query(ge=0)]


class RunShape(Shape):
    """`passed` counts trials."""

    id: str
    name: str
    made_at: datetime
    samples: int
    trials: int
    passed: int


class RunList(Shape):
    runs: list[RunShape]


class ResultShape(Shape):
    """`row` has the scores by name in `values` and, of those that failed, why in `failed`."""

    sample_id: str
    number: int
    passed: bool
    row: dict[str, pydantic.JsonValue]
    verdict: Verdict | None
    note: str


class OneRun(Shape):
    """`summary` are the figures as the run told them; results are small, failed ones first."""

    run: RunShape
    summary: dict[str, pydantic.JsonValue]
    results: list[ResultShape]


class WholeResultShape(Shape):
    run: RunShape
    result: ResultShape
    sample: dict[str, pydantic.JsonValue]
    trial: dict[str, pydantic.JsonValue]


class ScoreMovedShape(Shape):
    name: str
    samples: int
    before: float
    after: float
    better: int
    worse: int
    p: float


class SampleMovedShape(Shape):
    sample_id: str
    before: float
    after: float


class ComparedShape(Shape):
    before: RunShape
    after: RunShape
    samples: int
    only_before: int
    only_after: int
    scores: list[ScoreMovedShape]
    moved: list[SampleMovedShape]


class Label(Request):
    """None takes back what was said."""

    sample_id: str = Field(max_length=200)
    number: int = Field(ge=0)
    verdict: Verdict | None
    note: str = Field(default="", max_length=2_000)


@router.get("/runs")
async def runs(baton: BatonHere, me: Me) -> RunList:
    return RunList(runs=[_run(one) for one in await baton.evaluations.runs(limit=SHOWN_RUNS)])


@router.get("/runs/{run_id}")
async def run(run_id: str, baton: BatonHere, me: Me) -> OneRun:
    found = await _found(baton, run_id)
    results = await baton.evaluations.results(run_id)
    return OneRun(run=_run(found), summary=found.summary, results=[_result(one) for one in results])


@router.delete("/runs/{run_id}", status_code=204)
async def remove(run_id: str, baton: BatonHere, me: Me) -> Response:
    if not await baton.evaluations.remove_run(run_id):
        raise Refused(NO_RUN)
    return Response(status_code=204)


@router.get("/runs/{run_id}/result")
async def result(run_id: str, sample_id: SampleId, baton: BatonHere, me: Me, number: Number = 0) -> WholeResultShape:
    """A sample's id may hold any sign, so that it is no part of the path."""
    found = await _found(baton, run_id)
    whole = await baton.evaluations.result(run_id, sample_id, number)
    if whole is None:
        raise Refused(_NO_RESULT)
    return WholeResultShape(run=_run(found), result=_result(whole.result), sample=whole.sample, trial=whole.trial)


@router.put("/runs/{run_id}/label", status_code=204)
async def label(run_id: str, body: Label, baton: BatonHere, me: Me) -> Response:
    place = (run_id, body.sample_id, body.number)
    if not await baton.evaluations.label(place, body.verdict, note=body.note, by=me.id):
        raise Refused(_NO_RESULT)
    return Response(status_code=204)


@router.get("/compare")
async def compare(before: str, after: str, baton: BatonHere, me: Me) -> ComparedShape:
    first, second = await _found(baton, before), await _found(baton, after)
    compared = compare_runs(await baton.evaluations.results(before), await baton.evaluations.results(after))
    return ComparedShape(
        before=_run(first),
        after=_run(second),
        samples=compared.samples,
        only_before=compared.only_before,
        only_after=compared.only_after,
        scores=[ScoreMovedShape(**asdict(one)) for one in compared.scores],
        moved=[SampleMovedShape(**asdict(one)) for one in compared.moved],
    )


async def _found(baton: Baton, run_id: str) -> EvaluationRun:
    found = await baton.evaluations.run(run_id)
    if found is None:
        raise Refused(NO_RUN)
    return found


def _run(one: EvaluationRun) -> RunShape:
    return RunShape(
        id=one.id, name=one.name, made_at=one.made_at, samples=one.samples, trials=one.trials, passed=one.passed
    )


def _result(one: EvaluationResult) -> ResultShape:
    return ResultShape(
        sample_id=one.sample_id,
        number=one.number,
        passed=one.passed,
        row=one.row,
        verdict=one.verdict,
        note=one.note,
    )
