"""How angry a message sounds, from its words alone: 0 calm, 1 beyond doubt."""

from __future__ import annotations

import re
from typing import Final

from agent.guardrails import fold

_ANGRY: Final = re.compile(
    r"\b(?:ridiculous|useless|terrible|awful|angry|furious|unacceptable|worst|scam|scammers?|fed up|sick of|disgusting|"
    r"disgraceful|outrageous|livid|pissed|rip.?off|waste of (?:my )?time|wtf|stupid|incompetent|pathetic|joke of a|"
    r"fuck\w*|bullshit|shit|crap|damn|for god'?s sake|ffs|how dare|had enough|never again|liars?|thie(?:f|ves)|"
    r"unverschamt|frechheit|wutend|lacherlich|verarscht|inadmissible|scandaleux|honteux|ras le bol|furieu[xs]e?|"
    r"inaceptable|indignante|verguenza|estafa|harto|inaccettabile|vergognoso|scandaloso|truffa|"
    r"onacceptabel|belachelijk|schandalig|woedend|inaceitavel|vergonha)\b|!{2,}|[?!]{4,}",
)
_SHOUTING: Final = re.compile(r"\b[A-Z]{4,}(?:\W+[A-Z]{2,}){2,}")


ANGRY: Final = 0.5
"""From here on a message counts as angry."""


def sounds_angry(text: str, folded: str) -> bool:
    """True where the words or the capitals of `text` leave little doubt."""
    return _ANGRY.search(folded) is not None or _SHOUTING.search(text) is not None


def anger_of(text: str) -> float:
    """1 where the words say it, else 0. `text` is clean."""
    return 1.0 if sounds_angry(text, fold(text)) else 0.0
