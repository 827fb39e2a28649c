"""Where each artefact lies, which stage makes it, and the columns of tables that others read."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Artifacts:
    """The paths of all artefacts below one root; dvc.yaml names the same paths."""

    root: Path

    @property
    def code(self) -> Path:
        """JSON: for each stage the sha256 of the code that it runs (stage code)."""
        return self.root / "code.json"

    @property
    def sample(self) -> Path:
        """Folder: pictures/<habit>/*.jpg and truth.json (stage sample)."""
        return self.root / "sample"

    @property
    def listing(self) -> Path:
        """CSV path,bytes,modified_ns: every file of the dataset (stage scan)."""
        return self.root / "listing.csv"

    @property
    def surroundings(self) -> Path:
        """JSON: the decoders at hand, and the sha256 of the labels file (stage scan)."""
        return self.root / "surroundings.json"

    @property
    def foreign(self) -> Path:
        """JSON: the sha256 of the encoder's file, if it is of other origin (stage scan)."""
        return self.root / "foreign.json"

    @property
    def index(self) -> Path:
        """SQLite: row, path, content, width, height (stage resize)."""
        return self.root / "index.sqlite"

    @property
    def pictures(self) -> Path:
        """Folder of blocks uint8 (B, 256, 256, 3), RGB, of at most 128 pictures (stage resize)."""
        return self.root / "pictures"

    @property
    def read_files(self) -> Path:
        """JSON: what each file was when it was last read; no out of DVC's (stage resize)."""
        return self.root / "read_files.json"

    @property
    def rejected(self) -> Path:
        """CSV path,reason,same_as: every file that is no readable picture (stage resize)."""
        return self.root / "rejected.csv"

    @property
    def refresh(self) -> Path:
        """JSON: of which pictures, and by which settings, network and encoder are made (stage refresh)."""
        return self.root / "refresh.json"

    @property
    def autoencoder(self) -> Path:
        """The trained Keras autoencoder with its best weights (stage train)."""
        return self.root / "autoencoder.keras"

    @property
    def untrained(self) -> Path:
        """The same Keras autoencoder before its first step (stage train)."""
        return self.root / "untrained.keras"

    @property
    def checkpoint(self) -> Path:
        """Folder: the state after the last whole epoch, for `train --resume`; no out of DVC's (stage train)."""
        return self.root / "checkpoint"

    @property
    def history(self) -> Path:
        """CSV epoch,loss,validation_loss,seconds (stage train)."""
        return self.root / "history.csv"

    @property
    def encoder(self) -> Path:
        """ONNX: uint8 (B, 256, 256, 3) to unit-length float32 (B, D) (stage encoder)."""
        return self.root / "encoder.onnx"

    @property
    def cells(self) -> Path:
        """ONNX: uint8 (B, 256, 256, 3) to float32 (B, 32, 32, D), what is seen at each place (stage encoder)."""
        return self.root / "cells.onnx"

    @property
    def beside(self) -> Path:
        """Folder NAME.onnx: encoders that are only measured beside the one that is used (stage encoder)."""
        return self.root / "beside"

    @property
    def untrained_encoder(self) -> Path:
        """The encoder without the network, or of an untrained one if nothing is then left (stage encoder)."""
        return self.beside / "untrained.onnx"

    @property
    def embeddings(self) -> Path:
        """float32 (N, D), unit length (stage embed)."""
        return self.root / "embeddings.npy"

    @property
    def neighbours(self) -> Path:
        """(N, k) of (row int32, similarity float32), most similar first (stage neighbours)."""
        return self.root / "neighbours.npy"

    @property
    def own_neighbours(self) -> Path:
        """The same by the own parts of the embeddings, which neighbours have not moved (stage neighbours)."""
        return self.root / "own_neighbours.npy"

    @property
    def scale(self) -> Path:
        """JSON: 101 quantiles of similarities, whole and own, of nearest and of random pairs (stage neighbours)."""
        return self.root / "scale.json"

    @property
    def groups_table(self) -> Path:
        """CSV path,group,similarity,medoid (stage groups)."""
        return self.root / "groups.csv"

    @property
    def elbow_table(self) -> Path:
        """CSV k,loss,silhouette (stage groups)."""
        return self.root / "elbow.csv"

    @property
    def groups(self) -> Path:
        """The K-group folders (stage groups)."""
        return self.root / "groups"

    @property
    def kept(self) -> Path:
        """Folder: pictures of group folders whose originals have gone; no out of DVC's (stage groups)."""
        return self.root / "kept"

    @property
    def map_table(self) -> Path:
        """CSV path,x,y,column,row: each picture's place in the plane and its cell of the grid (stage map)."""
        return self.root / "map.csv"

    @property
    def map_thumbnails(self) -> Path:
        """JPEG: every picture in its cell (stage map)."""
        return self.root / "plots" / "map_thumbnails.jpg"

    @property
    def duplicates(self) -> Path:
        """CSV group,path,similarity,kind,keep,reason: copies and near copies (stage duplicates)."""
        return self.root / "duplicates.csv"

    @property
    def duplicates_sheets(self) -> Path:
        """Folder: a sheet for each group of copies (stage duplicates)."""
        return self.root / "duplicates"

    @property
    def uniqueness(self) -> Path:
        """CSV rank,index,path,distance,...,nearest: the most unusual pictures first (stage uniqueness)."""
        return self.root / "uniqueness.csv"

    @property
    def report(self) -> Path:
        """Folder: index.html, and thumbnails where they don't fit into it (stage report)."""
        return self.root / "report"

    @property
    def labels(self) -> Path:
        """Folder: labels.csv, to_label.csv, a sheet for each label, and files.csv, which names them (command label)."""
        return self.root / "labels"

    def earlier(self, stage: str) -> Path:
        """Folder: the index and what a stage made from it when it last ended; no out of DVC's."""
        return self.root / "earlier" / stage

    def metrics(self, stage: str) -> Path:
        """JSON metrics of one stage."""
        return self.root / "metrics" / f"{stage}.json"

    def origin(self, stage: str) -> Path:
        """JSON: what a stage's tables are, and what they were made from."""
        return self.root / "origins" / f"{stage}.json"

    def plot(self, name: str) -> Path:
        """PNG to look at."""
        return self.root / "plots" / f"{name}.png"
