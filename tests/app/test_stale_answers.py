"""A deleted article is asked about by many customers at once, while the sync that removes it runs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from agent.draft import Draft, TurnHost, TurnInput
from agent.knowledge_search import viewer_of
from app.wiring import Parts, utc_now
from conversations.model import AuthorKind, Citation, ConversationId, Message
from knowledge_base.embedding import HashingEmbedder
from knowledge_base.knowledge_base import KnowledgeBase
from tests.app.serving import COMPANY, Json, Served, drafted, serving

CUSTOMERS = 50
QUESTIONS = 3
THINKING_SECONDS = 0.5
"""Between search and reply: time enough for an article to disappear."""


@dataclass
class Quoting:
    """Cites whatever the knowledge base puts first, a moment after it was found."""

    knowledge: KnowledgeBase
    cited: list[str] = field(default_factory=list)

    async def reply(self, turn: TurnInput, *, host: TurnHost, deadline_s: float) -> Draft:
        found = await asyncio.to_thread(
            self.knowledge.search, turn.messages[-1].text, limit=1, viewer=viewer_of(turn.principal)
        )
        await asyncio.sleep(THINKING_SECONDS)
        passage = found.hits[0].passage
        self.cited.append(passage.article_id)
        citation = Citation(
            marker=1,
            article_id=passage.article_id,
            passage_id=passage.id,
            title=passage.title,
            heading=passage.heading,
            url=passage.url,
            quote=passage.text,
        )
        return drafted(f"{passage.text} [1]", citations=(citation,), knowledge_version=found.version)


@asynccontextmanager
async def shop(tmp_path: Path) -> AsyncIterator[tuple[Served, Quoting, Path]]:
    help_center = tmp_path / "help"
    help_center.mkdir()
    for name, text in (
        ("holiday", "Holiday returns: send an item back within 90 days."),
        ("returns", "Returns: send an item back within 30 days."),
        ("shipping", "Parcels take three days."),
    ):
        (help_center / f"{name}.md").write_text(f"# {name.title()}\n\n{text}\n")
    knowledge = KnowledgeBase.open(tmp_path / "knowledge", HashingEmbedder())
    try:
        knowledge.ingest([help_center])
        agent = Quoting(knowledge)
        parts = Parts(library=knowledge, agent=agent, company=COMPANY)
        async with serving(f"sqlite:///{tmp_path / 'baton.db'}", tmp_path, parts=parts) as served:
            yield served, agent, help_center
    finally:
        knowledge.close()


async def replies_of(served: Served, conversation: Json) -> list[Message]:
    messages = await served.baton.store.messages(ConversationId(str(conversation["id"])), limit=100)
    return [message for message in messages if message.author.kind is AuthorKind.AI_AGENT]


async def test_no_answer_cites_an_article_after_the_sync_that_removed_it(tmp_path: Path) -> None:
    async with shop(tmp_path) as (served, agent, help_center):

        async def ask_on() -> Json:
            widget = await served.widget()
            conversation = await widget.start()
            for question in range(QUESTIONS):
                await widget.send(conversation, "holiday returns, send an item back", f"m{question}")
                while len(await replies_of(served, conversation)) <= question:
                    await asyncio.sleep(0.1)
            return conversation

        asking = [asyncio.create_task(ask_on()) for _ in range(CUSTOMERS)]
        while agent.cited.count("holiday") < CUSTOMERS // 2:
            await asyncio.sleep(0.005)
        (help_center / "holiday.md").unlink()
        report = await asyncio.to_thread(agent.knowledge.ingest, [help_center])
        removed_at = utc_now()
        assert report.removed == 1
        replies = [reply for one in await asyncio.gather(*asking) for reply in await replies_of(served, one)]
    late = [reply for reply in replies if reply.created_at >= removed_at]
    early = [reply for reply in replies if reply.created_at < removed_at]
    assert {citation.article_id for reply in early for citation in reply.citations} >= {"holiday"}
    assert {citation.article_id for reply in late for citation in reply.citations} == {"returns"}
    assert len(late) > CUSTOMERS, "most were still asking when it went"


async def test_an_article_taken_down_by_hand_is_cited_no_more(tmp_path: Path) -> None:
    async with shop(tmp_path) as (served, agent, _):
        widget = await served.widget()
        conversation = await widget.start()
        await widget.send(conversation, "holiday returns")
        while not agent.cited:
            await asyncio.sleep(0.001)
        await asyncio.to_thread(agent.knowledge.withdraw, "holiday")
        at = utc_now()
        await widget.until(conversation, 2)
        [reply] = await replies_of(served, conversation)
        assert reply.created_at < at or reply.citations[0].article_id == "returns"
