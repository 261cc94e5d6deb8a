"""`baton eval FILE…`: what is measured, where the results go, and what is said about it."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from app.settings import Settings
from app.wiring import new_id
from conversations.model import JsonObject
from evals.results import BadResults, Header, Results, ResultsFile, System, read_results
from evals.rows import Row, row_of
from evals.run_figures import ScoreFigure, figures_of
from evals.runner import Standing, run
from evals.sample import Sample
from evals.sample_files import BadSamples, read_samples
from evals.sandbox import START, Grounds
from evals.sandbox_shop import DEMO_SHOP, unfit_for_demo
from knowledge_base.encoders import open_embedder
from knowledge_base.knowledge_base import KnowledgeBase
from knowledge_base.reranking import CrossEncoderReranker
from knowledge_base.snapshot import snapshot_of
from knowledge_base.vectors import ScanOnly

ROOT: Final = Path(__file__).parent.parent
_PROGRAM: Final = ("agent", "app", "conversations", "evals", "handoff", "knowledge_base", "tools")
_READ_BY_IT: Final = frozenset({".py", ".toml", ".json", ".npz", ".jsonl"})
_SHOWN_ERRORS: Final = 5
NOON: Final = time(12, tzinfo=UTC)
"""When samples happen today that do not say: the same instant for a run that goes on later that day."""


class CannotRun(Exception):
    """There is nothing to measure, or nothing to measure it with; the message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What was asked for. `articles` are taken in for this run instead of what is ingested; `demo` brings the demo
    shop and its help center. `results` is a file of results to begin or go on with; None chooses one.
    """

    files: tuple[Path, ...]
    trials: int = 1
    lanes: int = 3
    demo: bool = False
    articles: tuple[str, ...] = ()
    results: Path | None = None
    start: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """A run that is over: its file, every trial in it scored, and what this run of the command added."""

    path: Path
    header: Header
    samples: Mapping[str, Sample]
    rows: list[Row]
    standing: Standing

    @property
    def missing(self) -> int:
        """Trials that are not in the file."""
        return self.standing.planned - len(self.rows)

    @property
    def errors(self) -> Counter[str]:
        return Counter(row.error for row in self.rows if row.error is not None)


def run_evals(settings: Settings, wanted: Wanted, err: Console) -> Ran:
    """Run what is left to run. Raises BadSamples, BadResults, CannotRun, OSError, and what opening a service raises."""
    samples = read_samples(wanted.files)
    with grounds_for(settings, wanted, err) as grounds:
        read_samples(wanted.files, articles=[str(head.id) for head in grounds.knowledge.heads()])
        _fit(samples, grounds)
        header = Header(
            run=new_id(),
            started=datetime.now(UTC).isoformat(timespec="seconds"),
            trials=wanted.trials,
            samples=len(samples),
            system=system_of(grounds, wanted.files),
        )
        results = ResultsFile.open(_path(settings, wanted, header), header, samples)
        try:
            standing = _run(grounds, samples, results, wanted, err)
        finally:
            results.close()
    by_id = {sample.id: sample for sample in samples}
    return Ran(
        path=results.path,
        header=results.header,
        samples=by_id,
        rows=scored(read_results(results.path), by_id),
        standing=standing,
    )


def scored(results: Results, samples: Mapping[str, Sample]) -> list[Row]:
    """The rows of those trials whose samples are there, unchanged. Raises BadResults."""
    return [
        row_of(samples[trial.sample], trial)
        for trial in results.trials()
        if trial.sample in samples and samples[trial.sample].digest == trial.sample_digest
    ]


def _run(grounds: Grounds, samples: Sequence[Sample], results: ResultsFile, wanted: Wanted, err: Console) -> Standing:
    if results.done:
        err.print(f"Going on in {results.path}: {len(results.done)} trials are there already.", markup=False)
    with _progress(err, len(samples) * wanted.trials) as show, _without_news_of_mail():
        return asyncio.run(run(grounds, samples, results, wanted.lanes, show))


@contextmanager
def _without_news_of_mail() -> Iterator[None]:
    """The demo's mailbox tells operators of each code; thousands of made-up ones are no news."""
    log = logging.getLogger("app.mail")
    before = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(before)


