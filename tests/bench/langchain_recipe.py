"""LangChain's usual recipe: chunks of 1,000 characters, 200 of them shared, the four nearest chunks, one prompt.

As in the two-step chain of its tutorial "Build a RAG agent". The prompt is the library's own for chat models; it tells
the model to say "don't know", as the tutorial's prompt no longer does. It cites nothing. The embedder comes from
langchain-community, since langchain-huggingface requires huggingface-hub below 2.
"""

from __future__ import annotations

from collections.abc import Generator

from langchain_classic.chains.combine_documents import create_stuff_documents_chain
from langchain_classic.chains.question_answering.stuff_prompt import PROMPT_SELECTOR
from langchain_community.chat_models import ChatLlamaCpp
from langchain_community.embeddings import HuggingFaceEmbeddings
from langchain_core.documents import Document
from langchain_core.vectorstores import InMemoryVectorStore
from langchain_text_splitters import RecursiveCharacterTextSplitter
from reply import BATCH, PENALTY, Given, Reply, split_sentences


class Contestant:
    packages = ("langchain-classic", "langchain-community", "langchain-text-splitters", "langchain-core")

    def __init__(self, given: Given) -> None:
        documents = [Document(text, metadata={"source": name}) for name, text in given.texts.items()]
        chunks = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200).split_documents(documents)
        self._store = InMemoryVectorStore(HuggingFaceEmbeddings(model_name=str(given.embed)))
        self._store.add_documents(chunks)
        model = ChatLlamaCpp(
            model_path=str(given.chat), n_ctx=given.context, n_batch=BATCH, n_threads=given.threads,
            temperature=0, repeat_penalty=PENALTY, verbose=False,
        )  # fmt: skip
        self._chain = create_stuff_documents_chain(model, PROMPT_SELECTOR.get_prompt(model))

    def ask(self, question: str) -> Generator[str, None, Reply]:
        found = self._store.similarity_search(question)
        text = ""
        for piece in self._chain.stream({"context": found, "question": question}):
            text += piece
            yield piece
        return Reply(text.strip(), split_sentences(text), tuple(one.page_content for one in found))
