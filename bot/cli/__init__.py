"""The command line. Exit codes: 0 fine, 1 a check failed, 2 usage. It knows no person: what needs one opens an ask."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from bot.answers import answer
from bot.cli import (
    case,
    database,
    doctor,
    erase,
    evidence,
    finding,
    identity,
    keykeeping,
    ledger,
    packet,
    process,
    program,
)
from bot.cli.common import FAILURES, Stopped
from bot.demo.command import demo
from bot.main import our_version


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(our_version(), prog_name="attester", message="%(prog)s %(version)s")
def attester() -> None:
    """Attester runs the human half of SOC 2 in Slack, and proves it."""


for _command in (
    demo,
    process.run,
    process.web,
    process.worker,
    doctor.doctor,
    program.program,
    database.db,
    identity.identity,
    case.case,
    evidence.evidence,
    finding.finding,
    packet.export,
    packet.verify,
    ledger.ledger,
):
    attester.add_command(_command)


for _command in (erase.erase, keykeeping.retire, keykeeping.compromised):
    ledger.ledger.add_command(_command)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code; every failure is a sentence on standard error."""
    try:
        return int(attester.main(arguments, standalone_mode=False) or 0)
    except click.exceptions.Exit as ended:
        return ended.exit_code
    except click.Abort:
        click.echo("Stopped.", err=True)
        return 1
    except click.ClickException as wrong:
        wrong.show()
        return 2
    except Stopped as stopped:
        for line in stopped.lines:
            click.echo(line, err=True)
        return stopped.code
    except FAILURES as failure:
        told = answer(failure)
        for line in filter(None, (told.text, told.detail)):
            click.echo(line, err=True)
        return 1


if __name__ == "__main__":
    sys.exit(main())
