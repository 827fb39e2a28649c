"""The state of a training, kept after each epoch, and going on from there."""

import shutil

from pipeline.artifacts import (
    Artifacts,
    load_json,
    replaced,
    replaced_folder,
    save_history,
    save_json,
)
from pipeline.autoencoder import training
from pipeline.autoencoder.training import Epoch, Progress, Recipe
from pipeline.errors import ArtifactError

STATE = {"state.npz", "best.keras", "progress.json"}  # what a checkpoint holds
_CALLED = {
    "index": "pictures",
    "turn": "dataset.orientation",
    "policy": "train.precision",
}  # the rest as in params.yaml


def save(progress: Progress, origin: dict[str, str], artifacts: Artifacts) -> None:
    """Keep what shall outlive a kill: the best model, the last state, the history."""
    if progress.history[-1].validation_loss <= progress.best:
        with replaced(artifacts.autoencoder) as path:
            training.save_model(progress, path)
    with replaced_folder(artifacts.checkpoint) as folder:
        training.save_state(progress, folder / "state.npz")
        shutil.copyfile(artifacts.autoencoder, folder / "best.keras")  # DVC deletes the out before a new run
        save_json(folder / "progress.json", {"origin": origin, "history": progress.history})
    save_history(artifacts.history, progress.history)


def was_interrupted(origin: dict[str, str], recipe: Recipe, artifacts: Artifacts) -> bool:
    """Return whether there is the state of this very training, by the same code, and it has not come to its end."""
    try:
        state = load_json(artifacts.checkpoint / "progress.json", stage="train")
        return bool(state["origin"] == origin and 0 < len(state["history"]) < recipe.epochs)
    except (ArtifactError, KeyError, TypeError):
        return False


def go_on(progress: Progress, origin: dict[str, str], artifacts: Artifacts) -> None:
    """Bring a fresh start to the last whole epoch of an interrupted training."""
    checkpoint = artifacts.checkpoint
    if not checkpoint.is_dir():
        raise ArtifactError(f"{checkpoint}: there is nothing to resume; train without --resume")
    state = load_json(checkpoint / "progress.json", stage="train")
    changed = [
        _CALLED.get(name, f"train.{name}")
        for name in origin
        if state["origin"].get(name) != origin[name] and name not in ("epochs", "code")
    ]
    if changed:
        raise ArtifactError(f"{checkpoint}: made with other {', '.join(changed)}; train without --resume")
    try:
        training.restore_state(progress, checkpoint / "state.npz")
        with replaced(artifacts.autoencoder) as path:
            shutil.copyfile(checkpoint / "best.keras", path)
    except (OSError, ValueError) as error:
        raise ArtifactError(f"{checkpoint} is damaged ({error}); train without --resume") from error
    progress.history.extend(Epoch(*epoch) for epoch in state["history"])
