"""A run of samples in the record, where the console shows it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any, Final

from pydantic import JsonValue, TypeAdapter

from app.settings import Settings
from app.wiring import new_id, utc_now
from conversations.database import open_database
from conversations.evaluation_store import Evaluations, NewResult
from conversations.model import JsonObject
from evals.results import read_results
from evals.run_command import Ran
from evals.run_figures import figures_of

_JSON: Final = TypeAdapter(dict[str, JsonValue])
_ANY: Final = TypeAdapter(dict[str, Any])


async def record_run(settings: Settings, ran: Ran, verdict: Sequence[str]) -> str:
    """Keep it, with every trial, in the record of these settings; its id there. Raises what `open_database` raises.

    A file of results that is finished and there already is not kept twice: people may have labelled its trials.
    """
    settings.home.mkdir(parents=True, exist_ok=True)
    database = await open_database(settings.record_url)
    try:
        evaluations = Evaluations(database, clock=utc_now, new_id=new_id)
        known = await evaluations.run(ran.header.run) is not None
        if known and not ran.standing.done:
            return ran.header.run
        name, run_id = ", ".join(ran.header.system.files), None if known else ran.header.run
        return await evaluations.add_run(name, summary_of(ran, verdict), _results(ran), run_id=run_id)
    finally:
        await database.close()


def summary_of(ran: Ran, verdict: Sequence[str]) -> JsonObject:
    """What the console's page of a run shows above its trials. What was not measured is null."""
    figures = figures_of(ran.rows)
    told = {
        "overall": asdict(figures.overall),
        "pass_hats": {str(k): asdict(figure) for k, figure in figures.pass_hats.items()},
        "scores": [asdict(one) for one in figures.scores],
        "by_tag": [{"tag": tag, "figure": asdict(figure)} for tag, figure in figures.by_tag],
        "median": figures.median,
        "p95": figures.p95,
        "power": str(figures.power),
        "verdict": list(verdict),
    }
    return _JSON.validate_json(_ANY.dump_json(told))


def _results(ran: Ran) -> Iterator[NewResult]:
    rows = {(row.sample, row.number): row for row in ran.rows}
    for trial in read_results(ran.path).trials():
        row = rows.get((trial.sample, trial.number))
        if row is not None:
            yield NewResult(
                sample_id=row.sample,
                number=row.number,
                passed=row.passed,
                row=_JSON.validate_json(row.as_json()),
                sample=_JSON.validate_json(ran.samples[row.sample].model_dump_json(exclude_defaults=True)),
                trial=_JSON.validate_json(trial.as_json()),
            )
