"""Owns plots: PNG files from plain numbers, in one look. The only room that imports matplotlib."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

INK, BLUE, ORANGE, GREY = "#1f2933", "#2563a8", "#d9822b", "#9aa5b1"


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
    if chosen in ks:
        value = values[list(ks).index(chosen)]
        axes.plot([chosen], [value], color=ORANGE, marker="o", markersize=9)
        axes.annotate(f"K = {chosen}", (chosen, value), (8, 10), textcoords="offset points", color=INK)
    figure.savefig(path)


def _axes(title: str, xlabel: str, ylabel: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(7, 4.2), dpi=130, layout="constrained")
    axes = figure.subplots()
    axes.set_title(title, loc="left", color=INK)
    axes.set_xlabel(xlabel)
    axes.set_ylabel(ylabel)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color=GREY, alpha=0.25)
    return figure, axes
