"""The `baton` command with its evaluations: `baton eval …`. What they need is imported only when one is run."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli import cli, main
from app.knowledge_cli import AsJson
from app.printing import err, out
from app.settings import Settings

if TYPE_CHECKING:
    from evals.retrieval import RetrievalReport
    from knowledge_base.embedding import Embedder
    from knowledge_base.snapshot import Snapshot

__all__ = ["main"]

evals = typer.Typer(help="Measure quality on labelled questions.", no_args_is_help=True)
cli.add_typer(evals, name="eval")


@evals.callback()
def _group() -> None:
    """Measure quality on labelled questions."""


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


def _refuse(why: str) -> None:
    err.print(why, style="red", markup=False)
    raise typer.Exit(1)


if __name__ == "__main__":
    main()
