"""LlamaIndex's CitationQueryEngine with its defaults, streamed so that its first words can be timed.

Its prompt contains two chunks of 1,024 tokens, as sources of 512. It is put into the chat model's own template; without
one the model rambles. The tokenizer by which texts are split comes with llama-index-core.
"""

from __future__ import annotations

import re
from collections.abc import Generator

from llama_cpp.llama_chat_format import Jinja2ChatFormatter
from llama_index.core import Document, VectorStoreIndex
from llama_index.core.query_engine import CitationQueryEngine
from llama_index.embeddings.huggingface import HuggingFaceEmbedding
from llama_index.llms.llama_cpp import LlamaCPP
from reply import BATCH, PENALTY, Given, Reply, split_sentences


class Contestant:
    packages = ("llama-index-core", "llama-index-llms-llama-cpp", "llama-index-embeddings-huggingface")

    def __init__(self, given: Given) -> None:
        model = LlamaCPP(
            model_path=str(given.chat), context_window=given.context, temperature=0, verbose=False,
            generate_kwargs={"repeat_penalty": PENALTY},
            model_kwargs={"n_batch": BATCH, "n_threads": given.threads}, completion_to_prompt=self._apply_template,
        )  # fmt: skip
        loaded = model._model
        ends = (loaded.detokenize([t], special=True).decode() for t in (loaded.token_eos(), loaded.token_bos()))
        self._template = Jinja2ChatFormatter(loaded.metadata["tokenizer.chat_template"], *ends)
        documents = [Document(text=text, metadata={"file_name": name}) for name, text in given.texts.items()]
        index = VectorStoreIndex.from_documents(documents, embed_model=HuggingFaceEmbedding(str(given.embed)))
        self._engine = CitationQueryEngine.from_args(index, llm=model, streaming=True)

    def _apply_template(self, prompt: str) -> str:
        return self._template(messages=[{"role": "user", "content": prompt}]).prompt

    def ask(self, question: str) -> Generator[str, None, Reply]:
        response = self._engine.query(question)
        text = ""
        for piece in response.response_gen:
            text += piece
            yield piece
        sources = [re.sub(r"\ASource \d+:\n", "", node.get_content()) for node in response.source_nodes]
        return Reply(text.strip(), split_sentences(text, sources), tuple(sources))
