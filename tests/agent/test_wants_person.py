import json
import time
from pathlib import Path

import pytest

from agent.guardrails import clean, fold
from agent.wants_person import asks_for_person, mentions_person, refuses_person


def asks(text: str) -> bool:
    return asks_for_person(fold(clean(text)))


@pytest.mark.parametrize(
    "text",
    [
        "Talk to a person",
        "is anyone real there",
        "get me your manager",
        "this is useless, human!",
        "I don't want to talk to a bot, I want a human",
        "human",
        "HUMAN PLEASE!!!",
        "can i speak to a huma\u200bn",
        "why can't I talk to a human",
        "how do I talk to a human",
        "stop giving me canned answers, put me through to a real person",
        "transfer me to a representative",
        "connect me with customer service",
        "could someone call me back",
        "no more bots",
        "escalate this",
        "i want to talk to a humna",
        "let me speak to sum1",
        "who can I speak to?",
        "0",
    ],
)
def test_a_request_for_a_person_is_heard_in_any_phrasing(text: str) -> None:
    assert asks(text)


@pytest.mark.parametrize(
    "text",
    [
        "quiero hablar con una persona",
        "pásame con un agente",
        "¿hay alguien ahí?",
        "je veux parler à un humain",
        "passez-moi un conseiller",
        "y a-t-il quelqu'un ?",
        "Ich möchte mit einem Menschen sprechen",
        "Verbinden Sie mich mit dem Kundenservice",
        "gibt es da einen echten Mitarbeiter?",
        "quero falar com um atendente",
        "preciso de uma pessoa de verdade",
        "voglio parlare con un operatore",
        "c'è qualcuno?",
    ],
)
def test_a_request_for_a_person_is_heard_in_five_more_languages(text: str) -> None:
    assert asks(text)


@pytest.mark.parametrize(
    "text",
    [
        "I don't want a human, just tell me how returns work",
        "can a person under 18 order?",
        "what are your support hours?",
        "do I need to speak to an agent to cancel?",
        "How do I contact support?",
        "I spoke to a person yesterday",
        "how many people fit in the tent",
        'The button says "talk to a person" but nothing happens',
        "I need to install an agent on my pc",
        "can i give you money to support the project",
        "can another person pick up my parcel?",
        "i want to give it to a person as a gift",
        "no quiero hablar con una persona, solo dime el plazo",
        "Je ne veux pas parler à un humain, dites-moi juste le délai",
        "Ich will nicht mit einem Menschen sprechen",
        "non voglio parlare con un operatore",
        "não quero falar com um atendente",
    ],
)
def test_a_person_who_is_refused_mentioned_or_quoted_is_not_asked_for(text: str) -> None:
    assert not asks(text)


PHRASINGS = Path(__file__).parents[2] / "evals" / "datasets" / "phrasings.jsonl"


def phrasings(wanted: bool) -> list[str]:
    rows = [json.loads(line) for line in PHRASINGS.read_text("utf-8").splitlines()]
    return [row["text"] for row in rows if (row["label"] == "wants_person") is wanted]


def test_two_hundred_phrasings_in_seven_languages_are_all_heard() -> None:
    texts = phrasings(wanted=True)
    assert len(texts) >= 200
    assert [text for text in texts if not asks(text)] == []


def test_none_of_the_other_phrasings_is_taken_for_a_request() -> None:
    assert [text for text in phrasings(wanted=False) if asks(text)] == []


@pytest.mark.parametrize(
    "text",
    [
        "oh great, another 'talk to a human' button that does nothing",
        'your mail says "please speak to an agent", what does that mean?',
        "lol sure, because talking to a person always helps",
        "Ik wil geen mens spreken, zeg het gewoon",
        "kein Mensch braucht das, wie lange dauert der Versand?",
    ],
)
def test_sarcasm_and_quotation_ask_for_nobody(text: str) -> None:
    assert not asks(text)


def test_a_refusal_is_told_from_a_wish() -> None:
    assert refuses_person("no, i don't want to talk to a human")
    assert not refuses_person("i want to talk to a human")


def test_messages_that_name_nobody_mention_nobody() -> None:
    assert not mentions_person("how long does shipping to canada take")


def test_a_long_message_is_judged_in_a_moment() -> None:
    started = time.perf_counter()
    asks("talk to a the a real person with some of the " * 25)
    assert time.perf_counter() - started < 1.0


def test_a_word_for_a_person_repeated_for_pages_holds_nobody_up() -> None:
    started = time.process_time()
    asks("human " * 800)
    assert time.process_time() - started < 0.5


def test_a_request_is_heard_in_a_long_story_without_a_stop() -> None:
    story = "i ordered the tent and it came with a torn seam and then we went to the lake and " * 6
    assert asks(f"{story} i want to speak to a human")
