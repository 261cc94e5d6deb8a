"""Failures that a command explains in one sentence; everything else is a defect and shows its traceback."""

from __future__ import annotations


class ServerRefused(RuntimeError):
    """The running server could not do what the command line asked of it."""


def expected_failures() -> tuple[type[Exception], ...]:
    """Looked up only when something failed, since their homes are slow to import."""
    from pydantic import ValidationError  # noqa: PLC0415

    from conversations.database import DatabaseUnsafe  # noqa: PLC0415
    from knowledge_base.embedding import EncoderUnavailable  # noqa: PLC0415
    from knowledge_base.lock import KnowledgeBaseBusy  # noqa: PLC0415
    from knowledge_base.sources import InvalidSource  # noqa: PLC0415

    return (ServerRefused, ValidationError, DatabaseUnsafe, EncoderUnavailable, KnowledgeBaseBusy, InvalidSource)
