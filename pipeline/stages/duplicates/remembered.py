"""Keeps what `duplicates` has found of pictures and pairs from run to run, beside what other stages keep.

It holds as long as the code, the libraries and the limits that it was found with are the same; what was found with an
encoder, as long as that is. What could not be read is not kept: the next run tries again.
"""

from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts import Earlier, digest_of, load_json, save_json
from pipeline.artifacts.answers import Answers
from pipeline.closure import digest
from pipeline.duplicates import AGREED, LOOKALIKE, UNREAD, Detail, Known, Places, Tables, nothing_known
from pipeline.errors import ArtifactError

_STAGE = "duplicates"
_LIBRARIES = ("numpy", "scipy", "pillow")
_TABLES = {"contents": np.dtype("S64"), "thumbnails": np.dtype(np.uint8), "lists": LOOKALIKE, "agreed": AGREED}
_DAMAGE = (OSError, ValueError, EOFError, KeyError, TypeError, ArtifactError)


def load_known(last: Earlier | None, *, limits: Mapping[str, Any], encoder: str) -> Known:
    """Return what the last run has found; nothing if it is damaged, or was found otherwise."""
    try:
        if last is None or (answers := load_json(last.folder / "answers.json", stage=_STAGE))["by"] != _by(limits):
            return nothing_known()
        is_same = answers["encoder"] == encoder
        return Known(
            Tables(**{name: _table(last.folder, name) for name in _TABLES}),
            Answers({key: (_places(*values), turn) for key, (values, turn) in answers["places"].items()}),
            Answers({key: Detail(*values) for key, values in answers["details"].items()}),
            Answers({key: (first, second) for key, (first, second) in answers["made"].items()} if is_same else {}),
            Answers(dict(answers["turned"]) if is_same else {}),
        )
    except _DAMAGE:
        return nothing_known()


def save_known(folder: Path, known: Known, *, limits: Mapping[str, Any], encoder: str) -> None:
    """Keep what this run has found or used, in a folder of `kept`."""
    places = {key: (_values(one), turn) for key, (one, turn) in known.places.asked.items() if not one.unread}
    details = {key: (one.more, one.doubt) for key, one in known.details.asked.items() if UNREAD not in one.doubt}
    found = {"places": places, "details": details, "made": known.made.asked, "turned": known.turned.asked}
    for table in _TABLES:
        np.save(folder / f"{table}.npy", getattr(known.tables, table))
    save_json(folder / "answers.json", {"by": _by(limits), "encoder": encoder, **found})


def _by(limits: Mapping[str, Any]) -> str:
    """Return the digest of what an answer depends on beside the contents that it is of."""
    return digest_of(digest(_STAGE), [version(name) for name in _LIBRARIES], dict(limits))


def _table(folder: Path, name: str) -> NDArray[Any]:
    table: NDArray[Any] = np.load(folder / f"{name}.npy", allow_pickle=False)
    if table.dtype != _TABLES[name]:
        raise ValueError(f"{name}: expected {_TABLES[name]}, got {table.dtype}")
    return table


def _values(places: Places) -> list[Any]:
    return [value.tolist() if isinstance(value, np.ndarray) else value for value in vars(places).values()]


def _places(*values: Any) -> Places:
    """Return a comparison from its values, as JSON gives them back."""
    worst, share, (x, y), *numbers, (first, second), place_map, unread = values
    return Places(worst, share, (x, y), *numbers, (first, second), np.array(place_map), unread)  # type: ignore[call-arg]
