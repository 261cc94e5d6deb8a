# mypy: ignore-errors
"""LlamaIndex with Chroma and sentence-transformers."""

from __future__ import annotations

from measuring import measured


def open_(model, work):  # noqa: ANN001, ANN201
    import chromadb  # noqa: PLC0415
    from llama_index.core import StorageContext, VectorStoreIndex  # noqa: PLC0415
    from llama_index.embeddings.huggingface import HuggingFaceEmbedding  # noqa: PLC0415
    from llama_index.vector_stores.chroma import ChromaVectorStore  # noqa: PLC0415

    embedding = HuggingFaceEmbedding(model_name=model, device="cpu")
    embedding.get_query_embedding("ready")
    client = chromadb.PersistentClient(str(work / "chroma"))
    store = ChromaVectorStore(chroma_collection=client.create_collection("articles", embedding_function=None))
    context = StorageContext.from_defaults(vector_store=store)
    return VectorStoreIndex([], storage_context=context, embed_model=embedding)


def ingest(index, articles) -> None:  # noqa: ANN001
    from llama_index.core import Document  # noqa: PLC0415
    from llama_index.core.node_parser import TokenTextSplitter  # noqa: PLC0415

    splitter = TokenTextSplitter(chunk_size=150, chunk_overlap=0, tokenizer=str.split)
    documents = [Document(text=f"{one['title']}\n{one['text']}", metadata={"article": one["id"]}) for one in articles]
    index.insert_nodes(splitter.get_nodes_from_documents(documents))


def ask(index, question):  # noqa: ANN001, ANN201
    return [found.node.metadata["article"] for found in index.as_retriever(similarity_top_k=10).retrieve(question)]


if __name__ == "__main__":
    measured(open_, ingest, ask)
