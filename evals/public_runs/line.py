"""One line of the table of public sets: what was measured, ours with its interval, and what others published."""

from __future__ import annotations

from dataclasses import dataclass

from evals.statistics import Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """`beside` is a published or measured figure of others with its source, or "" where there is none."""

    measure: str
    figure: Figure
    beside: str = ""

    def as_markdown(self) -> str:
        one = self.figure
        return f"| {self.measure} | {one.value:.3f} [{one.low:.3f}, {one.high:.3f}] | {one.n} | {self.beside or '–'} |"
