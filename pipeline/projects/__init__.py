"""Owns a project: a folder beside the pictures, with what is asked of them and what was found.

making   a new one: params.yaml, dvc.yaml, and what git and DVC need
running  the whole line in it, by DVC, and how far it has come

The params.yaml and the dvc.yaml at the top of the repository lie here once more, for the wheel; the second as
line.yaml, for DVC takes every dvc.yaml in a repository for one to run.
"""
