"""Owns plots: PNG files from plain numbers, in one look. The only room that imports matplotlib."""

from collections import Counter
from collections.abc import Mapping, Sequence
from colorsys import hsv_to_rgb
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.offsetbox import AnnotationBbox, OffsetImage
from numpy.typing import NDArray

from pipeline.show.lettering import drawn, fitted

INK, BLUE, ORANGE, GREY = "#1f2933", "#2563a8", "#d9822b", "#9aa5b1"
_NAMED = 24  # categories whose names stand on a map
_DPI = 130
_LETTERS, _NAME = 15, 260  # pixels of the letters of a name on a map, and of its width at most


def plot_losses(
    path: Path,
    *,
    epochs: Sequence[int],
    training: Sequence[float],
    validation: Sequence[float],
    baseline: float | None,
) -> None:
    """Draw training and validation loss by epoch; `baseline` is the loss of predicting the mean picture, if any."""
    figure, axes = _axes("Loss by epoch", "epoch", "loss (smaller is better)")
    axes.plot(epochs, training, color=BLUE, label="training")
    axes.plot(epochs, validation, color=ORANGE, label="validation")
    if baseline is not None:
        axes.axhline(baseline, color=GREY, linestyle="--", label="predicting the mean picture")
    axes.legend(frameon=False)
    figure.savefig(path)


def plot_choice_of_k(
    path: Path, *, title: str, ylabel: str, ks: Sequence[int], values: Sequence[float], chosen: int
) -> None:
    """Draw a criterion over K and mark the K that it chooses."""
    figure, axes = _axes(title, "K, number of groups", ylabel)
    axes.plot(ks, values, color=BLUE, marker="o", markersize=3)
    axes.margins(y=0.14)  # room for the words at a maximum
    if chosen in ks:
        value = values[list(ks).index(chosen)]
        axes.plot([chosen], [value], color=ORANGE, marker="o", markersize=9)
        axes.annotate(f"K = {chosen}", (chosen, value), (8, 10), textcoords="offset points", color=INK)
    figure.savefig(path)


def plot_dimensions(
    path: Path, *, dimensions: Sequence[int], agreement: Sequence[float], seconds: Sequence[float]
) -> None:
    """Draw top-4 agreement (left) and the seconds of a search (right) by the number of dimensions."""
    figure, axes = _axes("Agreement and time by dimensions", "dimensions (logarithmic)", "top-4 agreement, %")
    axes.plot(dimensions, [100 * share for share in agreement], color=BLUE, marker="o", markersize=4)
    axes.set_ylim(0, None)
    axes.set_xscale("log")
    axes.set_xticks(dimensions, ["" if d in (75, 150, 200) else str(d) for d in dimensions])
    axes.minorticks_off()
    axes.yaxis.label.set_color(BLUE)
    right = axes.twinx()
    right.plot(dimensions, seconds, color=ORANGE, marker="s", markersize=4)
    right.set_ylim(0, None)
    right.set_ylabel("seconds for all lists", color=ORANGE)
    right.spines[["top", "left"]].set_visible(False)
    figure.savefig(path)


def plot_search(path: Path, *, methods: Sequence[str], milliseconds: Sequence[float], recall: Sequence[float]) -> None:
    """Draw each method's recall at 10 over its time a query; up and left is better."""
    figure, axes = _axes("Recall and time of a search", "milliseconds a query (logarithmic)", "recall at 10")
    axes.plot(milliseconds, recall, color=BLUE, marker="o", markersize=8, linestyle="")
    middle = (min(milliseconds) * max(milliseconds)) ** 0.5
    for number, (method, x, y) in enumerate(zip(methods, milliseconds, recall, strict=True)):
        side, offset = ("left", 9) if x < middle else ("right", -9)  # towards the middle, where there is room
        above = 9 if number % 2 else -9  # neighbours in the list are often neighbours in the plot
        axes.annotate(method, (x, y), (offset, above), textcoords="offset points", ha=side, va="center", color=INK)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter("{x:g}")
    axes.set_ylim(min(0.9, *recall) - 0.03, 1.03)
    figure.savefig(path)


def plot_map(path: Path, *, positions: NDArray[np.floating], colourings: Mapping[str, Sequence[str]]) -> None:
    """Draw points (N, 2), once for each colouring: its title, and the category of each point, "" for none.

    The largest categories are named where most of their points lie, whatever they are called: matplotlib itself
    would take two dollars for a formula, and has no letters of many scripts.
    """
    low, high = _limits(positions)
    width, height = high - low
    tall = 0.5 + 6.6 * float(np.clip(height / width, 0.3, 1.5))
    figure = Figure(figsize=(6.6 * len(colourings), tall), dpi=_DPI, layout="constrained")
    panels = figure.subplots(1, len(colourings), squeeze=False)[0]
    for axes, (title, categories) in zip(panels, colourings.items(), strict=True):
        axes.set_title(title, loc="left", color=INK)
        axes.set_aspect("equal")
        axes.set_xlim(low[0], high[0])
        axes.set_ylim(low[1], high[1])
        axes.set_axis_off()
        named = [(name, count) for name, count in Counter(categories).most_common() if name]
        numbers = {name: number for number, (name, _) in enumerate(named)}
        colours = [_category_colour(numbers[name]) if name else GREY for name in categories]
        size = float(np.clip(12000 / len(positions), 2, 30))
        axes.scatter(positions[:, 0], positions[:, 1], s=size, c=colours, linewidths=0, alpha=0.85)
        for name, _ in named[:_NAMED]:
            own = positions[[category == name for category in categories]]
            middle = own[((own - np.median(own, axis=0)) ** 2).sum(axis=1).argmin()]
            above = (0.0, 4.0 + size**0.5)  # points: beside its dot, not on it
            axes.add_artist(AnnotationBbox(_written(name), middle, above, boxcoords="offset points", frameon=False))
    figure.savefig(path)


