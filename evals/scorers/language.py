"""Does the AI agent reply in the language that it should?"""

from __future__ import annotations

from agent.languages import language_of
from evals.sample import Sample
from evals.scorers.score import Score
from evals.trial import Trial


def language(sample: Sample, trial: Trial) -> Score | None:
    """1 where no reply is in another language than `language`; a reply too short to tell is in none."""
    expected = sample.expect.language
    if expected is None:
        return None
    spoken = [language_of([reply.text]) for reply in trial.replies if reply.role == "ai_agent"]
    others = sorted({one for one in spoken if one is not None and one != expected})
    told = any(one == expected for one in spoken)
    why = f"replied in {', '.join(others)}" if others else "" if told else "no reply tells its language"
    return Score(name="language", value=float(told and not others), passed=told and not others, why=why)
