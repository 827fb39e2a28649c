"""Measures whether `compare` finds defects, beside plain pixel difference and SSIM.

    python benchmarks/defects.py --artifacts artifacts [--tilt 1.5] [--strength 0.3] [--sheet defects.png]
    python benchmarks/defects.py --photos 8 --write FOLDER     # photos to try `compare` on; measures nothing

References are drawn from the folder. Of each, photographs are made: shifted by up to 6 pixels each way, in other light
(brightness by up to 20 %, contrast by 15 %, each channel by 5 %, a slope of up to 10 %), with noise, as JPEG; `--tilt`
also turns each by as many degrees at most and scales it by as many percent. Every other one has a defect, drawn where
there is something to see: a scratch, a missing part (the colour of the rim in its place) or a stain. Any method that
aligns finds nearly all of them; `--strength 0.3` makes them faint, so that methods can be told apart.

AUROC: how well the hottest cell ranks the photos of one reference, mean over references. Peak: share of defects that
the hottest cell of 8x8 pixels touches. Pixels and SSIM are averaged over the same cells, and given twice: as they are,
and after the alignment and the light of `compare`, which shows what these two alone give. "By pixels" is `compare` with
an encoder of other origin, of which no cells are known.
"""

import argparse
import io
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # so that it runs from a checkout

from machine import print_machine  # noqa: E402
from skimage.metrics import structural_similarity  # noqa: E402
from sklearn.metrics import roc_auc_score  # noqa: E402
from tqdm import tqdm  # noqa: E402

from pipeline.artifacts import Artifacts, load_pictures, open_index  # noqa: E402
from pipeline.differences import located, moved, painted, peak, relit, seen  # noqa: E402
from pipeline.encoder.running import Encoder, cells_of, open_cells, open_encoder  # noqa: E402
from pipeline.show.sheets import Tile, contact_sheet  # noqa: E402

KINDS = ("scratch", "missing part", "stain")
METHODS = ("compare", "compare, by pixels", "pixels", "SSIM", "pixels, aligned and relit", "SSIM, aligned and relit")
SIDE, CELL = 256, 8
_MARGIN = 16  # pixels of the picture that no reference shows, so that a shifted photo has something to show
_VISIBLE = 15  # a defect changes the pixels that it covers by as much, of 255, on average


@dataclass(frozen=True)
class Photo:
    """A photograph, uint8 (256, 256, 3), the kind of its defect or "", and where it is, bool (256, 256)."""

    pixels: np.ndarray
    kind: str
    mask: np.ndarray


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--artifacts", type=Path, default=Path("artifacts"))
    parser.add_argument("--references", type=int, default=24)
    parser.add_argument("--photos", type=int, default=12, help="of each reference; half of them with a defect")
    parser.add_argument("--tilt", type=float, default=0.0, help="degrees and percent")
    parser.add_argument("--strength", type=float, default=1.0, help="of the defects; 0.3 makes them faint")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--sheet", type=Path, help="draw some defects, and where compare sees them")
    parser.add_argument("--write", type=Path, help="write a reference and its photos into this folder instead")
    options = parser.parse_args()
    artifacts = Artifacts(options.artifacts)
    with open_index(artifacts.index) as index:
        pictures = load_pictures(artifacts, index)
    cells = open_cells(artifacts.cells, beside=open_encoder(artifacts.encoder).digest)
    generator = np.random.default_rng(options.seed)
    rows = generator.choice(len(pictures), options.references, replace=len(pictures) < options.references)
    if options.write:
        write(*photographs(pictures[rows[0]], pictures[rows[-1]], options, generator), options.write)
        return
    print_machine()
    started, measured, shown = time.perf_counter(), [], []
    for row in tqdm(rows, "references"):
        other = pictures[generator.integers(len(pictures))]
        reference, photos = photographs(pictures[row], other, options, generator)
        bank, pixel_bank = seen(reference, partial(cells_of, cells)), seen(reference, pixel_cells)
        work = partial(judged, reference=reference, bank=bank, pixel_bank=pixel_bank, cells=cells)
        with ThreadPoolExecutor() as pool:
            results = list(pool.map(work, photos))
        measured.append([(photo, maps) for photo, (maps, _, _) in zip(photos, results, strict=True)])
        number = (2 * len(shown) + 1) % len(photos)
        shown.append((reference, photos[number].pixels, results[number]))
    print(f"{len(rows)} references of {options.artifacts}, {options.photos} photos each, half with a defect; tilt "
          f"{options.tilt:g}, strength {options.strength:g}, seed {options.seed}; "
          f"{time.perf_counter() - started:.0f} s\n")  # fmt: skip
    print_table(measured)
    if options.sheet:
        draw(shown[:6], options.sheet)


