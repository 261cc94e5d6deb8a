"""All settings, read from the environment (and a .env file) in this one place."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Every name has the prefix BATON_ in the environment, e.g. BATON_DATA_DIR."""

    # An empty value is an unset one: "BATON_LLM_MODEL=" names no model.
    model_config = SettingsConfigDict(
        env_prefix="BATON_", env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    data_dir: Path = Field(default=Path("var"), description="All state lives here.")
    database_url: str | None = Field(
        default=None, description="sqlite:///path or postgresql://…; default: baton.db in the data folder."
    )
    host: str = Field(default="127.0.0.1", description="Address to serve on.")
    port: int = Field(default=8000, ge=1, le=65535, description="Port to serve on.")
    demo: bool = Field(default=False, description="Work on the demo shop, kept apart in demo/ of the data folder.")

    public_url: str | None = Field(
        default=None,
        description="Where customers reach this service, e.g. https://help.example.com; for search engines.",
    )
    company: str = Field(default="Our shop", description="Name shown in the widget.")
    ai_name: str = Field(default="AI agent", description="What the AI agent is called in the widget.")
    greeting: str = Field(default="Hi! Ask me anything about our products and your orders.")
    suggestions: list[str] = Field(default=[], description="Questions offered before the first message.")
    away_text: str = Field(
        default="Nobody from the team is online right now. Your message is safe with us, and we will answer here as "
        "soon as we are back.",
        description="Said when a conversation is handed off and no person is online.",
    )

    session_secret: SecretStr | None = Field(default=None, min_length=32, description="Signs widget sessions.")
    identity_secret: SecretStr | None = Field(
        default=None, min_length=32, description="Shared with the shop, which signs its customers' identity tokens."
    )
    widget_origins: list[str] = Field(default=[], description="Other sites that may embed the widget, as origins.")
    link_hosts: list[str] = Field(default=[], description="Hosts that links in answers and articles may lead to.")
    source_dirs: list[Path] = Field(
        default=[],
        description="Folders of the server that sources added in the console may read; the command line may add any.",
    )
    allow_private_sources: str = Field(
        default="",
        description="Hosts and networks inside that web sources may read, e.g. help.internal, 10.1.0.0/16; else none.",
    )
    secure_cookies: bool = Field(default=False, description="Set this behind HTTPS.")
    messages_per_minute: int = Field(default=30, ge=1, description="Per customer; more are answered 429.")
    sessions_per_minute: int = Field(default=60, ge=1, description="New widget sessions per address.")

    llm_base_url: str | None = Field(default=None, description="An OpenAI-compatible server, e.g. http://host/v1.")
    llm_api_key: SecretStr = Field(default=SecretStr("none"))
    llm_model: str | None = Field(default=None)
    llm_fallback_model: str | None = Field(default=None)
    llm_timeout_seconds: float = Field(default=20.0, gt=0, description="For one model call.")
    answer_seconds: float = Field(default=40.0, gt=0, description="For one whole turn; then the next best takes over.")

    encoder: str | None = Field(
        default=None, description="Name or path of a sentence-transformers model; default: the one that is installed."
    )
    encoder_precision: Literal["int8", "fp32"] = Field(
        default="int8", description="Of the encoder; fp32 costs about twice the time. A change embeds everything anew."
    )
    reranker: Path | None = Field(
        default=None, description="Folder of a sentence-transformers CrossEncoder that puts the first hits in order."
    )
    vector_search: Literal["scan", "chroma"] = Field(
        default="scan", description="What finds passages near in meaning; a scan is exact enough at any size."
    )
    chroma_url: str | None = Field(
        default=None, description="A `chroma run` server that keeps the vectors, e.g. http://host:8000."
    )

    @field_validator("allow_private_sources")
    @classmethod
    def _readable(cls, value: str) -> str:
        from knowledge_base.sources.guarding import Allowed  # noqa: PLC0415 - only where something is set

        Allowed.parse(value)
        return value

    @property
    def record_url(self) -> str:
        return self.database_url or f"sqlite:///{self.home.resolve() / 'baton.db'}"

    @property
    def knowledge_dir(self) -> Path:
        return self.home / "knowledge"

    @property
    def home(self) -> Path:
        """Where conversations and knowledge lie: the demo has a folder of its own, so that it never mixes in."""
        return self.data_dir / "demo" if self.demo else self.data_dir


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """`session` signs our own tokens, `identity` the shop's, `local` lets this machine's command line in."""

    session: str
    identity: str
    local: str


def load_secrets(settings: Settings) -> Secrets:
    """The secrets from the settings; those not set are made once and kept in the data folder, readable by us only."""
    path = settings.data_dir / "secrets.json"
    if not path.exists():
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        made = {name: secrets.token_urlsafe(48) for name in ("session", "identity", "local")}
        draft = path.with_suffix(f".{secrets.token_hex(8)}")
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(made))
        try:
            os.link(draft, path)  # of two servers that start at once, the first one's secrets stay
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    kept = json.loads(path.read_text())
    session = settings.session_secret.get_secret_value() if settings.session_secret else kept["session"]
    identity = settings.identity_secret.get_secret_value() if settings.identity_secret else kept["identity"]
    return Secrets(session=session, identity=identity, local=kept["local"])
