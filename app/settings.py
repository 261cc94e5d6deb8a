"""All settings, read from the environment (and a .env file) in this one place."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator, model_validator
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

    handoff_policy: Path | None = Field(
        default=None, description="Rules of your own for when a person takes over; check them with baton check-policy."
    )

    session_secret: SecretStr | None = Field(default=None, min_length=32, description="Signs widget sessions.")
    identity_secret: SecretStr | None = Field(
        default=None,
        min_length=32,
        description="Shared with the shop, which signs its customers' identity tokens (kid 1).",
    )
    second_identity_secret: SecretStr | None = Field(
        default=None,
        min_length=32,
        description="A second one (kid 2), so that they can be changed one after the other.",
    )
    identifier_secret: SecretStr | None = Field(
        default=None,
        min_length=32,
        description="For pages that name a customer by identifier and HMAC; never the same as an identity secret.",
    )
    shopify_shop: str | None = Field(
        default=None,
        pattern=r"^[a-z0-9][a-z0-9-]*\.myshopify\.com$",
        description="Look orders up in this Shopify shop, e.g. example.myshopify.com.",
    )
    shopify_token: SecretStr | None = Field(
        default=None, description="Its Admin API token; reading orders, customers and products is enough."
    )
    stripe_key: SecretStr | None = Field(
        default=None, description="Refund that shop's orders by Stripe: a restricted key that may write refunds."
    )
    smtp_url: SecretStr | None = Field(
        default=None, description="Mail server for codes: smtp://user:password@host:587 or smtps://host:465."
    )
    mail_from: str = Field(default="support@localhost", description="Sender of mails to customers.")
    metrics_token: SecretStr | None = Field(
        default=None, min_length=16, description="Opens /metrics to a monitor that sends it as bearer token."
    )
    widget_origins: list[str] = Field(default=[], description="Other sites that may embed the widget, as origins.")
    link_hosts: list[str] = Field(
        default=[], description="Hosts that links in answers and articles may lead to, besides those of your sources."
    )
    source_dirs: list[Path] = Field(
        default=[],
        description="Folders of the server that sources added in the console may read; the command line may add any.",
    )
    allow_private_sources: str = Field(
        default="",
        description="Hosts and networks inside that web sources may read, e.g. help.internal, 10.1.0.0/16; else none.",
    )
    allow_private_webhooks: str = Field(
        default="",
        description="Hosts and networks inside that webhooks may be sent to; else none.",
    )
    secure_cookies: bool = Field(default=False, description="Set this behind HTTPS.")
    messages_per_minute: int = Field(default=30, ge=1, description="Per customer; more are answered 429.")
    sessions_per_minute: int = Field(default=60, ge=1, description="New widget sessions per address.")

    refund_policy: Path | None = Field(
        default=None,
        description="Your refund policy; default: tools/refund_policy.toml. `baton policy check` proves it.",
    )

    llm_base_url: str | None = Field(default=None, description="An OpenAI-compatible server, e.g. http://host/v1.")
    llm_api_key: SecretStr = Field(default=SecretStr("none"))
    llm_model: str | None = Field(default=None)
    llm_fallback_model: str | None = Field(default=None)
    llm_streaming: bool = Field(
        default=True, description="Show sentences as the model writes them; off for servers that cannot stream."
    )
    llm_timeout_seconds: float = Field(default=20.0, gt=0, description="For one model call.")
    llm_input_price: float = Field(
        default=0.0, ge=0, description="Of a million tokens read, in your currency; shown beside each answer."
    )
    llm_output_price: float = Field(default=0.0, ge=0, description="Of a million tokens written.")
    llm_conversation_tokens: int = Field(
        default=200_000, ge=0, description="The most that one conversation may use of the model; 0 for no limit."
    )
    llm_customer_tokens: int = Field(default=300_000, ge=0, description="The most that one customer may use in a day.")
    llm_day_tokens: int = Field(
        default=20_000_000, ge=0, description="The most that all may use in a day; then answers are quotations."
    )
    llm_exchanges_days: int = Field(
        default=30, ge=1, description="How long what models answered is kept, so that `baton replay` can repeat a turn."
    )
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
        default=None,
        description="A `chroma run` server for the vectors, e.g. http://host:8000. Processes may then share them.",
    )

    @field_validator("smtp_url")
    @classmethod
    def _mail_server(cls, value: SecretStr | None) -> SecretStr | None:
        from app.mail import MailServer  # noqa: PLC0415 - only where something is set

        if value is not None:
            MailServer.parse(value.get_secret_value())
        return value

    @model_validator(mode="after")
    def _fitting(self) -> Settings:
        """What belongs together is there together, and no secret has two uses: with one for both, whoever may choose
        their identifier could have an identity token signed."""
        if (self.shopify_shop is None) != (self.shopify_token is None):
            raise ValueError("BATON_SHOPIFY_SHOP and BATON_SHOPIFY_TOKEN go together")
        if self.identifier_secret is not None and self.identifier_secret in (
            self.identity_secret,
            self.second_identity_secret,
        ):
            raise ValueError("BATON_IDENTIFIER_SECRET must not be an identity secret")
        return self

    @field_validator("allow_private_sources", "allow_private_webhooks")
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
    def calibration_file(self) -> Path:
        """What `baton calibrate` wrote; read when the service starts."""
        return self.home / "calibration.json"

    @property
    def home(self) -> Path:
        """Where conversations and knowledge lie: the demo has a folder of its own, so that it never mixes in."""
        return self.data_dir / "demo" if self.demo else self.data_dir


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """`session` signs our own tokens, `identity` (by kid) the shop's, `claim` its hashes of identifiers; `local` lets
    this machine's command line in."""

    session: str
    identity: tuple[tuple[str, str], ...]
    claim: str | None
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
    first = settings.identity_secret.get_secret_value() if settings.identity_secret else kept["identity"]
    identity: tuple[tuple[str, str], ...] = (("1", first),)
    if settings.second_identity_secret:
        identity += (("2", settings.second_identity_secret.get_secret_value()),)
    claim = settings.identifier_secret.get_secret_value() if settings.identifier_secret else None
    return Secrets(session=session, identity=identity, claim=claim, local=kept["local"])
