"""Places every picture on a map: a point in a plane, and a cell of a grid for its thumbnail."""

import io
import shutil
from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline import closure
from pipeline import map as projection
from pipeline.artifacts import (
    Artifacts,
    Earlier,
    Placed,
    digest_of,
    earlier,
    encoder_of,
    kept,
    load_embeddings,
    load_groups,
    load_json,
    load_pictures,
    open_index,
    read_labels,
    read_map,
    replaced,
    save_json,
    save_map,
    save_origin,
)
from pipeline.drawings import drawn_thumbnails, load_drawn, save_drawn
from pipeline.errors import ArtifactError
from pipeline.params import MapParams, Params
from pipeline.pixels import Pictures
from pipeline.show.plots import plot_map
from pipeline.show.sheets import mosaic
from pipeline.wording import counted

_SIDE, _LARGEST_TILE, _SMALLEST_TILE = 8192, 128, 8  # pixels of the thumbnails' image, and of one thumbnail
_NEIGHBOURS = 12  # that the trustworthiness looks at


def draw_map(params: Params, artifacts: Artifacts) -> str:
    """Write map.csv, the map as points and as thumbnails, and how far its neighbours can be trusted.

    By the same encoder and settings as in the last run everything stays where it was, and what is new is placed
    beside what it is most like.
    """
    with open_index(artifacts.index) as index:
        paths, sizes = index.paths(), index.sizes()
        embeddings = np.asarray(load_embeddings(artifacts, index))
        pictures, by = load_pictures(artifacts, index), _by(params.map, artifacts)
        then, contents = earlier(artifacts, "map", index), index.contents()
        known, placed_by_tsne = _known(then, artifacts, by)
    groups, _, _ = load_groups(artifacts, index, paths)
    labels = read_labels(params.dataset.labels, paths)
    settings = params.map
    if known is not None:
        positions = projection.placed_beside(embeddings, known, seed=settings.seed)
    else:
        placed_by_tsne = min(len(paths), settings.fit_pictures)
        positions = projection.project(
            embeddings,
            perplexity=settings.perplexity,
            fit_pictures=settings.fit_pictures,
            seed=settings.seed,
            progress=True,
        )
    cells = projection.grid_cells(positions)
    save_map(artifacts.map_table, Placed(paths, positions.astype(np.float64), cells))
    colourings = {"By group": [str(group) for group in groups]}
    if labels:
        colourings["By label"] = [labels.get(path, "") for path in paths]
    with replaced(artifacts.plot("map")) as path:
        plot_map(path, positions=positions, colourings=colourings)
    metrics = _judge(embeddings, positions, cells)
    save_json(artifacts.metrics("map"), metrics | {"placed_by_tsne": placed_by_tsne, "by": by})
    save_origin(artifacts, "map", index.digest)
    with kept(artifacts, "map") as folder:
        _draw_thumbnails(folder, then, pictures, sizes, contents, cells, artifacts)
        for path in (artifacts.map_table, artifacts.metrics("map")):
            shutil.copyfile(path, folder / path.name)
    places = f"{artifacts.plot('map')} and {artifacts.map_thumbnails}"
    return f"{counted(len(paths), 'picture')}{_summary(metrics)}; look at {places}"


def _by(settings: MapParams, artifacts: Artifacts) -> str:
    """Return a digest of what, beside the pictures, decides where they lie."""
    return digest_of(asdict(settings), encoder_of(artifacts), closure.digest("map"))


def _draw_thumbnails(
    folder: Path,
    then: Earlier | None,
    pictures: Pictures,
    sizes: list[tuple[int, int]],
    contents: list[str],
    cells: NDArray[np.int64],
    artifacts: Artifacts,
) -> None:
    """Draw the thumbnails side by side; those of the last run are taken over, and the whole if nothing has moved."""
    tile = min(max(_SIDE // int(cells.max() + 1), _SMALLEST_TILE), _LARGEST_TILE)
    drawn, thumbnails = (
        load_drawn(then, module=__name__),
        drawn_thumbnails(folder, then, pictures, sizes, tile=tile, module=__name__),
    )

    def whole() -> bytes:
        buffer = io.BytesIO()
        mosaic(thumbnails, cells).save(buffer, "JPEG", quality=85)
        return buffer.getvalue()

    places = sorted(zip(cells[:, ::-1].tolist(), contents, strict=True))
    with replaced(artifacts.map_thumbnails) as path:
        path.write_bytes(drawn.of(digest_of(tile, places), whole))
    save_drawn(folder, drawn, module=__name__)


def _known(then: Earlier | None, artifacts: Artifacts, by: str) -> tuple[NDArray[np.float32] | None, int]:
    """Return where each picture lies already, (N, 2), not a number if it is new, and how many t-SNE has placed.

    None if there is no map, or what it was made by has changed.
    """
    try:
        said = load_json(then.folder / artifacts.metrics("map").name, stage="map") if then else {}
        placed = read_map(then.folder / artifacts.map_table.name) if then else None
    except ArtifactError:  # somebody has changed it
        return None, 0
    if then is None or placed is None or said.get("by") != by or len(placed.paths) != len(then.now):
        return None, 0
    if not (then.now >= 0).any():
        return None, 0
    places = placed.points.astype(np.float32)
    return np.where(then.before[:, None] >= 0, places[then.before], np.float32(np.nan)), said["placed_by_tsne"]


def _judge(
    embeddings: NDArray[np.float32], positions: NDArray[np.float32], cells: NDArray[np.int64]
) -> dict[str, float | None]:
    """Return the trustworthiness of the map, of its grid, and of what plain PCA would draw."""
    places: dict[str, NDArray[np.floating | np.integer]] = {
        "tsne": positions,
        "grid": cells,
        "pca": projection.principal_positions(embeddings),
    }
    found = projection.trustworthiness(embeddings, list(places.values()), neighbours=_NEIGHBOURS)
    return {f"trustworthiness_{name}": found[place] if found else None for place, name in enumerate(places)}


def _summary(metrics: dict[str, float | None]) -> str:
    if metrics["trustworthiness_tsne"] is None:
        return f"; too few to say how far the {_NEIGHBOURS} nearest on the map can be trusted"
    map_, grid, plain = (f"{metrics[f'trustworthiness_{name}']:.3f}" for name in ("tsne", "grid", "pca"))
    return (
        f"; how far the {_NEIGHBOURS} nearest on the map can be trusted, from 0 to 1: {map_}, on its grid of "
        f"thumbnails {grid}; on a plain projection (PCA) it would be {plain}"
    )
