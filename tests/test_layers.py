"""The house: imports go down only, rooms of one floor keep to themselves, heavy libraries stay in one room."""

import pytest

from pipeline.closure import imports, modules, own_imports

FLOORS = {
    "errors": 0,
    "wording": 0,
    "closure": 0,
    "vectors": 0,
    "pixels": 0,
    "workers": 0,
    "graph": 1,
    "params": 1,
    "artifacts": 1,
    "drawings": 3,
    "stages": 3,
    "folder": 3,
    "projects": 3,
    "web": 4,
    "cli": 4,
    "__main__": 4,
}
OPEN = {"errors", "wording", "vectors", "pixels", "workers", "graph"}  # what every room may use
PLACES_OF = {  # rooms, or modules of a room, that alone import a heavy library
    "tensorflow": {"autoencoder"},
    "keras": {"autoencoder"},
    "onnx": {"encoder", "graph"},
    "onnxruntime": {"encoder"},
    "pyclustering": {"groups.pyclustering_engine"},
    "matplotlib": {"show.lettering", "show.plots"},
    "skimage": {"pictures.upright", "trust.baselines"},
    "scipy": {"duplicates", "encoder", "similarity.labelling", "vectors"},
    "sklearn": {"encoder", "map", "pictures.upright", "similarity", "trust"},
    "sqlite3": {"artifacts"},
    "yaml": {"params"},
    "ruamel": {"projects"},
    "typer": {"cli"},
    "fastapi": {"web"},
    "starlette": {"web"},
    "uvicorn": {"web"},
    "pydantic": {"web"},
    "jinja2": {"show.report"},
    "pyarrow": {"show.atlas"},
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
    others = {name for name in own_imports(module) if room(name) not in {room(module), *OPEN}}
    assert others <= {"pipeline.artifacts.answers"}  # what is kept from run to run has a type, and no path


@pytest.mark.parametrize("library", sorted(PLACES_OF))
def test_a_heavy_library_is_imported_in_its_place_alone(library: str) -> None:
    users = {module for module in modules() if any(name.split(".")[0] == library for name in imports(module))}
    places = {f"pipeline.{place}" for place in PLACES_OF[library]}
    assert {user for user in users if not any(f"{user}.".startswith(f"{place}.") for place in places)} == set()
    assert all(any(f"{user}.".startswith(f"{place}.") for user in users) for place in places)
