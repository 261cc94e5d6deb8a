"""The seeded corpus: what it changes in a sentence, and that grounding is measured on it."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from evals.grounding import INVENTED, JOINED, SEEDS, measured, pieces_of, read_articles
from knowledge_base.model import Article, ArticleId

DEMO = Path(__file__).parents[2] / "demo" / "help_center"
SENTENCE = "You can return most items within 30 days, unless they were on sale."


def dice() -> random.Random:
    return random.Random(0)  # noqa: S311 - a seed, not a secret


def seeded(kind: str) -> str | None:
    return SEEDS[kind](SENTENCE, dice())


def test_each_kind_of_mistake_changes_the_sentence_as_it_says() -> None:
    assert seeded("another unit or currency") == SENTENCE.replace("days", "weeks")
    assert seeded("negation flipped") == SENTENCE.replace("can", "cannot")
    assert seeded("only/unless/except left out") == "You can return most items within 30 days."
    assert seeded("stretched (most → all, may → always)") == SENTENCE.replace("most", "all")
    assert seeded("made a guarantee") == f"We guarantee that y{SENTENCE[1:]}"
    assert (seeded("a false clause joined") or "").removeprefix(SENTENCE[:-1]).rstrip(".") in JOINED
    assert "30" not in (seeded("another number") or "30")


@pytest.mark.parametrize("sentence", ["Sale items.", "Yes."])
def test_a_sentence_without_the_thing_is_not_seeded_with_it(sentence: str) -> None:
    assert SEEDS["another number"](sentence, dice()) is None
    assert SEEDS["negation flipped"](sentence, dice()) is None


def test_true_sentences_are_told_from_false_ones() -> None:
    articles = read_articles(DEMO)[:6]
    assert isinstance(articles[0], Article)
    tallies = measured(pieces_of(articles), dice())
    assert all(tallies["TRUE: quoted"].accepted)
    assert sum(tallies["negation flipped"].accepted) <= 0.05 * len(tallies["negation flipped"].accepted)
    assert not any(tallies["policy invented"].accepted)
    assert tallies["policy invented"].accepted


def test_a_source_that_states_anything_shows_in_the_figures() -> None:
    """The control: an article that holds the invented sentences would be counted as letting them through."""
    gullible = Article(id=ArticleId("x"), title="x", text=" ".join(INVENTED))
    assert any(measured(pieces_of([gullible]), dice())["policy invented"].accepted)
