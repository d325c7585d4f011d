"""`attester ledger retire` and `attester ledger compromised`"""

from __future__ import annotations

from datetime import UTC, datetime

import click

from bot.cli.common import Stopped, product
from bot.main.keykeeping import propose

DATE = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M"])
CONTROL = click.option("--control", required=True, metavar="ID", help="The control whose owner and deputy decide.")


@click.command()
@click.argument("keyid")
@CONTROL
def retire(keyid: str, control: str) -> None:
    """Propose to retire a signing key that has a successor. The control's owner and deputy decide in Slack.

    Nothing is changed by this command. What the key signed until its end goes on holding.
    """
    _propose(keyid, control, None)


@click.command()
@click.argument("keyid")
@click.option(
    "--since",
    required=True,
    type=DATE,
    metavar="DATE",
    help="From when on it was in wrong hands (UTC; a time may follow: DATETHH:MM).",
)
@CONTROL
def compromised(keyid: str, since: datetime, control: str) -> None:
    """Propose to declare a signing key compromised. The control's owner and deputy decide in Slack.

    Nothing is changed by this command. What the key signed then counts only where outside time shows that it is older.
    """
    _propose(keyid, control, since.replace(tzinfo=UTC))


def _propose(keyid: str, control: str, since: datetime | None) -> None:
    with product() as p:
        try:
            p.facts.control(control)
        except KeyError:
            raise Stopped(f"The program has no control {control}. Nothing was recorded.") from None
        case = propose(p, p.runtime, control, keyid, since)
        summary = p.record.summary(case)
    click.echo(
        f"{summary.title if summary else case}: both people are asked in Slack. Follow it with: attester case show {case}"
    )
