"""One process at a time: Chroma in a folder loses data silently when two processes write to it.

With a Chroma server several processes share a knowledge base, and only updating it is for one at a time.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self


class KnowledgeBaseBusy(RuntimeError):
    """Another process has this knowledge base open. `address` is where it serves, if it told."""

    def __init__(self, folder: Path, pid: int | None, address: str | None) -> None:
        self.pid = pid
        self.address = address
        holder = f"process {pid}" if pid else "another process"
        serving = f", serving at {address}" if address else ""
        super().__init__(f"The knowledge base in {folder} is in use by {holder}{serving}.")


class KnowledgeLock:
    """Held from `take` to `release`, and let go by the system when the process dies."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    def take(cls, folder: Path, *, shared: bool = False) -> Self:
        """Alone, or `shared` with others that take it so. Raises KnowledgeBaseBusy."""
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            pid, address = _holder(descriptor)
            os.close(descriptor)
            raise KnowledgeBaseBusy(folder, pid, address) from None
        lock = cls(descriptor)
        lock.announce(None)
        return lock

    def announce(self, address: str | None) -> None:
        """Where this process serves, for whoever finds the lock taken."""
        data = json.dumps({"pid": os.getpid(), "address": address}).encode()
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, data, 0)

    def release(self) -> None:
        if self._descriptor >= 0:
            os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = -1


@contextmanager
def exclusively(path: Path) -> Iterator[None]:
    """Wait until no other process, or thread, is in the same block for `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _holder(descriptor: int) -> tuple[int | None, str | None]:
    try:
        told = json.loads(os.pread(descriptor, 4096, 0))
    except ValueError:
        # The holder has just taken the lock and not written yet.
        return None, None
    return told.get("pid"), told.get("address")
