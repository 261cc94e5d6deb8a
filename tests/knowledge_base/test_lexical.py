from __future__ import annotations

import pytest

from knowledge_base.lexical import article_words, content_words, languages_of, passage_tokens, tokens
from knowledge_base.model import Article, ArticleId, Passage, PassageId


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("How do I reset the R4?", ["reset", "r4"]),
        ("Plan B, size X", ["plan", "b", "size", "x"]),
        ("It doesn't work; the shop's lamp", ["work", "shop", "lamp"]),
        ("Rückgabe GRÖSSE", ["ruckgabe", "grosse"]),
        ("退货政策", ["退货", "货政", "政策"]),
        ("IDE 1.8.19", ["ide", "1", "8", "19"]),
        ("\u200b \u202e", []),
        ("snake_case", ["snake", "case"]),
    ],
)
def test_tokens_keep_short_names_numbers_and_every_script(text: str, expected: list[str]) -> None:
    assert tokens(text) == expected


@pytest.mark.parametrize(
    ("language", "indexed", "asked"),
    [
        ("de", "Rückgaben von Bestellungen", "bestellung rückgabe"),
        ("de", "Rücksendekosten", "rucksendekosten"),
        ("fr", "réinitialiser les mots de passe", "reinitialisation mot passe"),
        ("es", "contraseñas olvidadas", "contrasena olvidada"),
        ("it", "restituzioni degli articoli", "restituzione articolo"),
        ("pt", "devoluções", "devolução"),
        ("nl", "bestellingen", "bestelling"),
        ("tr", "siparişleriniz", "siparisler"),
        ("ru", "возвраты товаров", "возврат товара"),
        ("en", "возвраты товаров", "возврат товара"),
        ("el", "επιστροφές", "επιστροφη"),
        ("ar", "المُنتجات", "المنتجات"),
        ("he", "החזרת מוצרים", "מוצרים"),
        ("hi", "ऑर्डर की वापसी", "वापसी"),
        ("th", "วิธีคืนสินค้า", "คืนสินค้า"),
        ("ja", "商品を返品する方法", "返品方法"),
        ("ko", "환불 정책", "환불정책"),
    ],
)
def test_inflected_and_unaccented_words_are_found_in_many_languages(language: str, indexed: str, asked: str) -> None:
    shared = set(tokens(indexed, language)) & set(tokens(asked, language))
    assert len(shared) >= min(2, len(asked.split()))


def test_vowel_signs_stay_with_their_letters() -> None:
    assert tokens("ऑर्डर") == [tokens("ऑर्डर", "hi")[0]]
    assert len(tokens("மின்னஞ்சல்")) == 1


def test_content_words_are_shown_as_they_were_written() -> None:
    assert content_words("Where are my Parcels going?") == {"parcel": "Parcels", "go": "going"}


def test_a_question_is_looked_up_in_each_language_of_the_articles() -> None:
    found = content_words("Bestellungen", ["en", "de"])
    assert set(found) == {*tokens("Bestellungen", "en"), *tokens("Bestellungen", "de")}
    assert set(found.values()) == {"Bestellungen"}


def test_a_word_without_a_subject_in_one_of_the_languages_is_left_out() -> None:
    assert content_words("die Lampe", ["en", "de"]).keys() == content_words("Lampe", ["en", "de"]).keys()
    assert "die" in content_words("die", ["en"])


def test_an_index_tells_the_languages_of_its_articles() -> None:
    words = {
        token
        for stated in ("de", "fr-CA")
        for token in passage_tokens(passage("Titel"), "Text", article_words(article(language=stated)))
    }
    assert languages_of(words.__contains__) == ("de", "fr")
    assert languages_of(frozenset().__contains__) == ("en",)


def test_keywords_of_an_article_are_indexed_though_nobody_reads_them() -> None:
    with_keywords = article(metadata={"keywords": "refund, money back", "author": "Pat"})
    found = passage_tokens(passage("Return an item"), "Within 30 days.", article_words(with_keywords))
    assert found.count("refund") == found.count("return") == 2
    assert "pat" not in found


def article(language: str | None = None, metadata: dict[str, str] | None = None) -> Article:
    return Article(id=ArticleId("a"), title="", text="", language=language, metadata=metadata or {})


def passage(title: str) -> Passage:
    return Passage(
        id=PassageId("a#0"),
        article_id=ArticleId("a"),
        title=title,
        heading="",
        text="",
        position=0,
        url=None,
        quotes=(),
    )
