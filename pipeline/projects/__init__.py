"""Owns a project: a folder beside the pictures, with what is asked of them and what was found.

making   a new one: params.yaml, dvc.yaml, and what git and DVC need
running  the whole line in it, by DVC, and how far it has come

The project's own params.yaml and dvc.yaml, which lie at the top of its repository, lie here once more, for the wheel.
"""
