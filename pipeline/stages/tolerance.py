"""Measures what light and a small shift alone change in the folder's pictures: the scale of what `compare` says."""

from functools import partial

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from pipeline import differences
from pipeline.artifacts import (
    Artifacts,
    Index,
    check_encoder,
    earlier,
    kept,
    load_json,
    load_pictures,
    open_index,
    save_json,
    save_origin,
)
from pipeline.artifacts.answers import Answers
from pipeline.closure import digest
from pipeline.encoder.running import Encoder, cells_of, open_cells, open_encoder
from pipeline.errors import ArtifactError
from pipeline.params import Params
from pipeline.workers import in_order

_LEVEL = 95  # percentile of the light views' hottest cells that is called a difference of 1
_PEAKS = "peaks.json"  # of each content, kept for the next run


def tolerance(params: Params, artifacts: Artifacts) -> str:
    """Write the difference that light and a small shift make, in which `compare` counts.

    It is measured on the pictures with the smallest digests, and the views of each are drawn by its digest: as random
    as any, and nearly all of them stay the same when pictures come and go, so that what was measured of them remains.

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
        rows = {content: row for row, content in enumerate(index.contents())}
        by = f"{digest('tolerance')} {cells.digest} {settings.seed}"
        known = _load_peaks(artifacts, index, by)

    def peak(content: str) -> float:
        return known.of(content, lambda: _peak(pictures[rows[content]], [settings.seed, int(content, 16)], cells))

    some = sorted(rows)[: settings.pictures]
    peaks = list(tqdm(in_order(peak, some), "tolerance", len(some), unit=" pictures"))
    level = max(float(np.percentile(peaks, _LEVEL)), 1e-6)
    save_json(artifacts.metrics("tolerance"), {"difference": level, "encoder": encoder.digest})
    save_origin(artifacts, "tolerance", index.digest)
    with kept(artifacts, "tolerance") as folder:
        save_json(folder / _PEAKS, {"by": by, "peaks": known.asked})
    measured = "" if known.num_new == len(some) else f"; measured anew on {known.num_new:,} of {len(some):,} pictures"
    return f"two views of one picture differ by up to {level:.3f}, which `compare` calls a difference of 1{measured}"


def _peak(picture: NDArray[np.uint8], seed: list[int], cells: Encoder) -> float:
    """Return the largest difference between two light views of a picture."""
    reference, photo = differences.light_pair(picture, np.random.default_rng(seed))
    see = partial(cells_of, cells)
    return differences.peak(differences.located(photo, reference, differences.seen(reference, see), see)[0])[0]


def _load_peaks(artifacts: Artifacts, index: Index, by: str) -> Answers[float]:
    """Return what the last run has measured, by the content; nothing if it was measured otherwise."""
    last = earlier(artifacts, "tolerance", index)
    try:
        found = load_json(last.folder / _PEAKS, stage="tolerance") if last else {}
    except ArtifactError:
        return Answers({})
    return Answers(found["peaks"] if found.get("by") == by else {})
