"""Reads PDFs. `read.py` is the way in; the other modules are its stages, in the order that its docstring gives."""
