"""Owns what people look at, made from plain arrays and tables.

lettering  text in pictures, of any script and never as boxes
shapes     the shape that a squeezed picture had
sheets     contact sheets and mosaics
plots      charts as PNG
folders    the K-group folders' layout
report/    the page of everything
atlas      the table for `embedding-atlas`
"""
