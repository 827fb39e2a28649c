"""Tests of the project's own check, as far as it can be asked without running it."""

import subprocess
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[1] / ".ci" / "run"


def test_a_check_that_passed_ends_well_when_no_job_is_left_to_be_stopped(tmp_path):
    lines = SCRIPT.read_text().splitlines()
    kept = [line for line in lines if line.startswith(("set ", "trap "))]
    assert len(kept) == 2, kept
    script = "\n".join([kept[0], f"work={tmp_path / 'work'}", 'mkdir "$work"', kept[1], "true"])

    assert subprocess.run(["bash", "-c", script], capture_output=True, text=True).returncode == 0
    assert not (tmp_path / "work").exists()
