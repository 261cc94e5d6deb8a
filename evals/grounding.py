"""How often grounding lets a false sentence through, and how often it refuses a true one.

    python -m evals.grounding [--articles FOLDER_OR_JSONL ...] [--show 5]

Sentences of real articles are seeded with one mistake each, the way models make them, and cited to their own passage.
Nothing was fitted on the Arduino articles; the demo's were read while the rules were written.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from agent.facts import facts_in
from agent.grounding import FRAMING, Source, check, passage_source
from agent.words import names_in
from evals.statistics import Figure, share
from knowledge_base.model import Article, ArticleId
from knowledge_base.sources.markdown_folder import article_in
from knowledge_base.splitting import split

ROOT: Final = Path(__file__).parent.parent
PER_KIND: Final = 1_000
INVENTED: Final = (
    "Customers over 65 get a discount of 10 percent.",
    "You can keep the item and still get your money back.",
    "One device is allowed per plan.",
    "Our team will call you within one hour.",
    "Every order includes a free gift.",
    "Students may pay in three installments without interest.",
    "If you complain within 24 hours, the order is free.",
    "The warranty can be passed on to a new owner for $5.",
    "We match any price that you find elsewhere.",
    "You may exchange it as often as you like.",
    "Shipping is always free for first orders.",
    "An extra insurance is included in every purchase.",
    "Returns are accepted without a receipt for 90 days.",
    "You are entitled to compensation for the delay.",
    "The firmware can be restored by our support staff remotely.",
    "It works under water down to 10 meters.",
)
JOINED: Final = (
    " and you get the double refund",
    ", but it is free for you",
    " and we add a voucher of $10",
    ", and you can do this as often as you like",
    "; our staff will call you tomorrow",
    ", which also extends the warranty by a year",
    " and no receipt is needed for that",
    ", so you are entitled to compensation",
)
_NEGATABLE: Final = (
    (" cannot ", " can "), (" can't ", " can "), (" do not ", " do "), (" don't ", " do "), (" is not ", " is "),
    (" are not ", " are "), (" not ", " "), (" can ", " cannot "), (" is ", " is not "), (" are ", " are not "),
    (" will ", " will not "), (" must ", " need not "), (" does ", " does not "), (" has ", " has no "),
)  # fmt: skip
_OTHER_UNIT: Final = {"days": "weeks", "day": "week", "weeks": "months", "hours": "days", "minutes": "hours",
                      "months": "years", "$": "€", "%": " dollars"}  # fmt: skip
_RESTRICTION: Final = re.compile(r"(?:,\s*|\s+)(?:only|unless|except|excluding)\b.*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A passage as a source, and its sentences."""

    article: str
    source: Source
    sentences: tuple[str, ...]


@dataclass(slots=True)
class Tally:
    accepted: list[bool] = field(default_factory=list)
    examples: list[str] = field(default_factory=list)

    def add(self, text: str, *, accepted: bool) -> None:
        self.accepted.append(accepted)
        if accepted:
            self.examples.append(text)


Seed = Callable[[str, random.Random], str | None]


def other_number(sentence: str, dice: random.Random) -> str | None:
    found = list(re.finditer(r"(?<![\w.,])(?<!^)\d{1,6}(?![\w.,]\d)", sentence))
    if not found:
        return None
    one = dice.choice(found)
    return f"{sentence[: one.start()]}{int(one[0]) + dice.choice((1, 5, 10))}{sentence[one.end() :]}"


def other_unit(sentence: str, dice: random.Random) -> str | None:
    for unit, other in _OTHER_UNIT.items():
        if re.search(rf"\d\s?{re.escape(unit)}|{re.escape(unit)}\s?\d", sentence):
            return sentence.replace(unit, other, 1)
    return None


def turned(sentence: str, dice: random.Random) -> str | None:
    for word, other in _NEGATABLE:
        if word in sentence and not sentence.endswith("?"):
            return sentence.replace(word, other, 1)
    return None


def joined(sentence: str, dice: random.Random) -> str | None:
    return f"{sentence.rstrip(' .')}{dice.choice(JOINED)}." if sentence.endswith(".") else None


def without_restriction(sentence: str, dice: random.Random) -> str | None:
    cut = _RESTRICTION.sub("", sentence).strip()
    whole = len(cut.split()) >= 4 and not re.search(r"\b(?:is|are|and|or|to|the|a|can|be)\Z", cut)
    return f"{cut}." if cut != sentence and whole else None


def stretched(sentence: str, dice: random.Random) -> str | None:
    for word, other in ((" most ", " all "), (" some ", " all "), (" up to ", " at least "), (" may ", " always ")):
        if word in sentence:
            return sentence.replace(word, other, 1)
    return None


def promised(sentence: str, dice: random.Random) -> str | None:
    return f"We guarantee that {sentence[0].lower()}{sentence[1:]}" if sentence.endswith(".") else None


def as_it_is(sentence: str, dice: random.Random) -> str | None:
    return sentence


SEEDS: Final[dict[str, Seed]] = {
    "another number": other_number,
    "another unit or currency": other_unit,
    "negation flipped": turned,
    "a false clause joined": joined,
    "only/unless/except left out": without_restriction,
    "stretched (most → all, may → always)": stretched,
    "made a guarantee": promised,
}


