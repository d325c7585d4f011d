"""`attester ledger erase`"""

from __future__ import annotations

from datetime import UTC, datetime

import click

from bot.cli.common import product
from bot.main.erasure import propose

DATE = click.DateTime(["%Y-%m-%d"])


@click.command()
@click.option("--control", required=True, metavar="ID", help="The control whose old records shall go.")
@click.option(
    "--before", required=True, type=DATE, metavar="DATE", help="Closed cases that ended before this day (UTC)."
)
@click.option("--ground", required=True, help="Why they shall go; the two people and auditors read it.")
def erase(control: str, before: datetime, ground: str) -> None:
    """Propose to erase the texts of records whose retention is over. The control's owner and deputy decide in Slack.

    Nothing is erased by this command. The log keeps digests, signatures and times: every proof stays.
    """
    with product() as p:
        case = propose(p, p.runtime, control, before.replace(tzinfo=UTC), ground)
        summary = p.record.summary(case)
    click.echo(
        f"{summary.title if summary else case}: both people are asked in Slack. Follow it with: attester case show {case}"
    )
