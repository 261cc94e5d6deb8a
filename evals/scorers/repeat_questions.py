"""Was the customer asked for what they had said already, or twice for the same?"""

from __future__ import annotations

import re
from typing import Final

from agent.words import content_stems
from evals.sample import Sample
from evals.scorers.score import Score
from evals.trial import Trial
from knowledge_base.sentences import sentences

_ALIKE: Final = 0.8
"""Share of their words that two questions have in common before they are one."""
_NUMBER_ASKED: Final = re.compile(r"\b(?:order number|number of (?:the|your) order|which order)\b", re.IGNORECASE)
_NUMBER: Final = re.compile(r"\b[A-Z]{2}-\d{4,}\b", re.IGNORECASE)


def repeat_questions(sample: Sample, trial: Trial) -> Score | None:
    """The share of the AI agent's questions that were new; None where it asked none. All must be."""
    repeated = asked = 0
    earlier: list[frozenset[str]] = []
    given = False
    for message in trial.messages:
        if message.role == "customer":
            given = given or bool(_NUMBER.search(message.text))
        elif message.role == "ai_agent" and message.turn is not None:
            for question in _questions(message.text):
                asked += 1
                words = content_stems(question)
                known = given and bool(_NUMBER_ASKED.search(question)) and not _NUMBER.search(question)
                repeated += known or any(_same(words, other) for other in earlier)
                earlier.append(words)
    if not asked:
        return None
    why = f"{repeated} of {asked} questions had been asked or answered before" if repeated else ""
    return Score(name="repeat_questions", value=1 - repeated / asked, passed=not repeated, why=why)


def _questions(text: str) -> list[str]:
    return [one for line in text.split("\n") for one in sentences(line) if one.rstrip().endswith("?")]


def _same(words: frozenset[str], other: frozenset[str]) -> bool:
    return bool(words) and len(words & other) >= _ALIKE * len(words | other)
