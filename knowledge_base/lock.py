"""Who may be in a knowledge folder, and who may do what in it at the same time.

Chroma in a folder loses data silently when two processes write to it, so only one may open it. With a Chroma server
several processes share a knowledge base, and only changing it is for one at a time. All locks are the system's: they
hold between threads as between processes, and a process that dies lets go of them.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Self

_POLL_SECONDS: Final = 0.002


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
        descriptor = _opened(folder / "lock")
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            pid, address = _holder(descriptor)
            os.close(descriptor)
            raise KnowledgeBaseBusy(folder, pid, address) from None
        lock = cls(descriptor)
        if not shared:  # else a server that shares it may have told where it is
            lock.announce(None)
        return lock

    def announce(self, address: str | None) -> None:
        """Where this process serves, for whoever finds the lock taken."""
        data = json.dumps({"pid": os.getpid(), "address": address}).encode()
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, data, 0)

    def release(self) -> None:
        if self._descriptor >= 0:
            if _holder(self._descriptor)[0] == os.getpid():
                os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = -1


@contextmanager
def exclusively(path: Path, *, seconds: float | None = None) -> Iterator[bool]:
    """Wait until no other process, or thread, is in the same block for `path`, at most `seconds` if they are given.

    Yields whether that is so: False where time ran out.
    """
    descriptor = _opened(path)
    try:
        yield _locked(descriptor, fcntl.LOCK_EX, seconds)
    finally:
        os.close(descriptor)


@contextmanager
def alongside(path: Path) -> Iterator[None]:
    """Beside others that do so; `exclusively` for the same `path` waits for all of them."""
    descriptor = _opened(path)
    try:
        _locked(descriptor, fcntl.LOCK_SH, None)
        yield
    finally:
        os.close(descriptor)


def held(path: Path) -> bool:
    """Whether somebody is in a block for `path`."""
    with exclusively(path, seconds=0) as alone:
        return not alone


class Blocks:
    """Blocks that run side by side, in any process, and a wait for those that began before a moment.

    New ones never hold up the wait, however many come: they take another of two lock files. Which, says a third file;
    it changes with each wait.
    """

    def __init__(self, path: Path) -> None:
        self._turn = path
        self._locks = (path.with_suffix(".even"), path.with_suffix(".odd"))

    @contextmanager
    def block(self) -> Iterator[None]:
        descriptor = self._entered()
        try:
            yield
        finally:
            os.close(descriptor)

    def outlast(self, seconds: float) -> bool:
        """Wait until every block that is under way is over; False where one is not after `seconds`. One at a time."""
        turn = self._read()
        with open(_opened(self._turn), "r+b", buffering=0) as stream:
            stream.write(bytes([1 - turn]))
        descriptor = _opened(self._locks[turn])
        try:
            return _locked(descriptor, fcntl.LOCK_EX, seconds)
        finally:
            os.close(descriptor)

    def _entered(self) -> int:
        while True:
            turn = self._read()
            descriptor = _opened(self._locks[turn])
            fcntl.flock(descriptor, fcntl.LOCK_SH)
            if self._read() == turn:
                return descriptor
            # A wait began in between, and the next one will not look at this file.
            os.close(descriptor)

    def _read(self) -> int:
        descriptor = _opened(self._turn)
        try:
            return int.from_bytes(os.read(descriptor, 1), "little") & 1
        finally:
            os.close(descriptor)


def _opened(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)


def _locked(descriptor: int, kind: int, seconds: float | None) -> bool:
    if seconds is None:
        fcntl.flock(descriptor, kind)
        return True
    until = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                return False
            time.sleep(_POLL_SECONDS)
        else:
            return True


def _holder(descriptor: int) -> tuple[int | None, str | None]:
    try:
        told = json.loads(os.pread(descriptor, 4096, 0))
    except ValueError:
        # The holder has just taken the lock and not written yet.
        return None, None
    return told.get("pid"), told.get("address")
