"""Opening the knowledge base and the AI agent, and what the command line does with them."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from agent.calibration import fingerprints, read_calibration, stale_because
from agent.confidence import ConfidenceModel, shipped_model, shipped_name
from agent.support_agent import SupportAgent
from agent.understanding import Understanding
from app.asking import ask
from app.knowledge_commands import KnowledgeCommand, Progress
from app.settings import Settings
from conversations.model import JsonObject
from knowledge_base.embedding import Embedder
from knowledge_base.encoders import open_embedder
from knowledge_base.knowledge_base import KnowledgeBase
from knowledge_base.model import SearchResult
from knowledge_base.reranking import CrossEncoderReranker
from knowledge_base.sources import kinds_allowing
from knowledge_base.vectors import VectorStore
from tools.toolbox import Toolbox

if TYPE_CHECKING:
    from agent.chat_model import ChatModel
    from agent.responders.llm import LlmResponder

Report = Callable[[str], None]
_log = logging.getLogger(__name__)


def silent(_: str) -> None:
    """Reports to nobody."""


@contextmanager
def opened(settings: Settings, report: Report = silent) -> Iterator[tuple[KnowledgeBase, Embedder]]:
    """The knowledge base and its encoder, closed at the end.

    Raises KnowledgeBaseBusy, KnowledgeBaseDamaged, EncoderUnavailable and VectorStoreUnreachable. The first start
    prepares the encoder.
    """
    encoders = settings.data_dir / "encoder"
    embedder = open_embedder(settings.encoder, encoders=encoders, precision=settings.encoder_precision, report=report)
    vectors = VectorStore(settings.knowledge_dir, settings.chroma_url, settings.vector_search)
    kinds = kinds_allowing(settings.allow_private_sources)
    shared = settings.chroma_url is not None
    knowledge = KnowledgeBase.open(settings.knowledge_dir, embedder, vectors=vectors, shared=shared, kinds=kinds)
    try:
        if settings.reranker is not None:
            knowledge.rerank_with(CrossEncoderReranker(settings.reranker))
        yield knowledge, embedder
    finally:
        knowledge.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """Who the customer is talking to, in words."""

    name: str
    ai_name: str
    greeting: str
    suggestions: tuple[str, ...]
    away_text: str


def company_of(settings: Settings) -> Company:
    return Company(
        name=settings.company,
        ai_name=settings.ai_name,
        greeting=settings.greeting,
        suggestions=tuple(settings.suggestions),
        away_text=settings.away_text,
    )


def build_agent(
    settings: Settings,
    knowledge: KnowledgeBase,
    embedder: Embedder,
    *,
    toolbox: Toolbox,
    company: Company,
    today: Callable[[], date] = lambda: datetime.now(UTC).date(),
) -> SupportAgent:
    """The AI agent over an open knowledge base, with a language model, told what day is `today`, where one is
    configured."""
    return SupportAgent(
        knowledge=knowledge,
        understanding=Understanding(embedder, cache=settings.data_dir / "encoder"),
        toolbox=toolbox,
        llm=_llm_responder(settings, toolbox, company, today),
        confidence=confidence_model(settings, knowledge, embedder),
        clock=time.monotonic,
    )


def confidence_model(settings: Settings, knowledge: KnowledgeBase, embedder: Embedder) -> ConfidenceModel:
    """As `baton calibrate` left it in the data folder, or as shipped where it did not or no longer fits.

    Raises BadCalibration.
    """
    calibration = read_calibration(settings.calibration_file)
    if calibration is None:
        return shipped_model()
    articles = fingerprints(knowledge.articles())
    stale = stale_because(calibration.made_from, encoder=embedder.name, weights=shipped_name(), articles=articles)
    if stale is None:
        return shipped_model().by(calibration)
    _log.warning("The calibration is not used: %s. Run baton calibrate again.", stale)
    return shipped_model()


def _llm_responder(
    settings: Settings, toolbox: Toolbox, company: Company, today: Callable[[], date]
) -> LlmResponder | None:
    chat = chat_model_of(settings)
    if chat is None:
        return None
    from agent.responders.llm import LlmResponder  # noqa: PLC0415
    from agent.responders.llm_prompt import Voice  # noqa: PLC0415

    return LlmResponder(
        chat=chat,
        toolbox=toolbox,
        voice=Voice(company=company.name, ai_name=company.ai_name),
        today=today,
    )


def chat_model_of(settings: Settings) -> ChatModel | None:
    """The models of these settings; None where none is configured."""
    if settings.llm_base_url is None or settings.llm_model is None:
        return None
    from agent.chat_model import ChatModel, ChatModelSettings  # noqa: PLC0415

    models = ChatModelSettings(
        base_url=settings.llm_base_url,
        model=settings.llm_model,
        api_key=settings.llm_api_key.get_secret_value(),
        fallback_model=settings.llm_fallback_model,
        timeout_s=settings.llm_timeout_seconds,
        streaming=settings.llm_streaming,
        input_price=settings.llm_input_price,
        output_price=settings.llm_output_price,
    )
    return ChatModel(models, clock=time.monotonic)


def carrying_out(settings: Settings, command: KnowledgeCommand, progress: Progress) -> JsonObject:
    """A command on the knowledge base of these settings, in this process. Raises REFUSALS and what `opened` raises."""
    with opened(settings, lambda text: progress(text, 0, 1)) as (knowledge, _):
        return command.run(knowledge, progress)


def searching(settings: Settings, question: str, limit: int) -> JsonObject:
    with opened(settings) as (knowledge, _):
        return found_json(knowledge.search(question, limit=limit))


def asking(settings: Settings, question: str) -> JsonObject:
    with opened(settings) as (knowledge, embedder):
        agent = build_agent(settings, knowledge, embedder, toolbox=Toolbox(()), company=company_of(settings))
        return asyncio.run(ask(agent, question)).as_json()


def found_json(found: SearchResult) -> JsonObject:
    hits = [
        {
            "article_id": hit.passage.article_id,
            "passage_id": hit.passage.id,
            "title": hit.passage.title,
            "heading": hit.passage.heading,
            "url": hit.passage.url,
            "score": round(hit.score, 6),
            "dense": round(hit.dense, 4),
            "lexical": round(hit.lexical, 4),
            "text": hit.passage.text,
        }
        for hit in found.hits
    ]
    return cast("JsonObject", {"question": found.question, "version": found.version, "hits": hits})


def source_hosts(library: KnowledgeBase) -> set[str]:
    """The https hosts of the sources that somebody of the team set up.

    Not those of the articles' own addresses: whoever may write an article could then let answers link to their site.
    """
    configured = [state.config for state in library.sources() if not state.config.removed]
    given = (value for config in configured for value in config.options.values())
    parts = [urlsplit(word) for value in given for word in value.split() if word.startswith("https://")]
    return {part.hostname for part in parts if part.hostname}
