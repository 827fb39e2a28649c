"""Makes progress bars brief where nobody watches them: in a log, which keeps every line."""

import os
import sys

_SECONDS = "60"


def keep_progress_brief() -> None:
    """Let every bar report at its start, at its end and once a minute, unless stderr is a terminal.

    tqdm reads its defaults from the environment when it is first imported; what the user has set there counts.
    """
    if not sys.stderr.isatty():
        for name, value in {"MININTERVAL": _SECONDS, "MAXINTERVAL": _SECONDS}.items():
            os.environ.setdefault(f"TQDM_{name}", value)
