"""Makes the weights that a training starts from, `train.start: grown`, of a network trained on grown pictures.

    python benchmarks/grown.py grown --count 8000 --seed 7
    for stage in scan resize train; do pipeline --params grown.yaml --artifacts grown_artifacts $stage; done
    python benchmarks/start.py grown_artifacts

where grown.yaml is params.yaml but for `dataset.path: grown`, `dataset.labels: none`, `dataset.orientation: upright`
and `train.start: scratch`; that makes 25 epochs, 20 minutes of two cores. It writes pipeline/autoencoder/grown.npz, or
the file that `--to` names.
"""

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # so that it runs from a checkout

from machine import print_machine  # noqa: E402

from pipeline.artifacts import Artifacts  # noqa: E402
from pipeline.autoencoder.starting import GROWN, save_weights  # noqa: E402


def main() -> None:
    """Write the file, and say how large it is."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("artifacts", type=Path)
    parser.add_argument("--to", type=Path, default=GROWN)
    arguments = parser.parse_args()
    save_weights(Artifacts(arguments.artifacts).autoencoder, arguments.to)
    print_machine()
    print(f"{arguments.to}: {arguments.to.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
