"""A file becomes a `Document`: its text as a reader sees it, and the blocks found in it.

`documents.py` is the way in; there is one reader for each kind of file.
"""
