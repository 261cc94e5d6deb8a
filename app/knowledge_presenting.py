"""What the knowledge base says, in the shapes of the console's API."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from app.knowledge_article_schemas import ArticleDetail, FeedbackShape, PassageShape, WriteAudience
from app.knowledge_articles import Rows
from app.knowledge_schemas import (
    ArticleDiff,
    ChangesShape,
    DiffPassage,
    DiffShape,
    HitShape,
    MatchShape,
    OverlapShape,
    OverlapSide,
    PartShape,
    SearchShape,
    SentenceShape,
    SkippedShape,
    SourceFieldShape,
    SourceKindShape,
    SourceReportShape,
    SourceShape,
    SourceSyncShape,
    VersionShape,
)
from app.rich_text import RichText
from knowledge_base.knowledge_base import (
    ArticleChange,
    KnowledgeBase,
    SourceKind,
    SourceReport,
    SourceState,
    VersionDiff,
    VersionSummary,
)
from knowledge_base.lexical import content_words
from knowledge_base.markup import plain
from knowledge_base.model import Article, Audience, Hit, Passage, SearchResult
from knowledge_base.overlaps import Overlap
from knowledge_base.sources.written import WRITTEN
from knowledge_base.usage_store import Feedback

_PARTS: Final = {
    "passage": "Meaning of the passage",
    "quote": "Meaning of its best sentence",
    "opening": "Meaning of the opening",
    "words": "Words in common",
}
"""Fields of ScoreParts."""
MAX_DIFFS: Final = 500
"""Articles of a diff that are shown; the first sync of a large help center adds all of them."""


def kind_shape(kind: SourceKind) -> SourceKindShape:
    fields = [
        SourceFieldShape(
            name=field.name,
            words=field.words,
            hint=field.hint,
            required=field.required,
            secret=field.secret,
            choices=list(field.choices),
        )
        for field in kind.fields
    ]
    return SourceKindShape(name=kind.name, words=kind.words, fields=fields)


def source_shape(state: SourceState, kinds: Iterable[SourceKind]) -> SourceShape:
    config = state.config
    words = {kind.name: kind.words for kind in kinds} | {WRITTEN: "Articles written in the console"}
    return SourceShape(
        id=config.id,
        kind=config.kind,
        kind_words=words.get(config.kind, config.kind),
        name=config.name,
        options=dict(config.options),
        secrets_set=sorted(state.secrets_set),
        articles=state.articles,
        last_sync=_last_sync(state.report) if state.report else None,
        changeable=config.kind != WRITTEN,
    )


def _last_sync(report: SourceReport) -> SourceSyncShape:
    changes = ChangesShape(
        added=report.added,
        changed=report.changed,
        removed=report.removed,
        unchanged=report.unchanged,
        skipped=len(report.skipped) + report.skipped_more,
    )
    return SourceSyncShape(at=report.at, changes=None if report.failed else changes, problem=report.failed)


def report_shape(state: SourceState, kinds: Iterable[SourceKind]) -> SourceReportShape:
    lines = state.report.skipped if state.report else ()
    return SourceReportShape(
        source=source_shape(state, kinds),
        skipped=[SkippedShape(where=line.where, why=line.why, kept=line.kept) for line in lines],
        more=state.report.skipped_more if state.report else 0,
    )


def version_shape(version: VersionSummary) -> VersionShape:
    return VersionShape(
        number=version.number,
        made_at=version.made_at,
        cause=version.cause,
        articles=version.articles,
        passages=version.passages,
        live=version.live,
        rolled_back_at=version.rolled_back_at,
    )


def diff_shape(diff: VersionDiff) -> DiffShape:
    articles = [
        *(_article_diff(change, "changed") for change in diff.changed),
        *(_article_diff(change, "added") for change in diff.added),
        *(_article_diff(change, "removed") for change in diff.removed),
    ]
    return DiffShape(
        before=diff.before,
        after=diff.after,
        added=len(diff.added),
        removed=len(diff.removed),
        changed=len(diff.changed),
        articles=articles[:MAX_DIFFS],
    )


def _article_diff(change: ArticleChange, what: str) -> ArticleDiff:
    return ArticleDiff(
        article_id=change.id,
        title=change.title,
        change=what,
        before=[_diff_passage(passage) for passage in change.went],
        after=[_diff_passage(passage) for passage in change.came],
    )


def _diff_passage(passage: Passage) -> DiffPassage:
    return DiffPassage(heading=passage.heading, text=passage.text)


def article_detail(
    knowledge: KnowledgeBase, article: Article, *, rows: Rows, rich_text: RichText, feedback: list[Feedback]
) -> ArticleDetail:
    source_id = knowledge.source_of(article.id) or ""
    return ArticleDetail(
        **dict(rows.row(article, source_id)),
        url=article.url if article.url and rich_text.allows(article.url) else None,
        text=article.text,
        body=rich_text.article(article.text),
        passages=[_passage(passage) for passage in knowledge.passages_of(article.id)],
        feedback=[FeedbackShape(helpful=one.helpful, words=one.words, at=one.at) for one in feedback],
        written=source_id == WRITTEN,
        revision=knowledge.content_hash_of(article.id) or "",
    )


def _passage(passage: Passage) -> PassageShape:
    return PassageShape(id=passage.id, position=passage.position, heading=passage.heading, text=_readable(passage.text))


def search_shape(found: SearchResult, took_ms: float) -> SearchShape:
    stems = content_words(" ".join((found.question, *found.mended.values()))).keys()
    return SearchShape(
        question=found.question,
        version=found.version,
        took_ms=round(took_ms, 1),
        hits=[_hit(hit, frozenset(stems)) for hit in found.hits],
        mended=dict(found.mended),
        unknown_words=list(found.unknown_words),
        coverage=found.coverage,
    )


def _hit(hit: Hit, stems: frozenset[str]) -> HitShape:
    passage = hit.passage
    words = content_words(f"{passage.title} {passage.heading} {passage.text}")
    return HitShape(
        article_id=passage.article_id,
        passage_id=passage.id,
        title=passage.title,
        heading=passage.heading,
        text=_readable(passage.text),
        score=hit.score,
        dense=hit.dense,
        dense_rank=hit.dense_rank,
        lexical=hit.lexical,
        lexical_rank=hit.lexical_rank,
        parts=[PartShape(words=words, value=getattr(hit.parts, part)) for part, words in _PARTS.items()],
        reranked=hit.reranked,
        matched=[MatchShape(word=one.word, weight=one.weight) for one in hit.matched],
        matched_words=sorted({word.lower() for stem, word in words.items() if stem in stems}),
        best_sentence=_best_sentence(hit),
    )


def _readable(text: str) -> str:
    """Markdown as the words a reader sees, line by line; the cells of a table's row side by side."""
    return "\n".join(line for part in text.split("\n") if (line := _readable_line(part.strip())))


