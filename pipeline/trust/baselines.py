"""Owns the simple embeddings that a trained one must beat: each from the pixels alone, none of it learnt but PCA."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from pipeline.pixels import Pictures
from pipeline.vectors import half_whitened, unit

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
    return _embedding(small - small.mean(axis=0))


def whitened_pixel_embeddings(pictures: Pictures) -> NDArray[np.float32]:
    """Return the pixels of `pixel_embeddings` on at most 128 principal components, half-whitened, at unit length.

    Each component is divided by the square root of its standard deviation; float32 (N, D), D <= 128.
    """
    return _embedding(half_whitened(pixel_embeddings(pictures), dimensions=128))


def histogram_embeddings(pictures: Pictures) -> NDArray[np.float32]:
    """Return the baseline of colours alone: the square root of the RGB histogram, 8x8x8 bins, float32 (N, 512)."""
    counts = np.empty((len(pictures), 512), np.float32)
    for row, picture in enumerate(pictures):
        bins = (picture >> 5).reshape(-1, 3) @ np.array([64, 8, 1])
        counts[row] = np.bincount(bins, minlength=512)
    return _embedding(np.sqrt(counts))


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
    return _embedding(half_whitened(np.stack(rows), dimensions=256))


def _embedding(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return features (N, D) at unit length; a picture without any gets equal numbers, which have unit length too."""
    found = unit(features).astype(np.float32)
    found[~features.any(axis=1)] = features.shape[1] ** -0.5
    return found


Baseline = Callable[[Pictures], NDArray[np.float32]]
BASELINES: dict[str, Baseline] = {  # uint8 (N, 256, 256, 3) to float32 (N, D) of unit length
    "pixels": pixel_embeddings,
    "whitened pixels": whitened_pixel_embeddings,
    "histogram": histogram_embeddings,
    "HOG": hog_embeddings,
}
