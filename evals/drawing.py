"""Plots as inline SVG, in the colours of the page around them: numbers and words of our own, no text of others."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from evals.statistics import Figure

Point = tuple[float, float]
_SIDE = 300
_EDGE = 40


def curve(points: Sequence[Point], *, guide: Sequence[Point], across: str, up: str, dots: bool = False) -> Markup:
    """A line through `points` in the unit square, a dashed `guide`, and both told in words for who cannot see them."""
    told = "; ".join(f"{x:.2f}: {y:.2f}" for x, y in points[:: max(1, len(points) // 12)])
    size = _SIDE + 2 * _EDGE
    ticks = "".join(
        f'<text x="{_x(at)}" y="{_y(0) + 18}" text-anchor="middle">{at:g}</text>'
        f'<text x="{_x(0) - 6}" y="{_y(at) + 4}" text-anchor="end">{at:g}</text>'
        f'<path class="grid" d="M{_x(0)} {_y(at)}H{_x(1)}"/>'
        for at in (0.0, 0.25, 0.5, 0.75, 1.0)
    )
    marks = "".join(f'<circle class="dot" cx="{_x(x):.1f}" cy="{_y(y):.1f}" r="4"/>' for x, y in points) if dots else ""
    return Markup(  # noqa: S704 - numbers and our own words
        f'<svg role="img" aria-label="{across} and {up}: {told}" viewBox="0 0 {size} {size}">{ticks}'
        f'<path class="guide" d="{_path(guide)}"/><path class="curve" d="{_path(points)}"/>{marks}'
        f'<text x="{_x(0.5)}" y="{size - 4}" text-anchor="middle">{across}</text>'
        f'<text x="{_EDGE}" y="{_EDGE - 14}">{up}</text></svg>'
    )


def bar(figure: Figure) -> Markup:
    """A share from 0 to 1: the bar to its value, the interval over it."""
    value, low, high = (100 * one for one in (figure.value, figure.low, figure.high))
    return Markup(  # noqa: S704 - numbers only
        '<svg class="bar" aria-hidden="true" viewBox="0 0 100 10" preserveAspectRatio="none">'
        f'<rect class="track" width="100" height="10"/><rect class="share" width="{value:.2f}" height="10"/>'
        f'<rect class="range" x="{low:.2f}" y="4" width="{max(0.6, high - low):.2f}" height="2"/></svg>'
    )


def _path(points: Sequence[Point]) -> str:
    return "M" + "L".join(f"{_x(x):.1f} {_y(y):.1f}" for x, y in points) if points else ""


def _x(value: float) -> float:
    return _EDGE + _SIDE * value


def _y(value: float) -> float:
    return _EDGE + _SIDE * (1 - value)
