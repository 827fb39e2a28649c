"""The weights that a training may start from in place of random ones: those of a network trained on grown pictures.

The file lies in the package, in half precision. `benchmarks/start.py` makes it from a training on the pictures of
`benchmarks/grown.py`, which no photograph and no foreign weights took part in.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.autoencoder.backend import keras
from pipeline.autoencoder.networks import build

GROWN = Path(__file__).parent / "grown.npz"


def grown_weights() -> list[NDArray[np.float32]]:
    """Return the shipped weights of the residual autoencoder, float32, in the order of `get_weights`."""
    with np.load(GROWN, allow_pickle=False) as arrays:
        return [arrays[name].astype(np.float32) for name in arrays.files]


def save_weights(trained: Path, path: Path) -> None:
    """Write the weights of a trained residual autoencoder, a .keras file, as such a start.

    Raises
    ------
    ValueError
        If it is another network, or half precision can't hold its weights.
    """
    weights = keras.saving.load_model(trained, compile=False).get_weights()
    if [each.shape for each in weights] != [each.shape for each in build("residual", policy="float32").get_weights()]:
        raise ValueError(f"{trained} is no residual autoencoder as it is built today")
    if not all((np.abs(each) <= np.finfo(np.float16).max).all() for each in weights):
        raise ValueError(f"{trained} has weights that half precision can't hold")
    np.savez_compressed(path, *[each.astype(np.float16) for each in weights])
