from __future__ import annotations

import json
import os
import re
import stat
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError
from pydantic_settings import SettingsError

from app.failures import expected_failures, in_words
from app.settings import Secrets, Settings, load_secrets

EXAMPLE = Path(__file__).parent.parent.parent / ".env.example"
ASSIGNMENT = re.compile(r"^#?(BATON_[A-Z_]+)=(.*)$")


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No BATON_ variable and no .env of the checkout, whatever the shell that runs the tests has."""
    for name in [name for name in os.environ if name.startswith("BATON_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def listed() -> dict[str, str]:
    found = (ASSIGNMENT.match(line) for line in EXAMPLE.read_text().splitlines())
    return {match[1]: match[2] for match in found if match}


def written(value: object) -> str:
    """A default as one writes it into a .env file."""
    if value is None:
        return ""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, bool | list):
        return json.dumps(value)
    return str(value)


def test_the_example_lists_exactly_the_settings_with_their_defaults() -> None:
    expected = {f"BATON_{name.upper()}": written(field.default) for name, field in Settings.model_fields.items()}
    assert listed() == expected


def test_the_example_names_no_setting_twice() -> None:
    names = [match[1] for line in EXAMPLE.read_text().splitlines() if (match := ASSIGNMENT.match(line))]
    assert len(names) == len(set(names))


def test_the_example_with_every_line_made_live_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(re.sub(r"^#(?=BATON_)", "", EXAMPLE.read_text(), flags=re.MULTILINE))
    assert Settings() == Settings(_env_file=None)


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("BATON_PORT=8100\nBATON_COMPANY=From the file\nOTHER=x\nBATON_NO_SUCH=x\n")
    monkeypatch.setenv("BATON_PORT", "8200")
    settings = Settings()
    assert (settings.port, settings.company) == (8200, "From the file")


def test_lists_are_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BATON_LINK_HOSTS", '["a.example", "b.example"]')
    assert Settings().link_hosts == ["a.example", "b.example"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "0"),
        ("PORT", "65536"),
        ("PORT", "http"),
        ("DEMO", "perhaps"),
        ("SESSION_SECRET", "hunter2-hunter2"),
        ("IDENTITY_SECRET", "hunter2-hunter2"),
        ("MESSAGES_PER_MINUTE", "0"),
        ("ANSWER_SECONDS", "-1"),
        ("LLM_TIMEOUT_SECONDS", "0"),
        ("LINK_HOSTS", "a.example"),
        ("WIDGET_ORIGINS", "{"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named_and_its_value_kept_secret(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"BATON_{name}", value)
    with pytest.raises((ValidationError, SettingsError)) as raised:
        Settings()
    assert isinstance(raised.value, expected_failures())
    words = in_words(raised.value)
    assert name.lower() in words.lower()
    assert "\n" not in words
    assert "hunter2" not in words


def test_everything_lies_in_the_data_folder(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    for path in (settings.record_url.removeprefix("sqlite:///"), settings.knowledge_dir):
        assert Path(path).is_relative_to(tmp_path / "data")
    assert Settings(database_url="postgresql://x/y").record_url == "postgresql://x/y"


def test_the_demo_never_mixes_with_the_real_thing(tmp_path: Path) -> None:
    real, demo = Settings(data_dir=tmp_path), Settings(data_dir=tmp_path, demo=True)
    assert real.record_url != demo.record_url
    assert real.knowledge_dir != demo.knowledge_dir


def test_secrets_are_made_once_and_readable_by_their_owner_only(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "new" / "data")
    before = os.umask(0)
    try:
        made = load_secrets(settings)
    finally:
        os.umask(before)
    [path] = settings.data_dir.iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_secrets(settings) == made
    assert len({made.session, made.identity[0][1], made.local}) == 3
    assert min(map(len, (made.session, made.identity[0][1], made.local))) >= 32
    assert load_secrets(Settings(data_dir=tmp_path / "other")) != made


def test_servers_that_start_at_once_agree_on_the_secrets(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    with ThreadPoolExecutor(16) as pool:
        made: list[Secrets] = list(pool.map(load_secrets, [settings] * 16))
    assert len(set(made)) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["secrets.json"], "no drafts are left behind"


def test_processes_that_start_at_once_agree_on_the_secrets(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    with ProcessPoolExecutor(2) as pool:
        made = set(pool.map(load_secrets, [settings] * 4))
    assert len(made) == 1


def test_a_secret_that_is_set_wins_over_the_kept_one(tmp_path: Path) -> None:
    kept = load_secrets(Settings(data_dir=tmp_path))
    given = load_secrets(Settings(data_dir=tmp_path, identity_secret=SecretStr("i" * 32)))
    assert (given.session, given.identity, given.local) == (kept.session, (("1", "i" * 32),), kept.local)
    again = load_secrets(Settings(data_dir=tmp_path, session_secret=SecretStr("s" * 32)))
    assert (again.session, again.identity) == ("s" * 32, kept.identity)


def test_two_identity_secrets_are_active_while_they_are_changed(tmp_path: Path) -> None:
    both = Settings(data_dir=tmp_path, identity_secret=SecretStr("i" * 32), second_identity_secret=SecretStr("j" * 32))
    assert load_secrets(both).identity == (("1", "i" * 32), ("2", "j" * 32))


def test_one_secret_cannot_serve_tokens_and_hashed_identifiers() -> None:
    with pytest.raises(ValidationError, match="must not be an identity secret"):
        Settings(second_identity_secret=SecretStr("i" * 32), identifier_secret=SecretStr("i" * 32))


@pytest.mark.parametrize("url", ["mail.example", "http://mail.example", "smtp://", "imap://u:hidden-word@h"])
def test_a_mail_server_that_cannot_be_read_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Settings(smtp_url=SecretStr(url))
    assert "hidden-word" not in str(refused.value)


def test_settings_do_not_show_their_secrets() -> None:
    shown = repr(Settings(session_secret=SecretStr("s" * 40), llm_api_key=SecretStr("sk-very-secret")))
    assert "ssss" not in shown
    assert "sk-very-secret" not in shown


def test_private_hosts_that_cannot_be_read_are_refused_at_the_start() -> None:
    assert Settings(allow_private_sources="help.internal, 10.1.0.0/16").allow_private_sources
    with pytest.raises(ValidationError, match="10.1.0.0/99"):
        Settings(allow_private_sources="10.1.0.0/99")


def test_a_shopify_shop_and_its_token_go_together() -> None:
    with pytest.raises(ValidationError, match="go together"):
        Settings(shopify_shop="example.myshopify.com")
    with pytest.raises(ValidationError, match="pattern"):
        Settings(shopify_shop="http://169.254.169.254/?", shopify_token=SecretStr("shpat_1"))
    shown = repr(Settings(shopify_shop="example.myshopify.com", shopify_token=SecretStr("shpat_hidden")))
    assert "shpat_hidden" not in shown
