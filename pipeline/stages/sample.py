"""Writes the embedded sample: pictures of snow crystals, and the truth of what is planted among them."""

import os
from pathlib import Path

from pipeline.artifacts import Artifacts, check_own, rewritten_folder, save_json
from pipeline.errors import ParamsError
from pipeline.params import Params
from pipeline.sample import grow_sample


def sample(params: Params, artifacts: Artifacts) -> str:
    """Write pictures/<habit>/*.jpg and truth.json; an empty sample while the dataset lies elsewhere.

    Raises
    ------
    ParamsError
        If sample.pictures is no multiple of the number of habits.
    """
    check_own(artifacts.sample)
    settings = params.sample
    wanted = Path(os.path.abspath(params.dataset.path)).is_relative_to(os.path.abspath(artifacts.sample))
    with rewritten_folder(artifacts.sample) as folder:
        if not wanted:
            save_json(folder / "truth.json", {"exact": [], "near": [], "stranger": None})
            return f"nothing to grow: dataset.path is {params.dataset.path}"
        try:
            grown = grow_sample(
                pictures=settings.pictures,
                size=settings.size,
                seed=settings.seed,
                workers=os.cpu_count() or 1,
                progress=True,
            )
        except ValueError as error:
            raise ParamsError(f"sample: {error}; mend params.yaml") from error
        for path, content in grown.files:
            file = folder / "pictures" / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        save_json(folder / "truth.json", grown.truth)
    return f"{settings.pictures:,} snow crystals and what is planted among them in {artifacts.sample}"
