"""Writes down which code each stage runs, for DVC to watch."""

from pipeline.artifacts import Artifacts, save_json
from pipeline.closure import digest, stages


def code(artifacts: Artifacts) -> str:
    """Write code.json: for each stage the sha256 of all code that it runs."""
    digests = {stage: digest(stage) for stage in stages()}
    save_json(artifacts.code, digests)
    return f"{len(digests)} stages, each with the sha256 of the code that it runs"
