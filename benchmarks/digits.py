"""Writes handwritten digits as a labelled folder of upright pictures, of what scikit-learn brings.

    python benchmarks/digits.py FOLDER --count 400

Each digit is 256 pixels wide and lies in the folder of its class. The same digits every time: those that come first.

Alpaydin and Kaynak, "Optical recognition of handwritten digits", UCI Machine Learning Repository (1998),
doi:10.24432/C50P49.
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

SIDE = 256  # pixels
INK = 16  # levels of the digits, of 8x8 pixels


def main() -> None:
    """Write the folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=400)
    options = parser.parse_args()
    digits = load_digits()
    for number, (levels, label) in enumerate(zip(digits.images, digits.target, strict=True)):
        if number == options.count:
            break
        file = options.folder / str(label) / f"{number:04d}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        small = Image.fromarray((levels * 255 / INK).astype(np.uint8))
        small.resize((SIDE, SIDE), Image.Resampling.BICUBIC).save(file)


if __name__ == "__main__":
    main()
