"""Centring and whitening of features, fitted in numpy, and as nodes of a graph."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.graph import Value
from pipeline.vectors import principal

_ROUNDING = 1e-5  # of the features' length: a smaller spread may be rounding, which whitening would blow up

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Whitening:
    """Centring and whitening of one block of features: mean (P,) and components (P, D), float32; and an anchor.

    The anchor is a number that joins the whitened ones before they get unit length. Where it is 0, only their direction
    remains. Else their length does as well: pictures that are much like the mean stay near each other, and one that is
    far from it is far from all but those in its own direction.
    """

    mean: Array
    components: Array
    anchor: float

    def of(self, features: Value) -> Value:
        """Return features (B, P) centred, whitened and at unit length: (B, D), or (B, D + 1) with an anchor."""
        whitened = (features - self.mean) @ self.components
        if self.anchor:
            whitened = whitened.padded((0, 0), (0, 1), self.anchor)
        return whitened.unit()


def fit_whitening(features: Array, *, dimensions: int, power: float, anchor: float) -> Whitening:
    """Fit centring and whitening: principal components, each divided by a power of its spread.

    Parameters
    ----------
    features
        (N, P) pooled features of N pictures.
    dimensions
        Components to keep, at least one; fewer where N - 1 or P allow no more, or pictures are copies of each other.
        Where all are alike nothing can be told apart: then everything gets the same one number.
    power
        0 leaves spreads as they are, 1 makes them all equal; 0.5 is half-whitening.
    anchor
        In median lengths of the whitened features, from 0.
    """
    mean = features.mean(axis=0)
    spreads, directions = principal(features - mean, dimensions=max(1, dimensions))
    spreads = spreads / max(1, len(features) - 1) ** 0.5  # standard deviations
    kept = spreads > _ROUNDING * float(np.linalg.norm(features, axis=1).mean())
    if not kept.any():
        direction = mean if mean.any() else np.ones_like(mean)
        return Whitening(np.zeros_like(mean), (direction / np.linalg.norm(direction))[:, None].astype(np.float32), 0.0)
    components = (directions[:, kept] / spreads[kept] ** power).astype(np.float32)
    length = float(np.median(np.linalg.norm((features - mean) @ components, axis=1))) if anchor else 0.0
    return Whitening(mean, components, anchor * length)
