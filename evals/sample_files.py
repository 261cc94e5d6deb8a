"""Files of samples, JSON lines or CSV: each mistake is told with its file, its line and what to write instead."""

from __future__ import annotations

import codecs
import difflib
import json
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from evals.questions import LabelledQuestion, RetrievalQuestion
from evals.sample import FORMAT, Sample
from evals.sample_csv import COLUMNS, BadTable, bodies

MAX_LINE: Final = 1_000_000
"""Bytes; a longer line is no sample, and 100 MB of it would be held in memory to say so."""
_SHOWN: Final = 5
"""Mistakes that are told; a file of another kind has nothing else."""
_EXAMPLE: Final = 'A line reads {"id": "returns-1", "question": "how long can i …", "expect": {"says": ["45 days"]}}.'
_TABLE_EXAMPLE: Final = f"The first row of a table names its columns, of {', '.join(COLUMNS)}."
_TABLES: Final = (".csv", ".tsv")
_BOMS: Final = ((codecs.BOM_UTF16_LE, "UTF-16"), (codecs.BOM_UTF16_BE, "UTF-16"))
_OLD_KEYS: Final = frozenset({"relevant", "answerable", "decision", "says", "never_says"})
"""Fields that lines of labelled questions have beside `id` and `question`; samples have them under `expect`."""


class BadSamples(ValueError):
    """Files of samples cannot be used. The message names files and lines, what is wrong, and what to write."""


class _BadLine(ValueError):
    """What is wrong with one line, in words."""


def read_samples(paths: Sequence[Path], *, articles: Collection[str] | None = None) -> list[Sample]:
    """All samples of all files, in their order. With `articles`, only those may be called relevant or cited.

    Raises OSError, or BadSamples for lines that cannot be read, ids that stand twice, unknown articles, or no sample.
    """
    found: list[Sample] = []
    places: dict[str, str] = {}
    wrong: list[str] = []
    for path in paths:
        for place, read in _rows(path) if path.suffix.lower() in _TABLES else _lines(path):
            try:
                sample = read()
                _first_of_its_id(sample, places, place)
                _names_known_articles(sample, articles)
            except _BadLine as bad:
                wrong.append(f"{place}: {bad}")
            else:
                found.append(sample)
    tables = bool(paths) and all(path.suffix.lower() in _TABLES for path in paths)
    example = _TABLE_EXAMPLE if tables else _EXAMPLE
    if wrong:
        more = f"\nand {len(wrong) - _SHOWN} more." if len(wrong) > _SHOWN else ""
        raise BadSamples("\n".join(wrong[:_SHOWN]) + more + f"\n{example}")
    if not found:
        named = ", ".join(str(path) for path in paths) or "Nothing"
        raise BadSamples(f"{named} holds no sample. {example}")
    return found


def _rows(path: Path) -> Iterator[tuple[str, Callable[[], Sample]]]:
    """The place of each row of a table, and what reads it or raises _BadLine."""
    try:
        for line, body in bodies(path):
            yield f"{path}, line {line}", partial(_of_row, body)
    except BadTable as bad:
        yield f"{path}, line {bad.line}", partial(_of_row, bad)


def _of_row(body: dict[str, object] | BadTable) -> Sample:
    if isinstance(body, BadTable):
        raise _BadLine(str(body))
    try:
        return Sample.model_validate(body)
    except ValidationError as failure:
        raise _BadLine(_in_words(failure)) from None


def _lines(path: Path) -> Iterator[tuple[str, Callable[[], Sample]]]:
    """The place of each line that is not blank ("file.jsonl, line 3"), and what reads it or raises _BadLine."""
    with path.open("rb") as stream:
        number = 0
        while line := stream.readline(MAX_LINE + 1):
            number += 1
            place = f"{path}, line {number}"
            if len(line) > MAX_LINE:
                while not line.endswith(b"\n") and (line := stream.readline(MAX_LINE)):
                    pass
                yield place, _too_long
                continue
            if number == 1 and any(line.startswith(bom) for bom, _ in _BOMS):
                yield place, _utf16
                return
            line = line.removeprefix(codecs.BOM_UTF8)
            if line.strip():
                yield place, partial(sample_of, line)


