"""Is the shop afterwards as it should be? What was said about it does not count."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import JsonValue

from evals.sample import EndState, Sample
from evals.scorers.score import Score
from evals.scorers.tool_calls import same
from evals.trial import Trial


def end_state(sample: Sample, trial: Trial) -> Score | None:
    """1 where everything that the sample names is so: a half-right shop is a wrong one."""
    wanted = sample.expect.end_state
    if wanted is None:
        return None
    wrong = [*_effects(wanted, trial), *_things(wanted, trial), *_actions(wanted, trial)]
    return Score(name="end_state", value=float(not wrong), passed=not wrong, why="; ".join(wrong[:4]))


def _effects(wanted: EndState, trial: Trial) -> Iterator[str]:
    if wanted.no_effects:
        yield from (f"changed: {one.kind} {one.what} {one.field} → {one.after}" for one in trial.shop.effects)
    if wanted.refunded is not None:
        given = trial.shop.refunded
        for order in sorted({*wanted.refunded, *given}):
            if wanted.refunded.get(order, 0) != given.get(order, 0):
                yield f"refunded {given.get(order, 0)} on {order}, expected {wanted.refunded.get(order, 0)}"


def _things(wanted: EndState, trial: Trial) -> Iterator[str]:
    yield from _differing("order", wanted.orders, trial.shop.orders)
    yield from _differing("subscription", wanted.subscriptions, trial.shop.subscriptions)


def _differing(
    kind: str, wanted: dict[str, dict[str, JsonValue]], found: dict[str, dict[str, JsonValue]]
) -> Iterator[str]:
    for number, fields in wanted.items():
        if number not in found:
            yield f"{kind} {number} is not there"
            continue
        for name, value in fields.items():
            if not same(value, found[number].get(name)):
                yield f"{kind} {number}: {name} is {found[number].get(name)!r}, expected {value!r}"


def _actions(wanted: EndState, trial: Trial) -> Iterator[str]:
    left = list(trial.actions)
    for one in wanted.actions:
        found = next(
            (
                action
                for action in left
                if action.kind == one.kind
                and action.state == one.state
                and one.order in (None, action.order)
                and one.amount_minor in (None, action.amount_minor)
            ),
            None,
        )
        if found is None:
            states = ", ".join(f"{action.kind} {action.state}" for action in trial.actions) or "none"
            yield f"no {one.kind} that is {one.state} (there: {states})"
        else:
            left.remove(found)
