"""Embeds all pictures with the encoder file; those that it has embedded before are not encoded again."""

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts import (
    Artifacts,
    Earlier,
    earlier,
    load_array,
    load_pictures,
    open_index,
    remember,
    save_array,
    save_json,
    save_origin,
)
from pipeline.encoder.running import Encoder, encode_rows, open_encoder
from pipeline.errors import ArtifactError
from pipeline.params import Params
from pipeline.wording import counted


def embed(_: Params, artifacts: Artifacts) -> str:
    """Write embeddings.npy."""
    encoder = open_encoder(artifacts.encoder)
    with open_index(artifacts.index) as index:
        pictures, known = load_pictures(artifacts, index), earlier(artifacts, "embed", index)
    embeddings = np.empty((len(pictures), encoder.dimensions), np.float32)
    is_new = np.ones(len(pictures), bool)
    if known is not None and (old := _embedded(known, encoder, artifacts)) is not None:
        is_new = known.before < 0
        embeddings[~is_new] = old[known.before[~is_new]]
    rows = np.flatnonzero(is_new)
    embeddings[rows] = encode_rows(encoder, pictures, rows, progress=True, title="embed")
    origin = {"index": index.digest, "encoder": encoder.digest, **encoder.parts.as_facts()}
    save_array(artifacts.embeddings, embeddings, origin=origin)
    save_json(artifacts.metrics("embed"), {"pictures": len(embeddings), "dimensions": encoder.dimensions})
    save_origin(artifacts, "embed", index.digest)
    remember(artifacts, "embed", [artifacts.embeddings])
    kept = f", {len(pictures) - len(rows):,} of them known from the last run" if len(rows) < len(pictures) else ""
    return f"{counted(len(embeddings), 'embedding')} of {encoder.dimensions:,} numbers{kept}"


def _embedded(known: Earlier, encoder: Encoder, artifacts: Artifacts) -> NDArray[np.float32] | None:
    """Return the embeddings of the last run; None if another encoder has made them."""
    origin = {"index": known.digest, "encoder": encoder.digest}
    path = known.folder / artifacts.embeddings.name
    try:
        return load_array(path, dtype=np.float32, row_shape=(encoder.dimensions,), origin=origin, stage="embed")
    except ArtifactError:
        return None
