"""Is every sentence of an answer supported by what it cites or by what a tool said?

The AI agent checks that itself before it speaks; this checks again what was said, from the trial alone, so that an
agent whose check is off or broken is seen.
"""

from __future__ import annotations

import re
from typing import Final

from agent import replies
from agent.drafting import EXTRACTIVE
from agent.grounding import Source, check, text_source, values_source
from evals.sample import Sample
from evals.scorers.facts import plain
from evals.scorers.score import Score
from evals.trial import SaidInTrial, Trial

_OWN: Final = frozenset(
    plain(sentence)
    for paragraph in (
        replies.OFFER,
        replies.IF_NOT_IT,
        replies.ONLY_PART,
        replies.OUT_OF_SCOPE,
        replies.SIGN_IN,
        replies.CANNOT_SAY,
        replies.KEEP_IT_CIVIL,
        *replies.SMALL_TALK.values(),
    )
    for sentence in re.split(r"(?<=[.?!])\s+", paragraph)
)
"""What the AI agent says of itself under an answer: no statement about the business."""
_HEADING: Final = re.compile(r"\*\*[^*]+\*\*(?: ?\[\d+\])?")
_MARK: Final = re.compile(r"^(?:[-*•]|\d+\.)\s+")
_LINK: Final = re.compile(r"\[([^\]]*)\]\([^)]*\)")


def grounding(sample: Sample, trial: Trial) -> Score | None:
    """The share of the sentences of cited answers that are supported. All must be."""
    told: list[str] = []
    unsupported: list[str] = []
    for reply in trial.replies:
        if reply.role != "ai_agent" or not reply.citations:
            continue
        quotable = _cited(reply, trial)
        quotes = reply.turn is not None and trial.turns[reply.turn].responder == EXTRACTIVE
        for one in check(reply.text, _sources(reply, trial)):
            # A quotation begins with the heading that it stood under; what a model puts in bold may state anything.
            if plain(one.sentence) in _OWN or (quotes and _HEADING.fullmatch(one.sentence.strip())):
                continue
            told.append(one.sentence)
            if one.source is None and not _quoted(one.sentence, quotable, whole=not quotes):
                unsupported.append(one.sentence)
    if not told:
        return None
    why = f"{len(unsupported)} of {len(told)} unsupported: {unsupported[0][:120]}" if unsupported else ""
    value = 1 - len(unsupported) / len(told)
    return Score(name="grounding", value=value, passed=not unsupported, why=why)


def _sources(reply: SaidInTrial, trial: Trial) -> list[Source]:
    passages = {found.passage: found for turn in trial.turns for found in turn.retrieved}
    cited: list[Source] = []
    for one in reply.citations:
        whole = passages.get(one.passage)
        texts = [one.quote, *([whole.text] if whole else [])]
        cited.append(text_source(one.passage, texts, context=one.title, marker=one.marker))
    # Of this turn and those before it: what a tool says later supports nothing that was said earlier.
    turns = trial.turns[: (reply.turn or 0) + 1]
    calls = [call for turn in turns for call in turn.tool_calls]
    return cited + [values_source(str(place), call.message, call.data) for place, call in enumerate(calls)]


def _cited(reply: SaidInTrial, trial: Trial) -> list[str]:
    """The lines of the passages that a reply cites, their titles too, without the marks of Markdown."""
    passages = {found.passage: found for turn in trial.turns for found in turn.retrieved}
    lines: list[str] = []
    for one in reply.citations:
        whole = passages.get(one.passage)
        text = "\n".join((one.title, one.quote, whole.text if whole else ""))
        lines += [plain(_LINK.sub(r"\1", line)) for line in text.splitlines()]
    return [line for line in lines if line]


def _quoted(sentence: str, lines: list[str], *, whole: bool) -> bool:
    """Whether a line says the same word for word: a piece of it, under its heading, or the cells of one table row.

    The check by sentences reads prose; a row that is quoted as "Canada – Standard: $12.95" is none to it. With `whole`
    only the whole line or whole cells are the same: a model that leaves out the beginning of "Not refundable: sale
    items" turns it round.
    """
    said = plain(_MARK.sub("", sentence.strip()))
    _, headed, rest = said.partition(": ")
    if any(_holds(line, said, whole=whole) or (headed and not whole and rest in line) for line in lines):
        return True
    row, is_row, cells = said.partition(" – ")
    values = [row, *(cell.rpartition(": ")[2] for cell in cells.split("; "))]
    rows = [line for line in lines if line.startswith("|")] if is_row else []
    return any(all(value in (_cells(line) if whole else line) for value in values) for line in rows)


def _holds(line: str, said: str, *, whole: bool) -> bool:
    return _MARK.sub("", line) == said if whole else said in line


def _cells(line: str) -> set[str]:
    return {cell.strip().rpartition(": ")[2] for cell in line.split("|")}
