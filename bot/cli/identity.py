"""`attester identity pull`, and the links between Slack users and persons: `links`, `unlink`, `propose-link`"""

from __future__ import annotations

import click

from bot.cli.common import as_json, console, need_folder, product, show
from bot.main.linking import end_link, propose_link
from bot.signin.link import Linking
from workflows.kernel.identity import Certificate, Collection
from workflows.kernel.signin import SlackLink


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
    """List the Slack users who are linked to a person, by a sign-in or by two people, ended links included.

    `standing` is good, stale (the login changed: nothing above the level slack), suspended or ended; `attestation` is the
    beginning of the id of what made the link.
    """
    with product() as p:
        rows = [
            {
                "team": link.team, "user": link.user, "person": link.sub, "login": link.login, "method": link.method,
                "since": link.at, "standing": _standing(p.links, link), "attestation": link.attestation[:8],
                "ended": link.ended_at, "by": link.ended_by, "why": link.ended_why,
            }
            for link in p.slack_links.links()
        ]  # fmt: skip
    show(rows, as_json, "Nobody's Slack account is linked to a person.")


@identity.command()
@click.argument("user")
@click.option("--team", help="The Slack workspace; only needed where the same user is linked in several.")
@click.option("--why", required=True, help="The reason, which is kept.")
@click.pass_context
def unlink(context: click.Context, user: str, team: str | None, why: str) -> None:
    """End the link of a Slack USER. From then on nothing that this account does counts as that person's by it."""
    with product() as p:
        found = [x for x in p.slack_links.links() if x.ended_at is None and x.user == user and team in (None, x.team)]
        if len(found) != 1:
            what = "No link of" if not found else "More than one workspace has a link of"
            click.echo(f"{what} {user} stands. List them with: attester identity links", err=True)
            context.exit(1)
        link = found[0]
        end_link(p, p.runtime, link, why)
    click.echo(f"{user} is not linked to {link.login or link.sub} any more.")


@identity.command("propose-link")
@click.argument("user")
@click.option("--person", required=True, metavar="LOGIN", help="Whose it is: their login at the identity provider.")
@click.option("--why", required=True, help="The reason, which those who decide read.")
@click.option("--team", help="The Slack workspace; default: the one that the app is installed in.")
def propose(user: str, person: str, why: str, team: str | None) -> None:
    """Propose that a Slack USER counts as a person: a second account, or one of somebody who cannot sign in.

    Nothing is changed by this command. Two of those who answer for controls decide in Slack, never the person whom it is
    about. The account then counts for what needs no sign-in.
    """
    with product() as p:
        installed = None if team else p.installed()
        where = team or (installed.team if installed else "")
        case = propose_link(p, p.facts, p.runtime, where, user, person, why)
    click.echo(f"Those who answer for controls are asked in Slack. Follow it with: attester case show {case}")


def _standing(linking: Linking | None, link: SlackLink) -> str:
    """What a link allows now, in a word."""
    if link.ended_at is not None:
        return "ended"
    now = linking.standing(link.team, link.user) if linking is not None else "none"
    return "suspended" if link.suspended or now == "none" else now


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
