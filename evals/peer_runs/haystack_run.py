# mypy: ignore-errors
"""Haystack with Chroma and sentence-transformers."""

from __future__ import annotations

from measuring import measured


def open_(model, work):  # noqa: ANN001, ANN201
    from haystack_integrations.components.embedders.sentence_transformers import (  # noqa: PLC0415
        SentenceTransformersDocumentEmbedder,
        SentenceTransformersTextEmbedder,
    )
    from haystack_integrations.components.retrievers.chroma import ChromaEmbeddingRetriever  # noqa: PLC0415
    from haystack_integrations.document_stores.chroma import ChromaDocumentStore  # noqa: PLC0415

    store = ChromaDocumentStore(persist_path=str(work / "chroma"))
    written = SentenceTransformersDocumentEmbedder(model=model, progress_bar=False)
    asked = SentenceTransformersTextEmbedder(model=model, progress_bar=False)
    written.warm_up()
    asked.warm_up()
    asked.run("ready")
    return store, written, asked, ChromaEmbeddingRetriever(store, top_k=10)


def ingest(pipeline, articles) -> None:  # noqa: ANN001
    from haystack import Document  # noqa: PLC0415
    from haystack.components.preprocessors import DocumentSplitter  # noqa: PLC0415

    store, written, _, _ = pipeline
    splitter = DocumentSplitter(split_by="word", split_length=150, split_overlap=0)
    splitter.warm_up()
    documents = [Document(content=f"{one['title']}\n{one['text']}", meta={"article": one["id"]}) for one in articles]
    store.write_documents(written.run(splitter.run(documents)["documents"])["documents"])


def ask(pipeline, question):  # noqa: ANN001, ANN201
    _, _, asked, retriever = pipeline
    found = retriever.run(query_embedding=asked.run(question)["embedding"])
    return [one.meta["article"] for one in found["documents"]]


if __name__ == "__main__":
    measured(open_, ingest, ask)
