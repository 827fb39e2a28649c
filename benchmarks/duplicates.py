"""Precision and recall on copies that are made of a folder's pictures, beside perceptual hashes.

    python benchmarks/duplicates.py [--artifacts artifacts] [--copies 1050] [--skip Faces_easy] [--sheet found.png]

`dvc repro` must have run. Of evenly spread pictures one copy each is made, from the file and in one of seven ways, and
put among all pictures of the folder. A pair that is found is right if it is a copy and its original, wrong if it is
a copy and another picture. Pictures that have a copy in the folder already, by any of the methods, are not copied: that
flatters the precision of those that find many. Pairs of the folder's own pictures are counted apart, for nobody knows
what is right there; `--sheet` draws ours, for the eye. dHash and pHash are those of the package imagededup, at its
default distance of 10 and at the distance of the best F1, which only somebody who knows the truth could choose.
"""

import argparse
import functools
import hashlib
import io
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageEnhance, ImageFont, ImageOps
from scipy.fft import dct

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # so that it runs from a checkout

from machine import print_machine  # noqa: E402

from pipeline.artifacts import Artifacts, Picture, load_own_embeddings, load_pictures, open_index  # noqa: E402
from pipeline.duplicates import QUESTIONS, Evidence, Facts, judge, nothing_known  # noqa: E402
from pipeline.encoder.running import Encoder, encode, open_encoder  # noqa: E402
from pipeline.errors import PipelineError  # noqa: E402
from pipeline.params import DuplicatesParams, load_params  # noqa: E402
from pipeline.pictures import Limits, decode, resized  # noqa: E402
from pipeline.show.sheets import Tile, contact_sheet, in_rows  # noqa: E402
from pipeline.similarity.lists import sorted_lists  # noqa: E402
from pipeline.stages.duplicates.finding import Folder, Found, find, folder_of  # noqa: E402

DEFAULT_DISTANCE = 10  # of imagededup
LOOSE_DISTANCE = 16  # the best distance is looked for up to here

Floats = NDArray[np.float32]
FoundPairs = NDArray[np.int64]  # (M, 2), the smaller row first
Source = Callable[[], bytes]
Edit = Callable[[Image.Image, np.random.Generator], tuple[Image.Image, int]]  # the copy, and its JPEG quality


def reencoded(image: Image.Image, generator: np.random.Generator) -> tuple[Image.Image, int]:
    return image, int(generator.integers(25, 60))


def rescaled(image: Image.Image, generator: np.random.Generator) -> tuple[Image.Image, int]:
    scale = generator.uniform(0.4, 0.75)
    return image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.LANCZOS), 88


def brightened(image: Image.Image, generator: np.random.Generator) -> tuple[Image.Image, int]:
    """Change its brightness by 10 to 25 %, up or down."""
    factor = generator.uniform(1.1, 1.25) if generator.random() < 0.5 else generator.uniform(0.75, 0.9)
    return ImageEnhance.Brightness(image).enhance(factor), 88


def cropped(image: Image.Image, generator: np.random.Generator) -> tuple[Image.Image, int]:
    """Cut 2 to 10 % off the width and off the height, divided between both sides."""
    across, down = generator.uniform(0.02, 0.1, 2)
    left, top = across * generator.random(), down * generator.random()
    sides = (left * image.width, top * image.height)
    ends = ((1 - across + left) * image.width, (1 - down + top) * image.height)
    return image.crop((round(sides[0]), round(sides[1]), round(ends[0]), round(ends[1]))), 88


def flipped(image: Image.Image, generator: np.random.Generator) -> tuple[Image.Image, int]:
    return ImageOps.mirror(image), int(generator.integers(80, 95))


def bordered(image: Image.Image, generator: np.random.Generator) -> tuple[Image.Image, int]:
    """Add 2 to 6 % of the shorter side on every side, in black, white or red."""
    colour = [(0, 0, 0), (255, 255, 255), (200, 30, 30)][generator.integers(3)]
    return ImageOps.expand(image, max(2, round(min(image.size) * generator.uniform(0.02, 0.06))), colour), 88


