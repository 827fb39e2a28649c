"""How well a trained autoencoder rebuilds whole pictures, beside predicting the mean picture."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.autoencoder.backend import keras, tf
from pipeline.autoencoder.objectives import reconstruction_error
from pipeline.pixels import Pictures

_JUDGED = 1000  # pictures of each part that are looked at, at most
_BATCH = 16

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Judgement:
    """Reconstruction errors on whole pictures; larger is worse.

    loss, validation_loss  of the autoencoder on training and validation pictures
    mean_picture_loss      of predicting the mean training picture for each validation picture
    """

    loss: float
    validation_loss: float
    mean_picture_loss: float

    @property
    def beats_mean_picture(self) -> bool:
        """Whether the autoencoder has learnt anything that is particular to a picture."""
        return self.validation_loss < self.mean_picture_loss


def judge(path: Path, network: str, pictures: Pictures, *, training: Rows, validation: Rows) -> Judgement:
    """Measure a saved autoencoder; uint8 (N, 256, 256, 3) and the rows of the two parts."""
    training, validation = _some(training, _JUDGED), _some(validation, _JUDGED)
    mean = _mean_picture(pictures, training)
    error, model = reconstruction_error(network), keras.saving.load_model(path, compile=False)
    rebuilt = tf.function(lambda batch: error(batch, model(batch, training=False)), reduce_retracing=True)
    return Judgement(
        _mean_error(rebuilt, pictures, training),
        _mean_error(rebuilt, pictures, validation),
        _mean_error(lambda batch: error(batch, tf.broadcast_to(mean, batch.shape)), pictures, validation),
    )


def _mean_picture(pictures: Pictures, rows: Rows) -> NDArray[np.float32]:
    total = np.zeros(pictures.shape[1:])
    for row in rows:
        total += pictures[row]
    return (total / (255.0 * len(rows))).astype(np.float32)


def _mean_error(error: Callable[[tf.Tensor], tf.Tensor], pictures: Pictures, rows: Rows) -> float:
    batches = [rows[start : start + _BATCH] for start in range(0, len(rows), _BATCH)]
    losses = [float(error(tf.constant(_scaled(pictures[batch])))) for batch in batches]
    return float(np.average(losses, weights=[len(batch) for batch in batches]))


def reconstruct(path: Path, pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return what a saved autoencoder makes of pictures: uint8 (N, 256, 256, 3) to the same."""
    model = keras.saving.load_model(path, compile=False)
    outputs = model.predict(_scaled(pictures), verbose=0)
    return np.rint(outputs * 255.0).astype(np.uint8)


def _scaled(pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
    return pictures.astype(np.float32) / np.float32(255)


def _some(rows: Rows, count: int) -> Rows:
    return rows[:: -(-len(rows) // count)]
