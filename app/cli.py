"""The `baton` command. Heavy packages are imported inside the commands that need them."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
import socket
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, cast

import typer
from rich.console import Console
from rich.markup import escape

from app.failures import ServerRefused, expected_failures, in_words
from app.settings import Settings, load_secrets
from conversations.model import JsonObject, JsonValue

LOCAL_CALL_SECONDS = 3600.0

cli = typer.Typer(
    help="Baton: an AI support agent with human handoff.", no_args_is_help=True, pretty_exceptions_enable=False
)
out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
OfDemo = Annotated[bool, typer.Option("--demo", help="Work on the demo shop's help center.")]


def main() -> None:
    """Run a command; an expected failure is one sentence on stderr and exit status 1."""
    os.umask(0o077)  # what customers write is kept in the data folder; not for everybody on this machine to read
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    try:
        cli()
    except expected_failures() as failure:
        err.print(f"[red]{_shown(in_words(failure))}[/red]")
        sys.exit(1)


@cli.command()
def serve(
    demo: Annotated[bool, typer.Option("--demo", help="Load and serve the demo shop.")] = False,
    host: Annotated[str | None, typer.Option(help="Address to serve on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to serve on.")] = None,
) -> None:
    """Serve the widget, the console and the API."""
    given = {"demo": demo or None, "host": host, "port": port}
    settings = Settings(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
    _refuse_busy_port(settings)
    from app.serving import serve as serve_here  # noqa: PLC0415

    serve_here(settings, out)


@cli.command()
def ingest(
    paths: Annotated[list[Path], typer.Argument(help="Folders of Markdown, or JSON Lines files.")],
    demo: OfDemo = False,
) -> None:
    """Take a help center in. Again is a no-op; what disappeared from the source is gone from answers."""
    from app.knowledge import ingesting  # noqa: PLC0415
    from app.progress import progress_bars  # noqa: PLC0415

    settings = Settings(demo=True) if demo else Settings()
    absolute = [path.expanduser().resolve() for path in paths]
    with progress_bars(err) as show:
        body = {"paths": [str(path) for path in absolute]}
        report = _at_home(settings, "ingest", body, lambda: ingesting(settings, absolute, show), show)
    _print_ingested(report)


@cli.command()
def search(
    question: Annotated[str, typer.Argument(help="What a customer would ask.")],
    limit: Annotated[int, typer.Option(min=1, max=50)] = 8,
    as_json: AsJson = False,
    demo: OfDemo = False,
) -> None:
    """Show the passages a question finds, with their scores."""
    from app.knowledge import searching  # noqa: PLC0415

    settings = _where_articles_are(demo)
    body: JsonObject = {"question": question, "limit": limit}
    found = _at_home(settings, "search", body, lambda: searching(settings, question, limit))
    if as_json:
        print(json.dumps(found, ensure_ascii=False))  # noqa: T201
        return
    _print_hits(cast("list[JsonObject]", found["hits"]))


@cli.command()
def ask(
    question: Annotated[str, typer.Argument(help="What a customer would ask.")],
    as_json: AsJson = False,
    demo: OfDemo = False,
) -> None:
    """Put one question to the AI agent."""
    from app.knowledge import asking  # noqa: PLC0415

    settings = _where_articles_are(demo)
    asked = _at_home(settings, "ask", {"question": question}, lambda: asking(settings, question))
    if as_json:
        print(json.dumps(asked, ensure_ascii=False))  # noqa: T201
        return
    _print_asked(asked)


@cli.command("add-person")
def add_person(
    email: str,
    name: Annotated[str, typer.Option(prompt=True, help="As customers see it.")],
    password: Annotated[str, typer.Option(prompt=True, confirmation_prompt=True, hide_input=True)],
) -> None:
    """Give a human agent a console account."""
    from app.serving import add_human_agent  # noqa: PLC0415

    if asyncio.run(add_human_agent(Settings(), email, name=name, password=password)):
        out.print(f"{_shown(name)} can sign in at /console as {_shown(email)}.")
    else:
        err.print(f"[red]{_shown(email)} has an account already.[/red]")
        raise typer.Exit(1)


@cli.command("scripted-model")
def scripted_model(port: Annotated[int, typer.Option(help="Port to serve on.")] = 8900) -> None:
    """Serve a scripted stand-in for a language model, to try the LLM responder without one."""
    import uvicorn  # noqa: PLC0415

    from app.scripted_model import create_scripted_model  # noqa: PLC0415

    out.print(
        f"Serving at http://127.0.0.1:{port}/v1 — in another terminal:\n"
        f"BATON_LLM_BASE_URL=http://127.0.0.1:{port}/v1 BATON_LLM_MODEL=scripted make run"
    )
    uvicorn.run(create_scripted_model(), host="127.0.0.1", port=port, log_level="warning")


def _where_articles_are(demo: bool) -> Settings:
    """Your own help center; the demo's as long as you have none, so that a first question finds something."""
    from knowledge_base.version import has_version  # noqa: PLC0415

    settings = Settings(demo=True) if demo else Settings()
    of_demo = settings.model_copy(update={"demo": True})
    if not settings.demo and not has_version(settings.knowledge_dir) and has_version(of_demo.knowledge_dir):
        err.print("[dim]No help center of yours is ingested yet; asking the demo's.[/dim]")
        return of_demo
    return settings


