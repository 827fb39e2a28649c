"""Finds what looks alike in a folder of pictures, with an autoencoder trained on those pictures.

`open_folder` is the door for programs; `docs/library.md` shows it. The command line is `pipeline --help`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.errors import ArtifactError, DatasetError, EncoderError, ParamsError, PipelineError, QueryError
    from pipeline.folder.answers import Answer, Result
    from pipeline.folder.comparing import Comparison, Reference
    from pipeline.folder.labels import Labels
    from pipeline.folder.opened import Folder, open_folder
    from pipeline.folder.tables import Copies, Copy, Group, Map, Unique
    from pipeline.folder.unusual import Unusual

__version__ = "0.1.0"

__all__ = [
    "Answer",
    "ArtifactError",
    "Comparison",
    "Copies",
    "Copy",
    "DatasetError",
    "EncoderError",
    "Folder",
    "Group",
    "Labels",
    "Map",
    "ParamsError",
    "PipelineError",
    "QueryError",
    "Reference",
    "Result",
    "Unique",
    "Unusual",
    "open_folder",
]

_HOMES = {  # imported when it is asked for: `import pipeline` alone is quick
    "errors": ("ArtifactError", "DatasetError", "EncoderError", "ParamsError", "PipelineError", "QueryError"),
    "folder.answers": ("Answer", "Result"),
    "folder.comparing": ("Comparison", "Reference"),
    "folder.labels": ("Labels",),
    "folder.opened": ("Folder", "open_folder"),
    "folder.tables": ("Copies", "Copy", "Group", "Map", "Unique"),
    "folder.unusual": ("Unusual",),
}


def __getattr__(name: str) -> Any:
    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"pipeline.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
