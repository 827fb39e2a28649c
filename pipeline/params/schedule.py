"""Owns what `auto` means for a training: how many epochs, and how many pictures at once."""

from pipeline.params import TrainParams

_VIEWS = 200_000  # twenty minutes of two cores: 0.24 PFLOP
_VIEWS_ON_GPU = 1_000_000  # 1.2 PFLOP; so up to 8,333 pictures get 120 epochs. What it gains was not measured
_FEWEST, _MOST = 5, 120  # epochs
_MANY = 2000  # pictures, of which larger batches still make steps enough


def epochs(train: TrainParams, num_pictures: int, *, on_gpu: bool) -> int:
    """Return how many times a training looks at each picture.

    >>> from pipeline.params import load_params
    >>> from pathlib import Path
    >>> from pipeline.closure import PACKAGE
    >>> train = load_params(PACKAGE / "projects" / "params.yaml").train
    >>> [epochs(train, count, on_gpu=False) for count in (500, 8677, 100_000)]
    [120, 23, 5]
    """
    if train.epochs != "auto":
        return train.epochs
    if train.network == "classic":
        return 50
    views = train.views if train.views != "auto" else _VIEWS_ON_GPU if on_gpu else _VIEWS
    return min(max(round(views / num_pictures), _FEWEST), _MOST)


def batch_size(train: TrainParams, num_pictures: int) -> int:
    """Return how many pictures a step looks at."""
    if train.batch_size != "auto":
        return train.batch_size
    if train.network == "classic":
        return 32
    return 64 if num_pictures < _MANY else 128
