"""The reading of real photographs, where they lie beside the checkout; skipped where they don't."""

import dataclasses
from pathlib import Path

import pytest
from conftest import ROOT

from pipeline.artifacts import REJECTED_COLUMNS, Artifacts, load_pictures, load_table, open_index
from pipeline.params import load_params
from pipeline.stages.resize import resize

PHOTOGRAPHS = ROOT.parent / "shared" / "data" / "caltech101"


@pytest.mark.slow
@pytest.mark.skipif(not PHOTOGRAPHS.is_dir(), reason="the photographs are not part of the project")
def test_no_photograph_of_caltech_101_is_lost(tmp_path: Path) -> None:
    params, artifacts = load_params(ROOT / "params.yaml"), Artifacts(tmp_path)
    params = dataclasses.replace(params, dataset=dataclasses.replace(params.dataset, path=str(PHOTOGRAPHS)))
    resize(params, artifacts)
    with open_index(artifacts.index) as index:
        assert index.count == len(load_pictures(artifacts, index)) == 8677
    assert load_table(artifacts.rejected, REJECTED_COLUMNS, stage="resize") == []
