"""Owns copies: which pictures are the same, byte for byte or nearly, and which of them to keep.

views      what copies mostly are: re-encoded, rescaled
alignment  laying one picture over another, many pairs at once
agreement  do the pixels of two pictures agree?
turning    pictures that are turned or mirrored
lookalikes  what looks like a picture that is turned, by coarse signatures
pairs      the pairs that may be copies, and their agreement
threshold  from where on two pictures are near copies, found from the folder itself
overlay    laying one original over another, more closely
places     where two originals differ
detail     which of two originals has more real detail
naming     what names of files and folders tell
evidence   what a file says of where it comes from
grouping   groups of copies
keeping    which one of a group to keep, and which may go
relating   what one picture is to another
known      what is known of pictures and pairs from the last run, by their contents
originals  the originals of the few that may be copies, compared
"""

from pipeline.duplicates.agreement import agreement, thumbnails
from pipeline.duplicates.detail import Detail, blocks, compare_detail
from pipeline.duplicates.evidence import Evidence
from pipeline.duplicates.grouping import groups_of, without_layouts
from pipeline.duplicates.keeping import QUESTIONS, Copy, Facts, Relation, judge
from pipeline.duplicates.known import (
    AGREED,
    Distinct,
    Known,
    Tables,
    carried,
    distinct,
    key_of,
    known_agreements,
    nothing_known,
)
from pipeline.duplicates.lookalikes import LOOKALIKE, turned_lists
from pipeline.duplicates.naming import lies_aside, marks_of_a_copy
from pipeline.duplicates.originals import UNREAD, Originals, UnreadOriginalError
from pipeline.duplicates.pairs import Pairs, candidates, compare, nearest_that_differ
from pipeline.duplicates.places import Places, differ_at, side_for
from pipeline.duplicates.relating import kind_of, relation_of
from pipeline.duplicates.threshold import Threshold, agreement_threshold, find_threshold
from pipeline.duplicates.turning import HOW, LOOKED_FOR, likeliest_turn, signatures, turned
from pipeline.duplicates.views import copied

__all__ = [
    "AGREED",
    "HOW",
    "LOOKALIKE",
    "LOOKED_FOR",
    "QUESTIONS",
    "UNREAD",
    "Copy",
    "Detail",
    "Distinct",
    "Evidence",
    "Facts",
    "Known",
    "Originals",
    "Pairs",
    "Places",
    "Relation",
    "Tables",
    "Threshold",
    "UnreadOriginalError",
    "agreement",
    "agreement_threshold",
    "blocks",
    "candidates",
    "carried",
    "compare",
    "compare_detail",
    "copied",
    "differ_at",
    "distinct",
    "find_threshold",
    "groups_of",
    "judge",
    "key_of",
    "kind_of",
    "known_agreements",
    "lies_aside",
    "likeliest_turn",
    "marks_of_a_copy",
    "nearest_that_differ",
    "nothing_known",
    "relation_of",
    "side_for",
    "signatures",
    "thumbnails",
    "turned",
    "turned_lists",
    "without_layouts",
]