def _readable_line(line: str) -> str:
    if not (line.startswith("|") and line.endswith("|")):
        return plain(line)
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    ruled = all(set(cell) <= set(":-") for cell in cells)
    return "" if ruled else " · ".join(plain(cell) for cell in cells if cell)


def _best_sentence(hit: Hit) -> SentenceShape | None:
    if not hit.quote_scores:
        return None
    score, quote = max(zip(hit.quote_scores, hit.passage.quotes, strict=True), key=lambda pair: pair[0])
    return SentenceShape(text=plain(quote.text), score=score)


def overlap_shape(overlap: Overlap, knowledge: KnowledgeBase, rows: Rows) -> OverlapShape:
    differing = overlap.differing
    return OverlapShape(
        kind=overlap.kind.value,
        similarity=overlap.similarity,
        why=overlap.why,
        first=_side(overlap.first, knowledge, rows, differing=[pair[0] for pair in differing]),
        second=_side(overlap.second, knowledge, rows, differing=[pair[1] for pair in differing]),
    )


def _side(passage: Passage, knowledge: KnowledgeBase, rows: Rows, *, differing: list[str]) -> OverlapSide:
    article = knowledge.article(passage.article_id)
    return OverlapSide(
        article_id=passage.article_id,
        title=passage.title,
        heading=passage.heading,
        passage_id=passage.id,
        text=_readable(passage.text),
        differing=[words for words in differing if words],
        source=rows.source(knowledge.source_of(passage.article_id) or ""),
        updated_at=article.updated_at if article is not None else None,
    )


def audience_of(audience: WriteAudience) -> Audience:
    return Audience(signed_in=audience.signed_in or bool(audience.segments), segments=frozenset(audience.segments))
