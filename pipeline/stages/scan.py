"""Lists the files of the dataset, and what else decides how they are read, for DVC to watch.

DVC cannot watch the folder itself: it stops at the first broken link, and reads every file to hash it. So it
watches this list, which is made anew at each `dvc repro` and changes only where the folder does.
"""

from pathlib import Path

from pipeline.artifacts import Artifacts, save_json, save_table
from pipeline.errors import DatasetError
from pipeline.params import Params
from pipeline.pictures import FoundFile, content_of, decoders, find_files


def scan(params: Params, artifacts: Artifacts) -> str:
    """Write listing.csv: path, size and time of every file below dataset.path; surroundings.json; foreign.json.

    Raises
    ------
    DatasetError
        If the folder is missing or holds no file.
    """
    folder = Path(params.dataset.path)
    files = dataset_files(folder, artifacts)
    rows = [(ascii_safe(f.path), f.size_bytes, f.modified_ns, f.problem) for f in files]
    save_table(artifacts.listing, ("path", "bytes", "modified_ns", "problem"), rows)
    save_json(artifacts.surroundings, {"decoders": decoders(), "labels": _content(params.dataset.labels)})
    used = {"autoencoder": None, "keras": params.encoder.weights, "onnx": params.encoder.path}[params.encoder.kind]
    save_json(artifacts.foreign, {"file": _content(used) if used else None})
    return f"{len(files):,} files in {folder}"


def _content(name: str) -> str | None:
    path = Path(name)
    return content_of(path) if path.is_file() else None


def dataset_files(folder: Path, artifacts: Artifacts) -> list[FoundFile]:
    """Return every file below the dataset's folder, sorted.

    Raises
    ------
    DatasetError
        If the folder is missing, holds no file, or holds the artefacts, which would then be pictures of it.
    """
    if not folder.is_dir():
        raise DatasetError(
            f"dataset.path: there is no folder {str(folder)!r}; "
            "write the folder of your pictures into params.yaml, or run `pipeline sample` for the sample"
        )
    if artifacts.root.resolve().is_relative_to(folder.resolve()):
        raise DatasetError(
            f"dataset.path: {str(folder)!r} holds the artefacts of this project; choose a folder beside them"
        )
    files = find_files(folder)
    if not files:
        raise DatasetError(f"dataset.path: the folder {str(folder)!r} is empty; put pictures into it")
    return files


def ascii_safe(path: str) -> str:
    """Return a path that UTF-8 can hold: bytes that are not UTF-8 are written as backslash escapes."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
