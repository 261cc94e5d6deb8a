"""Words: a tokeniser for help centers in any language, for what is indexed and for what is asked."""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import Stemmer

from knowledge_base.languages import ENGLISH, carries_no_subject, language_of
from knowledge_base.model import Article, Passage

_TITLE_WEIGHT: Final = 2
"""How often words of title, heading and keywords count. From 1 to 5 no set's nDCG@10 moves by more than .008."""
_KEYWORDS: Final = ("keywords", "tags", "aliases", "synonyms")
"""Keys of an article's metadata whose words are searched though no reader sees them."""
_MAX_KEYWORDS: Final = 2000
_MAX_QUESTION_TOKENS: Final = 200
_CJK: Final = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uac00-\ud7af"
_UNSPACED: Final = "\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0ece\u1000-\u1049\u1780-\u17d3"
"""Thai, Lao, Burmese, Khmer: written without spaces between words."""
_MARKS: Final = "\u0300-\u036f\u0483-\u0487\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u0900-\u0963\u0970-\u0dff"
"""Vowel signs and accents that belong to the letter before them, and the Indic blocks that are full of them."""
_TOKEN: Final = re.compile(rf"[{_CJK}]+|[{_UNSPACED}]+|(?:[^\W_{_CJK}{_UNSPACED}]|(?<=\w)[{_MARKS}]|[\u0900-\u0dff])+")
_IS_CJK: Final = re.compile(f"[{_CJK}]")
_IS_UNSPACED: Final = re.compile(f"[{_UNSPACED}]")
_DROPPED: Final = re.compile(r"(?<=\w)['’](?=\w)|[\u0591-\u05bd\u05bf-\u05c7\u0640\u064b-\u0652\u0670]")
"""Apostrophes inside words, and the vowel points of Arabic and Hebrew, which few people type."""
_LANGUAGE_MARK: Final = "language:"
"""Begins a token that no text can hold: it tells a search which languages' words were indexed."""

