"""Owns everything under artifacts/: where each file lies, its format, how it is written and checked.

layout    which file lies where
failures  why a file could not be written, and what helps
files     whole-or-not-at-all writing; JSON and CSV
arrays    .npy files that know what they were made from
claiming  the folder is ours, and one run at a time writes into it
index     the SQLite index: row <-> path <-> content
labels    the labels of the pictures
label_tables  the one reader of tables of labels, however a spreadsheet wrote them
written   folders that are filled anew, and which files in them are ours
origins   what each stage's tables were made from
originals the files behind the pictures as they are now
earlier   what each stage has made last, and how its pictures stand now
pieces    what a stage keeps for its next run; many small files in one
answers   answers that are kept from run to run
tables    every table: its columns, its writer and its reader
blocks    the files that hold the pixels of pictures, each a few
storing   how new pictures get into blocks, and old ones out
pixels    the pixels of all pictures as one sequence
rows      the arrays whose row i is picture i of the index
"""

from pipeline.artifacts.arrays import ArrayWriter, Origin, load_array, made_from, save_array
from pipeline.artifacts.claiming import MARK, claimed
from pipeline.artifacts.earlier import Earlier, contents_and_paths, digest_of, earlier, matched, remember
from pipeline.artifacts.failures import unwritable, write_error
from pipeline.artifacts.files import (
    load_json,
    load_table,
    replaced,
    replaced_folder,
    save_json,
    save_table,
)
from pipeline.artifacts.index import Index, Picture, dataset_from, open_index, save_index
from pipeline.artifacts.label_tables import LabelRow, PathFinder, check_agreement, composed, read_label_rows, spellings
from pipeline.artifacts.labels import find_labels, read_labels
from pipeline.artifacts.layout import Artifacts
from pipeline.artifacts.origins import check_origin, save_origin
from pipeline.artifacts.pieces import kept, load_pieces, save_pieces
from pipeline.artifacts.pixels import Pixels
from pipeline.artifacts.rows import (
    check_encoder,
    encoder_of,
    load_embeddings,
    load_neighbours,
    load_own_embeddings,
    load_own_neighbours,
    load_pictures,
    load_scale,
)
from pipeline.artifacts.storing import PictureStore
from pipeline.artifacts.tables import (
    DUPLICATES_COLUMNS,
    LISTING_COLUMNS,
    REJECTED_COLUMNS,
    UNIQUENESS_COLUMNS,
    Duplicate,
    Grouped,
    Placed,
    Ranked,
    Rejected,
    load_distances,
    load_duplicates,
    load_elbow,
    load_groups,
    load_history,
    load_map,
    load_rejected,
    load_uniqueness,
    read_groups,
    read_map,
    save_duplicates,
    save_elbow,
    save_groups,
    save_history,
    save_map,
    save_rejected,
)
from pipeline.artifacts.written import (
    Written,
    check_names,
    check_own,
    keep_last,
    look_through,
    rewritten_folder,
    save_list,
    sha256_of,
)

__all__ = [
    "DUPLICATES_COLUMNS",
    "LISTING_COLUMNS",
    "MARK",
    "REJECTED_COLUMNS",
    "UNIQUENESS_COLUMNS",
    "ArrayWriter",
    "Artifacts",
    "Duplicate",
    "Earlier",
    "Grouped",
    "Index",
    "LabelRow",
    "Origin",
    "PathFinder",
    "Picture",
    "PictureStore",
    "Pixels",
    "Placed",
    "Ranked",
    "Rejected",
    "Written",
    "check_agreement",
    "check_encoder",
    "check_names",
    "check_origin",
    "check_own",
    "claimed",
    "composed",
    "contents_and_paths",
    "dataset_from",
    "digest_of",
    "earlier",
    "encoder_of",
    "find_labels",
    "keep_last",
    "kept",
    "load_array",
    "load_distances",
    "load_duplicates",
    "load_elbow",
    "load_embeddings",
    "load_groups",
    "load_history",
    "load_json",
    "load_map",
    "load_neighbours",
    "load_own_embeddings",
    "load_own_neighbours",
    "load_pictures",
    "load_pieces",
    "load_rejected",
    "load_scale",
    "load_table",
    "load_uniqueness",
    "look_through",
    "made_from",
    "matched",
    "open_index",
    "read_groups",
    "read_label_rows",
    "read_labels",
    "read_map",
    "remember",
    "replaced",
    "replaced_folder",
    "rewritten_folder",
    "save_array",
    "save_duplicates",
    "save_elbow",
    "save_groups",
    "save_history",
    "save_index",
    "save_json",
    "save_list",
    "save_map",
    "save_origin",
    "save_pieces",
    "save_rejected",
    "save_table",
    "sha256_of",
    "spellings",
    "unwritable",
    "write_error",
]
