"""Measures what light and a small shift alone change in the folder's pictures: the scale of what `compare` says."""

import os
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from pipeline import differences
from pipeline.artifacts import Artifacts, check_encoder, load_pictures, open_index, save_json, save_origin
from pipeline.encoder.running import cells_of, open_cells, open_encoder
from pipeline.params import Params

_LEVEL = 95  # percentile of the light views' hottest cells that is called a difference of 1


def tolerance(params: Params, artifacts: Artifacts) -> str:
    """Write the difference that light and a small shift make, in which `compare` counts.

    Raises
    ------
    ArtifactError, EncoderError
        If embeddings or cells are not of the encoder.
    """
    settings = params.tolerance
    with open_index(artifacts.index) as index:
        pictures, encoder = load_pictures(artifacts, index), open_encoder(artifacts.encoder)
        check_encoder(artifacts, encoder.digest)
        cells = open_cells(artifacts.cells, beside=encoder.digest)
        some = pictures[:: -(-len(pictures) // settings.pictures)]
        first, second = differences.light_pairs(some, seed=settings.seed)

    def hottest(pair: tuple[NDArray[np.uint8], NDArray[np.uint8]]) -> float:
        reference, photo = pair
        see = partial(cells_of, cells)
        return differences.peak(differences.located(photo, reference, differences.seen(reference, see), see)[0])[0]

    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        pairs = zip(first, second, strict=True)
        peaks = list(tqdm(pool.map(hottest, pairs), "tolerance", len(first), unit=" pictures"))
    level = max(float(np.percentile(peaks, _LEVEL)), 1e-6)
    save_json(artifacts.metrics("tolerance"), {"difference": level, "encoder": encoder.digest})
    save_origin(artifacts, "tolerance", index.digest)
    return f"two views of one picture differ by up to {level:.3f}, which `compare` calls a difference of 1"
