from __future__ import annotations

import pytest

from agent import replies
from agent.turn_rules import SmallTalk

OWN = (
    replies.OFFER,
    replies.TELL_ME_MORE,
    replies.WHICH_THING,
    replies.WHICH_TOPIC,
    replies.SOMETHING_ELSE,
    replies.UNREADABLE,
    replies.GOING_ON,
    replies.OUT_OF_SCOPE,
    replies.KEEP_IT_CIVIL,
    replies.ONLY_PART,
    replies.SIGN_IN,
)
SPOKEN = ("de", "fr", "es", "it", "nl", "pt")


@pytest.mark.parametrize("language", SPOKEN)
def test_the_agents_own_sentences_exist_in_every_language_it_speaks(language: str) -> None:
    for english in (*replies.SMALL_TALK.values(), *OWN):
        said = replies.said_in(english, language)
        assert said != english
        assert replies.in_english(said) == english
        assert replies.offers_person(said) == english.endswith(replies.OFFER)


def test_what_is_quoted_stays_as_it_is() -> None:
    text = f"Returns take 45 days. [1]\n\n{replies.IF_NOT_IT}"
    said = replies.said_in(text, "de")
    assert said.startswith("Returns take 45 days. [1]\n\nFalls Sie")
    assert replies.in_english(said) == text


@pytest.mark.parametrize("language", [None, "en", "ja"])
def test_where_it_has_no_words_it_speaks_english(language: str | None) -> None:
    assert replies.said_in(replies.SMALL_TALK[SmallTalk.GREETING], language) == "Hi! What can I help you with?"
