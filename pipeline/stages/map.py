"""Places every picture on a map: a point in a plane, and a cell of a grid for its thumbnail."""

import numpy as np
from numpy.typing import NDArray

from pipeline import projection
from pipeline.artifacts import (
    Artifacts,
    load_embeddings,
    load_groups,
    load_pictures,
    open_index,
    read_labels,
    replaced,
    save_json,
    save_origin,
    save_table,
)
from pipeline.params import Params
from pipeline.plots import plot_map
from pipeline.sheets import mosaic
from pipeline.wording import counted

_SIDE, _LARGEST_TILE, _SMALLEST_TILE = 8192, 128, 8  # pixels of the thumbnails' image, and of one thumbnail
_NEIGHBOURS = 12  # that the trustworthiness looks at


def draw_map(params: Params, artifacts: Artifacts) -> str:
    """Write map.csv, the map as points and as thumbnails, and how far its neighbours can be trusted."""
    with open_index(artifacts.index) as index:
        paths, sizes = index.paths(), index.sizes()
        embeddings = np.asarray(load_embeddings(artifacts, index))
        pictures = load_pictures(artifacts, index)
    groups, _, _ = load_groups(artifacts, index, paths)
    labels = read_labels(params.dataset.labels, paths)
    settings = params.map
    positions = projection.project(
        embeddings,
        perplexity=settings.perplexity,
        fit_pictures=settings.fit_pictures,
        seed=settings.seed,
        progress=True,
    )
    cells = projection.grid_cells(positions)
    rows = zip(paths, positions.tolist(), cells.tolist(), strict=True)
    table = [(path, f"{x:.4f}", f"{y:.4f}", column, row) for path, (x, y), (column, row) in rows]
    save_table(artifacts.map_table, ("path", "x", "y", "column", "row"), table)
    colourings = {"By group": [str(group) for group in groups]}
    if labels:
        colourings["By label"] = [labels.get(path, "") for path in paths]
    with replaced(artifacts.plot("map")) as path:
        plot_map(path, positions=positions, colourings=colourings)
    tile = min(max(_SIDE // int(cells.max() + 1), _SMALLEST_TILE), _LARGEST_TILE)
    with replaced(artifacts.map_thumbnails) as path:
        mosaic(pictures, sizes, cells, tile=tile, progress=True).save(path, quality=85)
    metrics = _judge(embeddings, positions, cells, seed=settings.seed)
    save_json(artifacts.metrics("map"), metrics)
    save_origin(artifacts, "map", index.digest)
    places = f"{artifacts.plot('map')} and {artifacts.map_thumbnails}"
    return f"{counted(len(paths), 'picture')}{_summary(metrics)}; look at {places}"


def _judge(
    embeddings: NDArray[np.float32], positions: NDArray[np.float32], cells: NDArray[np.int64], *, seed: int
) -> dict[str, float | None]:
    """Return the trustworthiness of the map, of its grid, and of what plain PCA would draw."""
    places: dict[str, NDArray[np.floating | np.integer]] = {
        "tsne": positions,
        "grid": cells,
        "pca": projection.principal_positions(embeddings, seed=seed),
    }
    return {
        f"trustworthiness_{name}": projection.trustworthiness(embeddings, place, neighbours=_NEIGHBOURS)
        for name, place in places.items()
    }


def _summary(metrics: dict[str, float | None]) -> str:
    if metrics["trustworthiness_tsne"] is None:
        return f"; too few for a trustworthiness at {_NEIGHBOURS} neighbours"
    numbers = ", ".join(f"{name.removeprefix('trustworthiness_')} {value:.3f}" for name, value in metrics.items())
    return f"; trustworthiness at {_NEIGHBOURS} neighbours: {numbers}"
