"""Were the right tools called with the right arguments, and none that must not be?"""

from __future__ import annotations

from pydantic import JsonValue

from evals.sample import ExpectedCall, Sample
from evals.scorers.score import Score
from evals.trial import Called, Trial


def tool_calls(sample: Sample, trial: Trial) -> Score | None:
    """The share of the expected calls that were made. Each call counts for one of them."""
    expected = sample.expect.tool_calls
    if not expected:
        return None
    left, missing = list(trial.tool_calls), []
    for wanted in expected:
        made = next((call for call in left if _is(wanted, call)), None)
        if made is None:
            missing.append(wanted.tool)
        else:
            left.remove(made)
    value = 1 - len(missing) / len(expected)
    made_calls = ", ".join(call.tool for call in trial.tool_calls) or "none"
    why = f"not called as expected: {', '.join(missing)} (calls: {made_calls})" if missing else ""
    return Score(name="tool_calls", value=value, passed=not missing, why=why)


def never_calls(sample: Sample, trial: Trial) -> Score | None:
    """1 where none of `never_calls` was called."""
    if not sample.expect.never_calls:
        return None
    made = sorted({call.tool for call in trial.tool_calls} & set(sample.expect.never_calls))
    return Score(
        name="never_calls", value=float(not made), passed=not made, why=f"called: {', '.join(made)}" if made else ""
    )


def _is(wanted: ExpectedCall, call: Called) -> bool:
    return call.tool == wanted.tool and same(wanted.arguments, call.arguments)


def same(wanted: JsonValue, found: JsonValue) -> bool:
    """Whether `found` holds all of `wanted`: objects may hold more; text is compared in any case."""
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(
            key in found and same(value, found[key]) for key, value in wanted.items()
        )
    if isinstance(wanted, list):
        return isinstance(found, list) and len(wanted) == len(found) and all(map(same, wanted, found))
    if isinstance(wanted, str) and isinstance(found, str):
        return wanted.strip().casefold() == found.strip().casefold()
    return wanted == found and isinstance(wanted, bool) == isinstance(found, bool)
