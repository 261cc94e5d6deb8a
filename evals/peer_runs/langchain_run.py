# mypy: ignore-errors
"""LangChain with Chroma and sentence-transformers, as its guides put them together."""

from __future__ import annotations

import sys

from measuring import measured, one_by_one


def open_(model, work):  # noqa: ANN001, ANN201
    from langchain_chroma import Chroma  # noqa: PLC0415
    from langchain_huggingface import HuggingFaceEmbeddings  # noqa: PLC0415

    embeddings = HuggingFaceEmbeddings(model_name=model, model_kwargs={"device": "cpu"})
    embeddings.embed_query("ready")
    return Chroma(collection_name="articles", embedding_function=embeddings, persist_directory=str(work / "chroma"))


def ingest(store, articles) -> None:  # noqa: ANN001
    from langchain_core.documents import Document  # noqa: PLC0415
    from langchain_text_splitters import RecursiveCharacterTextSplitter  # noqa: PLC0415

    splitter = RecursiveCharacterTextSplitter(
        chunk_size=150, chunk_overlap=0, length_function=lambda text: len(text.split())
    )
    documents = [
        Document(page_content=f"{one['title']}\n{one['text']}", metadata={"article": one["id"]}) for one in articles
    ]
    store.add_documents(splitter.split_documents(documents))


def ask(store, question):  # noqa: ANN001, ANN201
    return [found.metadata["article"] for found in store.similarity_search(question, k=10)]


if __name__ == "__main__":
    (one_by_one if "--one-by-one" in sys.argv else measured)(open_, ingest, ask)
