from __future__ import annotations

import pytest

from agent.several import questions_in


@pytest.mark.parametrize(
    ("text", "questions"),
    [
        ("Do you ship to Norway and how long does it take?", ("Do you ship to Norway", "how long does it take?")),
        ("How do I reset it? What is the default password?", ("How do I reset it?", "What is the default password?")),
        ("My tent leaks. What can I do? Is it covered by the warranty?",
         ("My tent leaks. What can I do?", "Is it covered by the warranty?")),
        ("Wie lange kann ich zurückgeben und was kostet der Versand?",
         ("Wie lange kann ich zurückgeben", "was kostet der Versand?")),
    ],
)  # fmt: skip
def test_questions_are_taken_apart(text: str, questions: tuple[str, ...]) -> None:
    assert questions_in(text) == questions


@pytest.mark.parametrize(
    "text",
    [
        "How do I return boots and socks?",
        "My board is dead. How do I reset it?",
        "Can I return it, and why?",
        "Hello there. I bought a tent. It leaks.",
        "can I pay with paypal? can I pay with paypal?",
        "what? " * 40,
    ],
)
def test_one_question_stays_whole(text: str) -> None:
    assert questions_in(text) == (text,)


def test_a_long_message_is_taken_apart_in_a_moment() -> None:
    assert questions_in("and " * 25_000) == ("and " * 25_000,)
