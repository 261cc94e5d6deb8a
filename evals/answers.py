"""Answer quality on labelled questions: the right article cited, answerable told from unanswerable, the right decision.

    python -m evals.answers evals/datasets/demo_questions.jsonl --knowledge FOLDER [--articles PATH] [--show 30]

FOLDER is a knowledge base folder; with --articles its articles are brought up to date first.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from agent.confidence import ConfidenceModel, shipped_model
from agent.draft import CHOOSE_TOPIC, Decision, Draft, TurnHost, TurnInput, TurnKind
from agent.knowledge_search import KnowledgeSearch
from agent.support_agent import SupportAgent
from agent.understanding import Understanding
from conversations.model import (
    AI_AGENT,
    Actor,
    Assurance,
    AuthorKind,
    ConversationId,
    CustomerId,
    Message,
    MessageId,
    Visibility,
)
from evals.questions import LabelledQuestion, Said, read_questions
from evals.statistics import Figure, area_under_risk, auroc, mean
from knowledge_base.embedding import Embedder
from knowledge_base.encoders import open_embedder
from knowledge_base.knowledge_base import KnowledgeBase
from tools.tool import Principal
from tools.toolbox import Toolbox

_DEADLINE_S = 60.0
_NO_ANSWERS = frozenset({TurnKind.SMALL_TALK, TurnKind.OUT_OF_SCOPE, TurnKind.ABUSE})
"""Said by the AI agent itself: no answer from the help center."""
_NOW = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A question with the draft it got. `found` is the article ranked first by the search, if it came to one."""

    question: LabelledQuestion
    draft: Draft
    seconds: float

    @property
    def found(self) -> str | None:
        return self.draft.hits[0].article_id if self.draft.hits else None

    @property
    def cited(self) -> bool:
        """True when the first article cited is one that answers the question."""
        return bool(self.draft.citations) and self.draft.citations[0].article_id in self.question.relevant

    @property
    def asks(self) -> bool:
        """True when the customer was asked which of several articles they mean."""
        return self.draft.request == CHOOSE_TOPIC

    @property
    def offered(self) -> bool:
        """True when one of the titles they were asked about is of an article that answers the question."""
        right = {hit.title for hit in self.draft.hits if hit.article_id in self.question.relevant}
        return self.asks and any(f"- **{title}**" in self.draft.text for title in right)

    @property
    def answers(self) -> bool:
        """True when the customer was given an answer from the help center."""
        return self.draft.decision is Decision.ANSWER and self.draft.kind not in _NO_ANSWERS


def main(arguments: Sequence[str] | None = None) -> None:
    asked = _parser().parse_args(arguments)
    console = Console()
    folder = Path(asked.knowledge)
    embedder = open_embedder(None, encoders=folder / "encoders", report=console.print)
    knowledge = KnowledgeBase.open(folder, embedder)
    try:
        if asked.articles:
            knowledge.ingest([Path(path) for path in asked.articles])
        agent = offline_agent(knowledge, embedder, folder)
        questions = read_questions(Path(asked.dataset))
        judged = asyncio.run(judge(agent, questions))
    finally:
        knowledge.close()
    console.print(table_of(judged, Path(asked.dataset).stem))
    if asked.show:
        show(console, judged, asked.show)


def offline_agent(
    knowledge: KnowledgeSearch, embedder: Embedder, cache: Path, confidence: ConfidenceModel | None = None
) -> SupportAgent:
    """The service's agent without a language model and without tools."""
    return SupportAgent(
        knowledge=knowledge,
        understanding=Understanding(embedder, cache=cache),
        toolbox=Toolbox([]),
        llm=None,
        clock=time.monotonic,
        confidence=confidence,
    )


async def judge(agent: SupportAgent, questions: Sequence[LabelledQuestion]) -> list[Judged]:
    """Every question as a turn of its own conversation."""
    judged = []
    for question in track(questions, description="Asking"):
        started = time.perf_counter()
        draft = await agent.reply(turn_of(question.said), host=TurnHost(), deadline_s=_DEADLINE_S)
        judged.append(Judged(question=question, draft=draft, seconds=time.perf_counter() - started))
    return judged


