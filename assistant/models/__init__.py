"""The model files: the catalogue, what is installed and verified, and how missing ones are fetched.

`fetch.py` is the only code that opens a connection to another machine; it runs in a process of its own.
"""
