"""What several tests share: the --slow option, and a small folder that went through the whole line.

The line's pictures are read by the real stages. Only the encoder is a stand-in, a few ONNX nodes, because
training one takes TensorFlow and minutes; it keeps the contract that `pipeline embed` keeps.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import onnx
import pytest
import yaml
from hypothesis import settings
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from pipeline.artifacts import Artifacts, load_pictures, open_index, read_labels, save_array, save_json, save_origin
from pipeline.encoder.running import encode, open_encoder
from pipeline.params import Params, load_params
from pipeline.stages.evaluate import evaluate
from pipeline.stages.groups import groups
from pipeline.stages.neighbours import neighbours
from pipeline.stages.resize import resize
from pipeline.stages.tolerance import tolerance

if TYPE_CHECKING:
    from playwright.sync_api import Browser

settings.register_profile("project", deadline=None)  # a test asserts what is done, not how fast a busy machine does it
settings.load_profile("project")

ROOT = Path(__file__).parent.parent
CLASSES, PICTURES_OF_A_CLASS = ("discs", "stripes", "ramps"), 18
COPIES = ("discs/disc 00.png", "stripes/the same disc.PNG", "zz/and again.jpg")  # one content, three rows


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="run the tests marked slow, too")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--slow"):
        for item in items:
            if "slow" in item.keywords:
                item.add_marker(pytest.mark.skip(reason="slow; run with --slow"))


@dataclass(frozen=True)
class Line:
    """A folder of pictures that went through the line: params.yaml, the dataset and the artefacts below root."""

    root: Path

    @property
    def params_file(self) -> Path:
        return self.root / "params.yaml"

    @property
    def dataset(self) -> Path:
        return self.root / "pictures"

    @property
    def artifacts(self) -> Artifacts:
        return Artifacts(self.root / "artifacts")

    @property
    def params(self) -> Params:
        return load_params(self.params_file)

    def set(self, **sections: dict[str, object]) -> None:
        """Change values of params.yaml, section by section."""
        values = yaml.safe_load(self.params_file.read_text())
        for section, changes in sections.items():
            values[section] |= changes
        self.params_file.write_text(yaml.safe_dump(values))


def make_line(root: Path, pictures: dict[str, bytes | Image.Image], *, reads_all: bool = False) -> Line:
    """Write pictures below root/pictures, and run the stages up to embed on them, without TensorFlow.

    With `reads_all` nothing is excluded.
    """
    line = Line(root)
    for path, picture in pictures.items():
        file = line.dataset / path
        file.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(picture, bytes):
            file.write_bytes(picture)
        else:
            picture.save(file)
    shutil.copy(ROOT / "params.yaml", line.params_file)
    line.set(
        dataset={"path": str(line.dataset), "labels": "folders"},
        neighbours={"depth": 12},
        groups={"k": 3, "k_minimum": 2, "k_maximum": 8},
    )
    if reads_all:
        line.set(dataset={"exclude": []})
    resize(line.params, line.artifacts)
    save_json(line.artifacts.metrics("train"), {"upright": True})
    write_encoder(line.artifacts.encoder, patch=32)
    write_encoder(line.artifacts.untrained_encoder, patch=128)
    embed_again(line.artifacts)
    return line


def embed_again(artifacts: Artifacts) -> None:
    """Do what `pipeline embed` does, and say that the encoder is as its stage has made it."""
    encoder = open_encoder(artifacts.encoder)
    with open_index(artifacts.index) as index:
        embeddings = encode(encoder, load_pictures(artifacts, index), progress=False)
        origin = {"index": index.digest, "encoder": encoder.digest, **encoder.parts.as_facts()}
        save_array(artifacts.embeddings, embeddings, origin=origin)
    write_cells(artifacts.cells, encoder=encoder.digest)
    save_json(artifacts.metrics("encoder"), {})
    for stage in ("encoder", "embed"):
        save_origin(artifacts, stage, index.digest)


def sign(line: Line, *stages: str) -> None:
    """Say that stages wrote their tables as they are now, for tables that a test wrote by hand."""
    with open_index(line.artifacts.index) as index:
        labels = read_labels(line.params.dataset.labels, index.paths())
        for stage in stages:
            save_origin(line.artifacts, stage, index.digest, labels=labels)


def write_cells(path: Path, *, encoder: str, made_from: str = "autoencoder", weight: float = 1.0) -> None:
    """Write a file of cells: half the squared distance of two is `weight` times the mean square of their pixels."""
    nodes = [
        helper.make_node("Cast", ["pictures"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["floats"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node("SpaceToDepth", ["planes"], ["deep"], blocksize=8),
        helper.make_node("Mul", ["deep", "scale"], ["scaled"]),
        helper.make_node("Transpose", ["scaled"], ["cells"], perm=[0, 2, 3, 1]),
    ]
    write_graph(
        path,
        nodes,
        takes=helper.make_tensor_value_info("pictures", TensorProto.UINT8, ["B", 256, 256, 3]),
        gives=helper.make_tensor_value_info("cells", TensorProto.FLOAT, ["B", 32, 32, 192]),
        constants={"scale": np.float32((2 * weight / 192) ** 0.5 / 255)},
        facts={"encoder": encoder, "made_from": made_from},
    )


def write_encoder(
    path: Path, *, patch: int = 64, scale: float = 1.0, side: int = 256, takes: int = TensorProto.UINT8
) -> None:
    """Write an encoder: means of patches, less a constant, at unit length times `scale`."""
    cells = side // patch
    centre = np.linspace(100, 150, 3 * cells * cells, dtype=np.float32)[None]  # never a picture, so never zero
    constants = {"centre": centre, "scale": np.float32(scale)}
    nodes = [
        helper.make_node("Cast", ["pictures"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["floats"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node("AveragePool", ["planes"], ["cells"], kernel_shape=[patch, patch], strides=[patch, patch]),
        helper.make_node("Flatten", ["cells"], ["flat"]),
        helper.make_node("Sub", ["flat", "centre"], ["centred"]),
        helper.make_node("LpNormalization", ["centred"], ["unit"], axis=1, p=2),
        helper.make_node("Mul", ["unit", "scale"], ["embeddings"]),
    ]
    write_graph(
        path,
        nodes,
        takes=helper.make_tensor_value_info("pictures", takes, ["B", side, side, 3]),
        gives=helper.make_tensor_value_info("embeddings", TensorProto.FLOAT, ["B", centre.size]),
        constants=constants,
    )


def write_graph(
    path: Path,
    nodes: list[onnx.NodeProto],
    *,
    takes: onnx.ValueInfoProto,
    gives: onnx.ValueInfoProto,
    constants: dict[str, NDArray[np.float32] | np.float32] | None = None,
    facts: dict[str, str] | None = None,
) -> None:
    """Write an ONNX file of one input and one output, and what it says of itself."""
    tensors = [numpy_helper.from_array(np.asarray(value), name) for name, value in (constants or {}).items()]
    graph = helper.make_graph(nodes, "encoder", [takes], [gives], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    helper.set_model_props(model, facts or {})
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(model.SerializeToString())


def structured_picture(kind: str, generator: np.random.Generator) -> Image.Image:
    """Draw a small noisy picture of one of three kinds."""
    height, width = generator.integers(40, 90, 2)
    y, x = np.mgrid[:height, :width] / min(height, width)
    shape = {
        "discs": (x - 0.5 - 0.1 * generator.random()) ** 2 + (y - 0.5) ** 2 < 0.1,
        "stripes": np.sin(20 * y + generator.random()) > 0,
        "ramps": x / x.max(),
    }[kind]
    colour = {"discs": (220, 120, 60), "stripes": (70, 200, 120), "ramps": (90, 80, 230)}[kind]
    pixels = shape[..., None] * np.array(colour) + generator.normal(20, 12, (height, width, 3))
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def structured_pictures() -> dict[str, bytes | Image.Image]:
    """Return the pictures of the shared line: 3 classes of 18, copies, odd names, one that is no picture."""
    generator = np.random.default_rng(0)
    pictures: dict[str, bytes | Image.Image] = {
        f"{kind}/{kind[:-1]} {number:02d}.png": structured_picture(kind, generator)
        for kind in CLASSES
        for number in range(PICTURES_OF_A_CLASS)
    }
    pictures["ramps/naïve/日本語 (1).png"] = structured_picture("ramps", generator)
    pictures["ramps/naïve/disc 00.png"] = structured_picture("ramps", generator)
    pictures["stripes/no picture.txt"] = b"words"
    return pictures


@pytest.fixture(scope="session")
def line(tmp_path_factory: pytest.TempPathFactory) -> Line:
    """A folder of 58 pictures and everything made from it; for reading only."""
    made = make_line(tmp_path_factory.mktemp("line"), structured_pictures())
    first = (made.dataset / COPIES[0]).read_bytes()
    for path in COPIES[1:]:
        (made.dataset / path).parent.mkdir(exist_ok=True)
        (made.dataset / path).write_bytes(first)
    resize(made.params, made.artifacts)  # once more, now with the copies
    embed_again(made.artifacts)
    neighbours(made.params, made.artifacts)
    groups(made.params, made.artifacts)
    evaluate(made.params, made.artifacts)
    tolerance(made.params, made.artifacts)
    return made


@pytest.fixture
def own_line(line: Line, tmp_path: Path) -> Line:
    """A copy of the line that a test may change; the index still names the shared dataset."""
    shutil.copytree(line.root, tmp_path / "line")
    return Line(tmp_path / "line")


@pytest.fixture(scope="session")
def whole(line: Line, tmp_path_factory: pytest.TempPathFactory) -> Line:
    """The line with every stage run that the page shows; tests leave it as it is."""
    from serving import make_whole

    return make_whole(line, tmp_path_factory.mktemp("whole") / "line")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A browser for tests of pages; where there is none they are skipped."""
    from browsing import started

    with started() as browser:
        yield browser
