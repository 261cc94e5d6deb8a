"""The `baton` command. Heavy packages are imported inside the commands that need them."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import socket
import sys
from pathlib import Path
from typing import Annotated, cast

import typer

from app.action_cli import action_cli
from app.failures import expected_failures, in_words
from app.knowledge_cli import AsJson, OfDemo, knowledge_cli
from app.local_client import at_home
from app.printing import err, out, print_asked, print_hits, shown
from app.settings import Settings
from conversations.model import JsonObject

cli = typer.Typer(
    help="Baton: an AI support agent with human handoff.", no_args_is_help=True, pretty_exceptions_enable=False
)
cli.add_typer(knowledge_cli)
cli.add_typer(action_cli)


def main() -> None:
    """Run a command; an expected failure is one sentence on stderr and exit status 1."""
    os.umask(0o077)  # what customers write is kept in the data folder; not for everybody on this machine to read
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    try:
        cli()
    except expected_failures() as failure:
        err.print(f"[red]{shown(in_words(failure))}[/red]")
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
    found = at_home(settings, "search", body, lambda: searching(settings, question, limit))
    if as_json:
        print(json.dumps(found, ensure_ascii=False))  # noqa: T201
        return
    print_hits(cast("list[JsonObject]", found["hits"]))


@cli.command()
def ask(
    question: Annotated[str, typer.Argument(help="What a customer would ask.")],
    as_json: AsJson = False,
    demo: OfDemo = False,
) -> None:
    """Put one question to the AI agent."""
    from app.knowledge import asking  # noqa: PLC0415

    settings = _where_articles_are(demo)
    asked = at_home(settings, "ask", {"question": question}, lambda: asking(settings, question))
    if as_json:
        print(json.dumps(asked, ensure_ascii=False))  # noqa: T201
        return
    print_asked(asked)


@cli.command("add-person")
def add_person(
    email: str,
    name: Annotated[str, typer.Option(prompt=True, help="As customers see it.")],
    password: Annotated[str, typer.Option(prompt=True, confirmation_prompt=True, hide_input=True)],
) -> None:
    """Give a human agent a console account."""
    from app.serving import add_human_agent  # noqa: PLC0415

    if asyncio.run(add_human_agent(Settings(), email, name=name, password=password)):
        out.print(f"{shown(name)} can sign in at /console as {shown(email)}.")
    else:
        err.print(f"[red]{shown(email)} has an account already.[/red]")
        raise typer.Exit(1)


@cli.command("check-policy")
def check_policy(
    file: Annotated[
        Path | None, typer.Argument(help="The rules to check; default: those the service would use.")
    ] = None,
) -> None:
    """Check the rules of when a person takes over, and list them."""
    from handoff.policy_file import rules_in  # noqa: PLC0415

    rules = rules_in(file or Settings().handoff_policy)
    for number, rule in enumerate(rules, start=1):
        out.print(f"{number:3} {rule.then:8} {rule.reason or '':15} {shown(rule.name)}", highlight=False)
    out.print(f"{len(rules)} rules, all of them usable.")


@cli.command()
def replay(
    turn: Annotated[str, typer.Argument(help="The turn's id: it stands under “Why this answer” in the console.")],
    changed: Annotated[
        list[str] | None, typer.Option("--with", help="version=N, threshold=0.5 or responder=extractive instead.")
    ] = None,
    as_json: AsJson = False,
    demo: OfDemo = False,
) -> None:
    """Repeat a turn from what it was pinned to, and show what comes out otherwise; nothing is posted."""
    from app.replay_cli import changes_in, print_replayed, replaying_here  # noqa: PLC0415

    settings = Settings(demo=True) if demo else Settings()
    body: JsonObject = {"turn": turn, "changes": cast("JsonObject", changes_in(changed or []))}
    replayed = at_home(settings, "replay", body, lambda: replaying_here(settings, turn, changes_in(changed or [])))
    if as_json:
        print(json.dumps(replayed, ensure_ascii=False))  # noqa: T201
        return
    print_replayed(replayed)
    if not replayed["same"]:
        raise typer.Exit(2)


@cli.command("scripted-model")
def scripted_model(
    port: Annotated[int, typer.Option(help="Port to serve on.")] = 8900,
    delay: Annotated[float, typer.Option(help="Seconds before each answer.")] = 0.0,
    token: Annotated[float, typer.Option(help="Seconds before each word of a streamed answer.")] = 0.0,
) -> None:
    """Serve a scripted stand-in for a language model, to try the LLM responder without one."""
    import uvicorn  # noqa: PLC0415

    from app.scripted_model import create_scripted_model  # noqa: PLC0415

    out.print(
        f"Serving at http://127.0.0.1:{port}/v1 — in another terminal:\n"
        f"BATON_LLM_BASE_URL=http://127.0.0.1:{port}/v1 BATON_LLM_MODEL=scripted make run"
    )
    uvicorn.run(create_scripted_model(delay_s=delay, token_s=token), host="127.0.0.1", port=port, log_level="warning")


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


if __name__ == "__main__":
    main()
