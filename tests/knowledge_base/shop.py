"""A small help center and how to write it to disk, shared by the tests of this package."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from knowledge_base.model import Article, ArticleId

ARTICLES: Mapping[str, tuple[str, str]] = {
    "returns": (
        "Return an item",
        "You can return an item within 30 days.\n\n"
        "To start a return:\n\n1. Open **Your orders**.\n2. Choose *Return*.\n",
    ),
    "shipping": (
        "Shipping times",
        "Parcels to Canada take 4-6 days.\n\n| Country | Days |\n| --- | --- |\n| Peru | 9 |\n",
    ),
    "passwords": ("Reset your password", "Open the sign-in page and choose Forgot password."),
    "warranty": ("Warranty", "The warranty of the R4 lamp lasts two years."),
}


def article(identity: str, text: str = "", title: str = "") -> Article:
    named, body = ARTICLES.get(identity, (identity, ""))
    return Article(id=ArticleId(identity), title=title or named, text=text or body)


def write_jsonl(path: Path, texts: Mapping[str, tuple[str, str]] = ARTICLES) -> Path:
    lines = [json.dumps({"id": key, "title": title, "text": text}) for key, (title, text) in texts.items()]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
