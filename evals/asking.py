"""Samples run one by one from code that does not wait for coroutines: a sandbox in a thread with a loop of its own."""

from __future__ import annotations

import asyncio
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import ValidationError
from rich.console import Console

from app.settings import Settings
from evals.run_command import Wanted, grounds_for
from evals.runner import Lane
from evals.sample import Expect, Sample
from evals.sandbox import TRIAL_SECONDS, Grounds
from evals.scorers import DECIDING, scores_of
from evals.trial import Trial

_WHO: Final = {"customer": "Customer", "ai_agent": "Baton", "human_agent": "Person", "system": "Notice"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came of a sample."""

    sample: Sample
    trial: Trial

    @property
    def text(self) -> str:
        """Everything that the AI agent said in the run."""
        return "\n\n".join(one.text for one in self.trial.replies if one.role == "ai_agent")

    @property
    def decision(self) -> str:
        return self.trial.last.decision if self.trial.last else ""

    @property
    def cites(self) -> tuple[str, ...]:
        """The articles under the replies, each once."""
        cited = (one.article for reply in self.trial.replies for one in reply.citations)
        return tuple(dict.fromkeys(cited))

    def problems(self, expect: Mapping[str, object]) -> list[str]:
        """Each score that decides and failed, with why. Raises ValueError for an expectation that there is not."""
        sample = self.sample
        if expect:
            try:
                wanted = Expect.model_validate({**sample.expect.model_dump(exclude_unset=True), **expect})
            except ValidationError as bad:
                first = bad.errors(include_url=False)[0]
                raise ValueError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
            sample = sample.model_copy(update={"expect": wanted})
        failed = (one for one in scores_of(sample, self.trial) if not one.passed and one.name in DECIDING)
        return [f"{one.name}: {one.why or 'failed'}" for one in failed]

    def told(self) -> str:
        """The conversation as lines of text, with what was cited and decided."""
        lines = [f"{_WHO[one.role]}: {one.text}" for one in self.trial.messages]
        last = self.trial.last
        why = f" ({last.reason}: {last.detail})" if last and last.reason else ""
        sure = f", confidence {last.confidence:.2f}" if last else ""
        return "\n".join([*lines, f"[{self.decision}{why}{sure}; cites {', '.join(self.cites) or 'nothing'}]"])


class Asker:
    """Runs samples in the thread's sandbox."""

    def __init__(self, loop: asyncio.AbstractEventLoop, lane: Lane) -> None:
        self._loop = loop
        self._lane = lane

    def ask(
        self, name: str, steps: Sequence[Sample | str | Mapping[str, object]], fields: Mapping[str, object]
    ) -> Reply:
        """Raises ValueError where that makes no sample, RuntimeError where the trial came to nothing."""
        sample = steps[0] if len(steps) == 1 and isinstance(steps[0], Sample) else _sample(name, steps, fields)
        trial = asyncio.run_coroutine_threadsafe(self._run(sample), self._loop).result(TRIAL_SECONDS)
        if trial.error is not None:
            raise RuntimeError(trial.error)
        return Reply(sample=sample, trial=trial)

    async def _run(self, sample: Sample) -> Trial:
        sandbox = await self._lane.sandbox_for(sample)
        return await sandbox.run(sample, 0)


@contextmanager
def asking(*, articles: tuple[str, ...] = (), demo: bool = False) -> Iterator[Asker]:
    """A sandbox on these articles, on the demo shop, or on what is ingested. Raises what `grounds_for` raises."""
    settings = Settings(demo=True) if demo else Settings()
    with (
        grounds_for(settings, Wanted(files=(), demo=demo, articles=articles), Console(stderr=True)) as grounds,
        tempfile.TemporaryDirectory(prefix="baton-asking-") as folder,
    ):
        ready: Future[Asker] = Future()
        over = threading.Event()
        thread = threading.Thread(target=lambda: asyncio.run(_serve(grounds, Path(folder), ready, over)), name="baton")
        thread.start()
        try:
            yield ready.result()
        finally:
            over.set()
            thread.join()


async def _serve(grounds: Grounds, folder: Path, ready: Future[Asker], over: threading.Event) -> None:
    lane = Lane(grounds, folder, asyncio.Lock())
    async with lane.opened():
        ready.set_result(Asker(asyncio.get_running_loop(), lane))
        await asyncio.to_thread(over.wait)


def _sample(name: str, steps: Sequence[object], fields: Mapping[str, object]) -> Sample:
    try:
        return Sample.model_validate({"id": name[:80], "says_in_turn": list(steps), **fields})
    except ValidationError as bad:
        first = bad.errors(include_url=False)[0]
        raise ValueError(f"This makes no sample; {'.'.join(map(str, first['loc']))}: {first['msg']}") from None
