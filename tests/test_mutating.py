from __future__ import annotations

import ast
from pathlib import Path

from tests.mutating import mutants_of, survives

SOURCE = '''
LIMIT: int = 3

def over(n: int, sure: bool) -> bool:
    """Words are left alone."""
    log.error("so are log lines")
    if n > LIMIT and sure:
        return True
    return False
'''


def test_a_module_is_changed_in_one_place_at_a_time() -> None:
    found = [(mutant.line, mutant.what) for mutant in mutants_of(SOURCE)]
    assert found == [
        (2, "number"),
        (7, "condition always holds"),
        (7, "condition never holds"),
        (7, "and/or"),
        (7, "first left out"),
        (7, "last left out"),
        (7, "comparison"),
        (8, "returns None"),
        (8, "truth"),
        (9, "returns None"),
        (9, "truth"),
    ]
    texts = [ast.unparse(mutant.tree) for mutant in mutants_of(SOURCE)]
    assert len(set(texts)) == len(texts)
    assert "if n >= LIMIT and sure:" in texts[6]


def test_a_mutant_that_the_tests_notice_does_not_survive(tmp_path: Path) -> None:
    checks = tmp_path / "test_it.py"
    checks.write_text(
        "from tools.confirmation import ConfirmationTokens\ndef test_it() -> None:\n    ConfirmationTokens('k')\n"
    )
    module = Path("tools/confirmation.py")
    whole, *_ = mutants_of(f"{module.read_text()}\nLEFT = 1\n")
    broken = next(one for one in mutants_of(f"{module.read_text()}\nraise ValueError\n") if one.what == "returns None")
    assert survives(module, whole, [str(checks)]), "it only returns something else where nobody asks"
    assert not survives(module, broken, [str(checks)])
