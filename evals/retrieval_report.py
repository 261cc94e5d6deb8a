"""The report of a retrieval evaluation: what was measured, against what, where it fails and what was found instead."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from rich.table import Table

from evals.retrieval import BASELINES, METRICS, PRODUCT, SYSTEMS, Measured, RetrievalReport
from evals.statistics import Figure
from knowledge_base.model import Hit

_WORST: Final = 40
"""Questions shown in full; who reads more reads the JSON."""
_FOUND: Final = 3
_NAMES: Final = {PRODUCT: "Baton", "bm25": "BM25 alone", "dense": "dense alone", "rrf": "plain RRF (k=60)"}
_TEXT: Final = 240


def as_json(report: RetrievalReport) -> dict[str, object]:
    """`metrics` are the product's; `baselines` and `differences` (product less baseline, paired) by name."""
    return {
        "n": len(report.measured),
        "unanswerable": len(report.unanswerable),
        "metrics": _figures(report.figures[PRODUCT]),
        "baselines": {name: _figures(report.figures[name]) for name in BASELINES},
        "differences": {name: _figures(report.differences[name]) for name in BASELINES},
        "by_tag": {tag: {"n": figures["mrr"].n, **_figures(figures)} for tag, figures in report.by_tag.items()},
        "auroc_answerable": _figure(report.tells_apart) if report.tells_apart else None,
        "milliseconds": {"median": round(_quantile(report, 0.5), 2), "p95": round(_quantile(report, 0.95), 2)},
        "unknown_articles": {one: list(ids) for one, ids in report.unknown.items()},
        "unreadable_articles": list(report.unreadable),
        "left_out": list(report.left_out),
    }


def as_markdown(report: RetrievalReport, name: str) -> str:
    return "\n".join(_markdown(part) for part in _parts(report, name)) + "\n"


def as_html(report: RetrievalReport, name: str) -> str:
    """One file without scripts; everything from questions and articles is escaped."""
    body = "\n".join(_html(part) for part in _parts(report, name))
    return _PAGE.format(title=html.escape(f"Retrieval: {name}"), body=body)


def table_of(report: RetrievalReport, name: str) -> Table:
    """The figures for a terminal, with what the report says in words below."""
    table = Table(title=f"{name}: {len(report.measured)} questions", caption="\n".join(_summary(report)))
    table.add_column("")
    for metric in METRICS:
        table.add_column(metric, justify="right")
    for system in SYSTEMS:
        table.add_row(_NAMES[system], *(str(report.figures[system][metric]) for metric in METRICS))
    for system in BASELINES:
        table.add_row(
            f"Baton less {_NAMES[system]}",
            *(_signed(report.differences[system][metric]) for metric in METRICS),
            style="dim",
        )
    return table


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """A heading, some paragraphs, a table, one under the other; what is empty is left out."""

    heading: str = ""
    level: int = 2
    lines: Sequence[str] = ()
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()


def _parts(report: RetrievalReport, name: str) -> Iterator[_Part]:
    yield _Part(heading=f"Retrieval: {name}", level=1, lines=list(_summary(report)))
    yield _Part(
        heading="All questions",
        lines=["95 % intervals by bootstrap over the questions. Articles are ranked by their best passage."],
        columns=["", *METRICS],
        rows=[[_NAMES[system], *(str(report.figures[system][metric]) for metric in METRICS)] for system in SYSTEMS],
    )
    yield _Part(
        heading="Baton less …",
        lines=["Paired, question by question. An interval that does not hold 0 is a difference."],
        columns=["", *METRICS],
        rows=[[_NAMES[one], *(_signed(report.differences[one][metric]) for metric in METRICS)] for one in BASELINES],
    )
    if report.by_tag:
        yield _Part(
            heading="By tag",
            columns=["tag", "n", *METRICS],
            rows=[
                [tag, str(figures["mrr"].n), *(str(figures[metric]) for metric in METRICS)]
                for tag, figures in report.by_tag.items()
            ],
        )
    worst = [one for one in report.measured if one.value(PRODUCT, "hit@1") < 1]
    worst.sort(key=lambda one: (one.value(PRODUCT, "mrr"), one.question.id))
    yield _Part(heading=f"Worst questions ({min(len(worst), _WORST)} of {len(worst)} not answered first)")
    for one in worst[:_WORST]:
        yield _worst(one)


def _summary(report: RetrievalReport) -> Iterator[str]:
    yield (
        f"{len(report.measured)} questions with an article that answers them, {len(report.unanswerable)} without; "
        f"median search {_quantile(report, 0.5):.1f} ms, 95th percentile {_quantile(report, 0.95):.1f} ms."
    )
    if report.tells_apart is not None:
        yield f"The first hit's score tells answerable questions from others with AUROC {report.tells_apart}."
    for article, ids in report.unknown.items():
        yield f"Unknown article {article!r}, named by {_listed(ids)}: no article of the help center has this id."
    if report.left_out:
        yield f"Left out, as none of their articles is there: {_listed(report.left_out)}."
    if report.unreadable:
        yield (
            f"Not readable by a visitor now (draft, expired, or for others), so never found: "
            f"{_listed(report.unreadable)}."
        )


