from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli import cli
from tools.policy_rules import SHIPPED

RUN = CliRunner()


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BATON_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "400")
    return tmp_path


def test_the_policy_in_use_is_proven_sound() -> None:
    result = RUN.invoke(cli, ["policy", "check"])
    assert result.exit_code == 0
    assert "settle all 1,344 cases" in result.output


def test_a_policy_with_a_hole_is_named_and_fails(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(SHIPPED.read_text().replace('too_late = "return"', 'in_time = "search"', 1))
    result = RUN.invoke(cli, ["policy", "check", str(path)])
    assert result.exit_code == 1
    assert "gap" in result.stderr


def test_without_a_shop_there_is_nothing_to_reconcile() -> None:
    result = RUN.invoke(cli, ["reconcile"])
    assert result.exit_code == 1
    assert "No shop is connected" in result.stderr


def test_a_refund_that_only_the_provider_knows_is_found(own_folder: Path) -> None:
    clean = RUN.invoke(cli, ["reconcile", "--demo"])
    assert clean.exit_code == 0, clean.output
    assert "0 do not agree" in clean.output
    with closing(sqlite3.connect(own_folder / "demo" / "payments.db")) as books, books:
        books.execute(
            "INSERT INTO refunds (reference, payment, amount, currency, state, at) "
            "VALUES ('nobody', 'pay_NP-49127', 3400, 'USD', 'succeeded', '2099-01-01T00:00:00+00:00')"
        )
    wrong = RUN.invoke(cli, ["reconcile", "--demo"])
    assert wrong.exit_code == 1
    assert "a reference that we do not know" in wrong.stderr
