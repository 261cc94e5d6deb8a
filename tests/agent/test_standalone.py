import pytest

from agent.standalone import Leaning, is_vague, leans, stand_alone

SHIPPING = "How much is shipping in the US?"


@pytest.mark.parametrize(
    "text",
    [
        "and for Canada?",
        "what about sale items?",
        "how long does it take?",
        "why?",
        "who pays for that?",
        "how long do I have?",
        "for the mini?",
    ],
)
def test_a_follow_up_is_asked_together_with_the_question_before(text: str) -> None:
    asked = stand_alone(text, [SHIPPING])
    assert asked.leaning is Leaning.CLEARLY
    assert asked.question == f"{SHIPPING} {text}"
    assert asked.own == text


@pytest.mark.parametrize(
    "text",
    [
        "How do I reset my password?",
        "Do you ship to Norway?",
        "My tent is leaking, what can I do?",
        "what's your phone number",
    ],
)
def test_a_new_topic_does_not_drag_the_old_one_along(text: str) -> None:
    asked = stand_alone(text, [SHIPPING])
    assert asked.leaning is Leaning.NONE
    assert asked.question == text


@pytest.mark.parametrize("text", ["and how do I reset my password?", "gift cards", "Canada?"])
def test_where_words_cannot_tell_the_hits_decide(text: str) -> None:
    assert stand_alone(text, [SHIPPING]).leaning is Leaning.MAYBE


def test_without_an_earlier_question_nothing_is_added() -> None:
    assert stand_alone("and for Canada?", []).question == "and for Canada?"


def test_a_chain_of_follow_ups_keeps_its_topic_and_the_newest_ones() -> None:
    earlier = ["Can I return boots?", SHIPPING, "and for Canada?", "how long does it take?", "what about express?"]
    question = stand_alone("and to Norway?", earlier).question
    assert question == f"{SHIPPING} how long does it take? what about express? and to Norway?"


@pytest.mark.parametrize(
    "text", ["it doesn't work", "help", "how much is it", "i have a problem", "the thing is broken"]
)
def test_a_message_that_names_nothing_is_vague(text: str) -> None:
    assert is_vague(text)


@pytest.mark.parametrize("text", ["refund", "my tent is broken", "how do I return it"])
def test_a_message_with_a_topic_is_not_vague(text: str) -> None:
    assert not is_vague(text)


def test_pointing_words_lean() -> None:
    assert leans("can I change it")
    assert not leans("can I change my order")


@pytest.mark.parametrize(
    ("new", "before", "question"),
    [
        ("and the UK?", "How much is shipping to Canada?", "How much is shipping to the UK?"),
        ("what about to Norway", "do you ship to Canada", "do you ship to Norway?"),
        ("ok, and for kids?", "What sizes are there for men?", "What sizes are there for kids?"),
        ("and to canada?", "How long does shipping take?", "How long does shipping take to canada?"),
        ("and for members?", "What does Express cost?", "What does Express cost for members?"),
    ],
)
def test_what_is_named_anew_takes_the_place_of_what_was_asked_about(new: str, before: str, question: str) -> None:
    asked = stand_alone(new, [before])
    assert (asked.question, asked.whole) == (question, True)


@pytest.mark.parametrize(
    ("new", "before"),
    [
        ("and from Norway?", "do you ship to Canada?"),
        ("and how do I pay?", "do you ship to Canada?"),
        ("and the UK?", "How do I return boots?"),
        ("and if it is broken?", "Can I return boots to a shop?"),
    ],
)
def test_nothing_is_put_in_anothers_place_where_it_does_not_fit(new: str, before: str) -> None:
    assert not stand_alone(new, [before]).whole
