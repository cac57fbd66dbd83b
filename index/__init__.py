"""Turns a folder of texts into a searchable index: read, chunk, embed, store, follow changes, search."""
