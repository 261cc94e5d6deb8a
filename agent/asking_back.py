"""What the AI agent asks back, at most once in a row, and the article that a customer then takes.

Half of the questions that used to go to a person needlessly had their article among the first three that were found. A
press on its title is sooner there than a person, and a person is offered in the same breath.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from agent import replies
from agent.confidence import certain
from agent.drafting import Found
from agent.guardrails import fold
from agent.hearing import Heard
from agent.responders import extractive
from agent.standalone import content_words, leans
from knowledge_base.model import Hit, SearchResult

WORTH_ASKING: Final = 0.55
"""Share of the threshold from which titles are worth showing: see docs/evaluation.md."""
_MOST_TOPICS: Final = 3
_FEW_WORDS: Final = 2
"""A message this short ("size?") names too little to hand off before asking what is meant."""
_TAKEN: Final = 0.75
"""Confidence in what is quoted of an article that the customer took: the article is right, the passage may not be."""
_LONGEST_TITLE: Final = 80
_MARKS: Final = str.maketrans("", "", "*_`[]<>|\\")
_CLARIFYING: Final = frozenset((replies.UNREADABLE, replies.TELL_ME_MORE, replies.WHICH_THING))
_NONE: Final = re.compile(
    r"(?:no,? )?(?:none|neither|nothing|not any|something else|another thing)\b(?: of (?:these|them|those|it))?"
)


def asked_back(heard: Heard) -> bool:
    """Whether the last reply was a question back already."""
    return heard.last_reply in _CLARIFYING or heard.last_reply.startswith(replies.WHICH_TOPIC)


def is_thin(heard: Heard, found: Found) -> bool:
    """Whether a message names too little to look anything up by."""
    own = heard.asked.own
    return not found.follow_up and (len(own.split()) <= _FEW_WORDS or (leans(own) and len(content_words(own)) <= 1))


def topics_of(found: Found) -> tuple[str, ...]:
    """The titles of what was found, the likeliest first."""
    titles = (title_of(hit) for hit in found.result.hits)
    return tuple(dict.fromkeys(title for title in titles if title))[:_MOST_TOPICS]


def title_of(hit: Hit) -> str:
    """An article's title as one bounded line without marks: it is text from outside, and a press says it."""
    return " ".join(hit.passage.title.translate(_MARKS).split())[:_LONGEST_TITLE].strip()


def takes_none(heard: Heard) -> bool:
    """Whether the customer says that it is none of the titles shown."""
    return bool(heard.topics) and _NONE.fullmatch(fold(heard.text).rstrip(" .!")) is not None


def told_of(topic: str, result: SearchResult) -> Found:
    """What the article of that title says to the question of `result`; nothing where it is no longer among the hits."""
    hits = tuple(hit for hit in result.hits if title_of(hit) == topic)
    answer = extractive.answer(result.question, result.question, hits, mended=result.mended)
    if not answer.text:
        answer = extractive.answer(topic, topic, hits)
    confidence = certain("chosen_article", _TAKEN if answer.text else 0.0)
    return Found(result=replace(result, hits=hits), answer=answer, confidence=confidence, follow_up=True)
