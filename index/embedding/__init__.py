"""Embeds texts: those of the guide with sentence_transformers, questions with our own forward pass."""
