"""The classifier: says how surely a label applies to a text, from the states of its tokens.

It runs on the embedder's weights, with its own adapter, in the pass that makes the vector of a question. Each label
weighs the tokens separately, so that one sentence among thirty can decide; see `tune_classifier.py`.
"""

from __future__ import annotations

import numpy as np

from index.embedding.adapter import Adapter
from index.embedding.encoder import Floats


def classify(states: Floats, adapter: Adapter) -> Floats:
    """The logits for no label and for each label, shape (1 + labels,).

    Args:
        states: the token states of a text, computed with the adapter; shape (tokens, dimensions).
        adapter: must have labels.
    """
    if adapter.head is None or adapter.queries is None:
        raise ValueError("the adapter of a classifier has a head and queries")
    attention = states @ adapter.queries.T
    attention = np.exp(attention - attention.max(axis=0))
    attention /= attention.sum(axis=0)
    return np.asarray((states @ adapter.head[:, :-1].T * attention).sum(axis=0) + adapter.head[:, -1])
