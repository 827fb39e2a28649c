"""Owns the question how far a model can be trusted, with labels and without.

measures   how well neighbours and groups agree with labels; hubness
baselines  the simple embeddings to beat
two_views  do two views of a picture find each other, and the verdict on a model
drift      whether a folder that has changed needs a new training
"""