STEMMED: Final = {
    "ar": "arabic", "ca": "catalan", "cs": "czech", "da": "danish", "de": "german", "el": "greek", "en": "english",
    "es": "spanish", "et": "estonian", "eu": "basque", "fa": "persian", "fi": "finnish", "fr": "french", "ga": "irish",
    "hi": "hindi", "hu": "hungarian", "hy": "armenian", "id": "indonesian", "it": "italian", "lt": "lithuanian",
    "nb": "norwegian", "ne": "nepali", "nl": "dutch", "nn": "norwegian", "no": "norwegian", "pl": "polish",
    "pt": "portuguese", "ro": "romanian", "ru": "russian", "sr": "serbian", "sv": "swedish", "ta": "tamil",
    "tr": "turkish", "yi": "yiddish",
}  # fmt: skip
"""Snowball's stemmers by language."""
_BY_SCRIPT: Final = (
    (re.compile("[\u0400-\u052f]"), "ru"),
    (re.compile("[\u0370-\u03ff\u1f00-\u1fff]"), "el"),
    (re.compile("[\u0600-\u06ff]"), "ar"),
    (re.compile("[\u0900-\u097f]"), "hi"),
    (re.compile("[\u0b80-\u0bff]"), "ta"),
    (re.compile("[\u0530-\u058f]"), "hy"),
)
"""The language whose stemmer serves a script where the text's own is written in another."""
_OF_SCRIPT: Final = {
    "ru": {"ru", "sr"},
    "el": {"el"},
    "ar": {"ar", "fa"},
    "hi": {"hi", "ne"},
    "ta": {"ta"},
    "hy": {"hy"},
}
_ASCII: Final = re.compile(r"[\x00-\x7f]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleWords:
    """What all passages of an article are indexed with: its language, and keywords that stand in none of them."""

    language: str
    keywords: str


def article_words(article: Article) -> ArticleWords:
    keywords = " ".join(article.metadata[key] for key in _KEYWORDS if key in article.metadata)
    return ArticleWords(language=language_of(article.text, article.language), keywords=keywords[:_MAX_KEYWORDS])


def passage_tokens(passage: Passage, words: str, about: ArticleWords) -> list[str]:
    """What BM25 sees of a passage; title, heading and keywords count double, as they name the subject."""
    named = tokens(f"{passage.title} {passage.heading} {about.keywords}", about.language)
    mark = [_LANGUAGE_MARK + about.language] if about.language in STEMMED else []
    return named * _TITLE_WEIGHT + tokens(words, about.language) + mark


def languages_of(known: Callable[[str], bool]) -> tuple[str, ...]:
    """The languages of an index, given which words it knows; English where it was told nothing."""
    return tuple(language for language in STEMMED if known(_LANGUAGE_MARK + language)) or (ENGLISH,)


def tokens(text: str, language: str = ENGLISH) -> list[str]:
    """Stems in order, without case and accents, stop words left out.

    Letters and digits of any script ("r4", "x"); CJK as pairs of characters, scripts without spaces as triples.
    """
    text = _DROPPED.sub("", unicodedata.normalize("NFKC", text).casefold())
    found: list[str] = []
    for word in _TOKEN.findall(text):
        if _IS_CJK.match(word):
            found += _pieces(word, 2)
        elif _IS_UNSPACED.match(word):
            found += _pieces(word, 3)
        elif not carries_no_subject(word, language):
            found.append(_stem(word, language))
    return found


def stems_of(word: str, languages: Sequence[str]) -> list[str]:
    """The stems of one word of letters, case folded; none where one of the languages says that it has no subject."""
    if any(carries_no_subject(word, language) for language in languages):
        return []
    return [_stem(word, language) for language in languages]


def content_words(text: str, languages: Sequence[str] = (ENGLISH,)) -> dict[str, str]:
    """Stems of the content words of `text`, each with the word as it was written first.

    A question's language is not known for sure: a word has a stem for each of the `languages`, and is left out where
    one of them takes it for a word without a subject.
    """
    text = _DROPPED.sub("", unicodedata.normalize("NFKC", text))
    found: dict[str, str] = {}
    for word in _TOKEN.findall(text):
        for stem in _content_stems(word, tuple(languages)):
            found.setdefault(stem, word)
        if len(found) >= _MAX_QUESTION_TOKENS:
            break
    return dict(list(found.items())[:_MAX_QUESTION_TOKENS])


@lru_cache(maxsize=20_000)
def _content_stems(word: str, languages: tuple[str, ...]) -> tuple[str, ...]:
    stems = [tokens(word, language) for language in languages]
    return tuple(dict.fromkeys(stem for some in stems for stem in some)) if all(stems) else ()


def _pieces(word: str, size: int) -> list[str]:
    return [word[i : i + size] for i in range(len(word) - size + 1)] or [word]


class _Stemmers(threading.local):
    """One of each for each thread: a stemmer keeps state while it works."""

    def __init__(self) -> None:
        self._made: dict[str, Stemmer.Stemmer] = {}

    def stem(self, word: str, language: str) -> str:
        name = STEMMED[language]
        if name not in self._made:
            self._made[name] = Stemmer.Stemmer(name, 0)
        return str(self._made[name].stemWord(word))


_stemmers = _Stemmers()


@lru_cache(maxsize=50_000)
def _stem(word: str, language: str) -> str:
    if not _ASCII.fullmatch(word):
        script = next((served for pattern, served in _BY_SCRIPT if pattern.search(word)), None)
        if script is not None and language not in _OF_SCRIPT[script]:
            language = script
    stem = _stemmers.stem(word, language) if language in STEMMED else word
    return stem if _ASCII.fullmatch(stem) else _folded(stem)


def _folded(word: str) -> str:
    """Without accents: people leave them out. Marks of scripts where they are vowels stay."""
    decomposed = unicodedata.normalize("NFD", word)
    kept = "".join(one for one in decomposed if not "\u0300" <= one <= "\u036f")
    return unicodedata.normalize("NFC", kept) or word
