"""A `Document` becomes chunks and sentences with exact spans; a text becomes words and stems."""