def pieces_of(articles: Sequence[Article]) -> list[Piece]:
    """The articles' passages with sentences of four words and more that are no questions, headings or table rows."""
    found = []
    for article in articles:
        for piece in split(article, lambda texts: [len(text) // 4 for text in texts]):
            source = passage_source(piece.passage, 1)
            said = tuple(unit for unit in source.units if _is_statement(unit))
            if said:
                found.append(Piece(article=str(article.id), source=source, sentences=said))
    return found


def _is_statement(unit: str) -> bool:
    return len(unit.split()) >= 4 and unit.endswith(".") and "|" not in unit


def accepted(sentence: str, source: Source) -> bool:
    """Whether a customer would read the sentence, or a part of it, as a claim with that source."""
    supports = check(f"{sentence} [1]", [source])
    return any(support.source not in (None, FRAMING) for support in supports)


def measured(pieces: Sequence[Piece], dice: random.Random) -> dict[str, Tally]:
    """What of each kind of mistake was accepted; the first two lines are true and should be."""
    said = [(piece, sentence) for piece in pieces for sentence in piece.sentences]
    dice.shuffle(said)
    tallies: dict[str, Tally] = {"TRUE: quoted": Tally(), "TRUE: two sentences joined": Tally()}
    for piece, sentence in said[:PER_KIND]:
        tallies["TRUE: quoted"].add(sentence, accepted=accepted(sentence, piece.source))
        other = dice.choice(piece.sentences)
        both = f"{sentence.rstrip('.')}, and {other[0].lower()}{other[1:]}"
        if other != sentence and len(both) < 300:
            tallies["TRUE: two sentences joined"].add(both, accepted=accepted(both, piece.source))
    for kind, seed in SEEDS.items():
        tallies[kind] = Tally()
        for piece, sentence in said:
            changed = seed(sentence, dice)
            if changed is not None and changed not in piece.sentences and len(tallies[kind].accepted) < PER_KIND:
                tallies[kind].add(changed, accepted=accepted(changed, piece.source))
    tallies["wrong article cited"] = _wrong_article(said, pieces, dice)
    tallies["policy invented"] = _invented(pieces, dice)
    return tallies


def _wrong_article(said: Sequence[tuple[Piece, str]], pieces: Sequence[Piece], dice: random.Random) -> Tally:
    """Half of the wrong passages are near: they share a name or a number with the sentence."""
    tally = Tally()
    for place, (piece, sentence) in enumerate(said[:PER_KIND]):
        others = [other for other in dice.sample(list(pieces), min(40, len(pieces))) if other.article != piece.article]
        if not others:
            continue
        alike = [other for other in others if _shares(sentence, other.source)] if place % 2 else []
        wrong = dice.choice(alike or others)
        if sentence not in wrong.source.units:
            tally.add(f"{sentence}  ← {wrong.article}", accepted=accepted(sentence, wrong.source))
    return tally


def _shares(sentence: str, source: Source) -> bool:
    text = " ".join(source.units)
    return bool(names_in(sentence) & names_in(text)) or bool(facts_in(sentence) & facts_in(text))


def _invented(pieces: Sequence[Piece], dice: random.Random) -> Tally:
    tally = Tally()
    for _ in range(PER_KIND):
        piece, policy = dice.choice(list(pieces)), dice.choice(INVENTED)
        tally.add(f"{policy}  ← {piece.article}", accepted=accepted(policy, piece.source))
    return tally


def read_articles(path: Path) -> list[Article]:
    """A folder of Markdown files, or JSON Lines with id, title and text."""
    if path.is_dir():
        read = [article_in(file.read_text(encoding="utf-8"), file.name) for file in sorted(path.glob("*.md"))]
        return [article for article in read if isinstance(article, Article)]
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [Article(id=ArticleId(str(row["id"])), title=row["title"], text=row["text"]) for row in rows]


def table_of(tallies: dict[str, Tally], name: str, articles: int) -> Table:
    table = Table(title=f"{name}: {articles} articles; share of sentences that grounding lets through")
    for column in ("seeded with", "accepted", "95 % interval", "n"):
        table.add_column(column, justify="left" if column == "seeded with" else "right")
    for kind, tally in tallies.items():
        if tally.accepted:
            figure: Figure = share(tally.accepted)
            table.add_row(kind, f"{figure.value:.3f}", f"{figure.low:.3f} to {figure.high:.3f}", str(figure.n))
    return table


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m evals.grounding", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--articles", action="append", default=[], help="a folder of Markdown, or JSON Lines")
    parser.add_argument("--show", type=int, default=0, help="print so many false sentences that got through")
    asked = parser.parse_args(arguments)
    console = Console()
    arduino = Path(os.environ.get("BATON_PUBLIC_DATA", "../shared/data")) / "arduino_help" / "articles.jsonl"
    given = [Path(path) for path in asked.articles] or [ROOT / "demo" / "help_center", arduino]
    for path in given:
        if not path.exists():
            console.print(f"not run: {path} is not there")
            continue
        articles = read_articles(path)
        tallies = measured(pieces_of(articles), random.Random(4))  # noqa: S311 - a seed, not a secret
        console.print(table_of(tallies, path.parent.name if path.is_file() else path.name, len(articles)))
        for kind, tally in tallies.items():
            for example in [] if kind.startswith("TRUE") else tally.examples[: asked.show]:
                console.print(f"{kind}: {example}", markup=False, highlight=False)


if __name__ == "__main__":
    main()
