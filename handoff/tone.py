"""Which language a customer writes in and how they sound: rough signs for the brief, from words alone."""

from __future__ import annotations

import re

_ANGRY = re.compile(
    r"\b(ridiculous|useless|terrible|awful|angry|furious|unacceptable|worst|scam|fed up|sick of|disgusting|"
    r"waste of (my )?time|wtf|stupid|incompetent)\b|!{2,}",
    re.IGNORECASE,
)
_SHOUTING = re.compile(r"\b[A-Z]{4,}(?:\W+[A-Z]{2,}){2,}")
_FRIENDLY = re.compile(r"\b(thanks|thank you|please|great|appreciate|lovely)\b", re.IGNORECASE)


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


_COMMON_WORDS: dict[str, frozenset[str]] = {
    "English": _words("the is my and to of you i it how can do what a for not have with was on this where"),
    "Spanish": _words("el la los mi y de que es una por no quiero con para cómo está tengo hablar puedo mis dónde"),
    "French": _words("le la les mon et de je est une pas pour avec vous ma ce comment puis où suis un mes"),
    "German": _words("der die das mein und ich ist nicht eine mit wie kann zu den wo meine bitte ein habe für"),
    "Portuguese": _words("o os meu e de que é uma não com para como está minha eu quero falar posso onde um"),
    "Italian": _words("il lo gli mio e di che è una non con per come mia dove vorrei posso sono un ho della"),
}


def language_of(text: str) -> str:
    """The language whose common words occur most, or "unknown"; enough to route by, not to translate by."""
    words = re.findall(r"[^\W\d_]+", text.casefold())
    scores = {language: sum(word in common for word in words) for language, common in _COMMON_WORDS.items()}
    best = max(scores, key=lambda language: scores[language])
    return best if scores[best] else "unknown"


def mood_of(text: str) -> str:
    """`frustrated`, `friendly` or `neutral`, from the words of the last message."""
    if _ANGRY.search(text) or _SHOUTING.search(text):
        return "frustrated"
    return "friendly" if _FRIENDLY.search(text) else "neutral"