def _refuse_busy_port(settings: Settings) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            err.print(
                f"[red]Cannot serve on {settings.host}:{settings.port} ({error.strerror}); stop what is running there "
                f"or choose another port: BATON_PORT={settings.port % 65535 + 1} make run[/red]"
            )
            raise typer.Exit(1) from None


def _at_home(
    settings: Settings,
    what: str,
    body: Mapping[str, object],
    here: Callable[[], JsonObject],
    show: Callable[[str, int, int], None] | None = None,
) -> JsonObject:
    """Do it in this process, or, while a server holds the knowledge, ask that server to."""
    from knowledge_base.lock import KnowledgeBaseBusy  # noqa: PLC0415

    try:
        return here()
    except KnowledgeBaseBusy as busy:
        if busy.address is None:
            raise
        return _ask_server(busy.address, load_secrets(settings).local, what, body, show)


def _ask_server(
    address: str,
    secret: str,
    what: str,
    body: Mapping[str, object],
    show: Callable[[str, int, int], None] | None,
) -> JsonObject:
    """The last line of a streamed answer is the result; the lines before it are progress."""
    import httpx2  # noqa: PLC0415

    headers = {"Authorization": f"Bearer {secret}"}
    url = f"{address}/local/v1/{what}"
    result: JsonObject = {}
    try:
        with httpx2.stream("POST", url, json=body, headers=headers, timeout=LOCAL_CALL_SECONDS) as answer:
            for line in answer.iter_lines():
                result = json.loads(line)
                if "progress" in result and show is not None:
                    phase, done, total = cast("list[JsonValue]", result["progress"])
                    show(str(phase), cast("int", done), cast("int", total))
    except (httpx2.HTTPError, ValueError) as error:
        raise ServerRefused(f"The server at {address} holds the knowledge but did not answer ({error}).") from error
    if "error" in result or answer.status_code != 200:
        raise ServerRefused(str(result.get("error") or result.get("detail")))
    return result


def _shown(text: object) -> str:
    """`text` for the terminal, which a title or the name of a file could otherwise recolour, retitle or clear."""
    writable = str(text).encode("utf-8", "replace").decode()
    return escape(_CONTROL.sub("�", writable))


def _print_ingested(report: JsonObject) -> None:
    counts = ", ".join(f"{report[name]} {name}" for name in ("added", "changed", "removed", "unchanged"))
    out.print(f"{counts}; {report['passages']} passages, version {report['version']}, {report['seconds']} s")
    for skipped in cast("list[JsonObject]", report["skipped"]):
        out.print(f"[yellow]skipped[/yellow] {_shown(skipped['where'])}: {_shown(skipped['why'])}")


def _print_hits(hits: list[JsonObject]) -> None:
    if not hits:
        out.print("Nothing was found. Is a help center ingested? Try: baton ingest PATH")
    for rank, hit in enumerate(hits, 1):
        head = f"{hit['title']} › {hit['heading']}" if hit["heading"] else str(hit["title"])
        out.print(
            f"[bold]{rank}. {_shown(head)}[/bold]  [dim]score {hit['score']:.4f} · cosine {hit['dense']:.3f} · "
            f"BM25 {hit['lexical']:.2f} · {_shown(hit['article_id'])}[/dim]"
        )
        out.print(f"   {_shown(' '.join(str(hit['text']).split())[:240])}")


def _print_asked(asked: JsonObject) -> None:
    out.print(_shown(asked["answer"]))
    for citation in cast("list[JsonObject]", asked["citations"]):
        where = f" — {citation['url']}" if citation["url"] else ""
        out.print(f"  [dim]\\[{citation['marker']}] {_shown(citation['title'])}{_shown(where)}[/dim]")
    calibrated = "" if cast("JsonObject", asked["evidence"])["calibrated"] else " (uncalibrated)"
    reason = f" · {asked['reason']}" if asked["reason"] else ""
    out.print(f"[dim]{asked['decision']}{reason} · confidence {asked['confidence']:.2f}{calibrated}[/dim]")
    if asked["detail"]:
        out.print(f"[dim]{_shown(asked['detail'])}[/dim]")


if __name__ == "__main__":
    main()
