"""Finds what looks alike in a folder of pictures, with an autoencoder trained on those pictures."""

__version__ = "0.1.0"
