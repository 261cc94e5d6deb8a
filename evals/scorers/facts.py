"""Does the customer read what a right answer says, and nothing that a wrong one would say?"""

from __future__ import annotations

import re

from evals.sample import Sample
from evals.scorers.score import Score
from evals.trial import Trial


def facts(sample: Sample, trial: Trial) -> Score | None:
    """The share of `says` that stand in the replies; of "a|b" one is enough. All must."""
    if not sample.expect.says:
        return None
    text = _text(trial)
    missing = [fact for fact in sample.expect.says if not any(plain(one) in text for one in fact.split("|"))]
    value = 1 - len(missing) / len(sample.expect.says)
    return Score(
        name="facts", value=value, passed=not missing, why=f"not said: {'; '.join(missing)}" if missing else ""
    )


def forbidden_facts(sample: Sample, trial: Trial) -> Score | None:
    """1 where none of `never_says` stands in any reply."""
    if not sample.expect.never_says:
        return None
    text = _text(trial)
    # Of "a|b" each is forbidden: who writes it means either.
    said = [one for fact in sample.expect.never_says for one in fact.split("|") if plain(one) in text]
    return Score(
        name="never_says", value=float(not said), passed=not said, why=f"said: {'; '.join(said)}" if said else ""
    )


def plain(text: str) -> str:
    """In any case, without the marks of Markdown: "45 days" is in "**45\\u00a0days**"."""
    return re.sub(r"\s+", " ", re.sub(r"[*_`]|\[\d{1,3}\]", "", text)).replace("’", "'").strip().casefold()


def _text(trial: Trial) -> str:
    # One reply ends where the next begins: no fact is put together from two.
    return " \x00 ".join(plain(reply.text) for reply in trial.replies)
