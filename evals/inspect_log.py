"""A run as a log of Inspect, so that `inspect view` shows it: its JSON format, version 2.

Written from the published schema (UKGovernmentBEIS/inspect_ai, src/inspect_ai/log/_log.py). A trial is a sample and an
epoch of it; what the AI agent said is the output, each score stands with its reason. Samples are written one by one.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from conversations.model import JsonObject, JsonValue
from evals.results import Header, read_results
from evals.rows import Row
from evals.run_figures import figures_of
from evals.sample import Sample
from evals.trial import SaidInTrial, Trial

VERSION: Final = 2
_ROLES: Final[Mapping[str, str]] = {"customer": "user", "ai_agent": "assistant", "human_agent": "assistant"}


def write_inspect_log(place: Path, results: Path, rows: Sequence[Row], samples: Mapping[str, Sample]) -> None:
    """Those trials of `results` that are in `rows`. Raises OSError, and BadResults where the file cannot be read."""
    read = read_results(results)
    head = _head(read.header, rows, samples)
    by_key = {(row.sample, row.number): row for row in rows}
    told = (
        json.dumps(_sample(read.header, trial, by_key[trial.sample, trial.number], samples[trial.sample]))
        for trial in read.trials()
        if (trial.sample, trial.number) in by_key
    )
    with place.open("w", encoding="utf-8") as stream:
        stream.write(json.dumps(head)[:-1] + ', "samples": [')
        stream.writelines(_separated(told))
        stream.write("]}")


def _head(header: Header, rows: Sequence[Row], samples: Mapping[str, Sample]) -> JsonObject:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    started = header.started or now
    figures = figures_of(rows)
    failed = sum(row.error is not None for row in rows)
    ids: list[JsonValue] = [*samples]
    return {
        "version": VERSION,
        "status": "error" if rows and failed == len(rows) else "success",
        "eval": {
            "eval_id": header.run,
            "run_id": header.run,
            "created": started,
            "task": ", ".join(header.system.files),
            "task_id": header.run,
            "dataset": {"name": ", ".join(header.system.files), "samples": len(samples), "sample_ids": ids},
            "model": f"baton/{header.system.responder}",
            "config": {"epochs": header.trials},
            "metadata": {
                "knowledge": header.system.knowledge,
                "encoder": header.system.encoder,
                "code": header.system.code,
            },
        },
        "plan": {"name": "baton", "steps": [{"solver": "baton"}]},
        "results": {
            "total_samples": len(rows),
            "completed_samples": len(rows) - failed,
            "scores": [
                {
                    "name": name,
                    "scorer": name,
                    "metrics": {
                        part: {"name": part, "value": value}
                        for part, value in (("mean", one.value), ("low", one.low), ("high", one.high))
                        if math.isfinite(value)
                    },
                }
                for name, one in (("passed", figures.overall), *((it.name, it.figure) for it in figures.scores))
            ],
        },
        "stats": {"started_at": started, "completed_at": now},
    }


def _sample(header: Header, trial: Trial, row: Row, sample: Sample) -> JsonObject:
    said: list[JsonValue] = [_message(one) for one in trial.messages if one.role in _ROLES]
    replies = [one.text for one in trial.messages if one.role == "ai_agent" and one.turn is not None]
    model = f"baton/{header.system.responder}"
    target: list[JsonValue] = [*sample.expect.says] or [sample.expect.decision or ""]
    metadata: JsonObject = {
        "tags": [*row.tags],
        "decision": row.decision,
        "expected": row.expected,
        "confidence": row.confidence,
    }
    told: JsonObject = {
        "id": trial.sample,
        "epoch": trial.number + 1,
        "input": row.asked,
        "target": target,
        "messages": said,
        "output": {
            "model": model,
            "choices": [
                {
                    "message": {"role": "assistant", "content": "\n\n".join(replies), "model": model},
                    "stop_reason": "stop",
                }
            ],
        },
        "scores": {
            "passed": {"value": "C" if row.passed else "I"},
            **{name: {"value": value, "explanation": row.failed.get(name)} for name, value in row.values.items()},
        },
        "metadata": metadata,
        "total_time": trial.seconds,
    }
    if trial.error is not None:
        told["error"] = {"message": trial.error, "traceback": trial.error, "traceback_ansi": trial.error}
    return told


def _message(said: SaidInTrial) -> JsonObject:
    return {"role": _ROLES[said.role], "content": said.text}


def _separated(parts: Iterator[str]) -> Iterator[str]:
    for place, part in enumerate(parts):
        yield f",\n{part}" if place else part
