"""Owns what is said at the start of a training: how long it will take, and what a shorter or longer one gave.

`forecast` is the sentence. What it says of agreement was measured and stands in docs/experiments.md, under "How long?";
of what was not measured it says so.
"""

import math
from typing import NamedTuple

from pipeline.wording import counted, duration


class Compared(NamedTuple):
    """Two trainings of one set: the epochs of each, and the top-4 agreement that it reached, in %."""

    name: str
    pictures: int
    fewer: int
    fewer_reached: float
    more: int
    more_reached: float


COMPARED = (
    Compared("the 499 pictures of the sample", 499, 60, 96.4, 120, 97.7),
    Compared("the 1,360 pictures of Flowers-17", 1360, 60, 74.4, 120, 76.4),
    Compared("the 8,677 pictures of Caltech-101", 8677, 8, 76.8, 23, 77.6),
)


def forecast(*, pictures: int, epochs: int, left: int, epoch_seconds: float, is_compared: bool) -> str:
    """Say how long a training will take, and of a fresh one what fewer and more epochs brought where that was measured.

    Parameters
    ----------
    pictures
        How many the folder has; the set of the nearest size is told of.
    epochs, left
        Of the whole training, and how many of them are still to be done: fewer after `--resume`.
    epoch_seconds
        What an epoch takes, as measured.
    is_compared
        Whether it is the residual network's contrastive training from the grown weights, of which the figures are.

    Examples
    --------
    >>> forecast(pictures=8677, epochs=23, left=10, epoch_seconds=55, is_compared=True)
    '10 epochs more, 23 in all, will take about 9 minutes on this machine'
    """
    whole = duration(left * epoch_seconds)
    if left < epochs:
        return f"{counted(left, 'epoch')} more, {epochs} in all, will take {whole} on this machine"
    time = f"{counted(epochs, 'epoch')} of {counted(pictures, 'picture')} will take {whole} on this machine"
    if not is_compared:
        return f"{time}; what more of them would bring was not measured"
    found = min(COMPARED, key=lambda compared: abs(math.log(pictures / compared.pictures)))
    fewer = round(epochs * found.fewer / found.more)
    shorter = duration(fewer * epoch_seconds)
    if fewer and shorter != whole:
        time += f", with train.epochs: {fewer} {shorter}"
    return (
        f"{time}. On {found.name}, {found.fewer} epochs reached {found.fewer_reached} % top-4 agreement and "
        f"{found.more} epochs {found.more_reached} %; what more would bring was not measured (docs/experiments.md)"
    )
