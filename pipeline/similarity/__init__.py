"""Owns *the* similarity: the cosine of two embeddings, and everything that is told by it.

lists       the sorted lists of all pictures or of some, and what is most similar to a vector
patching    the lists of a folder that has changed, from those of before
scale       what a similarity means in a folder
uniqueness  how far each picture is from its nearest that is no copy; local outlier factor
labelling   labels from a few examples: class means, nearest neighbours, label spreading
"""
