"""Reads a file into a `Document`: its text as a person sees it, and the blocks found in it.

Start at `documents.py`; there is one module for each file format.
"""
