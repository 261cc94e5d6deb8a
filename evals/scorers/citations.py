"""Do the sources under the replies answer the question, and is the one there that must be?"""

from __future__ import annotations

from evals.sample import Sample
from evals.scorers.score import Score
from evals.trial import Trial


def precision(sample: Sample, trial: Trial) -> Score | None:
    """The share of the cited articles that answer the question. The first must."""
    right, cited = _right(sample), _cited(trial)
    if not right or not cited:
        return None
    wrong = [article for article in cited if article not in right]
    value = 1 - len(wrong) / len(cited)
    why = f"also cited: {', '.join(wrong)}" if wrong else ""
    return Score(name="citation_precision", value=value, passed=cited[0] in right, why=why)


def recall(sample: Sample, trial: Trial) -> Score | None:
    """The share of `cites` that is cited; of "a|b" one is enough. All must be."""
    if not sample.expect.cites:
        return None
    cited = set(_cited(trial))
    missing = [one for one in sample.expect.cites if not cited & set(one.split("|"))]
    value = 1 - len(missing) / len(sample.expect.cites)
    why = f"not cited: {', '.join(missing)}" if missing else ""
    return Score(name="cites", value=value, passed=not missing, why=why)


def _right(sample: Sample) -> set[str]:
    named = [article for one in sample.expect.cites for article in one.split("|")]
    return {*(sample.expect.relevant or ()), *named}


def _cited(trial: Trial) -> list[str]:
    """Each article once, in the order of its first citation."""
    return list(dict.fromkeys(source.article for reply in trial.replies for source in reply.citations))
