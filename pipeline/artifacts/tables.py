"""The tables that several readers share, each with one reader, which asks whether the table is of these pictures."""

from collections.abc import Iterable
from dataclasses import astuple, dataclass

from pipeline.artifacts.files import load_table, save_table
from pipeline.artifacts.index import Index
from pipeline.artifacts.layout import REJECTED_COLUMNS, Artifacts
from pipeline.artifacts.origins import check_origin


@dataclass(frozen=True)
class Rejected:
    """A file that is no readable picture, and why.

    Attributes
    ----------
    path
        Relative to the dataset, with '/'.
    reason
        In words.
    same_as
        The path under which the same file or folder was read, where this one is only another name of it; else empty.
    """

    path: str
    reason: str
    same_as: str


def save_rejected(artifacts: Artifacts, rejected: Iterable[Rejected]) -> None:
    """Write rejected.csv."""
    save_table(artifacts.rejected, REJECTED_COLUMNS, map(astuple, rejected))


def load_rejected(artifacts: Artifacts, index: Index) -> list[Rejected]:
    """Return the rows of rejected.csv; ArtifactError if it is missing, damaged or of other pictures."""
    check_origin(artifacts, "resize", index.digest)
    return [Rejected(*row) for row in load_table(artifacts.rejected, REJECTED_COLUMNS, stage="resize")]
