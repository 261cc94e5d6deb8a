"""Runs of evaluations in the record, and what people said of their results.

What a sample, a trial and a row hold is the evals' own: here they are plain JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Final, Literal

from sqlalchemy import Row, Select, delete, insert, select, update

from conversations import tables
from conversations.database import Database
from conversations.evaluation_samples import EvaluationSamples
from conversations.model import HumanAgentId, JsonObject

Verdict = Literal["right", "wrong"]
_AT_ONCE: Final = 200
"""Results written in one statement: a run of ten thousand must not be in memory whole."""
_r, _t = tables.evaluation_runs.c, tables.evaluation_results.c


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationRun:
    """`passed` counts trials; `summary` are the figures of the run as `baton eval` told them."""

    id: str
    name: str
    made_at: datetime
    samples: int
    trials: int
    passed: int
    summary: JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationResult:
    """One scored trial, small: `row` has its scores. `verdict` is what a person said of it, None until then."""

    sample_id: str
    number: int
    passed: bool
    row: JsonObject
    verdict: Verdict | None
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeResult:
    result: EvaluationResult
    sample: JsonObject
    trial: JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class NewResult:
    sample_id: str
    number: int
    passed: bool
    row: JsonObject
    sample: JsonObject
    trial: JsonObject


class Evaluations:
    def __init__(self, database: Database, *, clock: Callable[[], datetime], new_id: Callable[[], str]) -> None:
        self._database = database
        self._clock = clock
        self._new_id = new_id
        self.made = EvaluationSamples(database, clock=clock, new_id=new_id)
        """Samples made of conversations."""

    async def add_run(
        self, name: str, summary: JsonObject, results: Iterable[NewResult], *, run_id: str | None = None
    ) -> str:
        """The id of the run; it is there with all of its results or not at all. They are counted as they are read.

        With `run_id` it gets that one, which must be free.
        """
        run_id = run_id or self._new_id()
        values: dict[str, Any] = {"id": run_id, "name": name[:200], "made_at": self._clock(), "summary": summary}
        count, passed, seen = 0, 0, set[str]()
        left = iter(results)
        async with self._database.write() as connection:
            await connection.execute(insert(tables.evaluation_runs).values(**values, samples=0, trials=0, passed=0))
            while some := list(islice(left, _AT_ONCE)):
                await connection.execute(insert(tables.evaluation_results), [_values(run_id, one) for one in some])
                count, passed = count + len(some), passed + sum(one.passed for one in some)
                seen |= {one.sample_id for one in some}
            counted = update(tables.evaluation_runs).where(_r.id == run_id)
            await connection.execute(counted.values(samples=len(seen), trials=count, passed=passed))
        return run_id

    async def runs(self, *, limit: int) -> list[EvaluationRun]:
        """Newest first."""
        query = select(tables.evaluation_runs).order_by(_r.made_at.desc(), _r.id.desc()).limit(limit)
        async with self._database.read() as connection:
            return [_run(row) for row in await connection.execute(query)]

    async def run(self, run_id: str) -> EvaluationRun | None:
        async with self._database.read() as connection:
            row = (await connection.execute(select(tables.evaluation_runs).where(_r.id == run_id))).one_or_none()
        return None if row is None else _run(row)

    async def remove_run(self, run_id: str) -> bool:
        """With all of its results and what was said of them. False where there is no such run."""
        async with self._database.write() as connection:
            await connection.execute(delete(tables.evaluation_results).where(_t.run_id == run_id))
            gone = await connection.execute(delete(tables.evaluation_runs).where(_r.id == run_id))
            return gone.rowcount == 1

    async def results(self, run_id: str) -> list[EvaluationResult]:
        """All of a run, small, failed ones first."""
        query = _small().where(_t.run_id == run_id).order_by(_t.passed, _t.sample_id, _t.number)
        async with self._database.read() as connection:
            return [_result(row) for row in await connection.execute(query)]

    async def result(self, run_id: str, sample_id: str, number: int) -> WholeResult | None:
        query = select(tables.evaluation_results).where(
            _t.run_id == run_id, _t.sample_id == sample_id, _t.number == number
        )
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else WholeResult(result=_result(row), sample=row.sample, trial=row.trial)

    async def label(self, place: tuple[str, str, int], verdict: Verdict | None, *, note: str, by: HumanAgentId) -> bool:
        """What a person says of (run, sample, number); None takes it back. False where there is no such result."""
        run_id, sample_id, number = place
        said: Mapping[str, object] = {
            "verdict": verdict,
            "note": note if verdict else None,
            "labelled_by": by if verdict else None,
            "labelled_at": self._clock() if verdict else None,
        }
        changed = update(tables.evaluation_results).where(
            _t.run_id == run_id, _t.sample_id == sample_id, _t.number == number
        )
        async with self._database.write() as connection:
            return (await connection.execute(changed.values(**said))).rowcount == 1


def _small() -> Select[Any]:
    return select(_t.sample_id, _t.number, _t.passed, _t.row, _t.verdict, _t.note)


def _values(run_id: str, one: NewResult) -> dict[str, object]:
    return {
        "run_id": run_id,
        "sample_id": one.sample_id,
        "number": one.number,
        "passed": one.passed,
        "row": one.row,
        "sample": one.sample,
        "trial": one.trial,
    }


def _run(row: Row[Any]) -> EvaluationRun:
    return EvaluationRun(
        id=row.id,
        name=row.name,
        made_at=row.made_at,
        samples=row.samples,
        trials=row.trials,
        passed=row.passed,
        summary=row.summary,
    )


def _result(row: Row[Any]) -> EvaluationResult:
    # By key: a row of results has an attribute `row` of its own, and one called `count` that is a method.
    values = row._mapping
    return EvaluationResult(
        sample_id=values["sample_id"],
        number=values["number"],
        passed=values["passed"],
        row=values["row"],
        verdict=values["verdict"],
        note=values["note"] or "",
    )
