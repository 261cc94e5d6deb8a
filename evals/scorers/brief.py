"""Does the brief of a handoff tell the person what they need, and is all of it so?

The checker of the product compares a brief with the record before it is shown; this one knows only the trial, so that
a mistake of both does not hide.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from pydantic import JsonValue

from evals.sample import Sample
from evals.scorers.facts import plain
from evals.scorers.score import Score
from evals.trial import Trial

_POINT: Final = re.compile(r"^(?:[-*•]|\d+\.) +", re.MULTILINE)
"""A brief tells a list's points without their marks."""


def completeness(sample: Sample, trial: Trial) -> Score | None:
    """The share of what a person needs that the brief has: the wish, the reason, the next step, who asks, the tools."""
    if not _handed_off(trial):
        return None
    brief = trial.brief or {}
    parts = {
        "what they want": bool(_at(brief, "wants", "text")),
        "why": bool(_at(brief, "reason", "code")) and bool(_at(brief, "reason", "words")),
        "the next step": bool(_at(brief, "next_step")),
        "the language": bool(_at(brief, "language")),
        "the mood": bool(_at(brief, "mood")),
        "how it is proven who asks": bool(_at(brief, "customer", "proof")),
        "the tools that ran": len(_listed(brief, "tools")) >= min(1, len(trial.tool_calls)),
        "what was answered": bool(_listed(brief, "answered")) or not _answers(trial),
    }
    missing = [name for name, there in parts.items() if not there]
    why = f"not in the brief: {', '.join(missing)}" if missing else ""
    return Score(name="brief_completeness", value=1 - len(missing) / len(parts), passed=not missing, why=why)


def truth(sample: Sample, trial: Trial) -> Score | None:
    """The share of the brief's claims that the trial bears out."""
    if not _handed_off(trial) or not trial.brief:
        return None
    claims = list(_claims(trial.brief, trial))
    wrong = [what for what, so in claims if not so]
    why = "; ".join(wrong[:3])
    return Score(name="brief_truth", value=1 - len(wrong) / len(claims), passed=not wrong, why=why)


def _claims(brief: dict[str, JsonValue], trial: Trial) -> Iterator[tuple[str, bool]]:
    theirs = {plain(one.text) for one in trial.messages if one.role == "customer"}
    ours = [plain(_POINT.sub("", one.text)) for one in trial.messages if one.role != "customer"]
    wish = str(_at(brief, "wants", "text"))
    yield "wants: not the customer's words", all(plain(line) in " ".join(theirs) for line in wish.split("\n") if line)
    reason = trial.last.reason if trial.last else None
    if reason is not None:
        yield f"reason: says {_at(brief, 'reason', 'code')}, was {reason}", _at(brief, "reason", "code") == reason
    ran = [(call.tool, call.ok) for call in trial.tool_calls]
    for tool in _listed(brief, "tools"):
        yield f"tools: {tool.get('name')} did not run so", (tool.get("name"), tool.get("ok")) in ran
    for answered in _listed(brief, "answered"):
        start = plain(_POINT.sub("", str(answered.get("answer", ""))))[:60]
        yield "answered: no reply says so", any(start in one for one in ours)
    for promise in _listed(brief, "promises"):
        yield "promises: no reply promises that", any(plain(str(promise.get("text", ""))) in one for one in ours)


def _handed_off(trial: Trial) -> bool:
    return trial.last is not None and trial.last.decision == "hand_off" and trial.error is None


def _answers(trial: Trial) -> bool:
    return any(reply.citations for reply in trial.replies if reply.role == "ai_agent")


def _at(brief: JsonValue, *path: str) -> JsonValue:
    for name in path:
        brief = brief.get(name) if isinstance(brief, dict) else None
    return brief


def _listed(brief: dict[str, JsonValue], name: str) -> list[dict[str, JsonValue]]:
    found = brief.get(name)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
