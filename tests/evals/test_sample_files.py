from __future__ import annotations

from pathlib import Path

import pytest

from evals.sample import Sample
from evals.sample_files import MAX_LINE, BadSamples, read_samples

DATASETS = Path(__file__).parents[2] / "evals" / "datasets"
GOOD = b'{"id": "1", "question": "how long may i keep it"}\n'


def _told(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    with pytest.raises(BadSamples) as refused:
        read_samples([path])
    return str(refused.value)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (b'{"question": "hi"}', 'line 2: "id" is missing'),
        (b'{"id": "2"}', "line 2: nothing happens: write one of question, messages, says_in_turn, simulated"),
        (b'{"id": "2", "questoin": "hi"}', 'line 2: "questoin" is no field of a sample; did you mean "question"?'),
        (b'{"id": "2", "question": "hi", "expect": {"say": ["x"]}}', '"expect.say" is no field of a sample'),
        (b'{"id": "2", "question": "  "}', 'line 2: "question": '),
        (b'{"id": "1", "question": "hi"}', "line 2: the id '1' stands in "),
        (b'{"id": "2", "question": "hi", "format": 2}', "line 2: is of format 2; this Baton reads format 1"),
        (b'{"id": "2", "question": "caf\xe9"}', "line 2: byte 29 is not UTF-8: save the file with the encoding UTF-8"),
        (b'{"id": "2", "question": ', "line 2: is not one JSON object a line"),
        (b"[" * 100_000, "line 2: is not one JSON object a line"),
        (b"[1]", "line 2: is not a JSON object"),
        (b'{"id": "2", "question": "q", "says_in_turn": ["a"]}', "question and says_in_turn are both there"),
        (b'{"id": "2", "says_in_turn": [{"confirm": true, "decline": true}]}', "a step is one thing"),
        (b'{"id": "2", "question": "q", "relevant": [], "answerable": true}', 'so "relevant" must name an article'),
    ],
)
def test_each_mistake_is_told_with_its_line_and_what_to_write(tmp_path: Path, line: bytes, told: str) -> None:
    said = _told(tmp_path / "mine.jsonl", GOOD + line + b"\n")
    assert told in said
    assert "mine.jsonl" in said
    assert "A line reads" in said


def test_a_line_of_many_megabytes_is_told_and_the_lines_after_it_are_read(tmp_path: Path) -> None:
    huge = b'{"id": "2", "question": "' + b"x" * (3 * MAX_LINE) + b'"}\n'
    said = _told(tmp_path / "mine.jsonl", GOOD + huge + GOOD)
    assert "line 2: is longer than 1,000,000 bytes" in said
    assert "line 3: the id '1' stands in" in said


def test_utf16_is_named_and_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    assert "line 1: the file is UTF-16" in _told(tmp_path / "mine.jsonl", GOOD.decode().encode("utf-16"))
    (tmp_path / "bom.jsonl").write_bytes(b"\xef\xbb\xbf" + GOOD)
    assert [one.id for one in read_samples([tmp_path / "bom.jsonl"])] == ["1"]


def test_a_file_without_samples_is_no_run_of_nothing(tmp_path: Path) -> None:
    assert "mine.jsonl holds no sample" in _told(tmp_path / "mine.jsonl", b"\n \n")


def test_only_the_first_mistakes_are_listed(tmp_path: Path) -> None:
    said = _told(tmp_path / "mine.jsonl", b"{}\n" * 9)
    assert "line 5" in said
    assert "line 6" not in said
    assert "and 4 more" in said


def test_ids_are_unique_across_files_and_articles_must_exist(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.jsonl").write_bytes(GOOD)
    with pytest.raises(BadSamples, match=r"two.jsonl, line 1: the id '1' stands in .*one.jsonl, line 1 already"):
        read_samples([tmp_path / "one.jsonl", tmp_path / "two.jsonl"])
    (tmp_path / "three.jsonl").write_text(
        '{"id": "1", "question": "q", "articles": [{"id": "mine", "title": "t", "text": "x"}],'
        ' "expect": {"relevant": ["mine"], "cites": ["mine|retrun-window"]}}'
    )
    with pytest.raises(BadSamples, match="no article has the id 'retrun-window'; did you mean 'return-window'"):
        read_samples([tmp_path / "three.jsonl"], articles=["return-window"])


def test_a_file_that_cannot_be_opened_is_an_oserror(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_samples([tmp_path / "nowhere.jsonl"])


@pytest.mark.parametrize("path", sorted(set(DATASETS.glob("*.jsonl")) - {DATASETS / "phrasings.jsonl"}), ids=str)
def test_every_labelled_question_is_a_sample_too(path: Path) -> None:
    samples = read_samples([path])
    assert all(sample.steps and sample.expect.relevant is not None for sample in samples)


def test_a_labelled_question_keeps_what_it_says(tmp_path: Path) -> None:
    (tmp_path / "q.jsonl").write_text(
        '{"id": "1", "messages": [{"role": "customer", "text": "a"}, {"role": "ai_agent", "text": "b"},'
        ' {"role": "customer", "text": "c"}], "relevant": [], "answerable": false, "decision": "handoff",'
        ' "never_says": ["x"], "tags": ["slang"]}\n'
        '{"id": 2, "question": "q", "relevant": [7], "group": "g", "else": true}\n'
    )
    first, second = read_samples([tmp_path / "q.jsonl"])
    assert first.expect.decisions == frozenset({"hand_off"})
    assert (first.expect.never_says, first.tags) == (["x"], ["slang"])
    assert [said.text for said in first.so_far] == ["a", "b"]
    assert (second.id, second.cluster, second.expect.relevant) == ("2", "g", ["7"])
    assert isinstance(second, Sample)