def sample_of(line: bytes) -> Sample:
    """The sample of one line; a labelled question is read as one too. Raises ValueError with words for it."""
    try:
        text = line.decode()
    except UnicodeDecodeError as failure:
        raise _BadLine(f"byte {failure.start + 1} is not UTF-8: save the file with the encoding UTF-8") from None
    try:
        body = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as failure:
        raise _BadLine(f"is not one JSON object a line ({failure})") from None
    if not isinstance(body, dict):
        raise _BadLine("is not a JSON object")
    written = body.get("format", FORMAT)
    if written != FORMAT:
        raise _BadLine(f'is of format {written!r}; this Baton reads format {FORMAT}: write "format": {FORMAT}')
    if "expect" not in body and _OLD_KEYS & body.keys():
        return _of_labelled(text, body)
    try:
        return Sample.model_validate_json(text)
    except ValidationError as failure:
        raise _BadLine(_in_words(failure)) from None


def _of_labelled(text: str, body: dict[str, Any]) -> Sample:
    try:
        one = RetrievalQuestion.model_validate_json(text)
        full = (
            LabelledQuestion.model_validate_json(text) if LabelledQuestion.model_fields.keys() >= body.keys() else None
        )
    except ValidationError as failure:
        raise _BadLine(_in_words(failure)) from None
    expect: dict[str, object] = {"relevant": one.relevant}
    if full is not None:
        decision = "hand_off" if full.decision == "handoff" else full.decision
        expect |= {"decision": decision, "says": full.says, "never_says": full.never_says}
    elif not one.answerable:
        expect["decision"] = "clarify|hand_off"
    said: dict[str, object] = {"question": one.question}
    if one.messages:
        said = {"messages": [{"role": turn.role, "text": turn.text} for turn in one.messages if turn.role != "system"]}
    written = {"id": one.id, "tags": one.tags, "group": one.group, **said, "expect": expect}
    try:
        return Sample.model_validate(written)
    except ValidationError as failure:
        raise _BadLine(_in_words(failure)) from None


def _first_of_its_id(sample: Sample, places: dict[str, str], place: str) -> None:
    if sample.id in places:
        raise _BadLine(f"the id {sample.id!r} stands in {places[sample.id]} already: give each sample its own")
    places[sample.id] = place


def _names_known_articles(sample: Sample, articles: Collection[str] | None) -> None:
    if articles is None:
        return
    own = {article.id for article in sample.articles}
    named = [*(sample.expect.relevant or ()), *(one for cited in sample.expect.cites for one in cited.split("|"))]
    unknown = next((one for one in named if one not in articles and one not in own), None)
    if unknown is not None:
        close = difflib.get_close_matches(unknown, list(articles), n=1)
        raise _BadLine(f"no article has the id {unknown!r}" + (f"; did you mean {close[0]!r}?" if close else ""))


def _in_words(failure: ValidationError) -> str:
    # A step is a text or an object: that it is no text tells nothing where it is an object with a mistake in it.
    error = min(failure.errors(), key=lambda one: one["type"] in ("string_type", "int_type"))
    where = ".".join(str(part) for part in error["loc"] if part not in ("Step", "constrained-str", "str", "int"))
    if error["type"] == "missing":
        return f'"{where}" is missing'
    if error["type"] == "extra_forbidden":
        close = difflib.get_close_matches(where.rpartition(".")[2], _known_names(), n=1)
        return f'"{where}" is no field of a sample' + (f'; did you mean "{close[0]}"?' if close else "")
    said = error["msg"].removeprefix("Value error, ")
    return f'"{where}": {said}' if where else said


def _known_names() -> list[str]:
    kinds = [Sample.model_json_schema(), *Sample.model_json_schema()["$defs"].values()]
    return [name for kind in kinds for name in kind.get("properties", {})]


def _too_long() -> Sample:
    raise _BadLine(f"is longer than {MAX_LINE:,} bytes: a sample is one line of at most so many")


def _utf16() -> Sample:
    raise _BadLine("the file is UTF-16: save it with the encoding UTF-8")
