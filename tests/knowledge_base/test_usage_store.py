from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from conversations.change import NewMessage
from conversations.model import AI_AGENT, Citation
from knowledge_base.usage_store import MAX_WORDS, ArticleUsage, FeedbackCount
from tests.conftest import Record


@pytest.fixture
def usage(record: Record) -> ArticleUsage:
    return ArticleUsage(record.database, clock=record.clock)


async def answered(record: Record, *articles: str) -> None:
    visitor = await record.people.new_visitor()
    conversation = await record.store.start(visitor.id, "first")
    citations = tuple(
        Citation(marker=at, article_id=one, passage_id=f"{one}#0", title=one, heading="", url=None, quote="…")
        for at, one in enumerate(articles, start=1)
    )
    async with record.store.change(conversation.id) as change:
        await change.post(NewMessage(author=AI_AGENT, text="So it is.", citations=citations))


async def test_each_answer_counts_once_for_every_article_it_cites(record: Record, usage: ArticleUsage) -> None:
    await answered(record, "returns", "returns", "shipping")
    record.clock.advance(seconds=60)
    await answered(record, "returns")
    await answered(record)
    cited = await usage.cited()
    assert {article: one.times for article, one in cited.items()} == {"returns": 2, "shipping": 1}
    assert timedelta(0) < record.clock() - cited["returns"].last_at < timedelta(seconds=1)
    since = await usage.cited(record.clock() - timedelta(seconds=30))
    assert {article: one.times for article, one in since.items()} == {"returns": 1}


async def test_a_reader_may_change_their_mind(record: Record, usage: ArticleUsage) -> None:
    await usage.give_feedback("returns", helpful=True, words="", given_by="ava")
    await usage.give_feedback("returns", helpful=True, words="", given_by="ben")
    record.clock.advance(seconds=1)
    await usage.give_feedback("returns", helpful=False, words="out of date" * MAX_WORDS, given_by="ava")
    assert await usage.feedback_counts() == {"returns": FeedbackCount(helpful=1, not_helpful=1)}
    newest, older = await usage.feedback("returns")
    assert (newest.helpful, len(newest.words), newest.at) == (False, MAX_WORDS, max(newest.at, older.at))
    assert older.helpful
    assert await usage.feedback("shipping") == []


async def test_two_clicks_at_once_are_one_answer(usage: ArticleUsage) -> None:
    await asyncio.gather(*(usage.give_feedback("returns", helpful=True, words="", given_by="ava") for _ in range(8)))
    assert await usage.feedback_counts() == {"returns": FeedbackCount(helpful=1, not_helpful=0)}
