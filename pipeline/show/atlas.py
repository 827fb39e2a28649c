"""Owns the table that `embedding-atlas` opens: places, neighbours and thumbnails. The only importer of pyarrow."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from tqdm import tqdm

from pipeline.pixels import Pictures

_SIDE, _QUALITY = 128, 80  # of a thumbnail: JPEG, which the viewer knows by its first bytes; WebP it does not
_BLOCK = 1000  # rows of a row group


def save_atlas(
    path: Path,
    *,
    paths: Sequence[str],
    positions: NDArray[np.floating],
    groups: NDArray[np.integer],
    labels: Sequence[str | None],
    neighbours: NDArray[np.void],
    pictures: Pictures,
    progress: bool,
) -> None:
    """Write a Parquet file with one row a picture.

    Parameters
    ----------
    path
        The file to make.
    paths, groups, labels
        N names, groups and labels, or None where there is no label. Groups are written as their folders are called
        ("07"): the viewer lays numbers on a scale, and only words get a bar and a colour each.
    positions
        (N, 2) on the map: the columns x and y.
    neighbours
        (N, k) of (row, similarity): the column `neighbors`, with ids, which are rows, and cosine distances.
    pictures
        uint8 (N, H, W, 3): the column `thumbnail`, JPEG.
    progress
        Whether to show a progress bar on stderr.

    Raises
    ------
    ImportError
        If pyarrow is not installed.
    """
    import pyarrow
    from pyarrow import parquet

    lists = pyarrow.struct({"ids": pyarrow.list_(pyarrow.int64()), "distances": pyarrow.list_(pyarrow.float32())})
    kinds = {"path": pyarrow.string(), "x": pyarrow.float32(), "y": pyarrow.float32(), "group": pyarrow.string()}
    kinds |= {"label": pyarrow.string(), "neighbors": lists, "thumbnail": pyarrow.binary()}
    schema = pyarrow.schema(kinds)
    digits = len(str(groups.max()))  # as many as the names of the groups' folders have
    starts = range(0, len(paths), _BLOCK)
    with parquet.ParquetWriter(path, schema) as writer:
        for start in tqdm(starts, "atlas", unit=" thousand pictures", disable=not progress):
            rows = slice(start, min(start + _BLOCK, len(paths)))
            some = neighbours[rows]
            columns = {
                "path": list(paths[rows]),
                "x": positions[rows, 0].astype(np.float32),
                "y": positions[rows, 1].astype(np.float32),
                "group": [f"{group:0{digits}d}" for group in groups[rows].tolist()],
                "label": list(labels[rows]),
                "neighbors": [
                    {"ids": one["row"].tolist(), "distances": (1 - one["similarity"]).tolist()} for one in some
                ],
                "thumbnail": [_thumbnail(pixels) for pixels in pictures[rows]],
            }
            writer.write_table(pyarrow.table(columns, schema=schema))


def _thumbnail(pixels: NDArray[np.uint8]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).resize((_SIDE, _SIDE), Image.Resampling.BILINEAR).save(buffer, "JPEG", quality=_QUALITY)
    return buffer.getvalue()
