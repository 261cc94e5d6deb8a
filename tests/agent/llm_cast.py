"""A small help center, two customers with orders, and the LLM responder on a scripted server in the same process."""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import httpx2
from fastapi import FastAPI

from agent.chat_model import ChatModel, ChatModelSettings
from agent.draft import Activity
from agent.responders.llm import LlmResponder
from agent.responders.llm_model import LlmRequest
from agent.responders.llm_prompt import Voice
from conversations.model import Actor, Assurance, AuthorKind, ConversationId, CustomerId, Message, MessageId, Visibility
from knowledge_base.model import ArticleId, Hit, Passage, PassageId, Quote, QuoteKind
from knowledge_base.sentences import sentences
from tests.agent.cast import RecordingHost
from tools.orders import (
    FakeOrderSystem,
    Money,
    Order,
    OrderItem,
    OrderState,
    Shipment,
    order_status_tool,
)
from tools.tool import Principal
from tools.toolbox import Toolbox

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
MAYA = Principal(customer_id=CustomerId("c-maya"), external_id="cust_1001", assurance=Assurance.SIGNED)
THEO = Principal(customer_id=CustomerId("c-theo"), external_id="cust_1002", assurance=Assurance.SIGNED)
VISITOR = Principal(customer_id=CustomerId("c-visitor"), external_id=None, assurance=Assurance.ANONYMOUS)


def passage(number: int, title: str, text: str, heading: str = "") -> Passage:
    return Passage(
        id=PassageId(f"p{number}"),
        article_id=ArticleId(f"a{number}"),
        title=title,
        heading=heading,
        text=text,
        position=0,
        url=f"https://shop.example/help/{number}",
        quotes=tuple(Quote(text=sentence, kind=QuoteKind.SENTENCE) for sentence in sentences(text)),
    )


def hit(shown: Passage) -> Hit:
    return Hit(passage=shown, score=1.0, dense=0.8, lexical=5.0, dense_rank=1, lexical_rank=1, quote_scores=())


RETURNS = passage(
    1,
    "Return window",
    "You can return most items within 30 days of delivery. Sale items cannot be returned. "
    "See [the form](https://shop.example/returns).",
)
CANADA = passage(2, "Shipping to Canada", "Standard shipping to Canada costs $12.95 and takes 5–9 business days.")
WASHING = passage(3, "Washing a down jacket", "Wash the down jacket at 30 degrees with a liquid down detergent.")
HITS = tuple(hit(shown) for shown in (RETURNS, CANADA, WASHING))


def order(number: str, state: OrderState, *, days_ago: int = 4) -> Order:
    placed = NOW - timedelta(days=days_ago)
    usd = "USD"
    return Order(
        number=number,
        state=state,
        placed_at=placed,
        items=(OrderItem(sku="BOOT", name="Granite Mid Boots", quantity=1, price=Money(minor=16500, currency=usd)),),
        shipping_charge=Money(minor=0, currency=usd),
        total=Money(minor=16500, currency=usd),
        shipment=Shipment(
            method="Standard",
            carrier="UPS",
            tracking_number=f"1Z{number[3:]}",
            shipped_at=placed + timedelta(days=1),
            delivered_at=None,
            expected_on=date(2026, 11, 23),
        ),
    )


MAYAS = order("NP-48213", OrderState.OUT_FOR_DELIVERY)
THEOS = order("NP-41952", OrderState.SHIPPED)


def order_system() -> FakeOrderSystem:
    return FakeOrderSystem({"cust_1001": [MAYAS], "cust_1002": [THEOS]})


def chat_model(
    app: FastAPI | httpx2.AsyncBaseTransport,
    *,
    model: str = "scripted",
    fallback: str | None = None,
    streaming: bool = False,
    timeout_s: float = 5.0,
) -> ChatModel:
    transport = app if isinstance(app, httpx2.AsyncBaseTransport) else httpx2.ASGITransport(app=app)
    settings = ChatModelSettings(
        base_url="http://scripted.test/v1",
        model=model,
        fallback_model=fallback,
        timeout_s=timeout_s,
        streaming=streaming,
        retry_delay_s=0.01,
    )
    return ChatModel(settings, clock=time.monotonic, transport=transport)


def responder(chat: ChatModel, orders: FakeOrderSystem | None = None) -> LlmResponder:
    tool = order_status_tool(orders or order_system(), clock=lambda: NOW)
    voice = Voice(company="Northpeak Outfitters", ai_name="Juniper")
    return LlmResponder(chat=chat, toolbox=Toolbox([tool]), voice=voice, today=lambda: NOW.date())


_seq = itertools.count(1)


def message(text: str, kind: AuthorKind = AuthorKind.CUSTOMER) -> Message:
    seq = next(_seq)
    return Message(
        id=MessageId(f"m{seq}"),
        conversation_id=ConversationId("c1"),
        seq=seq,
        episode=1,
        author=Actor(kind=kind),
        visibility=Visibility.PUBLIC,
        text=text,
        created_at=NOW,
    )


async def finds_nothing(_: str) -> tuple[Hit, ...]:
    return ()


def request(
    text: str,
    *,
    hits: Sequence[Hit] = HITS,
    principal: Principal = MAYA,
    question: str | None = None,
    earlier: Sequence[Message] = (),
    deadline_s: float = 10.0,
    activities: list[Activity] | None = None,
) -> LlmRequest:
    return LlmRequest(
        messages=(*earlier, message(text)),
        question=question or text,
        hits=tuple(hits),
        principal=principal,
        search=finds_nothing,
        deadline_s=deadline_s,
        host=RecordingHost(activities if activities is not None else []),
    )
