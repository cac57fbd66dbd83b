"""Chunks and their vectors in Chroma, in a folder or on a server; a reader sees the old index or the new one.

Start reading at `store.py`.
"""
