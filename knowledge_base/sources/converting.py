"""Untrusted documents to Markdown, in one child process under limits (`converter.py`), reused until it misbehaves.

A document can at worst take the child with it: it becomes a `Skipped` line, and the next one gets a new child.
"""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final, Self

from conversations.model import JsonObject
from knowledge_base.freshness import instant
from knowledge_base.sources.source import MAX_ARTICLE_BYTES, Skipped, SourceFailed

MAX_FILE_BYTES: Final = 50_000_000
_MAX_REPLY: Final = 4 * MAX_ARTICLE_BYTES
"""Bytes of JSON: an article whose every letter is escaped, and what else a page says."""
_PROJECT: Final = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one document may cost: memory of the child, with all that it needs itself; processor time; and time."""

    memory: int = 180_000_000
    """Bytes. The child rests at some 50 MB; a manual of 972 pages brought it to 81."""
    cpu_seconds: int = 60
    """1,000 pages of PDF take 20."""
    seconds: float = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Converted:
    """A document as Markdown. `title` is "" and the rest None where it does not say.

    `details` are what only its kind gives (the links of a web page).
    """

    title: str
    text: str
    language: str | None = None
    updated_at: datetime | None = None
    details: JsonObject = field(default_factory=dict)


class Converter:
    """Converts one document at a time; threads wait for each other. Close it, or use it as a context manager."""

    def __init__(self, limits: Limits = Limits()) -> None:  # noqa: B008 - frozen
        self._limits = limits
        self._child: _Child | None = None
        # One child reads one document at a time: answers of two callers would be mixed up.
        self._turn = threading.Lock()

    def convert(self, kind: str, file: bytes | Path, name: str) -> Converted | Skipped:
        """`file` ("pdf", "docx" or "html"; its bytes or where it lies) as Markdown, or why it cannot be read.

        `name` is what reports call it; a web page's is its address. Raises SourceFailed where no process starts.
        """
        if isinstance(file, bytes) and len(file) > MAX_FILE_BYTES:
            return Skipped(where=name, why=TOO_LARGE)
        with self._turn:
            if self._child is None or not self._child.idle():
                self.close()
                self._child = _Child(self._limits)
            answer = self._child.ask(kind, file, name)
            if isinstance(answer, str) or answer.get("worn"):
                self.close()
        if isinstance(answer, str):
            return Skipped(where=name, why=answer)
        return _result(answer, name)

    def close(self) -> None:
        if self._child is not None:
            self._child.close()
            self._child = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Child:
    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        ours, theirs = socket.socketpair()
        command = [sys.executable, "-m", "knowledge_base.sources.converter"]
        command += [str(value) for value in (theirs.fileno(), limits.memory, limits.cpu_seconds)]
        try:
            # Without our environment: a parser that is taken over finds no keys in it.
            self._process = subprocess.Popen(  # noqa: S603
                command,
                cwd=_PROJECT,
                env=_ENVIRONMENT,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        except OSError as failure:
            ours.close()
            raise SourceFailed(f"No process could be started to read documents: {failure}. Sync again.") from failure
        finally:
            theirs.close()
        self._channel = ours

    def idle(self) -> bool:
        return self._process.poll() is None

    def ask(self, kind: str, file: bytes | Path, name: str) -> JsonObject | str:
        """The child's answer, or what became of it."""
        data = file if isinstance(file, bytes) else b""
        path = None if isinstance(file, bytes) else str(file)
        task = json.dumps({"kind": kind, "name": name, "path": path, "size": len(data)}).encode() + b"\n"
        deadline = time.monotonic() + self._limits.seconds
        try:
            self._channel.settimeout(self._limits.seconds)
            self._channel.sendall(task + data)
            size = int.from_bytes(self._receive(4, deadline), "big")
            if size > _MAX_REPLY:
                return "holds far more text than an article; split it"
            answer: JsonObject = json.loads(self._receive(size, deadline))
        except TimeoutError:
            return _TOO_SLOW
        except OSError:
            return self._cause_of_death()
        return answer

    def close(self) -> None:
        self._channel.close()
        self._process.kill()
        self._process.wait()

    def _receive(self, size: int, deadline: float) -> bytes:
        received = bytearray()
        while len(received) < size:
            self._channel.settimeout(max(0.001, deadline - time.monotonic()))
            part = self._channel.recv(min(1 << 16, size - len(received)))
            if not part:
                raise ConnectionResetError
            received += part
        return bytes(received)

    def _cause_of_death(self) -> str:
        try:
            code = self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            return _BROKEN
        if code == -signal.SIGXCPU:
            return _TOO_SLOW
        return _TOO_MUCH_MEMORY if code == -signal.SIGKILL else _BROKEN


_ENVIRONMENT: Final = {"LANG": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1"}
_TOO_SLOW: Final = "takes too long to read; it may be damaged or made to do so"
_TOO_MUCH_MEMORY: Final = "needs too much memory to be read; it may be damaged or made to do so"
_BROKEN: Final = "is so damaged that reading it broke off; save it anew from the program it was made with"
TOO_LARGE: Final = f"is larger than {MAX_FILE_BYTES // 1_000_000} MB"


def _result(answer: JsonObject, name: str) -> Converted | Skipped:
    if "skipped" in answer:
        return Skipped(where=name, why=str(answer["skipped"]))
    details = answer.get("details")
    return Converted(
        title=str(answer.get("title") or ""),
        text=str(answer.get("text") or ""),
        language=_optional(answer.get("language")),
        updated_at=instant(answer.get("updated_at")),
        details=details if isinstance(details, dict) else {},
    )


def _optional(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
