"""The child of `converting.py`: reads documents from its channel, one after the other, and answers with Markdown.

    python -m knowledge_base.sources.converter CHANNEL_FD MEMORY_BYTES CPU_SECONDS

What a document breaks here is lost with this process: an error nobody foresaw simply ends it.
"""

from __future__ import annotations

import json
import logging
import math
import os
import resource
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import BinaryIO, Final

from conversations.model import JsonObject

Reader = Callable[[BinaryIO, str], JsonObject | str]
"""A document and its name to the fields of `Converted`, or the reason why it cannot be read."""

_ROOM: Final = 80_000_000
"""Bytes that a document may count on: a child that kept more of the ones before is replaced."""
_ON_LINUX: Final = sys.platform == "linux"


def main() -> None:
    descriptor, memory, cpu_seconds = (int(value) for value in sys.argv[1:4])
    logging.disable(logging.CRITICAL)  # pypdf logs a line for every oddity of a file
    # Nothing that a document makes a parser do may write a file, leave a core or open sockets without end.
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    with socket.socket(fileno=descriptor) as channel, channel.makefile("rwb") as stream:
        for line in iter(stream.readline, b""):
            answer = _answer(json.loads(line), stream.read, memory, cpu_seconds)
            payload = json.dumps(answer).encode()
            stream.write(len(payload).to_bytes(4, "big") + payload)
            stream.flush()
            if answer.get("worn"):
                return


def _answer(task: JsonObject, receive: Callable[[int], bytes], memory: int, cpu_seconds: int) -> JsonObject:
    read = _reader(str(task["kind"]))
    try:
        with _limits(memory, cpu_seconds), _opened(task, receive) as file:
            answer = read(file, str(task["name"]))
    except MemoryError:
        return {"skipped": "needs too much memory to be read; it may be damaged or made to do so", "worn": True}
    except RecursionError:
        return {"skipped": "is nested too deeply to be read", "worn": True}
    except OSError as failure:
        return {"skipped": f"cannot be read: {failure.strerror or failure}", "worn": True}
    if isinstance(answer, str):
        answer = {"skipped": answer}
    return answer | {"worn": memory - _memory()[1] < _ROOM}


def _reader(kind: str) -> Reader:
    """Imported before the limits are set: they are for the document alone."""
    if kind == "pdf":
        from knowledge_base.sources.pdf import read_pdf  # noqa: PLC0415

        return read_pdf
    if kind in ("html", "web_page", "html_fragment"):
        from knowledge_base.sources.html_page import read_fragment, read_html, read_web_page  # noqa: PLC0415

        return {"html": read_html, "web_page": read_web_page, "html_fragment": read_fragment}[kind]
    from knowledge_base.sources.docx import read_docx  # noqa: PLC0415

    return read_docx


def _opened(task: JsonObject, receive: Callable[[int], bytes]) -> BinaryIO:
    path = task.get("path")
    if isinstance(path, str):
        return open(path, "rb")
    return BytesIO(receive(int(str(task["size"]))))


@contextmanager
def _limits(memory: int, cpu_seconds: int) -> Iterator[None]:
    """At most `memory` bytes in all, and `cpu_seconds` more of processor time."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    until = math.ceil(used.ru_utime + used.ru_stime) + cpu_seconds
    resource.setrlimit(resource.RLIMIT_CPU, (until, resource.RLIM_INFINITY))
    if _ON_LINUX:
        mapped, resident = _memory()
        resource.setrlimit(resource.RLIMIT_AS, (mapped + max(0, memory - resident), resource.RLIM_INFINITY))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        resource.setrlimit(resource.RLIMIT_CPU, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def _memory() -> tuple[int, int]:
    """Bytes of address space and of memory in use; zeros where the system does not say."""
    if not _ON_LINUX:
        return 0, 0
    with open("/proc/self/statm", encoding="ascii") as stream:
        pages, resident = stream.read().split()[:2]
    return int(pages) * os.sysconf("SC_PAGE_SIZE"), int(resident) * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    main()
