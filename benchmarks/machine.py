"""Says on which machine a benchmark ran: without that, no figure means anything."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("numpy", "pillow", "onnxruntime")


def print_machine() -> None:
    """Print processor, cores, load, and versions."""
    print(f"{processor()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} when it began")
    print(", ".join([f"Python {platform.python_version()}", *map(versioned, PACKAGES)]))


def processor() -> str:
    """Return the processor's name, as the system calls it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def versioned(package: str) -> str:
    """Return a package's name and version."""
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return f"{package} absent"
