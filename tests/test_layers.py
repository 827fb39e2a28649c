"""The house: imports go down only, rooms of one floor keep to themselves, heavy libraries stay in one room."""

import pytest

from pipeline.closure import imports, modules, own_imports, path_of

FLOORS = {
    "errors": 0,
    "wording": 0,
    "closure": 0,
    "parts": 0,
    "pixels": 0,
    "params": 1,
    "answers": 1,
    "artifacts": 1,
    "blankness": 1,
    "graph": 1,
    "lettering": 1,
    "shapes": 1,
}
FLOORS |= {
    "shapes": 1,
    "stages": 3,
    "originals": 3,
    "copies": 3,
    "remembered": 3,
    "drawings": 3,
    "folder": 3,
    "projects": 3,
}
FLOORS |= {"commands": 3, "cli": 4, "__main__": 4}
ROOMS_OF = {
    "tensorflow": {"autoencoder"},
    "keras": {"autoencoder"},
    "onnx": {"encoder", "graph"},
    "onnxruntime": {"encoder"},
    "pyclustering": {"medoids"},
    "matplotlib": {"lettering", "plots"},
    "skimage": {"baselines", "orientation"},
    "scipy": {"duplicates", "labelling", "encoder"},
    "sklearn": {"baselines", "encoder", "evaluation", "labelling", "orientation", "projection"},
    "sqlite3": {"artifacts"},
    "yaml": {"params"},
    "ruamel": {"projects"},
    "typer": {"cli"},
    "jinja2": {"report"},
    "pyarrow": {"atlas"},
}


def room(module: str) -> str:
    """Return the room of a module: the name below the package."""
    return module.split(".")[1] if "." in module else ""


def floor(module: str) -> int:
    """Return the floor of a module; whatever is not named above is a room of floor 2."""
    return FLOORS.get(room(module), 2) if room(module) else 0


@pytest.mark.parametrize("module", [name for name in modules() if name != "pipeline"])  # the door to the top floors
def test_imports_go_down_only(module: str) -> None:
    above = {name for name in own_imports(module) if floor(name) > floor(module)}
    assert not above


@pytest.mark.parametrize("module", [name for name in modules() if floor(name) in (1, 2)])
def test_rooms_of_one_floor_do_not_import_each_other(module: str) -> None:
    beside = {name for name in own_imports(module) if floor(name) == floor(module) and room(name) != room(module)}
    assert not beside


@pytest.mark.parametrize("module", [name for name in modules() if floor(name) == 2])
def test_a_room_knows_no_params_and_no_paths_of_artefacts(module: str) -> None:
    assert own_imports(module) <= {name for name in modules() if room(name) == room(module)} | {
        "pipeline.errors",
        "pipeline.wording",
        "pipeline.lettering",
        "pipeline.shapes",
        "pipeline.blankness",
        "pipeline.graph",
        "pipeline.parts",
        "pipeline.pixels",
        "pipeline.answers",
        "pipeline.artifacts",  # for a shared value type, which the next test holds it to
    }


def test_rooms_take_only_the_neighbour_type_from_artefacts() -> None:
    texts = [path_of(module).read_text(encoding="utf-8") for module in modules() if floor(module) == 2]
    lines = [line for text in texts for line in text.splitlines() if "pipeline.artifacts" in line]
    assert lines == ["from pipeline.artifacts import NEIGHBOUR"]


@pytest.mark.parametrize("library", sorted(ROOMS_OF))
def test_a_heavy_library_is_imported_in_its_one_room(library: str) -> None:
    users = {room(module) for module in modules() if any(name.split(".")[0] == library for name in imports(module))}
    assert users == ROOMS_OF[library]