def plot_threshold(path: Path, *, copies: Sequence[float], others: Sequence[float], threshold: float) -> None:
    """Draw how similar copies are that were made, and nearest neighbours that differ, and the threshold between."""
    figure, axes = _axes("Copies, and neighbours that differ", "cosine similarity", "share of them, %")
    edges = np.linspace(min([*copies, *others, threshold, 0.99]), 1.0, 61).tolist()
    for values, colour, label in ((others, GREY, "nearest neighbours that differ"), (copies, BLUE, "copies made")):
        if values:
            weights = [100 / len(values)] * len(values)
            axes.hist(np.minimum(values, 1.0), edges, color=colour, alpha=0.75, label=label, weights=weights)
    axes.axvline(threshold, color=ORANGE, linestyle="--", label=f"threshold, {threshold:.3f}")
    axes.legend(frameon=False, loc="upper left")
    figure.savefig(path)


def plot_uniqueness(
    path: Path, *, distances: Sequence[float], thumbnails: Sequence[NDArray[np.uint8]], limit: float
) -> None:
    """Draw a box plot of distances, given from the largest on, and thumbnails of the first ones.

    What lies beyond `limit`, the reach of the upper whisker, stands out; that nothing does is said.
    """
    figure, axes = _axes("How far each picture is from its most similar one", _whisker_words(distances, limit), "")
    if distances:
        axes.boxplot([list(distances)], orientation="horizontal", widths=0.5, positions=[0], showfliers=False,
                     medianprops={"color": BLUE})  # fmt: skip
    outliers = [distance for distance in distances if distance > limit]
    named = [distance for distance in distances[: len(thumbnails)] if distance <= limit]
    for values, colour in ((named, GREY), (outliers, ORANGE)):
        axes.plot(values, [0] * len(values), linestyle="", marker="o", markersize=4, color=colour, alpha=0.8, zorder=3)
    axes.set_yticks([])
    axes.grid(visible=False)
    axes.set_ylim(-0.6, 2.2)
    for number, pixels in enumerate(thumbnails):  # the largest distance on the right
        place = 1 - (number + 0.5) / len(thumbnails)
        axes.annotate("", (distances[number], 0.04), (place, 0.69), textcoords="axes fraction",
                      arrowprops={"arrowstyle": "-", "color": GREY, "linewidth": 0.8})  # fmt: skip
        picture = OffsetImage(pixels, zoom=0.17, resample=True)
        axes.add_artist(AnnotationBbox(picture, (place, 0.78), xycoords="axes fraction", frameon=False))
    figure.savefig(path)


def _whisker_words(distances: Sequence[float], limit: float) -> str:
    """Return the words below the box plot: what its dots are, or that nothing stands out."""
    number = sum(distance > limit for distance in distances)
    if not number:
        return "cosine distance; nothing stands out: none lies beyond the upper whisker"
    return f"cosine distance; orange: beyond the upper whisker, {number:,} of {len(distances):,} stand out"


def _limits(positions: NDArray[np.floating]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the lower left and upper right corner of a map, (2,) each, with room around and some for points on a line.

    Where points lie on a line but for rounding, limits that follow them would be a matrix that can't be inverted.
    """
    low, high = positions.min(axis=0).astype(np.float64), positions.max(axis=0).astype(np.float64)
    longest = float((high - low).max()) or 1.0
    half = np.maximum((high - low) * 1.08, 0.2 * longest) / 2
    return (low + high) / 2 - half, (low + high) / 2 + half


def _written(name: str) -> OffsetImage:
    """Return a name as a picture, pixel for pixel."""
    letters = drawn(fitted(name, _LETTERS, _NAME), _LETTERS, INK, halo=2)
    return OffsetImage(letters, zoom=72 / _DPI, interpolation="nearest")


def _category_colour(number: int) -> tuple[float, float, float]:
    """Return a colour unlike those of the numbers before it: hues by the golden angle, in three strengths."""
    return hsv_to_rgb(number * 0.381966 % 1, (0.72, 0.5, 0.9)[number % 3], (0.78, 0.62, 0.52)[number // 3 % 3])


def _axes(title: str, xlabel: str, ylabel: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(7, 4.2), dpi=_DPI, layout="constrained")
    axes = figure.subplots()
    axes.set_title(title, loc="left", color=INK)
    axes.set_xlabel(xlabel)
    axes.set_ylabel(ylabel)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color=GREY, alpha=0.25)
    return figure, axes
