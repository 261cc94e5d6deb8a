"""A small file replaced in one step: after a crash it holds the old text or the new one, whole."""

from __future__ import annotations

import os
import weakref
from pathlib import Path


def replace_text(path: Path, text: str) -> None:
    """Readable by its owner only, as some of these files hold passwords of sources. Raises OSError."""
    draft = path.with_name(f".{path.name}.next")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(draft, path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


class SeenFile:
    """A small file, only ever replaced in one step, as it was when this was made; tells whether it still is: 3 µs."""

    def __init__(self, path: Path) -> None:
        """`text` is None where there is no such file. Raises OSError and UnicodeDecodeError."""
        self._path = path
        self._number: tuple[int, int] | None = None
        self.text: str | None = None
        try:
            # Kept open: as long as it is, no other file can get its number.
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return
        weakref.finalize(self, os.close, descriptor)
        found = os.fstat(descriptor)
        self._number = (found.st_dev, found.st_ino)
        self.text = os.pread(descriptor, found.st_size, 0).decode("utf-8")

    @property
    def replaced(self) -> bool:
        try:
            found = os.stat(self._path)
        except FileNotFoundError:
            return self._number is not None
        return self._number != (found.st_dev, found.st_ino)


def sync_folder(path: Path) -> None:
    """Make what was renamed in a folder, or removed from it, outlast a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
