"""The `baton` command with its evaluations: `baton eval …`. What they need is imported only when one is run."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from app.cli import cli, main
from app.knowledge_cli import AsJson
from app.printing import err, out
from app.settings import Settings

if TYPE_CHECKING:
    from evals.retrieval import RetrievalReport
    from knowledge_base.embedding import Embedder
    from knowledge_base.snapshot import Snapshot

__all__ = ["main"]


class _RunsFiles(TyperGroup):
    """`baton eval FILE…` is `baton eval run FILE…`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - typer ships a click of its own
        named = next((one for one in args if one in self.commands), None)
        asks_for_help = args[:1] in (["--help"], ["-h"])
        if args and not asks_for_help and (named is None or args[0] != named):
            args = ["run", *args]
        return super().parse_args(ctx, args)


evals = typer.Typer(help="Measure quality on samples of your own.", no_args_is_help=True, cls=_RunsFiles)
cli.add_typer(evals, name="eval")


@evals.callback()
def _group() -> None:
    """Measure quality on samples: questions and conversations with what must be true afterwards.

    baton eval FILE… runs the samples of these files; the page docs/evals.md says how to write them.
    """


@evals.command("run")
def run_samples(
    files: Annotated[
        list[Path], typer.Argument(help="Samples, JSON lines or CSV (docs/evals.md).", show_default=False)
    ],
    trials: Annotated[int, typer.Option(min=1, max=100, help="How often each sample is run.")] = 1,
    parallel: Annotated[int, typer.Option(min=1, max=64, help="How many at once.")] = 3,
    articles: Annotated[
        list[str] | None,
        typer.Option(help="Answer from these articles, taken in for this once, instead of what is ingested."),
    ] = None,
    demo: Annotated[bool, typer.Option("--demo", help="Measure the demo shop with its help center.")] = False,
    results: Annotated[
        Path | None, typer.Option(help="A file of results to write, or to go on with after an interruption.")
    ] = None,
    at: Annotated[
        datetime | None, typer.Option(help="The day and time (UTC) that samples happen at which do not say.")
    ] = None,
    against: Annotated[
        Path | None, typer.Option(help="A baseline: earlier results. A loss that is not luck fails the command.")
    ] = None,
    require: Annotated[
        list[str] | None, typer.Option(help="A score that every trial must pass, whatever the baseline did.")
    ] = None,
    html: Annotated[Path | None, typer.Option(help="Write a page with plots and the worst trials in full.")] = None,
    markdown: Annotated[Path | None, typer.Option(help="Write a short note for a pull request.")] = None,
    keep: Annotated[Path | None, typer.Option(help="Write a baseline small enough to be committed.")] = None,
    inspect: Annotated[Path | None, typer.Option(help="Write a log that `inspect view` shows (JSON).")] = None,
    record: Annotated[bool, typer.Option(help="Show the run in the console too, under Evals.")] = True,
    as_json: AsJson = False,
) -> None:
    """Run samples against the real system in a sandbox, and show what they score."""
    from evals.results import BadResults  # noqa: PLC0415
    from evals.run_command import CannotRun, Wanted, last_lines, run_evals, summary_table  # noqa: PLC0415
    from evals.run_command import as_json as told_as_json  # noqa: PLC0415
    from evals.run_outcome import Asked  # noqa: PLC0415
    from evals.sample_files import BadSamples  # noqa: PLC0415

    settings = Settings(demo=True) if demo else Settings()
    asked = Asked(
        against=against,
        required=tuple(require or ()),
        html=html,
        markdown=markdown,
        keep=keep,
        inspect=inspect,
        record=settings if record else None,
    )
    wanted = Wanted(
        files=tuple(files),
        trials=trials,
        lanes=parallel,
        demo=demo,
        articles=tuple(articles or ()),
        results=results,
        start=at.replace(tzinfo=UTC) if at else None,
    )
    try:
        asked.refuse_early()
        ran = run_evals(settings, wanted, err)
        verdict = asked.conclude(ran)
    except (BadSamples, BadResults, CannotRun) as bad:
        _refuse(str(bad))
    except OSError as failure:
        _refuse(f"{failure.filename or 'A file'} cannot be used: {failure.strerror or failure}.")
    if as_json:
        print(told_as_json(ran))  # noqa: T201
    elif ran.rows:
        out.print(summary_table(ran))
    for line in last_lines(ran):
        err.print(line, markup=False, highlight=False)
    for line in verdict.lines if verdict is not None else ():
        err.print(line, markup=False, highlight=False)
    if ran.errors or ran.missing or (verdict is not None and not verdict.passed):
        raise typer.Exit(1)


@evals.command()
def judge(
    run: Annotated[str, typer.Argument(help="A run of the console (its id), or the latest.")] = "latest",
    most: Annotated[int, typer.Option(min=1, help="At most so many trials, those that people labelled first.")] = 200,
    demo: Annotated[bool, typer.Option("--demo", help="A run of the demo shop.")] = False,
) -> None:
    """Let the configured model judge the answers of a run, and say how far it agrees with people."""
    from evals.judge_command import CannotJudge, judge_run  # noqa: PLC0415

    try:
        judge_run(Settings(demo=True) if demo else Settings(), run, most, out, err)
    except CannotJudge as why:
        _refuse(str(why))


