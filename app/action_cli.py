"""Commands about money: prove the refund policy, and compare our books with the provider's."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from app.printing import err, out, shown
from app.settings import Settings

action_cli = typer.Typer()
policy_cli = typer.Typer(help="The refund policy.", no_args_is_help=True)
action_cli.add_typer(policy_cli, name="policy")


@policy_cli.command("check")
def check_policy(
    path: Annotated[Path | None, typer.Argument(help="A policy file; default: the one in use.")] = None,
) -> None:
    """Prove that every case fits exactly one rule, and run the examples. Exit status 1 where something is wrong."""
    from tools.policy_check import check, every_case  # noqa: PLC0415
    from tools.policy_rules import SHIPPED, read_policy  # noqa: PLC0415

    file = path or Settings().refund_policy or SHIPPED
    policy = read_policy(file)
    problems = check(policy)
    for problem in problems:
        err.print(f"[red]{problem.kind}[/red] {shown(problem.text)}")
    if problems:
        raise typer.Exit(1)
    text = policy.text
    cases = sum(1 for _ in every_case(text))
    rules = f"{len(text.rule)} rules and {len(text.bar)} bars settle all {cases:,} cases"
    out.print(f"{shown(policy.version)}: {rules}; {len(text.example)} examples come out as written.")


@action_cli.command()
def reconcile(
    demo: Annotated[bool, typer.Option("--demo", help="The demo shop's books.")] = False,
) -> None:
    """Compare our refunds with the provider's. What does not agree stops automatic refunds, and exits with 1."""
    from app.serving import reconcile_here  # noqa: PLC0415

    settings = Settings(demo=True) if demo else Settings()
    report = asyncio.run(reconcile_here(settings))
    if report is None:
        err.print("[red]No shop is connected; try --demo.[/red]")
        raise typer.Exit(1)
    for mismatch in report.mismatches:
        err.print(f"[red]does not agree[/red] {shown(mismatch.reference)}: {shown(mismatch.text)}")
    out.print(
        f"{report.agreed} agree, {report.pending} pending, {report.undone} undone by the bank, "
        f"{report.elsewhere} made elsewhere, {len(report.mismatches)} do not agree."
    )
    if report.mismatches:
        raise typer.Exit(1)
