from agent.hearing import hear
from agent.standalone import Leaning
from tests.agent.cast import turn


def test_several_messages_in_a_row_are_one_question_without_the_greeting() -> None:
    heard = hear(turn("hi", "my board is dead", "how do I reset it?", new=3))
    assert heard.asked.own == "my board is dead\nhow do I reset it?"
    assert heard.parts == ("hi", "my board is dead", "how do I reset it?")


def test_a_greeting_alone_is_what_was_said() -> None:
    assert hear(turn("hi")).asked.own == "hi"


def test_earlier_questions_are_leaned_on_and_small_talk_is_not() -> None:
    heard = hear(turn("How much is shipping?", "$6.95", "thanks", "You're welcome!", "and for Canada?"))
    assert heard.asked.question == "How much is shipping for Canada?"
    assert heard.asked.leaning is Leaning.CLEARLY
    assert heard.last_reply == "You're welcome!"


def test_an_unreadable_message_leaves_nothing() -> None:
    assert hear(turn("\u200b\u202e")).text == ""
