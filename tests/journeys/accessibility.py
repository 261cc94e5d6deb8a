"""The rules of axe-core, run in the page under test."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from playwright.async_api import Page

AXE = Path(__file__).parent.parent.parent / "web" / "node_modules" / "axe-core" / "axe.min.js"


@cache
def _axe() -> str:
    return AXE.read_text(encoding="utf-8")


async def serious_violations(page: Page) -> list[str]:
    """Each broken rule of WCAG A, AA or good practice that hinders people, with where. The context must bypass CSP."""
    await page.add_script_tag(content=_axe())
    found: dict[str, Any] = await page.evaluate("axe.run()")
    return [
        f"{violation['id']}: {node['target']}"
        for violation in found["violations"]
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]
