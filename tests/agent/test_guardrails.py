import pytest

from agent.guardrails import MAX_QUESTION_CHARS, clean, fold, shorten


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("  How do I\u200b return\u00a0it?  ", "How do I return it?"),
        ("\u202ereturn\u202c my order", "return my order"),
        ("pa\u00adssword", "password"),
        ("a\x00b\x07c", "a b c"),
        ("ｒｅｆｕｎｄ", "refund"),
        ("first line \n\n  second", "first line\nsecond"),
        ("hidden\U000e0069\U000e0067 text", "hidden text"),
        ("lone \ud800 surrogate", "lone surrogate"),
    ],
)
def test_what_a_person_cannot_see_is_not_read(sent: str, read: str) -> None:
    assert clean(sent) == read


@pytest.mark.parametrize("sent", ["", "   ", "\u200b\u200d\u202e", "\x00\x01", "\u2066\u2069\n"])
def test_a_message_without_a_readable_character_is_empty(sent: str) -> None:
    assert clean(sent) == ""


def test_an_emoji_alone_is_readable() -> None:
    assert clean("👍") == "👍"


def test_a_huge_paste_keeps_its_beginning_and_its_end() -> None:
    text = "Where is my refund? " + "log line " * 10_000 + "How do I get it?"
    short = shorten(text)
    assert len(short) <= MAX_QUESTION_CHARS
    assert short.startswith("Where is my refund?")
    assert short.endswith("How do I get it?")


def test_folding_takes_case_accents_and_curly_apostrophes_off() -> None:
    assert fold("Ça n’est PAS schön, Straße") == "ca n'est pas schon, strasse"