@contextmanager
def grounds_for(settings: Settings, wanted: Wanted, err: Console) -> Iterator[Grounds]:
    """The knowledge base in a folder that is gone afterwards: the articles named, or a copy of what is ingested."""
    embedder = open_embedder(
        settings.encoder,
        encoders=settings.data_dir / "encoder",
        precision=settings.encoder_precision,
        report=lambda text: err.print(text, markup=False),
    )
    paths = wanted.articles or ((str(DEMO_SHOP.parent / "help_center"),) if wanted.demo else ())
    with tempfile.TemporaryDirectory(prefix="baton-eval-") as folder:
        place = Path(folder) / "knowledge"
        if not paths:
            _copy_ingested(settings, embedder.name, place)
        knowledge = KnowledgeBase.open(place, embedder, vectors=ScanOnly())
        try:
            if paths:
                with err.status("Taking the articles in…"):
                    taken = knowledge.ingest(list(paths))
                for skipped in taken.skipped:
                    err.print(f"skipped {skipped.where}: {skipped.why}", markup=False)
            if settings.reranker is not None:
                knowledge.rerank_with(CrossEncoderReranker(settings.reranker))
            start = wanted.start or (
                START if wanted.demo else datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
            )
            yield Grounds(
                settings=settings, knowledge=knowledge, folder=place, embedder=embedder, shop=wanted.demo, start=start
            )
        finally:
            knowledge.close()


def _copy_ingested(settings: Settings, encoder: str, place: Path) -> None:
    try:
        snapshot_of(settings.knowledge_dir, encoder)
    except FileNotFoundError:
        raise CannotRun(
            "No help center is ingested. Ingest yours first (baton ingest PATH), name one for this run "
            "(--articles PATH), or measure the demo shop (--demo)."
        ) from None
    shutil.copytree(settings.knowledge_dir, place)


def _fit(samples: Sequence[Sample], grounds: Grounds) -> None:
    if grounds.shop:
        wrong = unfit_for_demo(samples)
    else:
        wrong = [f"sample {one.id}: its orders need the demo shop: add --demo" for one in samples if one.shop.orders]
    if wrong:
        more = f"\nand {len(wrong) - _SHOWN_ERRORS} more." if len(wrong) > _SHOWN_ERRORS else ""
        raise BadSamples("\n".join(wrong[:_SHOWN_ERRORS]) + more)


def system_of(grounds: Grounds, files: Sequence[Path]) -> System:
    """What is measured, so that results of two systems are never mixed."""
    settings, knowledge = grounds.settings, grounds.knowledge
    articles = [f"{head.id} {knowledge.content_hash_of(head.id)}" for head in knowledge.heads()]
    policies = {
        "handoff_policy": settings.handoff_policy,
        "refund_policy": settings.refund_policy,
        "calibration": settings.calibration_file if settings.calibration_file.exists() else None,
    }
    own: JsonObject = {name: _digest(path.read_bytes()) for name, path in policies.items() if path is not None}
    own |= {"shop": grounds.shop, "reranker": str(settings.reranker or ""), "streaming": settings.llm_streaming}
    return System(
        files=tuple(path.name for path in files),
        responder=settings.llm_model or "extractive",
        knowledge=_digest("\n".join(sorted(articles)).encode()),
        encoder=grounds.embedder.name,
        start=grounds.start.isoformat(),
        code=code_digest(),
        settings=dict(own),
    )


def code_digest() -> str:
    """Of the program's files: what they compute may differ once one of them does."""
    summed = hashlib.sha256()
    for package in _PROGRAM:
        for path in sorted((ROOT / package).rglob("*")):
            if path.suffix in _READ_BY_IT and "datasets" not in path.parts:
                summed.update(f"{path.relative_to(ROOT)}\0".encode())
                summed.update(path.read_bytes())
    return summed.hexdigest()[:16]


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def _path(settings: Settings, wanted: Wanted, header: Header) -> Path:
    """The file that was named; else the newest one of the same run that was interrupted, or a new one."""
    if wanted.results is not None:
        return wanted.results
    folder = settings.data_dir / "evals"
    name = "+".join(path.stem for path in wanted.files[:3]) + ("+…" if len(wanted.files) > 3 else "")
    for earlier in sorted(folder.glob(f"{name}-2*.jsonl"), reverse=True)[:1]:
        if _interrupted(earlier, header):
            return earlier
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    return folder / f"{name}-{stamp}.jsonl"


