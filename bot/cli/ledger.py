"""`attester ledger check`"""

from __future__ import annotations

import click

from bot.cli.common import as_json, product, show
from bot.signing import verify_p256


@click.group()
def ledger() -> None:
    """The ledger: the append-only log of all attestations."""


@ledger.command()
@as_json
@click.pass_context
def check(context: click.Context, as_json: bool) -> None:
    """Recompute the whole ledger from the stored envelopes, and say what is wrong where. Exits 1 on any finding."""
    with product() as p:
        findings = p.log.check(p.log_key, verify_p256)
        size = p.log.size()
    show([{"finding": f} for f in findings], as_json, f"{size:,} entries: everything agrees.")
    context.exit(1 if findings else 0)
