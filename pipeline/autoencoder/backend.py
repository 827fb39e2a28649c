"""TensorFlow and Keras, imported without the notices that TensorFlow's core prints at its start.

No setting of TensorFlow 2.21 holds these back: they are printed before its log is set up. So what is written
to stderr during the import is kept, and shown only if the import fails.
"""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def _stderr_held_back() -> Iterator[None]:
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as file:
        os.dup2(file.fileno(), 2)
        try:
            yield
        except BaseException:
            file.seek(0)
            os.write(kept, file.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)


os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # what it prints later: no graphics card, and the like
with _stderr_held_back():
    import keras
    import tensorflow as tf
    from keras import layers

__all__ = ["keras", "layers", "sees_gpu", "tf"]


def sees_gpu() -> bool:
    """Return whether TensorFlow sees a graphics card, which it then trains on."""
    return bool(tf.config.get_visible_devices("GPU"))
