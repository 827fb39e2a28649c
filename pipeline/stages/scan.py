"""Lists the files of the dataset, and what else decides how they are read, for DVC to watch.

DVC cannot watch the folder itself: it stops at the first broken link, and reads every file to hash it. So it
watches this list, which is made anew at each `dvc repro` and changes only where the folder does.
"""

import os
from pathlib import Path

from pipeline.artifacts import LISTING_COLUMNS, MARK, Artifacts, find_labels, save_json, save_table
from pipeline.errors import DatasetError, EncoderError
from pipeline.params import DatasetParams, EncoderParams, Params
from pipeline.pictures import Listing, content_of, decoders, look_through
from pipeline.wording import counted, one_line, shown

_NAMED = 5  # of what was left out, at most


def scan(params: Params, artifacts: Artifacts) -> str:
    """Write listing.csv: path, size and time of every file below dataset.path; surroundings.json; foreign.json.

    Raises
    ------
    DatasetError
        If the folder is missing or holds no file.
    ParamsError
        If the table of labels is missing or can't be understood: better now than after the training.
    EncoderError
        If the encoder's file is missing.
    """
    folder = Path(params.dataset.path)
    listing = list_dataset(params.dataset, artifacts)
    doubt = find_labels(params.dataset.labels, [file.path for file in listing.files if not file.problem]).doubt
    rows = [(shown(f.path), f.size_bytes, f.modified_ns, f.problem) for f in listing.files]
    save_table(artifacts.listing, LISTING_COLUMNS, rows)
    save_json(artifacts.surroundings, {"decoders": decoders(), "labels": _content(params.dataset.labels)})
    encoder = _encoder_file(params.encoder)
    save_json(artifacts.foreign, {"file": content_of(encoder) if encoder else None})
    return "\n".join(part for part in (_summary(listing, folder), doubt) if part)


def _content(name: str) -> str | None:
    path = Path(name)
    return content_of(path) if path.is_file() else None


def _encoder_file(encoder: EncoderParams) -> Path | None:
    """Return the file that the encoder is made of, if it is of other origin; EncoderError if it is missing."""
    keras = encoder.foreign == "keras"
    if encoder.foreign is None or (keras and encoder.weights in ("none", "imagenet")):
        return None
    file = Path(encoder.weights if keras else encoder.path)
    if not file.is_file():
        name, remedy = ("weights", "give imagenet, none or a file") if keras else ("path", "give the network's file")
        raise EncoderError(f"encoder.{name}: there is no file {str(file)!r}; {remedy}")
    return file


def _summary(listing: Listing, folder: Path) -> str:
    hidden = len(listing.hidden)
    summary = f"{counted(len(listing.files), 'file')} in {one_line(folder)}"
    if hidden:
        summary += f", {hidden:,} of them hidden"
    for paths, why in (
        (listing.excluded, "left out by dataset.exclude"),
        (listing.left_out, "left out, for they belong to git, DVC or this project's artefacts"),
    ):
        if paths:
            names = ", ".join(one_line(path) for path in paths[:_NAMED]) + (", ..." if len(paths) > _NAMED else "")
            summary += f"; {why}: {len(paths):,} ({names})"
    return summary


def _remedy(missing: Path, artifacts: Artifacts) -> str:
    if ".dvc/tmp/exps" in missing.absolute().as_posix():
        return (
            "`dvc exp run --temp` and `--queue` run in a copy of the project, from where a relative path leads "
            "elsewhere: write the absolute path into params.yaml"
        )
    if Path(os.path.abspath(missing)).is_relative_to(os.path.abspath(artifacts.sample)):
        return "run `pipeline sample` for the sample, or write the folder of your pictures into params.yaml"
    return "write the folder of your pictures into params.yaml"


def _lies_in_artefacts(real: Path, artifacts: Artifacts) -> bool:
    """Return whether a folder lies in one of artefacts, this or another that is marked, but not in its sample."""
    marked = {above for above in (real, *real.parents) if (above / MARK).is_file()}
    roots = [Artifacts(root) for root in {*marked, artifacts.root.resolve()} if real.is_relative_to(root)]
    return any(not real.is_relative_to(one.sample.resolve()) for one in roots)


def list_dataset(dataset: DatasetParams, artifacts: Artifacts) -> Listing:
    """Return every file below the dataset's folder but what is excluded, or belongs to git, DVC or artefacts.

    Raises
    ------
    DatasetError
        If the folder is missing, holds no file, or is or lies in the folder of the artefacts, but for the sample.
    """
    folder = Path(dataset.path)
    if not folder.is_dir():
        raise DatasetError(f"dataset.path: there is no folder {str(folder.absolute())!r}; {_remedy(folder, artifacts)}")
    if artifacts.root.resolve() == folder.resolve():
        raise DatasetError(f"dataset.path: {str(folder)!r} is the folder of the artefacts; choose another for pictures")
    if _lies_in_artefacts(folder.resolve(), artifacts):
        raise DatasetError(
            f"dataset.path: {str(folder)!r} lies in the folder of artefacts, where files are replaced and removed; "
            "move your pictures elsewhere, and write that folder into params.yaml"
        )
    listing = look_through(folder, own=artifacts.root, mark=MARK, exclude=dataset.exclude)
    if not listing.files and listing.excluded:
        raise DatasetError(f"dataset.path: all that {str(folder)!r} holds is left out by dataset.exclude, as "
                           f"{one_line(listing.excluded[0])}; change its patterns, or put pictures there")  # fmt: skip
    if not listing.files:
        raise DatasetError(f"dataset.path: the folder {str(folder)!r} is empty; put pictures into it")
    return listing
