"""Owns *the* similarity: the cosine of two embeddings, and everything that is sorted by it.

lists     the sorted lists of all pictures or of some, and what is most similar to a vector
patching  the lists of a folder that has changed, from those of before
"""

from pipeline.neighbours.lists import most_similar, similarity_blocks, some_lists, sorted_lists
from pipeline.neighbours.patching import patched_lists

__all__ = ["most_similar", "patched_lists", "similarity_blocks", "some_lists", "sorted_lists"]