def _worst(one: Measured) -> _Part:
    ranking = one.rankings[PRODUCT]
    places = {article: ranking.index(article) + 1 for article in sorted(one.relevant) if article in ranking}
    wanted = ", ".join(f"{article} (found at {places.get(article, 'no place')})" for article in sorted(one.relevant))
    lines = [f"Wanted: {wanted}."]
    if len(one.question.said) > 1:
        lines.append("Said before: " + " / ".join(one.question.said[:-1]))
    if one.result.mended:
        lines.append("Read as: " + ", ".join(f"{typed} → {meant}" for typed, meant in one.result.mended.items()))
    first: dict[str, Hit] = {}
    for hit in one.result.hits:
        first.setdefault(str(hit.passage.article_id), hit)
    shown = [(place, hit) for place, hit in enumerate(first.values(), start=1) if place <= _FOUND]
    shown += [(place, first[article]) for article, place in places.items() if place > _FOUND]
    return _Part(
        heading=f"{one.question.id}: {one.question.said[-1]}",
        level=3,
        lines=lines,
        columns=["#", "found", "score", "cosine", "BM25", "shared words", "best quote"],
        rows=[_found(place, hit, one) for place, hit in shown],
    )


def _found(place: int, hit: Hit, one: Measured) -> list[str]:
    head = f"{hit.passage.title} › {hit.passage.heading}" if hit.passage.heading else hit.passage.title
    right = "✓ " if str(hit.passage.article_id) in one.relevant else ""
    pairs = list(zip(hit.quote_scores, hit.passage.quotes, strict=True))
    quote = max(pairs, key=lambda pair: pair[0])[1].text if pairs else hit.passage.text
    words = ", ".join(f"{word.word} {word.weight:.1f}" for word in hit.matched[:6])
    return [
        str(place),
        right + head,
        f"{hit.score:.3f}",
        f"{hit.dense:.2f} (#{hit.dense_rank or '–'})",
        f"{hit.lexical:.1f} (#{hit.lexical_rank or '–'})",
        words,
        " ".join(quote.split())[:_TEXT],
    ]


def _markdown(part: _Part) -> str:
    lines = [f"{'#' * part.level} {_inline(part.heading)}", "", *(_inline(line) + "\n" for line in part.lines)]
    if part.rows:
        lines.append("| " + " | ".join(part.columns) + " |")
        lines.append("|" + " --- |" * len(part.columns))
        lines += ["| " + " | ".join(_inline(cell).replace("|", "\\|") for cell in row) + " |" for row in part.rows]
        lines.append("")
    return "\n".join(lines)


def _inline(text: str) -> str:
    """Questions and articles are data: no markup of theirs takes effect."""
    return html.escape(" ".join(text.split()), quote=False).replace("`", "\\`").replace("[", "\\[").replace("*", "\\*")


def _html(part: _Part) -> str:
    heading = f"<h{part.level}>{html.escape(part.heading)}</h{part.level}>"
    lines = "".join(f"<p>{html.escape(line)}</p>" for line in part.lines)
    if not part.rows:
        return heading + lines
    head = "".join(f"<th>{html.escape(column)}</th>" for column in part.columns)
    rows = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in part.rows)
    return f"{heading}{lines}<div><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"


def _figures(figures: Mapping[str, Figure]) -> dict[str, object]:
    return {name: _figure(figure) for name, figure in figures.items()}


def _figure(figure: Figure) -> dict[str, float | None]:
    """nan, of no questions, is no JSON."""
    values = {"value": figure.value, "low": figure.low, "high": figure.high}
    return {name: None if value != value else round(value, 4) for name, value in values.items()}


def _signed(figure: Figure) -> str:
    return f"{figure.value:+.3f} [{figure.low:+.3f}, {figure.high:+.3f}]"


def _quantile(report: RetrievalReport, share: float) -> float:
    took = sorted(one.seconds for one in (*report.measured, *report.unanswerable))
    return 1000 * took[min(len(took) - 1, int(share * len(took)))] if took else 0.0


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""
    return ", ".join(names[:10]) + more


_PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem; color: #1c1c1a }}
h3 {{ margin: 2rem 0 .25rem }} p {{ margin: .25rem 0 }}
div {{ overflow-x: auto }} table {{ border-collapse: collapse; margin: .5rem 0; font-size: .875rem }}
th, td {{ text-align: left; vertical-align: top; padding: .3rem .6rem; border-bottom: 1px solid #d8d8d2 }}
td {{ font-variant-numeric: tabular-nums }}
@media (prefers-color-scheme: dark) {{
  body {{ background: #1c1c1a; color: #ecece6 }} th, td {{ border-color: #44443f }}
}}
</style></head><body>
{body}
</body></html>
"""
