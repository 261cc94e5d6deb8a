from __future__ import annotations

import pytest

from knowledge_base.sentences import sentences


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("Use e.g. Chrome or i.e. Firefox. Done.", ["Use e.g. Chrome or i.e. Firefox.", "Done."]),
        ("Version 1.8.19 costs 3.50 EUR. Buy it.", ["Version 1.8.19 costs 3.50 EUR.", "Buy it."]),
        ("See https://a.example/b.html. Then go.", ["See https://a.example/b.html. Then go."]),
        ("See [Help. Me](https://a.example/x.y). Then go.", ["See [Help. Me](https://a.example/x.y).", "Then go."]),
        ("Type `a. B` now. Then go.", ["Type `a. B` now.", "Then go."]),
        ("Ask Dr. Smith or J. Doe. Then go.", ["Ask Dr. Smith or J. Doe.", "Then go."]),
        ("1. Open the lid. Close it.", ["1. Open the lid.", "Close it."]),
        ("See no. 5 below. Is it free? No. You pay.", ["See no. 5 below.", "Is it free?", "No.", "You pay."]),
        ("It opens at 5 p.m. today.", ["It opens at 5 p.m. today."]),
        ('He said "Stop." Then he left.', ['He said "Stop."', "Then he left."]),
        ("Bulletin: 7  \nDate: May", ["Bulletin: 7", "Date: May"]),
        ("你好。再见！", ["你好。", "再见！"]),
        ("", []),
    ],
)
def test_sentences_end_where_a_reader_would_end_them(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


def test_a_very_long_text_without_an_end_is_one_sentence_in_reasonable_time() -> None:
    assert len(sentences("word " * 200_000)) == 1
    assert len(sentences("`[<**" * 20_000)) >= 1
