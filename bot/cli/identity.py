"""`attester identity pull`"""

from __future__ import annotations

import click

from bot.cli.common import as_json, console, product, show
from workflows.kernel.identity import Collection


@click.group()
def identity() -> None:
    """People, accounts and access, as the sources tell them."""


@identity.command()
@click.option("--source", "source", help="Only this source; default: all, the directory first.")
@as_json
@click.pass_context
def pull(context: click.Context, source: str | None, as_json: bool) -> None:
    """Pull identity data now. Exits 1 when a list is not whole, with each reason."""
    with product() as p:
        if not as_json:
            p.progress = lambda said: console().print(f"  {said}")
        pulled = [p.puller.pull(source, "cli")] if source else p.puller.pull_all("cli")
        rows = [_row(c, p.snapshots.certificate(c.id)) for c in pulled]
    show(rows, as_json, "The program names no source.")
    if not as_json:
        for collection in pulled:
            for reason in collection.reasons:
                click.echo(f"{collection.source}: {reason}", err=True)
    context.exit(0 if all(c.verdict == "complete" for c in pulled) else 1)


def _row(collection: Collection, certificate: object) -> dict[str, object]:
    counts = getattr(certificate, "counts", {})
    return {
        "source": collection.source,
        "verdict": collection.verdict,
        "accounts": counts.get("accounts", 0),
        "lines": collection.lines,
        "as_of": collection.as_of,
        "certificate": collection.id,
        "reasons": list(collection.reasons),
    }
