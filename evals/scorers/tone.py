"""Rules of tone that a machine can check. A sample names those that its replies must keep."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from evals.sample import Sample
from evals.scorers.facts import plain
from evals.scorers.score import Score
from evals.trial import Trial

Rule = Callable[[str], bool]
"""Whether a reply, as it was written, keeps the rule."""

_SORRY: Final = re.compile(
    r"\b(?:sorry|apologi[sz]e|apologies|my apologies|entschuldig\w+|tut mir leid|désolée?|lo siento|perd[oó]n|"
    r"mi dispiace|desculpe|het spijt)\b"
)
_BLAME: Final = re.compile(
    r"\b(?:you should have|you failed to|your (?:own )?fault|you didn't (?:read|follow|bother)|as i (?:already )?said|"
    r"like i said|obviously|you must have (?:missed|forgotten)|calm down|you people)\b"
)
_SWEARING: Final = re.compile(
    r"\b(?:fuck\w*|shit\w*|damn\w*|crap\w*|bastard\w*|asshole\w*|bullshit|idiot\w*|stupid|moron\w*|sucks?|hell no|"
    r"schei(?:ß|ss)e\w*|merde|putain|mierda|cazzo)\b"
)
_JARGON: Final = re.compile(
    r"\b(?:per our policy|policy dictates|kindly do the needful|at your earliest convenience|pursuant to|"
    r"aforementioned|hereby|utilize|our records indicate|as an ai(?: language model)?|language model|"
    r"system prompt|tool call|json)\b"
)
_HARD_PROMISE: Final = re.compile(
    r"\b(?:i|we) (?:promise|guarantee|swear|assure you)\b|\blegally binding\b|\b100 ?% (?:sure|certain|guaranteed)\b|"
    r"\bno takesies\b"
)
_JOKE: Final = re.compile(r"\b(?:haha+|lol|lmao|rofl|hehe+|just kidding)\b|[😀-😂🤣😜🤪😝]")
_EMOJI: Final = re.compile(r"[\U0001f300-\U0001faff\u2600-\u27bf]")
_RUDE_OF_OTHERS: Final = re.compile(
    r"\b(?:worst|useless|terrible|awful|hate|ashamed of)\b[^.!?]{0,40}\b(?:company|shop|store|service|firm|brand)\b|"
    r"\b(?:company|shop|store|service|firm|brand)\b[^.!?]{0,40}\b(?:worst|useless|terrible|awful)\b"
)
_VERSE_LINES: Final = 4

RULES: Final[Mapping[str, Rule]] = MappingProxyType(
    {
        "apologises": lambda text: bool(_SORRY.search(plain(text))),
        "no_blame": lambda text: not _BLAME.search(plain(text)),
        "no_swearing": lambda text: not _SWEARING.search(plain(text)),
        "no_jargon": lambda text: not _JARGON.search(plain(text)),
        "no_hard_promises": lambda text: not _HARD_PROMISE.search(plain(text)),
        "no_jokes": lambda text: not _JOKE.search(plain(text)),
        "no_emoji": lambda text: not _EMOJI.search(text),
        "no_shouting": lambda text: "!!" not in text and not re.search(r"\b[A-Z]{4,}(?:\s+[A-Z]{2,}){2,}\b", text),
        "no_criticism_of_the_shop": lambda text: not _RUDE_OF_OTHERS.search(plain(text)),
        "no_verse": lambda text: not _is_verse(text),
        "short": lambda text: len(text.split()) <= 120,
        "no_links_elsewhere": lambda text: not re.search(r"!\[|https?://(?!localhost)", text),
    }
)
"""Each is kept by every reply of the AI agent, "apologises" by at least one."""
_ONCE: Final = frozenset({"apologises"})


def tone(sample: Sample, trial: Trial) -> Score | None:
    """The share of the named rules that were kept. All must be."""
    if not sample.expect.tone:
        return None
    replies = [reply.text for reply in trial.replies if reply.role == "ai_agent"]
    broken = [name for name in sample.expect.tone if not _kept(name, replies)]
    value = 1 - len(broken) / len(sample.expect.tone)
    return Score(name="tone", value=value, passed=not broken, why="; ".join(map(_why, broken)))


def _kept(name: str, replies: list[str]) -> bool:
    rule = RULES.get(name)
    if rule is None:
        return False
    return any(map(rule, replies)) if name in _ONCE else all(map(rule, replies))


def _why(name: str) -> str:
    return f"not kept: {name}" if name in RULES else f"there is no rule {name!r}; there are {', '.join(sorted(RULES))}"


def _is_verse(text: str) -> bool:
    """Short lines one under the other that are no list: nobody asked a shop for a poem."""
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    run = 0
    for line in lines:
        short = len(line.split()) <= 10 and not re.match(r"[-*•|#>]|\d+[.)]|\[\d", line) and ":" not in line
        run = run + 1 if short else 0
        if run >= _VERSE_LINES:
            return True
    return False
