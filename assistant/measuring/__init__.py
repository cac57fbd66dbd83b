"""Measurements: how good the answers are, how fast they come, and what is fitted to labelled examples.

Nothing here runs while a question is answered.
"""
