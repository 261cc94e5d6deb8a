from __future__ import annotations

import time

import pytest

from handoff.tone import language_of, mood_of


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Where is my order and how can I return it?", "English"),
        ("¿Dónde está mi pedido? Quiero hablar con una persona", "Spanish"),
        ("Où est ma commande, je ne suis pas content avec vous", "French"),
        ("Wo ist meine Bestellung? Ich habe das nicht bekommen", "German"),
        ("Onde está o meu pedido? Quero falar com uma pessoa", "Portuguese"),
        ("Vorrei sapere dove è il mio ordine, non ho ricevuto lo zaino", "Italian"),
        ("", "unknown"),
        ("12345 !!! 🙂", "unknown"),
        ("注文はどこですか", "Japanese"),
    ],
)
def test_the_language_is_named_by_its_common_words(text: str, language: str) -> None:
    assert language_of([text]) == language


@pytest.mark.parametrize(
    ("text", "mood"),
    [
        ("This is ridiculous", "frustrated"),
        ("where is my parcel!!", "frustrated"),
        ("WHERE IS MY PARCEL", "frustrated"),
        ("thanks, but this is useless", "frustrated"),
        ("could you please look?", "friendly"),
        ("Thank you", "friendly"),
        ("where is my parcel!", "neutral"),
        ("My GPS watch has no USB port", "neutral"),
        ("the NORTHPEAK tent", "neutral"),
        ("is the fabric scampering", "neutral"),
        ("", "neutral"),
    ],
)
def test_the_mood_is_heard_in_the_words(text: str, mood: str) -> None:
    assert mood_of(text) == mood


@pytest.mark.parametrize("text", ["A" * 100_000, "AAAA " * 20_000, "! " * 50_000, "waste of " * 10_000])
def test_long_texts_are_judged_in_no_time(text: str) -> None:
    started = time.perf_counter()
    mood_of(text)
    language_of([text])
    assert time.perf_counter() - started < 1