def print_table(measured: list[list[tuple[Photo, dict[str, np.ndarray]]]]) -> None:
    """Print AUROC and peaks of each method, the peaks also by kind of defect; in percent."""
    print(f"{'':28}{'AUROC':>7}{'peak':>7}" + "".join(f"{kind:>14}" for kind in KINDS))
    for method in METHODS:
        areas, hits = [], {kind: [] for kind in KINDS}
        for photos in measured:
            defective = [photo.kind != "" for photo, _ in photos]
            areas.append(roc_auc_score(defective, [peak(maps[method])[0] for _, maps in photos]))
            for photo, maps in photos:
                if photo.kind:
                    _, x, y = peak(maps[method])
                    moved_mask = maps["moved mask"] if "compare" in method or "aligned" in method else photo.mask
                    half = CELL // 2
                    hits[photo.kind].append(moved_mask[y - half : y + half, x - half : x + half].any())
        every = np.mean([hit for kind in KINDS for hit in hits[kind]])
        kinds = "".join(f"{100 * np.mean(hits[kind]):14.1f}" for kind in KINDS)
        print(f"{method:28}{100 * np.mean(areas):7.1f}{100 * every:7.1f}{kinds}")


def judged(photo: Photo, *, reference: np.ndarray, bank: np.ndarray, pixel_bank: np.ndarray, cells: Encoder) -> tuple:
    """Return each method's heat map (32, 32) of a photo, and what `compare` needs to draw its own."""
    found, shift = located(photo.pixels, reference, bank, partial(cells_of, cells))
    laid = relit(moved(photo.pixels, shift), reference)
    unjudged = found == 0  # the same cells are left out for all
    maps = {
        "compare": found,
        "compare, by pixels": located(photo.pixels, reference, pixel_bank, pixel_cells)[0],
        "pixels": in_cells(np.abs(photo.pixels.astype(float) - reference).mean(-1)),
        "SSIM": in_cells(1 - similarity(photo.pixels, reference)),
        "pixels, aligned and relit": in_cells(np.abs(laid.astype(float) - reference).mean(-1)),
        "SSIM, aligned and relit": in_cells(1 - similarity(laid, reference)),
    }
    maps = {name: np.where(unjudged, 0, map_) for name, map_ in maps.items()}
    mask = moved(np.repeat(photo.mask[..., None], 3, -1).astype(np.uint8), shift)[..., 0] > 0
    return {**maps, "moved mask": mask}, found, shift


