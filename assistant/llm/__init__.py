"""The chat models: one in this process (llama.cpp) or one on a server, behind the same interface.

`model.py` is the interface, `local.py` and `served.py` implement it.
Owns prompts as tokens, evaluated prefixes, and the probes that were fitted to a model's logits.
"""
