"""What measuring costs: the harness beside the turns that it runs, and the statistics of a large run.

    python -m evals.bench_evals [--samples 300]

In: the first samples of the demo suite that are one question. Out: seconds for all with the extractive responder;
the median of a trial's seconds divided by those of the turn in it, one lane; seconds for the intervals, pass^4 and two
comparisons of 10,000 samples of four trials with twelve scores.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from app.settings import Settings
from evals.clustered import clustered_means, pass_hat
from evals.paired import compare_pairs
from evals.results import read_results
from evals.run_command import Ran, Wanted, run_evals
from evals.sample_files import read_samples
from evals.shipped import FOLDER


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m evals.bench_evals", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--samples", type=int, default=300)
    samples: int = parser.parse_args(arguments).samples
    console = Console()
    table = Table("what", "figure")
    with tempfile.TemporaryDirectory(prefix="baton-bench-") as name:
        several = measured(samples, 3, Path(name), console)
        table.add_row(f"{several.standing.done} samples, three lanes", f"{several.standing.seconds:.1f} s")
        one = measured(samples, 1, Path(name), console)
        table.add_row(f"{one.standing.done} samples, one lane", f"{one.standing.seconds:.1f} s")
        table.add_row("a trial / the turn in it, median", f"{statistics.median(shares(one)):.2f} ×")
    table.add_row("statistics of 10,000 samples × 4 trials", f"{statistics_seconds():.1f} s")
    console.print(table)


def measured(samples: int, lanes: int, folder: Path, console: Console) -> Ran:
    """One run of so many questions. Raises what `run_evals` raises."""
    questions = folder / "questions.jsonl"
    asked = [one for one in read_samples([FOLDER / "demo.jsonl"]) if one.question is not None][:samples]
    questions.write_text("".join(f"{one.model_dump_json(exclude_defaults=True)}\n" for one in asked), encoding="utf-8")
    results = folder / f"{lanes}.jsonl"
    wanted = Wanted(files=(questions,), demo=True, results=results, lanes=lanes)
    return run_evals(Settings(demo=True, _env_file=None), wanted, console)


def shares(ran: Ran) -> list[float]:
    """Of each trial its seconds divided by its turns'."""
    trials = read_results(ran.path).trials()
    return [one.seconds / spent for one in trials if (spent := sum(turn.seconds for turn in one.turns))]


def statistics_seconds() -> float:
    """Seconds for what a report of 10,000 samples of four trials computes."""
    samples, trials, scores = 10_000, 4, 12
    dice = np.random.default_rng(7)
    names = [f"sample-{place}" for place in range(samples)]
    columns = dice.random((samples * trials, scores))
    start = time.perf_counter()
    clustered_means(columns, np.repeat(names, trials).tolist())
    pass_hat((dice.random((samples, trials)) < 0.8).tolist(), trials)
    for _ in range(2):
        compare_pairs(dice.random(samples), dice.random(samples), names)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
