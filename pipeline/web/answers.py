"""From the folder's values to what the server answers."""

from pipeline.folder.answers import Result
from pipeline.folder.catalogue import Catalogue
from pipeline.web.models import Brief, Found
from pipeline.wording import shown

TAG = 16  # letters of a content's sha256 that tell pictures apart


def brief(row: int, known: Catalogue) -> Brief:
    """Return a picture in a few words."""
    return Brief.model_validate(fields(row, known))


def fields(row: int, known: Catalogue) -> dict[str, int | str]:
    """Return what `Brief` holds of a row."""
    width, height = known.sizes[row].tolist()
    return {
        "row": row,
        "path": shown(known.paths[row]),
        "width": width,
        "height": height,
        "group": int(known.groups[row]),
        "label": known.labels[row],
        "tag": known.contents[row][:TAG],
    }


def found(result: Result, known: Catalogue) -> Found:
    """Return a result with what is known of it."""
    nearest, random = result.percentile_nearest, result.percentile_random
    return Found.model_validate(
        {
            **fields(result.row, known),
            "rank": result.rank,
            "similarity": round(result.similarity, 6),
            "percentile_nearest": None if nearest is None else round(nearest, 2),
            "percentile_random": None if random is None else round(random, 2),
            "means": meaning(nearest, random),
        }
    )


def meaning(nearest: float | None, random: float | None) -> str:
    """Return what a similarity means, from its percentiles among nearest neighbours and random pairs.

    >>> meaning(97.0, 100.0)
    'closer than nearly all nearest neighbours here'
    >>> meaning(0.0, 40.0)
    'no more alike than any two pictures here'
    """
    if nearest is None or random is None:
        return ""
    if nearest >= 95:
        return "closer than nearly all nearest neighbours here"
    if nearest >= 50:
        return "closer than most nearest neighbours here"
    if nearest >= 10:
        return "as close as many nearest neighbours here"
    if nearest >= 1:
        return "further than most nearest neighbours here"
    if random >= 75:
        return "a little alike: more than most pairs here"
    return "no more alike than any two pictures here"
