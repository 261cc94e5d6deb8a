from __future__ import annotations

from pathlib import Path

import pytest

from evals.questions import BadQuestions, read_questions, read_retrieval_questions


def written(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "questions.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_a_question_and_a_conversation_are_read_and_other_keys_left_alone(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        '{"id": 7, "question": "How?", "relevant": [12, "b"], "answerable": true, "source": "mail"}',
        "",
        '{"id": "c", "relevant": ["b"], "tags": ["t"], "messages": [{"role": "user", "content": "Returns?"},'
        ' {"role": "assistant", "content": "Yes."}, {"speaker": "customer", "text": "And to Peru?"}]}',
        '{"id": "d", "question": "Nothing on this?", "relevant": [], "answerable": false}',
    )
    one, conversation, none = read_retrieval_questions(path)
    assert (one.id, one.relevant, one.said) == ("7", ["12", "b"], ["How?"])
    assert (conversation.said, conversation.tags) == (["Returns?", "And to Peru?"], ["t"])
    assert not none.answerable


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "JSON"),
        ('{"question": "How?", "relevant": ["a"]}', "id: "),
        ('{"id": "1", "question": "How?"}', "relevant: "),
        ('{"id": "1", "relevant": ["a"]}', 'needs a "question"'),
        ('{"id": "1", "question": "  ", "relevant": ["a"]}', 'needs a "question"'),
        ('{"id": "1", "question": "How?", "relevant": []}', '"relevant" must name an article'),
        ('{"id": "1", "relevant": ["a"], "messages": [{"role": "user", "text": "Hi"}, {"role": "agent", "text": "?"}]}',
         "must be the customer's"),
        ('{"id": "1", "relevant": ["a"], "messages": [{"role": "wizard", "text": "Hi"}]}', "messages.0.role"),
    ],
)  # fmt: skip
def test_a_bad_line_is_named_with_what_is_wrong(tmp_path: Path, line: str, said: str) -> None:
    good = '{"id": "0", "question": "How?", "relevant": ["a"]}'
    with pytest.raises(BadQuestions) as bad:
        read_retrieval_questions(written(tmp_path, good, line))
    assert "line 2: " in str(bad.value)
    assert said in str(bad.value)


def test_a_file_of_another_kind_is_not_listed_to_the_end(tmp_path: Path) -> None:
    with pytest.raises(BadQuestions, match="and 95 lines more"):
        read_retrieval_questions(written(tmp_path, *["x"] * 100))


def test_an_empty_file_and_a_repeated_id_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadQuestions, match="holds no question"):
        read_retrieval_questions(written(tmp_path, ""))
    line = '{"id": "1", "question": "How?", "relevant": ["a"]}'
    with pytest.raises(BadQuestions, match="several questions with the id '1'"):
        read_retrieval_questions(written(tmp_path, line, line))


def test_labelled_questions_name_their_bad_line_too(tmp_path: Path) -> None:
    with pytest.raises(BadQuestions, match="line 1: decision"):
        read_questions(written(tmp_path, '{"id": "1", "question": "How?", "relevant": ["a"], "answerable": true}'))
