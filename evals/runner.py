"""Runs samples × trials side by side, and writes each result down as it ends."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from evals.results import ResultsFile
from evals.sample import Sample
from evals.sandbox import Grounds, Sandbox, open_sandbox
from evals.trial import Trial

GIVE_UP_AFTER: Final = 8
"""Trials in a row whose model did not answer: the ones after them would only wait for it."""


@dataclass(slots=True, kw_only=True)
class Standing:
    """How far a run is. It holds figures only, however many trials there are: they are in the file."""

    planned: int
    kept: int = 0
    """Trials of an earlier, interrupted run."""
    done: int = 0
    """Those of this run."""
    errors: Counter[str] = field(default_factory=Counter)
    tokens: int = 0
    seconds: float = 0.0
    stopped: str = ""
    """Why the run ended before its end, or ""."""

    def count(self, trial: Trial) -> None:
        self.done += 1
        self.tokens += trial.cost.input_tokens + trial.cost.output_tokens
        if trial.error is not None:
            self.errors[trial.error] += 1


Watch = Callable[[Standing], None]


async def run(grounds: Grounds, samples: Sequence[Sample], results: ResultsFile, lanes: int, watch: Watch) -> Standing:
    """Every trial that `results` does not hold yet, `lanes` at once; `watch` sees the standing after each.

    Raises what makes every trial impossible: PolicyUnreadable, BadCalibration, DatabaseUnavailable, OSError.
    """
    left = [
        (sample, number)
        for number in range(results.header.trials)
        for sample in samples
        if (sample.id, number) not in results.done
    ]
    standing = Standing(planned=len(samples) * results.header.trials)
    standing.kept = standing.planned - len(left)
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="baton-evals-") as folder:
        course, opening = _Course(left, standing, results, watch), asyncio.Lock()
        try:
            async with asyncio.TaskGroup() as group:
                for place in range(min(lanes, len(left))):
                    group.create_task(course.run_lane(Lane(grounds, Path(folder) / f"lane-{place}", opening)))
        except ExceptionGroup as several:
            raise several.exceptions[0] from several
    standing.seconds = time.perf_counter() - started
    return standing


class Lane:
    """Two sandboxes, opened when they are needed: one on the shared knowledge base, one on a copy of its own."""

    def __init__(self, grounds: Grounds, folder: Path, opening: asyncio.Lock) -> None:
        self._grounds = grounds
        self._folder = folder
        self._opening = opening
        self._opened: dict[bool, Sandbox] = {}
        self._stack = AsyncExitStack()

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        async with self._stack:
            yield

    async def sandbox_for(self, sample: Sample) -> Sandbox:
        private = bool(sample.articles)
        if private not in self._opened:
            folder = self._folder / ("private" if private else "shared")
            async with self._opening:  # two migrations at once in one process get into each other's way
                sandbox = open_sandbox(self._grounds, folder, private=private)
                self._opened[private] = await self._stack.enter_async_context(sandbox)
        return self._opened[private]


class _Course:
    """The trials that are left, handed out to whichever lane is free."""

    def __init__(
        self, left: Sequence[tuple[Sample, int]], standing: Standing, results: ResultsFile, watch: Watch
    ) -> None:
        self._left: Iterator[tuple[Sample, int]] = iter(left)
        self._standing = standing
        self._results = results
        self._watch = watch
        self._without_model = 0

    async def run_lane(self, lane: Lane) -> None:
        async with lane.opened():
            for sample, number in self._left:
                sandbox = await lane.sandbox_for(sample)
                self._keep(await sandbox.run(sample, number))
                if self._standing.stopped:
                    return

    def _keep(self, trial: Trial) -> None:
        self._results.add(trial)
        self._standing.count(trial)
        silent = trial.error is not None and trial.error.startswith("the model did not answer")
        self._without_model = self._without_model + 1 if silent else 0
        if self._without_model >= GIVE_UP_AFTER:
            self._standing.stopped = f"{GIVE_UP_AFTER} trials in a row ended because {trial.error}"
        self._watch(self._standing)
