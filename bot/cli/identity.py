"""`attester identity pull`, and the links between Slack users and persons that sign-ins made: `links`, `unlink`"""

from __future__ import annotations

import click

from bot.cli.common import as_json, console, need_folder, product, show
from workflows.kernel.identity import Certificate, Collection


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
        need_folder(p)
        if not as_json:
            p.progress = lambda said: console().print(f"  {said}")
        pulled = [p.puller.pull(source, "cli")] if source else p.puller.pull_all("cli")
        rows = [_row(c, p.snapshots.certificate(c.id)) for c in pulled]
    told = rows if as_json else [{k: v for k, v in row.items() if k != "reasons"} for row in rows]
    show(told, as_json, "The program names no source.")
    if not as_json:
        for collection in pulled:
            for reason in collection.reasons:
                click.echo(f"{collection.source}: {reason}", err=True)
    context.exit(0 if all(c.verdict == "complete" for c in pulled) else 1)


@identity.command()
@as_json
def links(as_json: bool) -> None:
    """List the Slack users whom a sign-in linked to a person, ended links included."""
    with product() as p:
        rows = [
            {
                "team": link.team, "user": link.user, "person": link.sub, "login": link.login, "method": link.method,
                "linked": link.at, "ended": link.ended_at, "why": link.ended_why,
            }
            for link in p.sign_ins.links()
        ]  # fmt: skip
    show(rows, as_json, "Nobody linked a Slack account by signing in.")


@identity.command()
@click.argument("user")
@click.option("--team", help="The Slack workspace; only needed where the same user is linked in several.")
@click.option("--why", required=True, help="The reason, which is kept.")
@click.pass_context
def unlink(context: click.Context, user: str, team: str | None, why: str) -> None:
    """End the link of a Slack USER. From then on nothing that this account does counts as that person's by it."""
    with product() as p:
        standing = [x for x in p.sign_ins.links() if x.ended_at is None and x.user == user and team in (None, x.team)]
        if len(standing) != 1:
            found = "No link of" if not standing else "More than one workspace has a link of"
            click.echo(f"{found} {user} stands. List them with: attester identity links", err=True)
            context.exit(1)
        link = standing[0]
        p.sign_ins.end(link.team, link.user, p.wall.now(), "system: cli", why)
    click.echo(f"{user} is not linked to {link.login or link.sub} any more.")


def _row(collection: Collection, certificate: Certificate | None) -> dict[str, object]:
    counts = certificate.counts if certificate else {}
    return {
        "source": collection.source,
        "verdict": collection.verdict,
        "people": counts.get("people", 0),
        "accounts": counts.get("accounts", 0),
        "lines": collection.lines,
        "as_of": collection.as_of,
        "certificate": collection.id,
        "reasons": list(collection.reasons),
    }
