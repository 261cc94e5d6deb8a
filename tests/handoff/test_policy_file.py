from __future__ import annotations

from pathlib import Path

import pytest

from handoff.policy_file import InvalidPolicy, read_rules, rules_in, shipped_rules

NEEDED = """
[[rule]]
name = "asked"
kinds = ["wants_person"]
then = "hand_off"
reason = "customer_asked"
why = "They asked."

[[rule]]
name = "gives up"
gives_up = true
then = "hand_off"
reason = "low_confidence"
why = "{draft}"
"""


def rule(text: str) -> str:
    return f"{NEEDED}\n[[rule]]\n{text}\n"


def test_the_shipped_rules_are_usable() -> None:
    assert {one.then for one in shipped_rules()} == {"hand_off", "offer"}
    assert [one.name for one in read_rules(NEEDED)] == ["asked", "gives up"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rule = 3", "holds 1 to 200"),
        ("[[rule]", "is not TOML"),
        (rule('name="x"\nthen="offer"\nwhy="w"'), "rule 3 (x), the rule: states nothing that must hold"),
        (rule('name="x"\nthen="offer"\nwhy="w"\nwords=["(unclosed"]'), "is no regular expression"),
        (rule('name="x"\nthen="offer"\nwhy="w"\nwords=["(a+)+b"]'), "could take for ever"),
        (rule('name="x"\nthen="offer"\nwhy="w"\nwords=["Lawyer"]'), "read in lower case"),
        (rule('name="x"\nthen="hand_off"\nwhy="w"\nasked=3'), "a reason is needed"),
        (rule('name="x"\nthen="hand_off"\nwhy="w"\nasked=3\nreason="because"'), "rule 3 (x), reason"),
        (rule('name="x"\nthen="offer"\nwhy="{secret}"\nasked=3'), "not {secret}"),
        (rule('name="x"\nthen="offer"\nwhy="w"\nasked=3\nwhen="now"'), "rule 3 (x), when"),
        (rule('name="asked"\nthen="offer"\nwhy="w"\nasked=3'), "two rules are called 'asked'"),
        (NEEDED.split("[[rule]]")[0] + "[[rule]]" + NEEDED.split("[[rule]]")[1], "gives_up = true alone"),
        ("[[rule]]" + NEEDED.split("[[rule]]")[2], "who asks for a person gets one"),
    ],
)
def test_what_is_wrong_is_said_where_it_is(text: str, said: str) -> None:
    with pytest.raises(InvalidPolicy) as refused:
        read_rules(text)
    assert said in str(refused.value)


def test_everything_wrong_is_said_at_once_with_the_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(rule('name="x"\nthen="offer"\nwhy="w"') + '\n[[rule]]\nname="y"\nthen="never"\nwhy="w"\nasked=2\n')
    with pytest.raises(InvalidPolicy) as refused:
        rules_in(file)
    lines = str(refused.value).splitlines()
    assert len(lines) == 2
    assert all(line.startswith(f"{file}: rule ") for line in lines)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidPolicy, match="cannot be read"):
        rules_in(tmp_path / "none.toml")
