"""Measures how good the answers are and how fast they come; fits the probes to labelled examples.

Nothing here runs while a question is answered.
"""
