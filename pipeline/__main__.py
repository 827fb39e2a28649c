"""The one door for people and DVC: `pipeline ...` and `python -m pipeline ...`."""

import errno
import io
import sys
import tempfile
from pathlib import Path

from pipeline.artifacts import unwritable
from pipeline.cli import app
from pipeline.cli.progress import keep_progress_brief
from pipeline.errors import PipelineError
from pipeline.wording import printable


def main() -> None:
    """Run the command line; a PipelineError becomes one line on stderr and exit code 1."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # one that can't hold every name gets escapes
            stream.reconfigure(errors="backslashreplace")
    keep_progress_brief()
    try:
        app(prog_name="pipeline")
    except PipelineError as error:
        _end(error)
    except OSError as error:  # what isn't an artefact: a temporary file, or an answer that goes into a file
        place = Path(error.filename or tempfile.gettempdir())
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        _end(PipelineError(f"{unwritable(place, error)}, and run it again"))


def _end(error: Exception) -> None:
    print(printable(f"error: {error}"), file=sys.stderr)
    sys.exit(1)


if __name__ == "__main__":
    main()