def _interrupted(path: Path, header: Header) -> bool:
    try:
        found = read_results(path)
        same = not header.system.differs_from(found.header.system) and found.header.trials == header.trials
        return same and sum(1 for _ in found.trials()) < header.samples * header.trials
    except (BadResults, OSError):
        return False


@contextmanager
def _progress(err: Console, total: int) -> Iterator[Callable[[Standing], None]]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=err, transient=True) as bars:
        task = bars.add_task("Running…", total=total)

        def show(standing: Standing) -> None:
            spent = f", {standing.tokens:,} tokens" if standing.tokens else ""
            errors = f", {sum(standing.errors.values())} errors" if standing.errors else ""
            bars.update(task, completed=standing.kept + standing.done, description=f"Running{spent}{errors}")

        yield show


def summary_table(ran: Ran) -> Table:
    """The share that passed and every score, with 95 % intervals, the samples counted and the trials that failed."""
    figures, system = figures_of(ran.rows), ran.header.system
    table = Table(title=f"{', '.join(system.files)}: {figures.samples} samples, {system.responder}")
    for column in ("score", "value", "95 % interval", "samples", "failed trials"):
        table.add_column(column, justify="left" if column == "score" else "right")
    failed = sum(not row.passed for row in ran.rows)
    overall = ScoreFigure(name="passed", meaning="", figure=figures.overall, failed=failed)
    for one in (overall, *figures.scores):
        value, interval = f"{one.figure.value:.1%}", f"{one.figure.low:.1%} to {one.figure.high:.1%}"
        table.add_row(one.name, value, interval, str(one.figure.n), str(one.failed), end_section=one is overall)
    for k, figure in figures.pass_hats.items():
        table.add_row(f"pass^{k}", f"{figure.value:.1%}", f"{figure.low:.1%} to {figure.high:.1%}", str(figure.n), "")
    return table


def last_lines(ran: Ran) -> list[str]:
    """What a person needs to know after the table: time, cost, errors, where the results are."""
    standing, dollars = ran.standing, [row.dollars for row in ran.rows if row.dollars]
    lines = [f"{standing.done} trials in {standing.seconds:.1f} s. {figures_of(ran.rows).power}"] if ran.rows else []
    if tokens := sum(row.tokens for row in ran.rows):
        lines.append(f"The model took {tokens:,} tokens" + (f", ${sum(dollars):.2f}." if dollars else "."))
    errors = ran.errors
    lines += [f"{times} × {error}" for error, times in errors.most_common(_SHOWN_ERRORS)]
    if standing.stopped or errors or ran.missing:
        why = f"Stopped: {standing.stopped}. " if standing.stopped else ""
        lines.append(
            f"{why}{sum(errors.values())} trials ended in an error, {ran.missing} were not run. To run these again: "
            f"the same command with --results {ran.path}"
        )
    return [*lines, f"Results: {ran.path}"]


def as_json(ran: Ran) -> str:
    figures = figures_of(ran.rows) if ran.rows else None
    told = {
        "results": str(ran.path),
        "run": ran.header.run,
        "planned": ran.standing.planned,
        "trials": len(ran.rows),
        "errors": sum(ran.errors.values()),
        "stopped": ran.standing.stopped,
        "seconds": round(ran.standing.seconds, 2),
        "passed": asdict(figures.overall) if figures else None,
        "scores": {one.name: {**asdict(one.figure), "failed": one.failed} for one in figures.scores} if figures else {},
        "tokens": sum(row.tokens for row in ran.rows),
    }
    return json.dumps(told, ensure_ascii=False)
