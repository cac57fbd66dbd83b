"""Chunks and vectors on disk or on a Chroma server, written so that a reader sees the old index or the new one.

`store.py` is the way in.
"""
