"""Owns copies: which pictures are the same, byte for byte or nearly, and which of them to keep.

views      what copies mostly are: re-encoded, rescaled
alignment  laying one picture over another
agreement  do the pixels of two pictures agree?
threshold  from where on two pictures are near copies, found from the folder itself
pairs      the pairs that may be copies, and their agreement
grouping   groups of copies, and which one to keep
"""

from pipeline.duplicates.agreement import agreement, thumbnails
from pipeline.duplicates.grouping import Copy, Facts, groups_of, judge
from pipeline.duplicates.pairs import Pairs, candidates, compare, nearest_that_differ, representatives
from pipeline.duplicates.threshold import Threshold, agreement_threshold, find_threshold
from pipeline.duplicates.views import copied

__all__ = [
    "Copy",
    "Facts",
    "Pairs",
    "Threshold",
    "agreement",
    "agreement_threshold",
    "candidates",
    "compare",
    "copied",
    "find_threshold",
    "groups_of",
    "judge",
    "nearest_that_differ",
    "representatives",
    "thumbnails",
]
