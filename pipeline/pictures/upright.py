"""Owns the question whether the pictures of a folder have an up and a down, or lie there however they fell.

Photographs are upright; snow crystals, cells, coins and tiles are not. If turning a picture leaves no trace that a
classifier could find, its orientation says nothing, and what is learnt from the folder should overlook it.
"""

import numpy as np
from numpy.typing import NDArray

from pipeline.pixels import Pictures

FEWEST = 300  # pictures that the question can be answered with; of 120 photographs it once said no
_MOST = 1000
_SIDE = 64  # pixels
_COMPONENTS = 60


def turning_shows(pictures: Pictures, *, seed: int) -> float:
    """Return how well a linear classifier tells turned pictures from pictures as they are.

    Each of at most 1,000 pictures is shown as it is and turned by one, two or three quarters, both seen through a disc.
    The classifier looks at coarse pixels and at histograms of oriented gradients, and is judged on pictures that it
    was not fitted on.

    Parameters
    ----------
    pictures
        uint8 (N, 256, 256, 3), N >= 300.
    seed
        Draws the pictures and their turns.

    Returns
    -------
    area
        Area under the ROC curve: 0.5 where orientation says nothing, 1 where it always shows.
    """
    from sklearn.decomposition import PCA
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import GroupKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if len(pictures) < FEWEST:
        raise ValueError(f"expected at least {FEWEST} pictures, got {len(pictures)}")
    generator = np.random.default_rng(seed)
    rows = generator.permutation(len(pictures))[:_MOST]
    straight = [_through_a_disc(pictures[row]) for row in rows]
    turned = [
        np.rot90(one, quarters) for one, quarters in zip(straight, generator.integers(1, 4, len(rows)), strict=True)
    ]
    features = np.stack([_features(one) for one in [*straight, *turned]])
    answers = np.repeat([0, 1], len(rows))
    classifier = make_pipeline(
        StandardScaler(), PCA(min(_COMPONENTS, len(rows)), random_state=seed), LogisticRegression(C=0.1, max_iter=1000)
    )
    groups = np.tile(np.arange(len(rows)), 2)  # a picture and itself turned are fitted on together or not at all
    scores = cross_val_predict(
        classifier, features, answers, groups=groups, cv=GroupKFold(5), method="decision_function"
    )
    return float(roc_auc_score(answers, scores))


def _through_a_disc(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return float32 (64, 64, 3) in [0, 1], grey outside a disc: the corners must not tell."""
    scale = picture.shape[0] // _SIDE
    blocks = picture.reshape(_SIDE, scale, _SIDE, scale, 3)
    small: NDArray[np.float32] = blocks.mean(axis=(1, 3), dtype=np.float32) / np.float32(255)
    y, x = np.mgrid[:_SIDE, :_SIDE] - (_SIDE - 1) / 2
    small[x**2 + y**2 > (_SIDE / 2) ** 2] = 0.5
    return small


def _features(small: NDArray[np.float32]) -> NDArray[np.float32]:
    from skimage.feature import hog

    outlines = hog(small, pixels_per_cell=(16, 16), cells_per_block=(1, 1), channel_axis=-1)
    coarse = small.reshape(16, 4, 16, 4, 3).mean(axis=(1, 3))
    joined: NDArray[np.float32] = np.concatenate([outlines, coarse.ravel()]).astype(np.float32)
    return joined
