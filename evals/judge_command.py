"""`baton eval judge`: a run of the record before the configured model, beside what people said of it."""

from __future__ import annotations

import asyncio
from typing import Final

from pydantic import TypeAdapter, ValidationError
from rich.console import Console
from rich.progress import track

from agent.chat_model import ChatModel
from app.knowledge import chat_model_of
from app.settings import Settings
from app.wiring import new_id, utc_now
from conversations.database import DatabaseUnavailable, DatabaseUnsafe, open_database
from conversations.evaluation_store import EvaluationResult, Evaluations, Verdict
from evals.judging import Judged, judge, kappa
from evals.sample import Sample
from evals.statistics import share
from evals.trial import Trial

ENOUGH: Final = 100
"""Labels from which a judge may be trusted with a gate."""
_GIVE_UP_AFTER: Final = 8
_TRIAL: Final = TypeAdapter(Trial)
Told = tuple[EvaluationResult, Judged]


class CannotJudge(Exception):
    """The message says what to do."""


def judge_run(settings: Settings, run: str, most: int, out: Console, err: Console) -> None:
    """Judge at most so many trials of the run, labelled ones first. Raises CannotJudge."""
    try:
        name, told = asyncio.run(_judged(settings, run, most, err))
    except (DatabaseUnavailable, DatabaseUnsafe) as failure:
        raise CannotJudge(f"The record cannot be read: {failure}") from None
    for line in lines_of(name, told):
        out.print(line, markup=False, highlight=False)


def lines_of(name: str, told: list[Told]) -> list[str]:
    """What is said of a run whose trials were judged."""
    known = [(result, one) for result, one in told if one.verdict is not None]
    right = share([one.verdict == "right" for _, one in known])
    lines = [
        f"{name}: right by the judge {right.value:.1%} (95 % interval {right.low:.1%} to {right.high:.1%}) "
        f"of {right.n}; {len(told) - len(known)} not judged."
    ]
    both: list[tuple[Verdict, Verdict]] = [
        (one.verdict, result.verdict) for result, one in known if result.verdict and one.verdict
    ]
    if not both:
        return [
            *lines,
            "Nobody has labelled an answer of this run, so this figure is of unknown worth: label some in the console "
            "(Evals, the run, a trial) and judge again.",
        ]
    agreement = kappa([ours for ours, _ in both], [theirs for _, theirs in both])
    lines.append(
        f"Agreement with people on {agreement.n} labelled answers: kappa {agreement.value:.2f} "
        f"(95 % interval {agreement.low:.2f} to {agreement.high:.2f})."
    )
    if agreement.n < ENOUGH:
        lines.append(f"Fewer than {ENOUGH} labels: do not decide anything by this judge yet.")
    split = [(result, one) for result, one in known if result.verdict and result.verdict != one.verdict]
    return lines + [
        f"  {result.sample_id}: {result.verdict} for a person, {one.verdict}: {one.why}" for result, one in split
    ]


async def _judged(settings: Settings, run: str, most: int, err: Console) -> tuple[str, list[Told]]:
    chat = chat_model_of(settings)
    if chat is None:
        raise CannotJudge("No model is configured: set BATON_LLM_BASE_URL and BATON_LLM_MODEL (docs/models.md).")
    database = await open_database(settings.record_url)
    try:
        evaluations = Evaluations(database, clock=utc_now, new_id=new_id)
        newest = await evaluations.runs(limit=1)
        found = (newest[0] if newest else None) if run == "latest" else await evaluations.run(run)
        if found is None:
            raise CannotJudge(
                "There is no such run: the console lists them under Evals, and `baton eval FILE` makes one."
            )
        results = sorted(await evaluations.results(found.id), key=lambda one: one.verdict is None)[:most]
        told: list[Told] = []
        for result in track(results, description="Judging", console=err):
            told.append((result, await _one(chat, evaluations, found.id, result)))
            if len(told) >= _GIVE_UP_AFTER and all(one.verdict is None for _, one in told[-_GIVE_UP_AFTER:]):
                raise CannotJudge(f"The model did not judge {_GIVE_UP_AFTER} answers in a row: {told[-1][1].why}")
        return found.name, told
    finally:
        await chat.aclose()
        await database.close()


async def _one(chat: ChatModel, evaluations: Evaluations, run_id: str, result: EvaluationResult) -> Judged:
    whole = await evaluations.result(run_id, result.sample_id, result.number)
    if whole is None:
        return Judged(verdict=None, why="the trial is gone")
    try:
        sample, trial = Sample.model_validate(whole.sample), _TRIAL.validate_python(whole.trial)
    except ValidationError:
        return Judged(verdict=None, why="the trial is of another version")
    return await judge(chat, sample, trial)
