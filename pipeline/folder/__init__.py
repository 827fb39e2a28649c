"""Owns the opened folder: everything that can be asked of a folder of pictures, without a word to a terminal.

opened     the door: `open_folder` and what can be asked
state      the artefacts as they are at one moment, each opened once
given      the picture that is asked for: a file, its bytes, an image, pixels
searching  how a picture is found
mixed      more like some pictures, less like others
catalogue  what is known of every picture by name and number
measured   what the stages have measured
answers    what a query found
unusual    how unusual a new picture is, and what it is a copy of
comparing  two pictures side by side
examples   the pictures that somebody has labelled
labels     labels for all others
tables     groups, copies, the most unusual, the map

What answers from the sorted lists imports neither ONNX Runtime nor scipy.
"""
