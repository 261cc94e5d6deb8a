"""The results of a run as a file: a line that says of which system, then one line for each trial as it ends.

A run that was interrupted goes on in the same file: what is in it stays, a line that was cut off is taken away.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final, Self

from pydantic import JsonValue, TypeAdapter, ValidationError

from evals.sample import Sample
from evals.trial import BadTrial, Trial, trial_of

FORMAT: Final = 1
MAX_LINE: Final = 64_000_000
"""Bytes; a hundred turns with their passages are two million."""


class BadResults(ValueError):
    """A file of results cannot be read or gone on with; the message says where, why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """What was measured: everything that results depend on besides the samples. `code` hashes the program's files.

    `files` are the names of the samples' files.
    """

    files: tuple[str, ...]
    responder: str
    knowledge: str
    encoder: str
    start: str
    code: str
    settings: dict[str, JsonValue] = field(default_factory=dict)

    def differs_from(self, other: System) -> list[str]:
        """The names of what is not the same, in words for a person."""
        mine, others = asdict(self), asdict(other)
        return [name for name, value in mine.items() if value != others[name]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The first line of a file of results. `started` is an instant, ISO."""

    run: str
    started: str
    trials: int
    samples: int
    system: System
    format: int = FORMAT


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """A file of results, read as it is walked through: `trials` may be walked again."""

    path: Path
    header: Header

    def trials(self) -> Iterator[Trial]:
        """Every trial; of one that was run again the last run only. Raises BadResults."""
        last = {(trial.sample, trial.number): place for place, trial in self._all()}
        kept = frozenset(last.values())
        return (trial for place, trial in self._all() if place in kept)

    def _all(self) -> Iterator[tuple[int, Trial]]:
        for place, line in _lines(self.path):
            if place == 1:
                continue
            try:
                yield place, trial_of(line)
            except BadTrial as bad:
                raise BadResults(f"{self.path}, line {place}: {bad}.") from None


_HEADER: Final = TypeAdapter(Header)
_PARTS: Final = TypeAdapter(dict[str, JsonValue])


def read_results(path: Path) -> Results:
    """Raises OSError, and BadResults where the file is none of results, or one of another format."""
    first = next(iter(_lines(path)), (0, b""))[1]
    return Results(path=path, header=_header(first, path))


def is_header(line: bytes) -> bool:
    """Whether a line begins a file of results."""
    return line.startswith(b'{"run":')


def _header(line: bytes, path: Path) -> Header:
    try:
        parts = _PARTS.validate_json(line)
    except ValidationError:
        raise BadResults(f"{path} is no file of results: its first line says nothing of a run.") from None
    if parts.get("format") != FORMAT:
        written = parts.get("format")
        raise BadResults(f"{path} is of format {written!r}; this Baton reads format {FORMAT}: run the samples again.")
    try:
        return _HEADER.validate_json(line)
    except ValidationError:
        raise BadResults(f"{path} is no file of results: its first line says nothing of a run.") from None


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Whole lines with their numbers; what follows the last line's end was never finished."""
    with path.open("rb") as stream:
        number = 0
        while line := stream.readline(MAX_LINE):
            number += 1
            if line.endswith(b"\n"):
                yield number, line


class ResultsFile:
    """A file of results that is being written; a line is the system's, and outlives this process, once it is added."""

    def __init__(self, path: Path, header: Header, done: frozenset[tuple[str, int]]) -> None:
        self.path = path
        self.header = header
        self.done = done
        """(sample id, trial number) of what need not be run again."""
        self._stream = path.open("ab")

    @classmethod
    def open(cls, path: Path, header: Header, samples: list[Sample]) -> Self:
        """Begin a file, or go on with one of the same system: trials that ended in an error are run again, and so are
        those of samples that were changed. Raises OSError, and BadResults where the file is another system's."""
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.stat().st_size == 0:
            path.write_bytes(_HEADER.dump_json(header) + b"\n")
            return cls(path, header, frozenset())
        _cut_unfinished(path)
        earlier = read_results(path)
        if differing := header.system.differs_from(earlier.header.system):
            raise BadResults(
                f"{path} holds results of another system ({', '.join(differing)} differ). Name another file with "
                "--results, or remove this one."
            )
        digests = {sample.id: sample.digest for sample in samples}
        done = frozenset(
            (trial.sample, trial.number)
            for trial in earlier.trials()
            if trial.error is None and digests.get(trial.sample) == trial.sample_digest
        )
        return cls(path, earlier.header, done)

    def add(self, trial: Trial) -> None:
        self._stream.write(trial.as_json().encode("utf-8", "replace") + b"\n")
        self._stream.flush()

    def close(self) -> None:
        os.fsync(self._stream.fileno())
        self._stream.close()


def _cut_unfinished(path: Path) -> None:
    """A process that was killed may have left half a line."""
    whole = sum(len(line) for _, line in _lines(path))
    with path.open("r+b") as stream:
        stream.truncate(whole)
