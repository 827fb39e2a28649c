"""Times the network alone through ONNX Runtime against Keras `predict`, batch for batch, and the whole encoder file.

    python benchmarks/encoding.py [--artifacts artifacts] [--pictures 512]

Run it where `dvc repro` has run. The limit is what the cores multiply at most, measured by a bare float32 matrix
product; the network's operations are counted from its convolutions.
"""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # so that it runs from a checkout

import onnxruntime  # noqa: E402
from machine import print_machine  # noqa: E402

from pipeline.artifacts import Artifacts, load_pictures, open_index  # noqa: E402
from pipeline.autoencoder.backend import keras, tf  # noqa: E402
from pipeline.autoencoder.graph import last_stage, load_float32, nodes  # noqa: E402
from pipeline.encoder.running import encode, open_encoder  # noqa: E402
from pipeline.graph import Graph  # noqa: E402

BATCHES, ROUNDS = (1, 16, 64, 256), 3


def main() -> None:
    """Print pictures a second for each batch size, and for the project's own way."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--artifacts", type=Path, default=Path("artifacts"))
    parser.add_argument("--pictures", type=int, default=512)
    options = parser.parse_args()
    artifacts = Artifacts(options.artifacts)
    with open_index(artifacts.index) as index:
        pictures = np.array(load_pictures(artifacts, index)[: options.pictures])
    model = last_stage(load_float32(artifacts.autoencoder))
    session = onnxruntime.InferenceSession(alone(model), providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    print_machine()
    print(f"tensorflow {tf.__version__}, keras {keras.__version__}; {len(pictures)} pictures, best of {ROUNDS}\n")
    print(f"{'batch':>6}{'Keras predict':>16}{'ONNX Runtime':>15}{'ratio':>8}   pictures/s")
    for batch in BATCHES:
        count = len(pictures) if batch > 1 else len(pictures) // 4
        some = halved(pictures[:count])
        theirs = rate(count, lambda some=some, batch=batch: model.predict(some, batch_size=batch, verbose=0))
        ours = rate(count, lambda some=some, batch=batch: in_batches(session, name, some, batch))
        print(f"{batch:>6}{theirs:16.0f}{ours:15.0f}{ours / theirs:8.2f}")
    encoder = open_encoder(artifacts.encoder)
    own = rate(len(pictures), lambda: encode(encoder, pictures, progress=False))
    flops, limit = operations(artifacts.autoencoder), product_rate()
    print(f"\nthe whole encoder file, one picture a core: {own:.0f} pictures/s")
    print(f"{flops / 1e6:.0f} million operations a picture in convolutions: {own * flops / 1e9:.0f} GFLOP/s,")
    print(f"{own * flops / limit:.2f} of a bare float32 matrix product ({limit / 1e9:.0f} GFLOP/s)")


def halved(pictures: np.ndarray) -> np.ndarray:
    """Return pictures as the network takes them, (N, 128, 128, 3), [0, 1]."""
    return pictures.reshape(-1, 128, 2, 128, 2, 3).mean(axis=(2, 4), dtype=np.float32) / 255


def alone(model: keras.Model) -> bytes:
    """Return the network as an ONNX file of its own, of pictures (N, 128, 128, 3), [0, 1]."""
    graph = Graph()
    pixels = graph.input("pixels", "float32", 128, 128, 3)
    graph.output("stage", nodes(model, pixels.ordered(0, 3, 1, 2))[0])
    return graph.written()


def in_batches(session: onnxruntime.InferenceSession, name: str, pictures: np.ndarray, batch: int) -> list[Any]:
    """Encode in batches, all cores on each."""
    return [session.run(None, {name: pictures[i : i + batch]}) for i in range(0, len(pictures), batch)]


def rate(count: int, work: Callable[[], object]) -> float:
    """Return pictures a second, the best of some rounds after one that warms up."""
    work()
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return count / min(times)


def operations(path: Path) -> float:
    """Return the multiplications and additions of the encoder's convolutions for one picture of 128x128."""
    encoder = load_float32(path).get_layer("encoder")
    latents = encoder.output_shape[-1]
    picture, total = keras.Input((128, 128, 3), batch_size=1), 0.0
    kernels = [layer for layer in encoder.layers if getattr(layer, "kernel", None) is not None]
    outputs = keras.Model(encoder.input, [layer.output for layer in kernels])(picture)
    for layer, output in zip(kernels, outputs, strict=True):
        if output.shape[-1] != latents:  # the latents are no part of an embedding
            total += 2.0 * np.prod(layer.kernel.shape) * np.prod(output.shape[1:3])
    return total


def product_rate() -> float:
    """Return the operations a second of a product of two float32 matrices of 2,048 x 2,048."""
    a = np.random.default_rng(0).random((2048, 2048), np.float32)
    return rate(1, lambda: a @ a) * 2 * 2048**3


if __name__ == "__main__":
    main()
