"""The one door for people and DVC: `pipeline ...` and `python -m pipeline ...`."""

import sys

from pipeline.cli import app
from pipeline.errors import PipelineError


def main() -> None:
    """Run the command line; a PipelineError becomes one line on stderr and exit code 1."""
    try:
        app(prog_name="pipeline")
    except PipelineError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
