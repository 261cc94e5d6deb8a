import pytest

from evals.questions import LabelledQuestion
from evals.said import says_it


def asked(says: list[str], never_says: list[str]) -> LabelledQuestion:
    return LabelledQuestion(
        id="1", question="q", relevant=["a"], answerable=True, decision="answer", says=says, never_says=never_says
    )


@pytest.mark.parametrize(
    ("says", "text", "stated"),
    [
        (["45 days"], "You can return most items within **45 days** of delivery. [1]", True),
        (["45 days", "unused"], "You can return most items within 45 days.", False),
        (["60 days|45 days"], "within 45\n   DAYS", True),
        (["45 days"], "within 5 days", False),
        ([], "anything", True),
    ],
)
def test_every_fact_must_be_stated_in_one_of_its_wordings(says: list[str], text: str, stated: bool) -> None:
    assert says_it(asked(says, []), text).stated is stated


def test_a_fact_of_another_question_is_noticed() -> None:
    assert says_it(asked(["45 days"], ["10 days"]), "45 days; tell us within **10 days**").forbidden
    assert not says_it(asked(["45 days"], ["10 days"]), "45 days").forbidden
