from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.settings import Settings
from evals.sandbox import Grounds
from knowledge_base.encoders import open_embedder
from knowledge_base.knowledge_base import KnowledgeBase
from knowledge_base.vectors import ScanOnly

DEMO = Path(__file__).parents[2] / "demo"
KEPT = ("return-window", "shipping-canada", "refund-times", "cancel-order", "contact-us")


@pytest.fixture(scope="session")
def few_articles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A handful of the demo's articles: enough to be found, quick to take in."""
    folder = tmp_path_factory.mktemp("articles")
    for name in KEPT:
        (folder / f"{name}.md").write_bytes((DEMO / "help_center" / f"{name}.md").read_bytes())
    return folder


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory: pytest.TempPathFactory, encoders: Path) -> Path:
    """A data folder with the encoder in it and nothing else."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "encoder").symlink_to(encoders)
    return folder


@pytest.fixture(scope="session")
def grounds(tmp_path_factory: pytest.TempPathFactory, data_dir: Path, few_articles: Path) -> Iterator[Grounds]:
    """The demo shop with a few of its articles."""
    embedder = open_embedder(None, encoders=data_dir / "encoder")
    folder = tmp_path_factory.mktemp("grounds") / "knowledge"
    knowledge = KnowledgeBase.open(folder, embedder, vectors=ScanOnly())
    knowledge.ingest([few_articles])
    settings = Settings(data_dir=data_dir, demo=True, _env_file=None)
    yield Grounds(settings=settings, knowledge=knowledge, folder=folder, embedder=embedder, shop=True)
    knowledge.close()
