"""Draws the same queries answered by two models, one row each, so that an eye can compare them.

    python benchmarks/side_by_side.py PLAIN/artifacts OURS/artifacts --names plain contrastive --out sheet.png

Both must have been made from the same pictures. Queries are drawn by the seed, never chosen. It also prints how many of
the shown neighbours lie in the query's own folder.
"""

import argparse
import sys
from pathlib import Path, PurePosixPath

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # so that it runs from a checkout

from pipeline.artifacts import Artifacts, load_neighbours, load_pictures, open_index  # noqa: E402
from pipeline.show.sheets import Tile, contact_sheet  # noqa: E402


def main() -> None:
    """Draw the sheet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("artifacts", type=Path, nargs=2)
    parser.add_argument("--names", nargs=2, default=["first", "second"])
    parser.add_argument("--queries", type=int, default=10)
    parser.add_argument("--n", type=int, default=7)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--tile", type=int, default=100)
    parser.add_argument("--out", type=Path, default=Path("side_by_side.png"))
    options = parser.parse_args()
    found, paths, pictures = [], None, None
    for root in options.artifacts:
        artifacts = Artifacts(root)
        with open_index(artifacts.index) as index:
            if paths not in (None, index.paths()):
                sys.exit(f"error: {root} was made from other pictures than {options.artifacts[0]}")
            paths, pictures = index.paths(), load_pictures(artifacts, index)
            found.append(np.asarray(load_neighbours(artifacts, index)[:, : options.n]))
    queries = np.sort(np.random.default_rng(options.seed).choice(len(paths), options.queries, replace=False))
    folders = np.array([str(PurePosixPath(path).parent) for path in paths])
    rows = []
    for query in queries:
        for name, lists in zip(options.names, found, strict=True):
            tiles = [Tile(pictures[query], (name, folders[query]), framed=True)]
            for row, similarity in lists[query].tolist():
                tiles.append(Tile(pictures[row], (folders[row], f"{similarity:.2f}")))
            rows.append(tiles)
    contact_sheet(rows, title=f"{options.names[0]} above {options.names[1]}", tile=options.tile).save(options.out)
    for name, lists in zip(options.names, found, strict=True):
        share = np.mean(folders[lists["row"][queries]] == folders[queries][:, None])
        print(
            f"{name}: {100 * share:.0f} % of the {options.queries * options.n} neighbours shown lie in the own folder"
        )


if __name__ == "__main__":
    main()
