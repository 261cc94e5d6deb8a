"""A table of questions: what a spreadsheet writes is read, and what is wrong is told with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from evals.sample_files import BadSamples, read_samples

TABLE = (
    "question,relevant,says,decision,tags\r\n"
    "How long can I return things?,return-window,45 days; refund,answer,returns;policy\r\n"
    '"Do you ship, by any chance,\r\nto Canada?",shipping-canada,,answer,\r\n'
    ",,,,\r\n"
    "I want to sue you,,,hand_off,\r\n"
)


def written(folder: Path, content: str | bytes, name: str = "questions.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", "\t"])
def test_a_table_is_read_as_samples(tmp_path: Path, encoding: str, delimiter: str) -> None:
    table = TABLE if delimiter == "," else TABLE.replace("chance,", "chance").replace(",", delimiter)
    first, second, third = read_samples([written(tmp_path, table.encode(encoding))])
    assert (first.id, first.question, first.tags) == ("row-2", "How long can I return things?", ["returns", "policy"])
    assert (first.expect.relevant, first.expect.says) == (["return-window"], ["45 days", "refund"])
    assert (first.expect.decision, third.expect.decision) == ("answer", "hand_off")
    assert second.question is not None
    assert second.question.startswith("Do you ship")
    assert (second.id, third.id) == ("row-3", "row-6")


def test_tables_and_json_lines_go_together(tmp_path: Path) -> None:
    lines = written(tmp_path, '{"id": "one", "question": "hi"}\n', "samples.jsonl")
    table = written(tmp_path, "ID;Question\nmine;Where are you?\n")
    assert [sample.id for sample in read_samples([lines, table])] == ["one", "mine"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "holds no sample"),
        ("question,says\n", "holds no sample"),
        ("id,says\n1,x\n", 'line 1: the first row must name the columns, and "question" among them'),
        (
            "question,says,never_say\nhi,a,b\n",
            "line 1: 'never_say' is no column of a table of samples; did you mean 'never_says'?",
        ),
        ("question,question\nhi,hi\n", "line 1: the column 'question' stands there twice"),
        ("question,says\nhi,a,b\n", "line 2: has 3 cells, and the first row names 2 columns"),
        ("question,says\n,a\n", "line 2: "),
        ("id,question\na,hi\na,ho\n", "line 3: the id 'a' stands in "),
        ("question,relevant\nhi,nowhere\n", "line 2: no article has the id 'nowhere'"),
        ("question,decision\nhi,maybe\n", "line 2: "),
        ('question\n"hi\n', "quotation mark"),
        (b"question\ncaf\xe9?\n", "line 2: is not UTF-8"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, content: str | bytes, said: str) -> None:
    with pytest.raises(BadSamples) as refused:
        read_samples([written(tmp_path, content)], articles=["return-window"])
    assert said in str(refused.value)
    assert str(refused.value).endswith("never_says, decision, reasons.")