def watermarked(image: Image.Image, generator: np.random.Generator) -> tuple[Image.Image, int]:
    """Write half-transparent words over it, an eighth of the width high."""
    layer = Image.new("RGBA", image.size)
    place = (image.width * generator.uniform(0.05, 0.4), image.height * generator.uniform(0.2, 0.7))
    font = ImageFont.load_default(max(10, image.width // 8))
    ImageDraw.Draw(layer).text(place, "© sample", fill=(255, 255, 255, 150), font=font)
    return Image.alpha_composite(image.convert("RGBA"), layer).convert("RGB"), 88


EDITS: tuple[Edit, ...] = (reencoded, rescaled, brightened, cropped, flipped, bordered, watermarked)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--artifacts", type=Path, default=Path("artifacts"))
    parser.add_argument("--copies", type=int, default=1050)
    parser.add_argument("--skip", default="", help="leave out pictures whose path holds this")
    parser.add_argument("--sheet", type=Path, help="draw the pairs found among the folder's own pictures")
    options = parser.parse_args()
    try:
        measure(options)
    except PipelineError as error:
        sys.exit(f"error: {error}")


def measure(options: argparse.Namespace) -> None:
    """Make the copies, find them by each method, print the table."""
    artifacts = Artifacts(options.artifacts)
    with open_index(artifacts.index) as index:
        dataset, paths = index.dataset, index.paths()
        rows = [row for row, path in enumerate(paths) if not (options.skip and options.skip in path)]
        paths = [paths[row] for row in rows]
        pictures, embeddings = load_pictures(artifacts, index)[rows], load_own_embeddings(artifacts, index)[rows]
    print_machine()
    encoder, count = open_encoder(artifacts.encoder), len(rows)
    own = [(dataset / path).read_bytes for path in paths]
    known = [pairs_of(find_ours(pictures, embeddings, own, encoder)[0])]
    known += [near_by_hash(hashes(pictures), DEFAULT_DISTANCE)[0] for hashes in HASHES.values()]
    alone = np.setdiff1d(np.arange(count), np.concatenate(known))
    originals = alone[np.linspace(0, len(alone) - 1, min(options.copies, len(alone))).astype(np.int64)]
    made = [copy_of(dataset / paths[row], number) for number, row in enumerate(originals.tolist())]
    copies = np.stack([resized(original(data)) for data in made])
    pictures = np.concatenate([pictures, copies])
    embeddings = np.concatenate(
        [embeddings, encoder.parts.own_of(encode(encoder, copies, progress=True, title="copies"))]
    )
    truth = np.stack([originals, count + np.arange(len(originals))], axis=1)
    began = time.perf_counter()
    sources = own + [functools.partial(bytes, data) for data in made]
    found, folder = find_ours(pictures, embeddings, sources, encoder)
    ours, seconds = pairs_of(found), time.perf_counter() - began
    print(f"found in {seconds:.0f} s; {found.layouts:,} pictures of alike layouts")
    print(f"{count:,} pictures, and one copy each of {len(originals):,} of them; recall by what was done, %")
    print(f"{'':22}{'own pairs':>10}{'precision':>10}{'recall':>8}" + "".join(f"{edit.__name__:>12}" for edit in EDITS))
    print_row("this project", ours, truth, count)
    print_row("  of them surely", np.unique(found.sure, axis=0), truth, count)
    print_marked(judged(ours, truth, folder, sources), len(truth))
    for name, hashes in HASHES.items():
        found, distances = near_by_hash(hashes(pictures), LOOSE_DISTANCE)
        best = max(range(LOOSE_DISTANCE + 1), key=lambda most: f1(found[distances <= most], truth, count))
        print_row(f"{name} <= {DEFAULT_DISTANCE}", found[distances <= DEFAULT_DISTANCE], truth, count)
        print_row(f"{name} <= {best}, best F1", found[distances <= best], truth, count)
    if options.sheet:
        own = ours[(ours < count).all(axis=1)]
        tiles = [Tile(pictures[row], (paths[row],)) for row in own.ravel().tolist()]
        contact_sheet(in_rows(tiles, 16), title="Pairs found", tile=90).save(options.sheet)


def original(data: bytes) -> Image.Image:
    """Return the picture of a file's bytes, upright and RGB."""
    limits = Limits(**vars(load_params(ROOT / "params.yaml").resize))
    return decode(io.BytesIO(data), limits)


def copy_of(path: Path, number: int) -> bytes:
    """Return a copy of a picture file; its number says how it is made."""
    image, quality = EDITS[number % len(EDITS)](original(path.read_bytes()), np.random.default_rng([number, 7]))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def find_ours(
    pictures: NDArray[np.uint8], embeddings: Floats, sources: list[Source], encoder: Encoder
) -> tuple[Found, Folder]:
    """Return what the stage `duplicates` finds in pictures of which no two are the same file."""
    sizes = [Image.open(io.BytesIO(source())).size for source in sources]
    digests = [hashlib.sha256(str(row).encode()).hexdigest() for row in range(len(sources))]
    files = [Picture(str(row), digest, *size) for row, (digest, size) in enumerate(zip(digests, sizes, strict=True))]

    def source(row: int) -> AbstractContextManager[Image.Image]:
        return nullcontext(original(sources[row]()))

    folder = folder_of(pictures, embeddings, files, source, known=nothing_known())
    lists = np.concatenate(list(sorted_lists(embeddings, depth=100, block=512, progress=False)))
    found = find(folder, lists, lambda: encoder, DuplicatesParams(threshold="auto", agreement="auto", keep=QUESTIONS))
    print(found.threshold.words())
    return found, folder


def pairs_of(found: Found) -> FoundPairs:
    """Return all pairs that were found, those that are unsure, too."""
    return np.unique(np.concatenate([found.sure, found.perhaps]), axis=0)


def judged(found: FoundPairs, truth: FoundPairs, folder: Folder, sources: list[Source]) -> dict[int, str]:
    """Return for each true pair that was found, by its number, what may go: "original", "copy" or "unsure".

    Names and dates say nothing here, and no file has been written by a camera.
    """
    pairs = {tuple(pair) for pair in found.tolist()}
    marks = {}
    for number, (original, copy) in enumerate(truth.tolist()):
        if (original, copy) not in pairs:
            continue
        nothing = Evidence("JPEG", "", "", is_deep=False)
        sizes = {row: folder.sizes[row].tolist() for row in (original, copy)}
        facts = {row: Facts(f"{row}.jpg", *size, str(row), len(sources[row]()), 0, nothing, has_other_names=False)
                 for row, size in sizes.items()}  # fmt: skip
        rows = [original, copy]
        answer = judge(rows, facts, folder.originals.detail, folder.originals.relation, questions=QUESTIONS)
        gone = [one.row for one in answer if one.keep == "no"]
        marks[number] = "unsure" if not gone else "copy" if gone == [copy] else "original"
    return marks


def print_marked(marks: dict[int, str], count: int) -> None:
    """Print how many copies and how many originals are said to be spare, by what was done, in percent."""
    for name in ("copy", "original"):
        hit = np.array([marks.get(number) == name for number in range(count)])
        shares = "".join(f"{100 * hit[number :: len(EDITS)].mean():12.1f}" for number in range(len(EDITS)))
        print(f"{f'  {name} could go':22}{'':10}{'':10}{100 * hit.mean():8.1f}{shares}")


def near_by_hash(hashes: NDArray[np.uint64], most: int) -> tuple[FoundPairs, NDArray[np.int64]]:
    """Return all pairs whose hashes differ in at most so many bits, and in how many each does."""
    pairs, distances = [], []
    for start in range(0, len(hashes), 512):
        bits = np.bitwise_count(hashes[start : start + 512, None] ^ hashes)
        first, second = np.nonzero(bits <= most)
        later = first + start < second
        pairs.append(np.stack([first[later] + start, second[later]], axis=1))
        distances.append(bits[first[later], second[later]].astype(np.int64))
    return np.concatenate(pairs), np.concatenate(distances)


def dhash(pictures: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Return 64 bits a picture: is each of 9x8 grey pixels brighter than its left neighbour?"""
    values = greys(pictures, (9, 8))
    return packed(values[:, :, 1:] > values[:, :, :-1])


def phash(pictures: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Return 64 bits a picture: is each of the 8x8 lowest frequencies of 32x32 grey pixels above their median?"""
    low = dct(dct(greys(pictures, (32, 32)), axis=1), axis=2)[:, :8, :8].reshape(-1, 64)
    return packed(low > np.median(low[:, 1:], axis=1, keepdims=True))


HASHES = {"dHash": dhash, "pHash": phash}


def greys(pictures: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.float64]:
    """Return pictures without colour at (width, height)."""
    small = (Image.fromarray(picture).convert("L").resize(size, Image.Resampling.LANCZOS) for picture in pictures)
    return np.stack([np.asarray(image, np.float64) for image in small])


def packed(bits: NDArray[np.bool_]) -> NDArray[np.uint64]:
    """Return 64 bits as one number."""
    return np.packbits(bits.reshape(-1, 64), axis=1).view(np.uint64)[:, 0]


def measures(found: FoundPairs, truth: FoundPairs, count: int) -> tuple[float, NDArray[np.bool_]]:
    """Return the precision of the pairs with a copy in them, and which of the true pairs were found."""
    with_copy = {tuple(pair) for pair in found.tolist() if pair[1] >= count}
    hit = np.array([tuple(pair) in with_copy for pair in truth.tolist()])
    return (float(hit.sum()) / len(with_copy) if with_copy else 1.0), hit


def f1(found: FoundPairs, truth: FoundPairs, count: int) -> float:
    """Return the harmonic mean of precision and recall."""
    precision, hit = measures(found, truth, count)
    return 2 * precision * float(hit.mean()) / max(precision + float(hit.mean()), 1e-9)


def print_row(name: str, found: FoundPairs, truth: FoundPairs, count: int) -> None:
    """Print the pairs among the folder's own pictures, precision, recall, and the recall of each way of copying."""
    precision, hit = measures(found, truth, count)
    recalls = "".join(f"{100 * hit[number :: len(EDITS)].mean():12.1f}" for number in range(len(EDITS)))
    own = int((found < count).all(axis=1).sum())
    print(f"{name:22}{own:10,}{100 * precision:10.1f}{100 * hit.mean():8.1f}{recalls}")


if __name__ == "__main__":
    main()
