"""Whether an answer states the facts that a person said a right one states, and none that a wrong one would."""

from __future__ import annotations

import re
from dataclasses import dataclass

from evals.questions import LabelledQuestion


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """`stated`: every fact is there; `forbidden`: so is one that must not be."""

    stated: bool
    forbidden: bool


def says_it(question: LabelledQuestion, text: str) -> Said:
    """Compares plain text, in any case: "45 days" is in "**45 days**"."""
    plain = _plain(text)
    return Said(
        stated=all(any(_plain(one) in plain for one in fact.split("|")) for fact in question.says),
        forbidden=any(_plain(one) in plain for one in question.never_says),
    )


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text.replace("*", "")).strip().casefold()
