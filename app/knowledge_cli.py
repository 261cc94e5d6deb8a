"""The commands about sources and versions. Heavy packages are imported inside the commands that need them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from app.local_client import at_home
from app.printing import err, out, print_diff, print_sources, print_synced, print_versions, shown
from app.progress import progress_bars
from app.settings import Settings
from conversations.model import JsonObject

if TYPE_CHECKING:
    from app.knowledge_commands import KnowledgeCommand

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
OfDemo = Annotated[bool, typer.Option("--demo", help="Work on the demo shop's help center.")]

knowledge_cli = typer.Typer()
sources_cli = typer.Typer(help="Where articles come from: list, add and remove sources.")
knowledge_cli.add_typer(sources_cli, name="sources")


@knowledge_cli.command()
def ingest(
    paths: Annotated[list[str], typer.Argument(help="Folders of articles, files that hold some, or addresses.")],
    demo: OfDemo = False,
) -> None:
    """Take a help center in. Again is a no-op; what disappeared from the source is gone from answers."""
    from app.knowledge_commands import Ingest  # noqa: PLC0415

    _print_synced(_carried_out(Ingest(paths=[_whole(path) for path in paths]), demo=demo), as_json=False)


@knowledge_cli.command()
def sync(
    ids: Annotated[list[str] | None, typer.Argument(help="Ids of sources, as `baton sources` shows them.")] = None,
    as_json: AsJson = False,
    demo: OfDemo = False,
) -> None:
    """Read the sources again, all or those named. One that cannot be read keeps its articles: exit status 1."""
    from app.knowledge_commands import Sync  # noqa: PLC0415

    _print_synced(_carried_out(Sync(ids=ids or None), demo=demo), as_json=as_json)


@sources_cli.callback(invoke_without_command=True)
def sources(context: typer.Context, as_json: AsJson = False, demo: OfDemo = False) -> None:
    from app.knowledge_commands import ListSources  # noqa: PLC0415

    if context.invoked_subcommand is not None:
        return
    found = _carried_out(ListSources(), demo=demo)
    if as_json:
        _print_json(found)
    else:
        print_sources(cast("list[JsonObject]", found["sources"]))


@sources_cli.command("add")
def add_source(
    kind: Annotated[str, typer.Argument(help="The kind of source; a wrong one names those there are.")],
    option: Annotated[
        list[str] | None,
        typer.Option(help="key=value, for example location=/srv/help-center. key=@FILE reads a secret from a file."),
    ] = None,
    name: Annotated[str, typer.Option(help="What people call it.")] = "",
    demo: OfDemo = False,
) -> None:
    """Add a source. `baton sync` then reads it."""
    from app.knowledge_commands import AddSource  # noqa: PLC0415

    options = dict(_option(one) for one in option or [])
    added = _carried_out(AddSource(kind=kind, label=name, options=options), demo=demo)
    out.print(f"Added {shown(added['name'])}. Read it with: baton sync {shown(added['id'])}")


@sources_cli.command("remove")
def remove_source(
    id: Annotated[str, typer.Argument(help="As `baton sources` shows it.")],  # noqa: A002 - what people call it
    demo: OfDemo = False,
) -> None:
    """Remove a source and its articles. Going back to an earlier version brings both back."""
    from app.knowledge_commands import RemoveSource  # noqa: PLC0415

    removed = _carried_out(RemoveSource(id=id), demo=demo)
    out.print(f"Removed {shown(id)}; version {removed['version']} is live.")


@knowledge_cli.command()
def versions(as_json: AsJson = False, demo: OfDemo = False) -> None:
    """List the versions that are kept, newest first."""
    from app.knowledge_commands import ListVersions  # noqa: PLC0415

    found = _carried_out(ListVersions(), demo=demo)
    if as_json:
        _print_json(found)
    else:
        print_versions(cast("list[JsonObject]", found["versions"]))


@knowledge_cli.command()
def rollback(
    number: Annotated[int, typer.Argument(help="Of the version, as `baton versions` shows it.")], demo: OfDemo = False
) -> None:
    """Answer from an earlier version at once. The next sync builds on it."""
    from app.knowledge_commands import RollBack  # noqa: PLC0415

    out.print(f"Version {_carried_out(RollBack(number=number), demo=demo)['version']} is live.")


@knowledge_cli.command()
def diff(
    before: Annotated[int, typer.Argument(help="Number of a version.")],
    after: Annotated[int, typer.Argument(help="Number of another one.")],
    as_json: AsJson = False,
    demo: OfDemo = False,
) -> None:
    """Show which articles and passages differ between two versions."""
    from app.knowledge_commands import Diff  # noqa: PLC0415

    found = _carried_out(Diff(before=before, after=after), demo=demo)
    if as_json:
        _print_json(found)
    else:
        print_diff(found)


def _carried_out(command: KnowledgeCommand, *, demo: bool) -> JsonObject:
    from app.knowledge import carrying_out  # noqa: PLC0415

    settings = Settings(demo=True) if demo else Settings()
    with progress_bars(err) as show:
        what, body = f"knowledge/{command.name}", command.model_dump()
        return at_home(settings, what, body, lambda: carrying_out(settings, command, show), show)


def _print_synced(report: JsonObject, *, as_json: bool) -> None:
    if as_json:
        _print_json(report)
    else:
        print_synced(report)
    if any(source["failed"] for source in cast("list[JsonObject]", report["sources"])):
        raise typer.Exit(1)


def _print_json(found: JsonObject) -> None:
    print(json.dumps(found, ensure_ascii=False))  # noqa: T201


def _option(given: str) -> tuple[str, str]:
    key, equals, value = given.partition("=")
    if not equals:
        raise typer.BadParameter(f"{given!r} is not key=value.")
    if value.startswith("@"):
        try:
            return key, Path(value[1:]).expanduser().read_text(encoding="utf-8").strip()
        except (OSError, ValueError) as failure:
            raise typer.BadParameter(f"{value[1:]} cannot be read: {failure}") from failure
    return key, _whole(value) if key == "location" else value


def _whole(location: str) -> str:
    """A path that means the same to a server in another folder; an address as it is."""
    return location if "://" in location else str(Path(location).expanduser().resolve())
