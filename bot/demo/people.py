"""Who is in the sample company's Slack: its people, and those whom the product must refuse."""

from __future__ import annotations

from collections.abc import Iterable

from bot.workspace.people import Member, Room, Setup, SlashCommand
from workflows.kernel.identity import Person

OUTSIDERS = (
    Member("U0GUEST001", "Gita Guest", note="A guest of the workspace: may not decide", restricted=True),
    Member("U0STRANGER", "Stefan Stranger", note="Of another company's workspace", team="T0ELSE", stranger=True),
    Member("U0NOBODY01", "Una Unlinked", "una@acme.test", note="In Slack, but in no directory"),
    Member("U0GONE0001", "Gerd Gone", note="A deactivated account", deleted=True),
)
TRIES = (
    "Choose a person on the left, open Attester's message, press Start and decide a line.",
    "Revoke the access of somebody who has left, then sign: the receipt names the attestation.",
    "Choose Gita Guest and type /review: she is refused, and the attempt is recorded.",
)


def members(people: Iterable[Person]) -> list[Member]:
    """The Slack accounts of the directory's people, and the outsiders; leavers are deactivated."""
    found = [
        Member(
            p.slack_user, p.name, p.email or "", p.title, deleted=p.employed is not True, time_zone=p.time_zone,
            note="" if p.employed else "Has left; the account is deactivated",
        )
        for p in people
        if p.slack_user
    ]  # fmt: skip
    return [*found, *OUTSIDERS]


def setup(first: str, commands: Iterable[tuple[str, str, str]]) -> Setup:
    """The workspace's rooms and commands. The stand-in sets no pace, so that nobody waits for it."""
    everyone = Room("C0GENERAL", "general", topic="Everybody")
    return Setup(
        rooms=(everyone,),
        commands=tuple(SlashCommand(*c) for c in commands),
        tries=TRIES,
        first_person=first,
        tiers={},
        channel_posts_per_second=1_000.0,
    )
