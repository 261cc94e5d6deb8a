"""What the command line prints."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final, cast

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from conversations.model import JsonObject

out: Final = Console(highlight=False, soft_wrap=True)
err: Final = Console(stderr=True, highlight=False, soft_wrap=True)

_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_QUOTED: Final = 200
"""Characters of a passage in a diff."""


def shown(text: object) -> str:
    """`text` for the terminal, which a title or the name of a file could otherwise recolour, retitle or clear."""
    writable = str(text).encode("utf-8", "replace").decode()
    return escape(_CONTROL.sub("�", writable))


def print_synced(report: JsonObject) -> None:
    sources = cast("list[JsonObject]", report["sources"])
    if not sources:
        out.print("There is nothing to sync yet. Add a source: baton ingest PATH, or baton sources add KIND")
        return
    out.print(f"{_counts(report)}; {report['passages']} passages, version {report['version']}, {report['seconds']} s")
    for source in sources:
        if len(sources) > 1 and not source["failed"]:
            out.print(f"  {shown(source['name'])}: {_counts(source)}")
        if source["failed"]:
            out.print(f"[red]failed[/red] {shown(source['name'])}: {shown(source['failed'])}")
    for line in cast("list[JsonObject]", report["skipped"]):
        word = "noted" if line["kept"] else "skipped"
        out.print(f"[yellow]{word}[/yellow] {shown(line['where'])}: {shown(line['why'])}")


def print_sources(sources: Sequence[JsonObject]) -> None:
    if not sources:
        out.print("No sources yet. Add one: baton ingest PATH, or baton sources add KIND --option location=…")
        return
    table = Table("id", "kind", "name", "articles", "last sync", box=None, pad_edge=False)
    for source in sources:
        cells = (source["id"], source["kind"], source["name"], source["articles"], _last_sync(source))
        table.add_row(*(shown(cell) for cell in cells))
    out.print(table)


def print_versions(versions: Sequence[JsonObject]) -> None:
    if not versions:
        out.print("No version yet. Take a help center in: baton ingest PATH")
        return
    table = Table("version", "made", "articles", "passages", "", "why", box=None, pad_edge=False)
    for one in versions:
        live = "live" if one["live"] else ""
        cells = (one["number"], _minute(one["made_at"]), one["articles"], one["passages"], live, one["cause"])
        table.add_row(*(shown(cell) for cell in cells))
    out.print(table)


def print_diff(diff: JsonObject) -> None:
    changes = {kind: cast("list[JsonObject]", diff[kind]) for kind in ("added", "removed", "changed")}
    counts = ", ".join(f"{len(articles)} {kind}" for kind, articles in changes.items())
    out.print(f"From version {diff['before']} to {diff['after']}: {counts}")
    for kind, articles in changes.items():
        for article in articles:
            out.print(f"[bold]{kind}[/bold] {shown(article['title'])} [dim]{shown(article['id'])}[/dim]")
            if kind == "changed":
                _print_passages("[red]-[/red]", cast("list[JsonObject]", article["went"]))
                _print_passages("[green]+[/green]", cast("list[JsonObject]", article["came"]))


def _print_passages(sign: str, passages: Sequence[JsonObject]) -> None:
    for passage in passages:
        out.print(f"  {sign} {shown(' '.join(str(passage['text']).split())[:_QUOTED])}")


def _counts(report: JsonObject) -> str:
    return ", ".join(f"{report[name]} {name}" for name in ("added", "changed", "removed", "unchanged"))


def _last_sync(source: JsonObject) -> str:
    last = cast("JsonObject | None", source["last_sync"])
    if source["running"]:
        return "running"
    if last is None:
        return "never"
    return f"{_minute(last['at'])} {'failed: ' + str(last['failed']) if last['failed'] else 'done'}"


def _minute(instant: object) -> str:
    return f"{datetime.fromisoformat(str(instant)).astimezone():%Y-%m-%d %H:%M}"


def print_hits(hits: list[JsonObject]) -> None:
    if not hits:
        out.print("Nothing was found. Is a help center ingested? Try: baton ingest PATH")
    for rank, hit in enumerate(hits, 1):
        head = f"{hit['title']} › {hit['heading']}" if hit["heading"] else str(hit["title"])
        out.print(
            f"[bold]{rank}. {shown(head)}[/bold]  [dim]score {hit['score']:.4f} · cosine {hit['dense']:.3f} · "
            f"BM25 {hit['lexical']:.2f} · {shown(hit['article_id'])}[/dim]"
        )
        out.print(f"   {shown(' '.join(str(hit['text']).split())[:240])}")


def print_asked(asked: JsonObject) -> None:
    out.print(shown(asked["answer"]))
    for citation in cast("list[JsonObject]", asked["citations"]):
        where = f" — {citation['url']}" if citation["url"] else ""
        out.print(f"  [dim]\\[{citation['marker']}] {shown(citation['title'])}{shown(where)}[/dim]")
    calibrated = "" if cast("JsonObject", asked["evidence"])["calibrated"] else " (uncalibrated)"
    reason = f" · {asked['reason']}" if asked["reason"] else ""
    out.print(f"[dim]{asked['decision']}{reason} · confidence {asked['confidence']:.2f}{calibrated}[/dim]")
    if asked["detail"]:
        out.print(f"[dim]{shown(asked['detail'])}[/dim]")
