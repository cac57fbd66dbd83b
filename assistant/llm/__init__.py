"""The chat model, in this process (llama.cpp) or on a server, behind one interface.

`model.py` is the interface; `local.py` and `served.py` implement it.
Owns tokenised prompts, evaluated prefixes, and the probes that are fitted to a model's logits.
"""
