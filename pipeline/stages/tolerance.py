"""Measures what light and a small shift alone change in the folder's pictures: what `compare` takes for the same."""

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from pipeline import alikeness, differences
from pipeline.artifacts import Artifacts, encoder_of, load_embeddings, load_pictures, open_index, save_json
from pipeline.encoder import cells_of, encode, open_cells, open_encoder
from pipeline.errors import ArtifactError
from pipeline.params import Params

_PAIRS = 20_000  # random pairs, for the threshold
_VIEWED = 60  # pictures that light views are made of
_HEATED = 12  # of these, whose heat is measured
_LEVEL = 95  # percentile of the light views' hottest cells that is called a difference of 1


def tolerance(_: Params, artifacts: Artifacts) -> str:
    """Write the similarity from which on two pictures are alike, and the difference that light and shifts make.

    Raises
    ------
    ArtifactError
        If embeddings, encoder and cells are not of one network.
    """
    with open_index(artifacts.index) as index:
        embeddings, pictures = load_embeddings(artifacts, index), load_pictures(artifacts, index)
        encoder, cells = open_encoder(artifacts.encoder), open_cells(artifacts.cells)
        if not encoder.digest == encoder_of(artifacts) == cells.facts.get("encoder"):
            raise ArtifactError(f"{artifacts.embeddings}, {artifacts.encoder} and {artifacts.cells} were made from "
                                "different networks: run `pipeline embed` again")  # fmt: skip
        first, second = differences.light_pairs(pictures[:: -(-len(pictures) // _VIEWED)], seed=0)
        strangers = alikeness.random_pairs(embeddings, count=_PAIRS, seed=0)
    same = (encode(encoder, first, progress=False) * encode(encoder, second, progress=False)).sum(axis=1)
    threshold = alikeness.choose_threshold(strangers, same)

    def hottest(pair: tuple[NDArray[np.uint8], NDArray[np.uint8]]) -> float:
        reference, photo = pair
        bank = differences.seen(reference, lambda view: cells_of(cells, view))
        return differences.peak(differences.located(photo, reference, bank, lambda view: cells_of(cells, view))[0])[0]

    pairs = list(zip(first, second, strict=True))[:: -(-len(first) // _HEATED)]
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        peaks = list(tqdm(pool.map(hottest, pairs), "tolerance", len(pairs), unit=" pictures"))
    level = max(float(np.percentile(peaks, _LEVEL)), 1e-6)
    metrics = {"alike_from": threshold.value, "strangers_to": threshold.strangers, "same_from": threshold.same}
    save_json(artifacts.metrics("tolerance"), metrics | {"difference": level, "encoder": encoder.digest})
    return f"two pictures are alike from a similarity of {threshold.value:.3f} on"
