"""Owns the simple embeddings that a trained one must beat: each from the pixels alone, none of it learnt but PCA."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from pipeline.pixels import Pictures

_HOG_SIDE = 128  # pixels


def pixel_embeddings(pictures: Pictures) -> NDArray[np.float32]:
    """Return the baseline of plain pixels: 32x32 block means, centred over the folder, at unit length.

    Parameters
    ----------
    pictures
        uint8 (N, 256, 256, 3); read in blocks, may be memory-mapped.

    Returns
    -------
    embeddings
        float32 (N, 3072).
    """
    small = np.empty((len(pictures), 32 * 32 * 3), np.float32)
    for start in range(0, len(pictures), 256):
        block = pictures[start : start + 256].reshape(-1, 32, 8, 32, 8, 3)
        small[start : start + 256] = block.mean(axis=(2, 4), dtype=np.float32).reshape(len(block), -1)
    return _unit(small - small.mean(axis=0))


def whitened_pixel_embeddings(pictures: Pictures) -> NDArray[np.float32]:
    """Return the pixels of `pixel_embeddings` on at most 128 principal components, half-whitened, at unit length.

    Each component is divided by the square root of its standard deviation; float32 (N, D), D <= 128.
    """
    return _half_whitened(pixel_embeddings(pictures), dimensions=128)


def histogram_embeddings(pictures: Pictures) -> NDArray[np.float32]:
    """Return the baseline of colours alone: the square root of the RGB histogram, 8x8x8 bins, float32 (N, 512)."""
    counts = np.empty((len(pictures), 512), np.float32)
    for row, picture in enumerate(pictures):
        bins = (picture >> 5).reshape(-1, 3) @ np.array([64, 8, 1])
        counts[row] = np.bincount(bins, minlength=512)
    return _unit(np.sqrt(counts))


def hog_embeddings(pictures: Pictures) -> NDArray[np.float32]:
    """Return histograms of oriented gradients on at most 256 principal components, half-whitened, at unit length.

    Nine orientations in cells of 16 pixels at 128x128, normalised in blocks of 2x2 cells; float32 (N, D), D <= 256.

    References
    ----------
    Dalal and Triggs, "Histograms of oriented gradients for human detection", CVPR 2005,
    doi:10.1109/CVPR.2005.177.
    """
    from skimage.feature import hog

    scale = pictures.shape[1] // _HOG_SIDE
    rows = []
    for picture in pictures:
        small = picture.reshape(_HOG_SIDE, scale, _HOG_SIDE, scale, 3).mean(axis=(1, 3))
        rows.append(hog(small, pixels_per_cell=(16, 16), cells_per_block=(2, 2), channel_axis=-1).astype(np.float32))
    return _half_whitened(np.stack(rows), dimensions=256)


def _half_whitened(features: NDArray[np.float32], *, dimensions: int) -> NDArray[np.float32]:
    """Return the scores (N, D) on the first principal components, each over the root of its spread, at unit length."""
    from sklearn.utils.extmath import randomized_svd

    centred = features - features.mean(axis=0)
    scores, spreads, _ = randomized_svd(centred, min(dimensions, *centred.shape), random_state=0)
    kept = max(1, int((spreads > 1e-3 * spreads[0]).sum()))
    return _unit(scores[:, :kept] * np.sqrt(spreads[:kept]))  # a half-whitened component, but for a factor of all


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scale rows to unit length; a row of zeros becomes one of equal numbers."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    equal = np.float32(vectors.shape[1] ** -0.5)
    unit: NDArray[np.float32] = np.where(lengths > 0, vectors / np.maximum(lengths, 1e-30), equal).astype(np.float32)
    return unit


Baseline = Callable[[Pictures], NDArray[np.float32]]
BASELINES: dict[str, Baseline] = {  # uint8 (N, 256, 256, 3) to float32 (N, D) of unit length
    "pixels": pixel_embeddings,
    "whitened pixels": whitened_pixel_embeddings,
    "histogram": histogram_embeddings,
    "HOG": hog_embeddings,
}
