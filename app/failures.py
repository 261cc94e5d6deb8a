"""Failures that a command explains in one sentence; everything else is a defect and shows its traceback."""

from __future__ import annotations


class ServerRefused(RuntimeError):
    """The running server could not do what the command line asked of it."""


def expected_failures() -> tuple[type[Exception], ...]:
    """Looked up only when something failed, since their homes are slow to import."""
    from pydantic import ValidationError  # noqa: PLC0415
    from pydantic_settings import SettingsError  # noqa: PLC0415

    from agent.calibration import BadCalibration  # noqa: PLC0415
    from app.knowledge_commands import REFUSALS  # noqa: PLC0415
    from conversations.database import DatabaseUnavailable, DatabaseUnsafe  # noqa: PLC0415
    from handoff.policy_file import InvalidPolicy  # noqa: PLC0415
    from knowledge_base.chroma import VectorStoreUnreachable  # noqa: PLC0415
    from knowledge_base.embedding import EncoderUnavailable  # noqa: PLC0415
    from knowledge_base.lock import KnowledgeBaseBusy  # noqa: PLC0415
    from tools.policy_rules import PolicyUnreadable  # noqa: PLC0415
    from tools.tool import ToolFailed  # noqa: PLC0415

    settings = (ValidationError, SettingsError)
    record = (DatabaseUnsafe, DatabaseUnavailable)
    knowledge = (EncoderUnavailable, KnowledgeBaseBusy, VectorStoreUnreachable, *REFUSALS)
    folder = (PermissionError, NotADirectoryError, FileExistsError)
    money = (PolicyUnreadable, ToolFailed)
    return (ServerRefused, *money, InvalidPolicy, BadCalibration, *settings, *record, *knowledge, *folder)


def in_words(failure: Exception) -> str:
    """One sentence, without the values of settings: some of them are secrets."""
    from pydantic import ValidationError  # noqa: PLC0415
    from pydantic_settings import SettingsError  # noqa: PLC0415

    if isinstance(failure, ValidationError):
        wrong = (f"BATON_{'.'.join(map(str, error['loc'])).upper()}: {error['msg']}" for error in failure.errors())
        return f"These settings cannot be used: {'; '.join(wrong)}."
    if isinstance(failure, SettingsError):
        return f'The settings cannot be read ({failure}); lists are written as JSON, for example ["shop.example"].'
    if isinstance(failure, OSError) and failure.filename:
        return f"Cannot use {failure.filename}: {failure.strerror}."
    return str(failure)
