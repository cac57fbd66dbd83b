"""Texts become vectors: documents through sentence_transformers, questions through our own forward pass."""
