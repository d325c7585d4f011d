"""`attester case list` and `case show`"""

from __future__ import annotations

import json

import click

from bot.cli.common import Stopped, as_json, product, show
from workflows.kernel.model import CaseSummary


@click.group()
def case() -> None:
    """Cases: occurrences of a control."""


@case.command("list")
@click.option("--open", "open_only", is_flag=True, help="Only open ones.")
@as_json
def list_cases(open_only: bool, as_json: bool) -> None:
    """List all cases."""
    with product() as p:
        rows = [_row(s) for s in p.record.summaries(open_only=open_only)]
    show(rows, as_json, "There is no case yet.")


@case.command("show")
@click.argument("case_id")
@as_json
@click.pass_context
def show_case(context: click.Context, case_id: str, as_json: bool) -> None:
    """Show one case: where it stands, what blocks it, what happened. Exits 1 when something blocks."""
    with product() as p:
        summary = p.record.summary(case_id)
        if summary is None:
            raise Stopped(f"There is no case {case_id}. See: attester case list")
        children = p.record.summaries(parent=case_id)
        events = p.record.events(case_id)
    history = [{"n": e.n, "at": e.at, "event": e.name, "by": _who(e.by), "attestation": e.attestation} for e in events]
    if as_json:
        told = {"case": summary.model_dump(mode="json"), "children": [_row(c) for c in children], "events": history}
        click.echo(json.dumps(told, ensure_ascii=False, indent=2, default=str))
    else:
        click.echo(f"{summary.title}\n{summary.case}: {summary.status}")
        for note in summary.notes:
            click.echo(f"  {note}")
        if children:
            click.echo("")
            show([_row(c) for c in children], False, "")
        click.echo("")
        show(history, False, "Nothing has happened yet.")
    context.exit(1 if summary.open and summary.notes else 0)


def _row(summary: CaseSummary) -> dict[str, object]:
    return {
        "case": summary.case,
        "status": summary.status,
        "open": "yes" if summary.open else "no",
        "due": summary.due_at,
        "counts": ", ".join(f"{name.replace('_', ' ')} {n:,}" for name, n in sorted(summary.counts.items()) if n),
    }


def _who(by: object) -> str:
    if isinstance(by, dict) and "person" in by:
        return str(by["person"]["name"])
    return (
        "time" if isinstance(by, dict) and "time" in by else str(by.get("system", "")) if isinstance(by, dict) else ""
    )
