"""What the page says first: whether the result is good, and what was found, in plain words."""

from collections import Counter
from typing import Any

from pipeline.show.report.findings import Findings
from pipeline.wording import counted

_GOOD = "This can be trusted: the model finds what looks alike better than every simple method measured beside it."
_PARTLY = "This can be trusted in part: by one of two measures a simple method is as good as the model; see below."
_BAD = "This can\u2019t be trusted yet: a simple method finds what looks alike as well or better; see below."


def judgement(found: Findings) -> dict[str, Any]:
    """Return whether the result is good, that in words, and in a sentence what was rejected, copied and unusual."""
    verdict = found.metrics["evaluate"]["verdict"]
    warnings = sum(words.startswith("warning:") for words in verdict)
    words = _GOOD if not warnings else _BAD if warnings == len(verdict) else _PARTLY
    return {"good": not warnings, "words": words, "found": _found(found)}


def _found(found: Findings) -> str:
    parts = [_rejected(sum(not one.is_other_name for one in found.rejected))]
    if found.copies is not None:
        parts.append(_copies(Counter(copy.keep for copy in found.copies)))
    if found.unusual is not None:
        number = sum(one.stands_out for one in found.unusual)
        words = f"{counted(number, 'picture')} {'stands' if number == 1 else 'stand'} out as unusual"
        parts.append(words if number else "nothing stands out as unusual")
    sentence = ", ".join(parts[:-1]) + f" and {parts[-1]}" if len(parts) > 1 else parts[0]
    return sentence[0].upper() + sentence[1:] + "."


def _copies(kept: Counter[str]) -> str:
    """Return how many could go, and how many are perhaps copies, from how many have which answer to whether to keep."""
    sure, unsure = kept["no"], kept["unsure"]
    if not sure and not unsure:
        return "there are no copies"
    if not sure:
        return f"{counted(unsure, 'picture')} may be {'a copy' if unsure == 1 else 'copies'} of others"
    more = f" ({unsure:,} more may be)" if unsure else ""
    return f"{counted(sure, 'picture')} {'is a copy' if sure == 1 else 'are copies'} of others{more}"


def _rejected(number: int) -> str:
    if not number:
        return "every file could be read"
    return f"{counted(number, 'file')} could not be read"
