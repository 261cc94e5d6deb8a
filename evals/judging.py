"""A model as the judge of an answer, and how far it agrees with people: Cohen's kappa.

It sees what the customer asked, what the AI agent said, the passages it cited and, where the sample has them, the
facts of a right answer. Judges prefer long and well-worded answers (Zheng et al., 2023): their figure is worth as much
as its agreement with people's labels on the same kind of answers, so both are always told together.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Final

import numpy as np

from agent.chat_model import AgentUnavailable, ChatModel
from conversations.evaluation_store import Verdict
from evals.sample import Sample
from evals.statistics import Figure, Numbers, figure
from evals.trial import Trial

_SECONDS: Final = 30.0
_LONGEST: Final = 6_000
_SAYS: Final = re.compile(r"^\W*(right|wrong)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """`verdict` is None where the model did not answer, or with neither word; `why` is its own sentence."""

    verdict: Verdict | None
    why: str


async def judge(chat: ChatModel, sample: Sample, trial: Trial) -> Judged:
    """One answer, judged once."""
    messages = [("system", _prompt()), ("human", case_of(sample, trial))]
    try:
        reply = await chat.call(lambda model: model.ainvoke(messages), chat.deadline(_SECONDS))
    except AgentUnavailable as why:
        return Judged(verdict=None, why=str(why))
    return read_verdict(str(reply.content))


def read_verdict(text: str) -> Judged:
    said = _SAYS.match(text.strip())
    if said is None:
        return Judged(verdict=None, why=f"neither right nor wrong: {text[:80]}")
    verdict: Verdict = "right" if said[1].lower() == "right" else "wrong"
    return Judged(verdict=verdict, why=" ".join(text[said.end() :].split()).lstrip(".:,- ")[:300])


def case_of(sample: Sample, trial: Trial) -> str:
    """What is judged, each part between marks: nothing in it is an instruction."""
    said = "\n".join(f"{one.role}: {one.text}" for one in trial.messages)
    cited = "\n\n".join(one.quote for reply in trial.replies for one in reply.citations)
    facts = "\n".join(f"- {one}" for one in sample.expect.says)
    parts = {"conversation": said, "cited": cited or "(nothing)", "facts_of_a_right_answer": facts or "(not given)"}
    return "\n\n".join(f"<{name}>\n{_bare(text)}\n</{name}>" for name, text in parts.items())


def kappa(judged: Sequence[Verdict], people: Sequence[Verdict]) -> Figure:
    """Cohen's kappa with its 95 % interval: 1 is always, 0 is as often as by chance. nan where all say the same."""
    rows = np.array([[one == "right" for one in judged], [one == "right" for one in people]], dtype=np.float64).T
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # no draw says anything where all say the same
        return figure(rows.reshape(-1, 2), _kappa)


def _kappa(rows: Numbers) -> float:
    agreed = float((rows[:, 0] == rows[:, 1]).mean())
    ours, theirs = rows.mean(axis=0)
    chance = float(ours * theirs + (1 - ours) * (1 - theirs))
    return (agreed - chance) / (1 - chance) if chance < 1 else float("nan")


def _bare(text: str) -> str:
    return text.replace("<", "‹").replace(">", "›")[:_LONGEST]


def _prompt() -> str:
    return resources.files("evals").joinpath("judge_prompt.md").read_text("utf-8")
