"""Progress bars in a log: few lines, where a terminal has many."""

from __future__ import annotations

import os
import subprocess
import sys

LOOP = """
import time
from pipeline.cli.progress import keep_progress_brief
keep_progress_brief()
from tqdm import tqdm
for _ in tqdm(range(40), "long"):
    time.sleep(0.02)
"""


def log(**environment: str) -> str:
    """Return what a loop of 40 steps writes to a stderr that is no terminal."""
    environment = {**os.environ, **environment}
    return subprocess.run(
        [sys.executable, "-c", LOOP], env=environment, capture_output=True, text=True, check=True
    ).stderr


def test_a_log_has_the_start_and_the_end_of_a_bar() -> None:
    found = log()
    assert "100%" in found
    assert found.count("long:") == 2


def test_what_the_user_has_set_counts() -> None:
    assert log(TQDM_MININTERVAL="0.01").count("long:") > 10
