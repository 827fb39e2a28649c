"""What was measured, as a table in words."""

from typing import Any

from pipeline.wording import counted

_COLUMNS = ("top-4", "macro", "top-1", "macro", "mAP@10", "macro", "mAP@R", "macro", "skew", "never")


def format_table(table: dict[str, Any]) -> str:
    """Return the table as text for a terminal."""
    if "classes" not in table:
        return "\n".join([*table["verdict"], *table["doubts"]])
    counts = f"{counted(table['pictures'], 'picture')} in {counted(table['classes'], 'class')}"
    lines = [
        f"{counts}; agreement of neighbours with labels, %, each beside its mean over classes (macro); "
        "skew of how often a picture is listed among ten, and the share of pictures that never is, %"
    ]
    width = max(15, *(len(name) for name in table["embeddings"])) + 1
    lines.append(" " * width + "".join(f"{title:>8}" for title in _COLUMNS))
    for name, found in table["embeddings"].items():
        numbers = "".join(f"{value if key == 'skew' else 100 * value:8.1f}" for key, value in found.items())
        lines.append(f"{name:{width}}{numbers}")
    groups = table["groups"]
    measures_of_groups = f"purity {groups['purity']:.3f}, adjusted Rand index {groups['adjusted_rand']:.3f}"
    lines.append(f"{counted(groups['k'], 'group')}: {measures_of_groups}")
    return "\n".join([*lines, *table["verdict"], *table["doubts"]])
