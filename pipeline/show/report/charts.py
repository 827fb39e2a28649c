"""Charts as SVG that takes its colours from the page: lines over a number, and counts of a value."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 640, 280
Scale = Callable[[float], float]
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 16, 14, 60


def line_chart(
    x: Sequence[float], lines: Mapping[str, Sequence[float]], *, xlabel: str, marked: float | None = None
) -> dict[str, object]:
    """Return what the template draws: a path for each line, ticks, and a mark at one x of the first line.

    Parameters
    ----------
    x
        Ascending numbers.
    lines
        Name to values, each as long as x. Numbers that are not finite are left out.
    xlabel
        Below the chart.
    marked
        An x that is pointed out on the first line, if it is one of x.
    """
    values = np.array([*lines.values()], np.float64)  # (L, len(x))
    finite = values[np.isfinite(values)]
    if not len(x) or not len(finite):
        return {}
    xs, ys = _axis(min(x), max(x)), _axis(float(finite.min()), float(finite.max()))
    right, up = _scale(xs, _LEFT, WIDTH - _RIGHT), _scale(ys, HEIGHT - _BOTTOM, _TOP)
    drawn = []
    for name, line in zip(lines, values, strict=True):
        points = [f"{right(a):.1f},{up(b):.1f}" for a, b in zip(x, line, strict=True) if np.isfinite(b)]
        drawn.append({"name": name, "points": " ".join(points), "last": points[-1].split(",") if points else None})
    mark = None
    if marked is not None and marked in x:
        value = float(values[0][list(x).index(marked)])
        mark = {"x": right(marked), "y": up(value), "value": marked}
    return _frame(xs, ys, right, up, xlabel) | {"lines": drawn, "mark": mark}


def count_chart(values: NDArray[np.float64], *, xlabel: str, bins: int = 40) -> dict[str, object]:
    """Return a histogram of finite values (M,) as bars for the template."""
    if not len(values):
        return {}
    spread = (float(values.min()), float(values.max()) if np.ptp(values) > 0 else float(values.min()) + 1)
    counts, edges = np.histogram(values, bins=bins, range=spread)
    xs, ys = _axis(*spread), _axis(0.0, float(counts.max()))
    right, up = _scale(xs, _LEFT, WIDTH - _RIGHT), _scale(ys, HEIGHT - _BOTTOM, _TOP)
    bars = [
        {
            "x": right(edge),
            "width": max(right(after) - right(edge) - 1.5, 0.5),
            "y": up(count),
            "height": up(0) - up(count),
        }
        for count, edge, after in zip(counts.tolist(), edges[:-1], edges[1:], strict=True)
        if count
    ]
    return _frame(xs, ys, right, up, xlabel) | {"bars": bars}


def _scale(ticks: list[float], first: float, last: float) -> Scale:
    """Return the function that maps the span of an axis to pixels."""
    per = (last - first) / (ticks[-1] - ticks[0])
    return lambda value: round(first + (value - ticks[0]) * per, 1)


def _axis(low: float, high: float) -> list[float]:
    """Return round numbers, evenly apart, that hold low and high between them."""
    span = (high - low) or abs(high) or 1.0
    rough = span / 4
    magnitude = 10.0 ** np.floor(np.log10(rough))
    step = next(m * magnitude for m in (1, 2, 2.5, 5, 10) if m * magnitude >= rough * 0.999)
    first, last = np.floor(low / step + 1e-9), np.ceil(high / step - 1e-9)
    return [round(float(number * step), 10) for number in np.arange(first, max(last, first + 1) + 1)]


def _frame(xs: list[float], ys: list[float], right: Scale, up: Scale, xlabel: str) -> dict[str, object]:
    return {
        "width": WIDTH,
        "height": HEIGHT,
        "xlabel": xlabel,
        "left": _LEFT,
        "right": WIDTH - _RIGHT,
        "bottom": HEIGHT - _BOTTOM,
        "xticks": [(right(tick), f"{tick:g}") for tick in xs],
        "yticks": [(up(tick), f"{tick:g}") for tick in ys],
    }
