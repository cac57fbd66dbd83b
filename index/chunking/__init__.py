"""Splits a `Document` into chunks and sentences with exact spans, and a text into words and stems."""
