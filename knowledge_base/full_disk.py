"""A full disk, told in one sentence."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager


class KnowledgeBaseFull(RuntimeError):
    """The disk is full; nothing was changed."""


def is_full_disk(failure: BaseException) -> bool:
    if isinstance(failure, sqlite3.Error):
        return getattr(failure, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
    return isinstance(failure, OSError) and failure.errno in (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def full_disk_in_words() -> Iterator[None]:
    """Raises KnowledgeBaseFull in place of what a full disk raises."""
    try:
        yield
    except (OSError, sqlite3.Error) as failure:
        if not is_full_disk(failure):
            raise
        raise KnowledgeBaseFull(
            "The disk that holds the knowledge base is full. Nothing was changed: free some space and try again."
        ) from failure
