from __future__ import annotations

import time

import pytest

from agent.languages import NAMES, language_of


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Where is my order?", "en"),
        ("refund", "en"),
        ("Wo ist mein Paket?", "de"),
        ("Wie lange kann ich Artikel zurückgeben?", "de"),
        ("¿Dónde está mi pedido?", "es"),
        ("Combien coûte la livraison ?", "fr"),
        ("Posso restituire gli articoli in saldo?", "it"),
        ("Waar is mijn bestelling?", "nl"),
        ("quanto custa o envio para o Brasil?", "pt"),
        ("Gdzie jest moja paczka?", "pl"),
        ("Где мой заказ?", "ru"),
        ("Де моє замовлення?", "uk"),
        ("注文はどこですか", "ja"),
        ("我的订单在哪里", "zh"),
        ("내 주문은 어디에 있나요", "ko"),
        ("أين طلبي", "ar"),
        ("my 東京 edition tent leaks", "en"),
        ("NP-48213", None),
        ("", None),
    ],
)
def test_a_language_is_told_from_a_few_words(text: str, language: str | None) -> None:
    assert language_of([text]) == language
    assert language is None or language in NAMES


def test_the_newest_message_that_tells_decides() -> None:
    assert language_of(["Where is my order?", "Wo ist mein Paket?", "NP-48213"]) == "de"


def test_a_long_text_is_judged_in_a_moment() -> None:
    started = time.process_time()
    language_of(["wo ist das " * 30_000])
    assert time.process_time() - started < 0.5