def pixel_cells(picture: np.ndarray) -> np.ndarray:
    """Return the pixels of each cell, float32 (32, 32, 192)."""
    cells = picture.reshape(SIDE // CELL, CELL, SIDE // CELL, CELL, 3).swapaxes(1, 2)
    return cells.reshape(SIDE // CELL, SIDE // CELL, -1).astype(np.float32)


def similarity(photo: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Return the map of SSIM, (256, 256), mean over channels."""
    return structural_similarity(photo, reference, channel_axis=-1, data_range=255, full=True)[1].mean(-1)


def in_cells(map_: np.ndarray) -> np.ndarray:
    """Average a map (256, 256) over cells."""
    return map_.reshape(SIDE // CELL, CELL, SIDE // CELL, CELL).mean((1, 3))


def photographs(
    picture: np.ndarray, other: np.ndarray, options: argparse.Namespace, generator: np.random.Generator
) -> tuple[np.ndarray, list[Photo]]:
    """Return a reference and its photographs, good ones and such with a defect in turn."""
    nothing, tilt = np.zeros((SIDE, SIDE), bool), options.tilt
    photos = []
    for number in range(options.photos):
        kind = KINDS[number // 2 % len(KINDS)] if number % 2 else ""
        made, mask = defect(picture, kind, other, generator) if kind else (picture, nothing)
        made = np.rint(picture + options.strength * (made.astype(np.float32) - picture)).astype(np.uint8)
        shift, turn = generator.uniform(-6, 6, 2), generator.uniform(-tilt, tilt)
        scale = 1 + generator.uniform(-tilt, tilt) / 100
        pixels = relight(framed(made, shift, turn, scale), generator)
        covered = framed(np.repeat(mask[..., None], 3, -1).astype(np.uint8) * 255, shift, turn, scale)[..., 0] > 127
        photos.append(Photo(pixels, kind, covered))
    return framed(picture, np.zeros(2), 0.0, 1.0), photos


def framed(picture: np.ndarray, shift: np.ndarray, turn: float, scale: float) -> np.ndarray:
    """Return what a camera that is shifted, turned and nearer or further sees of the middle of a picture."""
    half = (SIDE / 2 - _MARGIN) * scale
    centre = SIDE / 2 + shift
    box = np.clip([*(centre - half), *(centre + half)], 0, SIDE)
    image = Image.fromarray(picture).rotate(turn, Image.Resampling.BICUBIC)
    return np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BILINEAR, tuple(box)))


def relight(picture: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Return a picture in other light, with noise, as JPEG."""
    pixels, (contrast, brightness) = picture.astype(np.float32), generator.uniform((0.85, 0.8), (1.15, 1.2))
    angle, strength = generator.uniform(0, 2 * np.pi), generator.uniform(0, 0.1)
    y, x = np.mgrid[-1 : 1 : SIDE * 1j, -1 : 1 : SIDE * 1j]
    slope = 1 + strength * (x * np.cos(angle) + y * np.sin(angle))
    pixels = (pixels - pixels.mean()) * contrast + pixels.mean()
    pixels = pixels * brightness * generator.uniform(0.95, 1.05, 3) * slope[..., None]
    noisy = np.clip(pixels + generator.normal(0, 2, pixels.shape), 0, 255).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(noisy).save(file, "JPEG", quality=int(generator.integers(80, 96)))
    return np.asarray(Image.open(file).convert("RGB"))


def defect(
    picture: np.ndarray, kind: str, other: np.ndarray, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return the picture with a defect that can be seen, and where it is; after 50 trials, the last one."""
    for _ in range(50):
        made, mask = drawn(picture, kind, other, generator)
        if mask.any() and np.abs(made.astype(int) - picture).mean(-1)[mask].mean() >= _VISIBLE:
            break
    return made, mask


def drawn(
    picture: np.ndarray, kind: str, other: np.ndarray, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return the picture with one defect, and where it is."""
    base, (x, y) = picture.astype(np.float32), place(picture, generator)
    stencil = Image.new("L", (2 * SIDE, 2 * SIDE))  # twice as large, for smooth edges
    if kind == "scratch":
        along, turn = np.linspace(-0.5, 0.5, 6) * generator.uniform(30, 90), generator.uniform(0, np.pi)
        points = np.stack([along, generator.normal(0, 2, 6)], 1) @ rotation(turn) + (x, y)
        ImageDraw.Draw(stencil).line([tuple(2 * p) for p in points], 255, int(generator.integers(3, 7)), "curve")
        fill, opacity, softness = (235 if base[y, x].mean() < 128 else 25) + generator.normal(0, 8, 3), 0.8, 0.8
    else:
        turns = np.linspace(0, 2 * np.pi, 12, endpoint=False)
        ring = np.stack([np.cos(turns), np.sin(turns)], 1) * generator.uniform(0.75, 1.15, (12, 1))
        ImageDraw.Draw(stencil).polygon([tuple(2 * p) for p in ring * generator.uniform(9, 24, 2) + (x, y)], 255)
        if kind == "missing part":  # the colour of the rim, which is mostly the background's
            rim = np.concatenate([base[:24].reshape(-1, 3), base[-24:].reshape(-1, 3)])
            fill, opacity, softness = np.median(rim, 0) + generator.normal(0, 3, base.shape), 1.0, 0.8
        else:
            fill = np.roll(other, generator.integers(0, SIDE, 2), (0, 1)) if generator.random() < 0.5 else (
                generator.uniform(0, 255, 3))  # fmt: skip
            opacity, softness = generator.uniform(0.5, 0.85), 2.0
    soft = stencil.filter(ImageFilter.GaussianBlur(2 * softness)).resize((SIDE, SIDE), Image.Resampling.BOX)
    weight = np.asarray(soft, np.float32)[..., None] / 255
    made = base + (fill - base) * opacity * weight
    return np.clip(made, 0, 255).astype(np.uint8), weight[..., 0] > 0.3


def place(picture: np.ndarray, generator: np.random.Generator) -> tuple[int, int]:
    """Return a pixel (x, y) away from the edge, drawn by how much there is to see at it."""
    down, across = np.gradient(picture.mean(-1))
    edges = (np.abs(down) + np.abs(across) + 1e-6)[48:-48, 48:-48]
    y, x = np.unravel_index(generator.choice(edges.size, p=edges.ravel() / edges.sum()), edges.shape)
    return int(x) + 48, int(y) + 48


def rotation(angle: float) -> np.ndarray:
    """Return the matrix that turns rows (x, y) by an angle."""
    return np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])


def write(reference: np.ndarray, photos: list[Photo], folder: Path) -> None:
    """Write a reference, and its photos into a folder below, named by their defects."""
    (folder / "photos").mkdir(parents=True, exist_ok=True)
    Image.fromarray(reference).save(folder / "reference.png")
    for number, photo in enumerate(photos, 1):
        Image.fromarray(photo.pixels).save(folder / "photos" / f"{number}_{photo.kind or 'good'}.png")


def draw(shown: list[tuple[np.ndarray, np.ndarray, tuple]], path: Path) -> None:
    """Draw references above photos with a defect, and these above their heat."""
    level = np.percentile([found.max() for _, _, (_, found, _) in shown], 10) / 3
    rows = [
        [Tile(reference, ("reference",), framed=True) for reference, _, _ in shown],
        [Tile(photo, ("photo",)) for _, photo, _ in shown],
        [
            Tile(painted(photo, found, between=(level, 3 * level), shift=(-shift[0], -shift[1])), ("where it differs",))
            for _, photo, (_, found, shift) in shown
        ],
    ]
    contact_sheet(rows, title="Generated defects, and where compare sees them").save(path)


if __name__ == "__main__":
    main()
