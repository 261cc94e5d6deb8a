from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright

from tests.journeys.pages import SCREENSHOTS, Photographer
from tests.journeys.running import Server

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def prepared_dir(tmp_path_factory: pytest.TempPathFactory, encoders: Path) -> Path:
    """A data folder with encoder, knowledge and shop, as a first `make run` leaves it."""
    folder = tmp_path_factory.mktemp("prepared")
    (folder / "encoder").symlink_to(encoders)
    return folder


@pytest.fixture
async def prepared(prepared_dir: Path) -> Path:
    if not (prepared_dir / "demo" / "knowledge").exists():
        first = Server(prepared_dir, {})
        await first.start()
        first.stop()
    return prepared_dir


@pytest.fixture
def data_dir(prepared: Path, tmp_path: Path) -> Path:
    """A copy for one story; the encoder is shared."""
    folder = tmp_path / "data"
    shutil.copytree(prepared, folder, ignore=shutil.ignore_patterns("baton.db*", "encoder", "*.log", "lock"))
    (folder / "encoder").symlink_to((prepared / "encoder").resolve())
    return folder


@pytest.fixture
async def server(data_dir: Path, database_url: str) -> AsyncIterator[Server]:
    """Not started yet, so that a story may set it up."""
    running = Server(data_dir, {"DATABASE_URL": database_url})
    yield running
    running.stop()


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield launched
        await launched.close()


@pytest.fixture
def photographer(request: pytest.FixtureRequest) -> Photographer:
    return Photographer(SCREENSHOTS / request.node.name.replace("[", "-").rstrip("]"))
