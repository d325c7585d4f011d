"""The link of one's own Slack account on the Home tab: since when, by what, and what to do where it is stale."""

from __future__ import annotations

from bot.slack.ports import Deps, Installation
from workflows.kernel.blocks import Block, context, section
from workflows.kernel.linking_view import METHODS
from workflows.kernel.signin import SlackLink
from workflows.kernel.text import Mrkdwn, day, fill, joined, mrkdwn, weblink


def link_blocks(link: SlackLink, standing: str, address: str = "") -> list[Block]:
    """One quiet line; where it is stale a sentence first, with the ``address`` at which the person enrols anew."""
    short = f"{link.attestation[:4]}…{link.attestation[-2:]}" if link.attestation else ""
    parts = [
        fill("Your Slack account is linked to {} {}", mrkdwn(link.login or link.sub, 200), METHODS[link.method]),
        fill("since {}", day(link.at)), mrkdwn(short, 20),
    ]  # fmt: skip
    line = context(joined(parts, " · "))
    if standing != "stale" or link.method == "attested":
        return [line]
    why = (
        "Your login in the company's directory changed since you linked this account. Until you link it anew, what needs a "
        "sign-in is refused. The link is for you alone and good for 5 minutes."
    )
    anew = [weblink(address, "Link my account")] if address else []
    return [section(joined([Mrkdwn("*:warning: Please link your account anew*"), mrkdwn(why), *anew])), line]


def unproven(address: str) -> list[Block]:
    """For whoever only the directory links: what wants a sign-in needs a link by one, and here it is made."""
    why = "The company's directory links your Slack account to you. For what needs a sign-in, sign in once (good for 5 minutes):"
    return [context(joined([Mrkdwn(why), weblink(address, "Link my account")], " "))]


def own_link(deps: Deps, user: str, installed: Installation | None) -> list[Block]:
    """What the Home tab says of the link of whoever looks at it; nothing where nobody can sign in."""
    if installed is None or deps.enrol is None:
        return []
    shown = deps.link(installed.team, user)
    if shown is not None and (shown.standing != "stale" or shown.link.method == "attested"):
        return link_blocks(shown.link, shown.standing)
    listed = deps.members.find(installed.team, user)
    address = deps.enrol(installed.team, user, listed.name if listed else user)
    return link_blocks(shown.link, shown.standing, address) if shown is not None else unproven(address)
