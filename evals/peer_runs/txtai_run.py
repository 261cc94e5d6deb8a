# mypy: ignore-errors
"""txtai with its own index and sentence-transformers' weights."""

from __future__ import annotations

from measuring import measured


def open_(model, work):  # noqa: ANN001, ANN201
    from txtai import Embeddings  # noqa: PLC0415

    embeddings = Embeddings(path=model, gpu=False)
    embeddings.batchtransform(["ready"])
    return embeddings


def ingest(embeddings, articles) -> None:  # noqa: ANN001
    pieces = []
    for one in articles:
        words = f"{one['title']}\n{one['text']}".split()
        pieces += [
            (f"{one['id']}\t{start}", " ".join(words[start : start + 150])) for start in range(0, len(words), 150)
        ]
    embeddings.index([(identity, text, None) for identity, text in pieces])


def ask(embeddings, question):  # noqa: ANN001, ANN201
    return [identity.split("\t")[0] for identity, _ in embeddings.search(question, 10)]


if __name__ == "__main__":
    measured(open_, ingest, ask)
