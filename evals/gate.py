"""The gate for CI: fails on a loss that is more than luck, and on nothing else.

Scores are tested together (Holm), one-sided, at 5 %: of a hundred runs of the same thing at most five fail. A score
that cannot show a loss, because too few samples changed, takes nothing from the others (Tarone, 1990).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from evals.comparing import Changed, Comparison
from evals.rows import Row

_ALPHA: Final = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`losses` are the scores that became worse by more than luck; `broken` says what must never happen and did."""

    losses: tuple[Changed, ...]
    broken: tuple[str, ...]
    lines: tuple[str, ...]

    @property
    def passed(self) -> bool:
        return not self.losses and not self.broken


def judge(comparison: Comparison | None, rows: Sequence[Row], *, required: Collection[str] = ()) -> Verdict:
    """`required` are scores that every trial must pass, whatever the baseline did: effects of an injection, say.

    Without a comparison only these are looked at.
    """
    losses = tuple(one for one in comparison.changes if one.adjusted <= _ALPHA) if comparison else ()
    broken = tuple(line for name in sorted(required) if (line := _broken(name, rows)))
    return Verdict(losses=losses, broken=broken, lines=tuple(_lines(comparison, losses, broken)))


def _broken(name: str, rows: Sequence[Row]) -> str:
    told = [row for row in rows if name in row.values]
    failed = [row.sample for row in told if name in row.failed]
    if not told:
        return f"{name} is required, and no sample says anything about it"
    if not failed:
        return ""
    return f"{name} failed in {len(failed)} of {len(told)} trials, and must in none: {', '.join(failed[:5])}"


def _lines(comparison: Comparison | None, losses: Sequence[Changed], broken: Sequence[str]) -> list[str]:
    lines = [_loss(one) for one in losses] + list(broken)
    if comparison is None:
        return lines or ["No baseline to compare with."]
    if not comparison.samples:
        return [*lines, "The baseline has none of these samples: nothing was compared."]
    if not losses:
        lines.append(f"No loss beyond luck in {comparison.samples} samples.")
    lines.append(str(comparison.power))
    return lines


def _loss(one: Changed) -> str:
    difference = one.paired.difference
    return (
        f"{one.name} fell from {one.before:.1%} to {one.after:.1%} ({100 * difference.value:+.1f} points, "
        f"95 % interval {100 * difference.low:+.1f} to {100 * difference.high:+.1f}; {one.paired.worse} samples worse, "
        f"{one.paired.better} better; p = {one.adjusted:.2g} after Holm)"
    )
