"""Public question sets as articles and labelled questions. They are read where BATON_PUBLIC_DATA points, never copied.

    python -m evals.public_sets FOLDER    # each set's articles.jsonl and questions.jsonl, for `baton eval retrieval`

Licences and sources stand in each set's own README. A set that is not there raises MissingSet.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from evals.questions import LabelledQuestion, Said

_SEED: Final = 7
_HELD_OUT: Final = 0.25
"""Share of the StackFAQ answers taken away, so that their questions have none."""


class MissingSet(RuntimeError):
    """A public set is not on this machine: what needs it is counted as not run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicSet:
    """`articles` are rows of {"id", "title", "text"}; `groups` names the questions that must share a fold."""

    name: str
    articles: tuple[dict[str, str], ...]
    questions: tuple[LabelledQuestion, ...]
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Utterance:
    text: str
    wants_person: bool


def clapnq() -> PublicSet:
    """600 Wikipedia passages; 300 questions are answered by their passage, 300 are only near it."""
    articles, questions = [], []
    for part in ("answerable", "unanswerable"):
        for row in _lines(folder_of("clapnq_dev") / f"clapnq_dev_{part}.jsonl"):
            passage = row["passages"][0]
            articles.append({"id": row["id"], "title": passage["title"], "text": _untokenised(passage["text"])})
            questions.append(
                _labelled(row["id"], [("customer", row["input"])], [row["id"]] if part == "answerable" else [])
            )
    return _public_set("clapnq_dev", articles, questions, [question.id for question in questions])


def mtrag() -> PublicSet:
    """Tasks of several turns over 1,152 passages; the unanswerable have none, underspecified ones are left out."""
    articles: dict[str, dict[str, str]] = {}
    questions, groups = [], []
    for row in _lines(folder_of("mtrag_un") / "reference.jsonl"):
        for context in row["contexts"]:
            text = context["text"].strip()
            title = text.split("\n", 1)[0][:80] if text else context["document_id"]
            articles[context["document_id"]] = {"id": context["document_id"], "title": title, "text": text}
        kind = row["answerability"][0]
        if kind == "UNDERSPECIFIED":
            continue
        said = [("customer" if one["speaker"] == "user" else "ai_agent", one["text"]) for one in row["input"]]
        relevant = [] if kind == "UNANSWERABLE" else [context["document_id"] for context in row["contexts"]]
        questions.append(_labelled(row["task_id"], said, relevant))
        groups.append(row["conversation_id"])
    return _public_set("mtrag_un", list(articles.values()), questions, groups)


def stackfaq(held_out_share: float = _HELD_OUT) -> PublicSet:
    """FAQ threads about web applications, asked in other words; a share of the answers is taken away."""
    root = json.loads((folder_of("stackfaq") / "stackExchange-FAQ.json").read_text("utf-8"))["root"]["qapair"]
    shuffled = np.random.default_rng(_SEED).permutation(len(root)).tolist()
    held_out = set(shuffled[: int(len(root) * held_out_share)])
    articles, questions, groups = [], [], []
    for number, thread in enumerate(root):
        if number not in held_out:
            text = "\n\n".join(thread["answer"])
            articles.append({"id": f"faq-{number}", "title": thread["question"], "text": text})
        for place, asked in enumerate(text for text in thread["rephr"] if text and len(text) > 1):
            relevant = [] if number in held_out else [f"faq-{number}"]
            questions.append(_labelled(f"faq-{number}-{place}", [("customer", asked)], relevant))
            groups.append(f"faq-{number}")
    return _public_set("stackfaq", articles, questions, groups)


def banking_utterances() -> list[Utterance]:
    """NLU++ banking: what people say on the telephone, with or without asking for a person."""
    folder = folder_of("nlupp_handoff_banking") / "data" / "banking"
    rows = [row for path in sorted(folder.glob("fold*.json")) for row in json.loads(path.read_text("utf-8"))]
    return [Utterance(text=row["text"], wants_person="handoff" in row.get("intents", [])) for row in rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One text of an intent; `domain` is "" where it belongs to none."""

    text: str
    intent: str
    domain: str = ""


def support_intents() -> list[Asked]:
    """Bitext: 27 intents of a shop's customers, made from templates."""
    folder = folder_of("bitext_intents")
    rows = [
        row
        for part in ("train", "dev", "test")
        for row in csv.DictReader((folder / f"{part}.csv").open(encoding="utf-8"))
    ]
    return [Asked(text=row["utterance"], intent=row["intent"]) for row in rows]


def intents(part: str) -> list[Asked]:
    """clinc150: "train", "val" or "test" of 150 intents in ten domains, "oos_train", … of none."""
    folder = folder_of("clinc150")
    domains = json.loads((folder / "domains.json").read_text("utf-8"))
    domain_of = {intent: domain for domain, listed in domains.items() for intent in listed}
    rows = json.loads((folder / "data_full.json").read_text("utf-8"))[part]
    return [Asked(text=text, intent=intent, domain=domain_of.get(intent, "")) for text, intent in rows]


def angry_comments(*parts: str) -> list[tuple[str, bool]]:
    """GoEmotions: comments of a forum, and whether "anger" is among the emotions that people heard in them."""
    found = []
    for part in parts or ("dev", "test"):
        for line in (folder_of("goemotions_ekman") / f"{part}.tsv").read_text("utf-8").splitlines():
            text, labels, _ = line.split("\t")
            found.append((text, "0" in labels.split(",")))
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m evals.public_sets", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args(arguments).folder
    for read in (clapnq, mtrag, lambda: stackfaq(0.0)):
        try:
            found = read()
        except MissingSet as missing:
            print(f"not written: {missing}")  # noqa: T201
        else:
            write(found, folder / found.name)


def write(found: PublicSet, folder: Path) -> None:
    """Its articles.jsonl and questions.jsonl in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    articles = "".join(f"{json.dumps(article)}\n" for article in found.articles)
    questions = "".join(f"{question.model_dump_json(exclude_none=True)}\n" for question in found.questions)
    (folder / "articles.jsonl").write_text(articles, encoding="utf-8")
    (folder / "questions.jsonl").write_text(questions, encoding="utf-8")


def _public_set(
    name: str, articles: list[dict[str, str]], questions: list[LabelledQuestion], groups: list[str]
) -> PublicSet:
    kept = tuple(article for article in articles if article["text"].strip())
    return PublicSet(name=name, articles=kept, questions=tuple(questions), groups=tuple(groups))


def _labelled(identity: str, said: list[tuple[str, str]], relevant: list[str]) -> LabelledQuestion:
    return LabelledQuestion(
        id=identity,
        messages=[Said.model_validate({"role": role, "text": text or "…"}) for role, text in said],
        relevant=relevant,
        answerable=bool(relevant),
        decision="answer" if relevant else "handoff",
    )


def _untokenised(text: str) -> str:
    """ "the year ." as "the year.": the set is published in tokens, no help center is."""
    for token, written in (
        (" ,", ","),
        (" .", "."),
        (" ;", ";"),
        (" 's", "'s"),
        (" n't", "n't"),
        ("( ", "("),
        (" )", ")"),
    ):
        text = text.replace(token, written)
    return text


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as stream:
        yield from (json.loads(line) for line in stream)


def folder_of(name: str) -> Path:
    """Where the set lies. Raises MissingSet."""
    folder = Path(os.environ.get("BATON_PUBLIC_DATA", "../shared/data")) / name
    if not folder.is_dir():
        raise MissingSet(f"{folder} is not there: set BATON_PUBLIC_DATA to the folder of the public sets.")
    return folder


if __name__ == "__main__":
    main()