@evals.command()
def retrieval(
    file: Annotated[
        Path,
        typer.Argument(help='JSON lines: {"id", "question" or "messages", "relevant": [article ids], "answerable"}.'),
    ],
    articles: Annotated[
        list[str] | None,
        typer.Option(help="Search these articles, taken in for this once, instead of what is ingested."),
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="Write a report to read: a file that ends in .html or .md.")
    ] = None,
    demo: Annotated[bool, typer.Option("--demo", help="Search the demo shop's help center.")] = False,
    as_json: AsJson = False,
) -> None:
    """Measure how well questions find their articles, beside BM25, dense search and plain RRF."""
    from evals.questions import BadQuestions, read_retrieval_questions  # noqa: PLC0415

    if report is not None and report.suffix.lower() not in (".html", ".htm", ".md"):
        _refuse(f"{report} should end in .html or .md.")
    if report is not None and not report.parent.is_dir():
        _refuse(f"{report.parent} is not a folder: make it first, or write the report elsewhere.")
    try:
        questions = read_retrieval_questions(file)
    except BadQuestions as bad:
        _refuse(str(bad))
    except OSError as failure:
        _refuse(f"{file} cannot be read: {failure.strerror or failure}.")
    settings = Settings(demo=True) if demo else Settings()
    with _searched(settings, articles or []) as (snapshot, embedder):
        from evals.retrieval import measure  # noqa: PLC0415

        with err.status("Asking…") as status:
            found = measure(questions, snapshot, embedder, lambda done: status.update(f"Asked {done}/{len(questions)}"))
    _show(found, file.stem, report, in_json=as_json)


@cli.command()
def calibrate(
    file: Annotated[
        Path | None,
        typer.Argument(help='JSON lines: {"id", "question" or "messages", "relevant": [article ids], "answerable"}.'),
    ] = None,
    max_error: Annotated[float, typer.Option(min=0.001, max=0.9, help="Of the answers given, so many wrong.")] = 0.05,
    confidence: Annotated[float, typer.Option(min=0.5, max=0.999, help="How sure that must be.")] = 0.95,
    by_topic: Annotated[
        bool, typer.Option("--by-topic", help="A threshold for each topic with enough of them.")
    ] = False,
    report: Annotated[Path | None, typer.Option(help="Write a report to read: a file that ends in .html.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Measure, and leave the service as it is.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Compare real conversations with the calibration.")] = False,
    demo: Annotated[bool, typer.Option("--demo", help="Work on the demo shop.")] = False,
) -> None:
    """Find the confidence from which on answers are right as often as you promise, from labelled questions."""
    settings = Settings(demo=True) if demo else Settings()
    if check:
        from evals.calibrate_command import check_drift  # noqa: PLC0415

        raise typer.Exit(check_drift(settings))
    if file is None:
        _refuse("Name a file of labelled questions, or compare real conversations with --check.")
    if report is not None and (report.suffix.lower() not in (".html", ".htm") or not report.parent.is_dir()):
        _refuse(f"{report} should end in .html and lie in a folder that exists.")
    from agent.calibration import Promise  # noqa: PLC0415
    from evals.calibrate_command import Calibrating, run_calibration  # noqa: PLC0415
    from evals.questions import BadQuestions, read_retrieval_questions  # noqa: PLC0415

    try:
        questions = read_retrieval_questions(file)
    except BadQuestions as bad:
        _refuse(str(bad))
    except OSError as failure:
        _refuse(f"{file} cannot be read: {failure.strerror or failure}.")
    promise = Promise(max_error=max_error, confidence=confidence)
    wanted = Calibrating(file=file, promise=promise, by_topic=by_topic, report=report, write=not dry_run)
    with _searched(settings, []) as (snapshot, embedder):
        raise typer.Exit(run_calibration(settings, questions, snapshot, embedder, wanted))


@contextmanager
def _searched(settings: Settings, articles: list[str]) -> Iterator[tuple[Snapshot, Embedder]]:
    """What is ingested, also while a server serves it, or `articles` in a knowledge base that is gone afterwards."""
    from knowledge_base.encoders import open_embedder  # noqa: PLC0415
    from knowledge_base.knowledge_base import KnowledgeBase  # noqa: PLC0415
    from knowledge_base.snapshot import snapshot_of  # noqa: PLC0415

    embedder = open_embedder(settings.encoder, encoders=settings.data_dir / "encoder", report=err.print)
    if not articles:
        try:
            yield snapshot_of(settings.knowledge_dir, embedder.name), embedder
        except FileNotFoundError as nothing:
            _refuse(f"{nothing} Ingest a help center first (baton ingest PATH), or name one: --articles PATH.")
        return
    with tempfile.TemporaryDirectory(prefix="baton-eval-") as folder:
        knowledge = KnowledgeBase.open(Path(folder), embedder)
        try:
            with err.status("Taking the articles in…"):
                taken = knowledge.ingest(articles)
        finally:
            knowledge.close()
        for skipped in taken.skipped:
            err.print(f"skipped {skipped.where}: {skipped.why}", markup=False)
        yield snapshot_of(Path(folder), embedder.name), embedder


def _show(found: RetrievalReport, name: str, report: Path | None, *, in_json: bool) -> None:
    from evals.retrieval_report import as_html, as_json, as_markdown, table_of  # noqa: PLC0415

    if report is not None:
        text = as_markdown(found, name) if report.suffix.lower() == ".md" else as_html(found, name)
        report.write_text(text, encoding="utf-8")
        err.print(f"The report is in {report}.", markup=False)
    for article, ids in found.unknown.items():
        err.print(f"unknown article {article} (question {', '.join(ids[:5])})", markup=False)
    if in_json:
        print(json.dumps(as_json(found), ensure_ascii=False))  # noqa: T201
        return
    out.print(table_of(found, name))


def _refuse(why: str) -> NoReturn:
    err.print(why, style="red", markup=False)
    raise typer.Exit(1)


if __name__ == "__main__":
    main()