def turn_of(said: Sequence[Said]) -> TurnInput:
    """A turn that answers the last of the messages."""
    messages = tuple(_message(place, one) for place, one in enumerate(said, start=1))
    principal = Principal(customer_id=CustomerId("eval"), external_id=None, assurance=Assurance.ANONYMOUS)
    return TurnInput(messages=messages, new_from=len(messages) - 1, principal=principal)


def figures(judged: Sequence[Judged]) -> dict[str, Figure]:
    """The measures by name, in the order of the table."""
    looked_up = [one for one in judged if one.draft.hits]
    answerable = [one for one in judged if one.question.answerable]
    given = [one for one in judged if one.answers]
    confident = [one for one in looked_up if one.question.decision != "clarify"]
    return {
        "search: right article first (answerable)": mean([one.found in one.question.relevant for one in answerable]),
        "answered and the right article cited first": mean([one.answers and one.cited for one in answerable]),
        "coverage: answerable questions answered": mean([one.answers for one in answerable]),
        "error: answers given that cite a wrong article": mean([not one.cited for one in given]),
        "unanswerable questions answered all the same": mean(
            [one.answers for one in judged if not one.question.answerable]
        ),
        "handed off though answerable": mean([one.draft.decision is Decision.HANDOFF for one in answerable]),
        "asked which article (answerable)": mean([one.asks for one in answerable]),
        "... the right one being among the titles": mean([one.offered for one in answerable if one.asks]),
        "asked which article though unanswerable": mean([one.asks for one in judged if not one.question.answerable]),
        "AUROC of confidence, answerable against not": auroc(
            [one.draft.confidence.value for one in confident], [one.question.answerable for one in confident]
        ),
        "decision as labelled": mean([one.draft.decision.value == one.question.decision for one in judged]),
    }


def table_of(judged: Sequence[Judged], name: str) -> Table:
    table = Table(title=f"{name}: {len(judged)} questions, threshold {shipped_model().threshold:.2f}")
    for column in ("measure", "value", "95 % interval", "n"):
        table.add_column(column, justify="left" if column == "measure" else "right")
    for measure, figure in figures(judged).items():
        table.add_row(measure, f"{figure.value:.3f}", f"{figure.low:.3f} to {figure.high:.3f}", str(figure.n))
    looked_up = [one for one in judged if one.draft.hits]
    risk = area_under_risk(
        [one.draft.confidence.value for one in looked_up], [one.found in one.question.relevant for one in looked_up]
    )
    table.add_row("area under risk and coverage", f"{risk:.3f}", "", str(len(looked_up)))
    turns = sorted(one.seconds for one in judged)
    table.add_row("median turn, ms", f"{1000 * turns[len(turns) // 2]:.1f}", "", str(len(turns)))
    return table


def show(console: Console, judged: Sequence[Judged], count: int) -> None:
    """Some turns in full, evenly spread over the set, to be read by a person."""
    step = max(1, len(judged) // count)
    for one in judged[::step]:
        verdict = "right" if one.cited else "-" if not one.answers else "WRONG"
        asked = one.draft.question or one.question.said[-1].text
        console.rule(f"{one.question.id} · {one.draft.decision.value} {one.draft.confidence.value:.2f} · {verdict}")
        console.print(f"Q: {asked}", markup=False, highlight=False)
        console.print(one.draft.text, markup=False, highlight=False)
        if one.draft.citations:
            titles = "; ".join(f"[{cite.marker}] {cite.title}" for cite in one.draft.citations)
            console.print(titles, style="dim", markup=False)


def _message(place: int, said: Said) -> Message:
    customer = Actor(kind=AuthorKind.CUSTOMER, id="eval")
    return Message(
        id=MessageId(f"message-{place}"),
        conversation_id=ConversationId("eval"),
        seq=place,
        episode=1,
        author=customer if said.role == "customer" else AI_AGENT,
        visibility=Visibility.PUBLIC,
        text=said.text,
        created_at=_NOW,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m evals.answers", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("dataset", help="labelled questions, JSON lines")
    parser.add_argument("--knowledge", required=True, help="folder of the knowledge base")
    parser.add_argument("--articles", action="append", default=[], help="ingest these articles first")
    parser.add_argument("--show", type=int, default=0, help="print this many turns in full")
    return parser


if __name__ == "__main__":
    main()
