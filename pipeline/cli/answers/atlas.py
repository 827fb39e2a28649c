"""Writes what was found as a table that `embedding-atlas` opens."""

import shlex

from pipeline.artifacts import (
    Artifacts,
    load_groups,
    load_map,
    load_neighbours,
    load_pictures,
    open_index,
    read_labels,
)
from pipeline.cli.answers.outputs import Output
from pipeline.errors import QueryError
from pipeline.params import Params
from pipeline.show.atlas import save_atlas

_DEPTH = 16  # neighbours that the viewer is given


def atlas(params: Params, artifacts: Artifacts, out: Output) -> str:
    """Write the table; return how to open it.

    Raises
    ------
    QueryError
        If pyarrow is not installed.
    """
    with open_index(artifacts.index) as index:
        paths = index.paths()
        pictures, neighbours = load_pictures(artifacts, index), load_neighbours(artifacts, index)
    groups, _, _ = load_groups(artifacts, index, paths)
    labels = read_labels(params.dataset.labels, paths)
    positions, _ = load_map(artifacts, index, paths)
    try:
        with out.written() as path:
            save_atlas(
                path,
                paths=paths,
                positions=positions,
                groups=groups,
                labels=[labels.get(name) for name in paths],
                neighbours=neighbours[:, :_DEPTH],
                pictures=pictures,
                progress=True,
            )
    except ImportError as error:
        raise QueryError(f"{error}; pip install -e '.[atlas]' brings it") from error
    file = shlex.quote(str(out.path))
    return f"open it with: embedding-atlas {file} --x x --y y --neighbors neighbors --image thumbnail"
