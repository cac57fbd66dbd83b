"""The model files: the catalogue, what is installed and verified, and how what is missing is fetched.

`fetch.py` is the only code that opens a connection to another machine; it runs in a process of its own.
"""
