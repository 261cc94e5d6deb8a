"""A row: what a report, a comparison and a gate need of one scored trial, small enough to keep by the thousand.

Written as one JSON object a line; such a file is a baseline that can be committed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from pydantic import JsonValue, TypeAdapter, ValidationError

from evals.results import is_header
from evals.sample import Sample
from evals.scorers import Score, passed, scores_of
from evals.trial import BadTrial, Trial, trial_of

_SHOWN: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """`values` are the scores by name, `failed` says of those that did not pass why.

    `confidence` and `right` are the last turn's where it searched and the sample names its articles: whether the
    article that is cited, or would have been, answers the question. `seconds` is the slowest turn's; `asked` the
    customer's first words; `dollars` None where no price is known.
    """

    sample: str
    number: int
    cluster: str
    asked: str
    passed: bool
    values: dict[str, float]
    failed: dict[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    decision: str = ""
    expected: str = ""
    confidence: float | None = None
    right: bool | None = None
    seconds: float = 0.0
    tokens: int = 0
    dollars: float | None = None
    knowledge_version: str = ""
    error: str | None = None
    format: Literal[1] = 1

    def as_json(self) -> str:
        """One line, without its end."""
        return _ROW.dump_json(self).decode()


_ROW: Final = TypeAdapter(Row)
_OBJECT: Final = TypeAdapter(dict[str, JsonValue])


def row_of(sample: Sample, trial: Trial, scores: Sequence[Score] | None = None) -> Row:
    """The row of a trial; scored here unless its scores are handed in."""
    found = scores_of(sample, trial) if scores is None else scores
    confidence, right = _sureness(sample, trial)
    return Row(
        sample=sample.id,
        number=trial.number,
        cluster=sample.cluster,
        asked=_asked(sample, trial)[:_SHOWN],
        passed=passed(found),
        values={score.name: round(score.value, 6) for score in found},
        failed={score.name: score.why[:_SHOWN] for score in found if not score.passed},
        tags=tuple(sample.tags),
        decision=trial.last.decision if trial.last else "",
        expected=sample.expect.decision or "",
        confidence=confidence,
        right=right,
        seconds=max((turn.seconds for turn in trial.turns), default=0.0),
        tokens=trial.cost.input_tokens + trial.cost.output_tokens,
        dollars=trial.cost.dollars,
        knowledge_version=trial.knowledge_version,
        error=trial.error,
    )


def write_rows(path: Path, rows: Iterable[Row]) -> None:
    path.write_text("".join(f"{row.as_json()}\n" for row in rows), encoding="utf-8")


def read_rows(path: Path, samples: Mapping[str, Sample]) -> list[Row]:
    """Rows of a file of rows, or of trials, which are scored anew. Trials of samples that are not there are left out.

    Raises BadTrial, which says where; OSError.
    """
    return list(_rows(path, samples))


def _rows(path: Path, samples: Mapping[str, Sample]) -> Iterator[Row]:
    with path.open("rb") as lines:
        for place, line in enumerate(lines, start=1):
            if not line.strip() or is_header(line):
                continue
            try:
                row = _row(line, samples)
            except BadTrial as bad:
                raise BadTrial(f"{path}, line {place}: {bad}") from None
            if row is not None:
                yield row


def _row(line: bytes, samples: Mapping[str, Sample]) -> Row | None:
    if b'"values"' in line and _is_row(line):
        try:
            return _ROW.validate_json(line, strict=True)
        except ValidationError:
            raise BadTrial("is a row of another format; run the samples of the baseline again") from None
    trial = trial_of(line)
    sample = samples.get(trial.sample)
    return row_of(sample, trial) if sample is not None else None


def _is_row(line: bytes) -> bool:
    try:
        return "values" in _OBJECT.validate_json(line)
    except ValidationError:
        return False


def _asked(sample: Sample, trial: Trial) -> str:
    said = (one.text for one in trial.messages if one.role == "customer" and one.turn is not None)
    steps = (step.say for step in sample.steps if step.say)
    return " ".join(next(said, next(steps, "")).split())


def _sureness(sample: Sample, trial: Trial) -> tuple[float | None, bool | None]:
    last, relevant = trial.last, sample.expect.relevant
    if last is None or relevant is None or not last.retrieved or not last.evidence:
        return None, None
    cited = [one.article for reply in trial.replies if reply.turn == len(trial.turns) - 1 for one in reply.citations]
    first = cited[0] if cited else last.retrieved[0].article
    return last.confidence, first in relevant
