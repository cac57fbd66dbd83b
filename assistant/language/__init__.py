"""English: every list of words and every pattern that the answering code uses.

A second language would bring another module like `english.py`, which says what else it would need.
"""
