"""From a folder of texts to ranked chunks: documents, chunk, embed, store, build, search."""
