"""The one door for people and DVC: `pipeline ...` and `python -m pipeline ...`."""

import io
import sys

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
        print(printable(f"error: {error}"), file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
