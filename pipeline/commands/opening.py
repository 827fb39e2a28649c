"""Opens the index for commands that also go by the params, which may have come to name another folder since."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.artifacts import Artifacts, Index, open_index
from pipeline.errors import ArtifactError
from pipeline.params import Params


@contextmanager
def open_own_index(params: Params, artifacts: Artifacts) -> Iterator[Index]:
    """Open the index; ArtifactError if it is missing, damaged, or of another folder than dataset.path."""
    with open_index(artifacts.index) as index:
        if Path(params.dataset.path) != index.dataset:
            raise ArtifactError(
                f"{artifacts.index} lists {index.dataset}, but dataset.path is {params.dataset.path}: run `dvc repro`"
            )
        yield index
