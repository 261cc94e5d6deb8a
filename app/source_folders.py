"""Which files of the server a person at the console may name as a source."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

_WEB: Final = ("https", "http")


def refused_location(location: str, folders: Sequence[Path]) -> str | None:
    """Why this address or path is not accepted from the console, or None where it is.

    Whoever can sign in to the console could otherwise read every file the service can. Web addresses are left to the
    fetcher, which reaches nothing inside the network. Says the same whether or not there is something at the path.
    """
    if "://" in location:
        allowed = urlsplit(location).scheme.lower() in _WEB
        return None if allowed else "Only https:// and http:// addresses can be read."
    if any(_place(location).is_relative_to(_place(str(folder))) for folder in folders):
        return None
    listed = ", ".join(str(folder) for folder in folders)
    why = f"The console may only read below {listed}." if folders else "The console may not read folders of the server."
    web = "" if location.startswith(("/", "~", ".")) else f" If this is a web address, write https://{location}."
    return (
        f"{why}{web} Whoever runs Baton can allow folders with the setting BATON_SOURCE_DIRS, for example "
        f"BATON_SOURCE_DIRS='[\"/srv/help-center\"]', and a restart; or add this source on the server itself: "
        f"baton sources add {location}"
    )


def _place(path: str) -> Path:
    """Where a path really leads: links and ".." cannot climb out of an allowed folder."""
    return Path(path.strip()).expanduser().resolve()
