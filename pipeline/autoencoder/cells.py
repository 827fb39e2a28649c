"""What the encoder sees at each place of a picture: the file of cells, by which `compare` shows where two differ.

A cell is 8x8 pixels. Its vector joins what the stages of the encoder give there, less the folder's mean, over the
folder's spread, each stage at unit length: so a channel that is loud everywhere drowns no other, and half the squared
distance of two cells is one less their mean cosine. The pixels themselves are added: they tell a faint change where two
pictures lie well on each other, the stages where they don't (benchmarks/defects.py). Of a network of other origin no
stages are known; then the file holds the pixels alone.
"""

from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray

from pipeline.autoencoder.backend import keras, layers, tf
from pipeline.autoencoder.export import Function, export, load_float32
from pipeline.autoencoder.networks import SIZE

SIDE = 32  # cells on a side
_BATCH = 16
_SIGNATURE = [tf.TensorSpec((None, SIZE, SIZE, 3), tf.uint8, name="pictures")]
_LEAST_SPREAD = 1e-3  # of a channel; one that never changes says nothing
_PIXELS = 10.0  # weight of the pixels' mean square, beside one less the cosine; 3 and 30 were tried
_NOTHING = 1e-6  # keeps a cell that is like the mean from being blown up


def network_cells(path: Path, pictures: NDArray[np.uint8], *, fit_rows: NDArray[np.int64]) -> Function:
    """Return the function from pictures to cells of a saved autoencoder.

    Parameters
    ----------
    path
        A file that training wrote.
    pictures
        uint8 (N, 256, 256, 3); those of `fit_rows` are what means and spreads are taken of.
    fit_rows
        Rows to fit on; some hundred are enough, each has 1,024 cells.

    Returns
    -------
    function
        uint8 (B, 256, 256, 3) to float32 (B, 32, 32, D).
    """
    encoder = load_float32(path).get_layer("encoder")
    stages = keras.Model(encoder.input, _stages(encoder))

    @tf.function(input_signature=_SIGNATURE)
    def gridded(pictures: tf.Tensor) -> list[tf.Tensor]:
        return [_gridded(stage) for stage in stages(tf.cast(pictures, tf.float32) / 255.0, training=False)]

    batches = [pictures[fit_rows[start : start + _BATCH]] for start in range(0, len(fit_rows), _BATCH)]
    means, spreads = _moments([[level.numpy() for level in gridded(tf.constant(batch))] for batch in batches])

    @tf.function(input_signature=_SIGNATURE)
    def cells(pictures: tf.Tensor) -> tf.Tensor:
        levels = [(x - mean) / spread for x, mean, spread in zip(gridded(pictures), means, spreads, strict=True)]
        unit = [x * tf.math.rsqrt(tf.reduce_sum(x**2, -1, keepdims=True) + _NOTHING) for x in levels]
        seen = [x / len(unit) ** 0.5 for x in unit]
        return tf.concat([*seen, _PIXELS**0.5 * _pixels(pictures)], -1)  # (B, 32, 32, D)

    return cells


def pixel_cells() -> Function:
    """Return the function that gives each cell's pixels: uint8 (B, 256, 256, 3) to float32 (B, 32, 32, 192)."""
    return tf.function(_pixels, input_signature=_SIGNATURE)


def _pixels(pictures: tf.Tensor) -> tf.Tensor:
    """Scale pixels so that half the squared distance of two cells is their mean square difference, in [0, 1]."""
    size = SIZE // SIDE
    return tf.nn.space_to_depth(tf.cast(pictures, tf.float32) * ((2 / size**2 / 3) ** 0.5 / 255), size)


def export_cells(function: Function, path: Path, *, made_from: str, encoder: str) -> None:
    """Write a file of cells that says what it was made from and beside which encoder file, given by its sha256."""
    export(function, path)
    model = onnx.load(path)
    onnx.helper.set_model_props(model, {"made_from": made_from, "encoder": encoder})
    onnx.save(model, path)


def _stages(encoder: keras.Model) -> list[keras.KerasTensor]:
    """Return what each stage of an encoder gives: of classic's, after pooling; of residual's, before the ReLU."""
    pooled = [layer.output for layer in encoder.layers if isinstance(layer, layers.MaxPooling2D)]
    return pooled or [encoder.get_layer(f"stage_{number}").output for number in (1, 2, 3)]


def _gridded(stage: tf.Tensor) -> tf.Tensor:
    """Return a stage (B, H, W, C) on the grid of cells: mean and largest where it is finer, repeated where coarser.

    The largest as well, because a scratch is thinner than a cell.
    """
    side = stage.shape[1]
    if side > SIDE:
        size = side // SIDE
        pools = (tf.nn.avg_pool2d, tf.nn.max_pool2d)
        return tf.concat([pool(stage, size, size, "VALID") for pool in pools], -1)  # (B, 32, 32, 2 C)
    return tf.repeat(tf.repeat(stage, SIDE // side, 1), SIDE // side, 2)


def _moments(batches: list[list[NDArray[np.float32]]]) -> tuple[list[NDArray[np.float32]], list[NDArray[np.float32]]]:
    """Return mean and spread of each channel of each level, over all cells of all batches."""
    levels = [np.concatenate([x.reshape(-1, x.shape[-1]) for x in level]) for level in zip(*batches, strict=True)]
    return [x.mean(axis=0) for x in levels], [np.maximum(x.std(axis=0), _LEAST_SPREAD) for x in levels]
