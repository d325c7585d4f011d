"""Who may act: one function before every listener. It reads our directories, never Slack; what is unknown refuses.

The checks stand in the order in which a person would ask them, and the first that fails is the answer (CC6.1: an
authentic click is not yet an authorised one). No display name, e-mail, user group or channel counts for anything.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from pydantic import AwareDatetime

from workflows.kernel.errors import Refused
from workflows.kernel.identity import Person, Value
from workflows.kernel.model import Need
from workflows.kernel.ports import ChatUser

DIRECTORY_AGE = timedelta(hours=24)
CLOCKS_APART = timedelta(minutes=5)
"""How far the clocks of two of our machines may differ: the directory may seem that much younger than now."""
NOTHING = "Nothing was recorded."
UNVERIFIED = "We could not check who you are."
FLAGS = ("deleted", "bot", "restricted", "ultra_restricted", "stranger", "invited")


class ActorFacts(Value):
    """What is known of somebody who acts, and of what they act on. None is unknown.

    ``installed``: the app and workspace are the ones we were installed as. ``ours``: the user's own team is ours or our
    organisation's. ``programmed``: a program is in force. ``suspended``: their link counts no more until they link anew.
    ``assigned``: the case expects this person. The three texts are for the sentences only.
    """

    installed: bool = False
    ours: bool | None = None
    listed: ChatUser | None = None
    synced_at: AwareDatetime | None = None
    person: Person | None = None
    suspended: bool = False
    assigned: bool | None = None
    workspace: str = ""
    programmed: bool = True
    control_owner: str = ""
    whose: str = ""


def may_act(actor: ActorFacts, need: Need, at: datetime) -> Refused | None:
    """None where this actor may do what has this need, else the refusal to answer with.

    `member`: anyone in our workspace, guests included. `person`: a linked, employed person. `assigned`: who the case
    expects. `system`: nobody who comes through Slack.
    """
    refusal = _of_workspace(actor, at) or _of_account(actor, need)
    if refusal is None and need != "member":
        refusal = _of_person(actor)
    if refusal is None and need == "assigned":
        refusal = _of_case(actor)
    if refusal is None and need == "system":
        refusal = Refused("not_for_people", "Attester does this by itself; nobody can do it from Slack.", NOTHING)
    return refusal


def _of_workspace(actor: ActorFacts, at: datetime) -> Refused | None:
    if not actor.installed:
        return Refused("wrong_workspace", "This app is not installed in that workspace.", NOTHING)
    stranger = actor.listed is not None and actor.listed.stranger is True
    # Bolt's team ids say "ours" for a Slack Connect guest of a shared channel: only the user's own team counts.
    if actor.ours is False or stranger:
        where = f"{actor.workspace}'s workspace" if actor.workspace else "our workspace"
        return Refused("stranger", f"Only members of {where} can answer this.", NOTHING)
    listed, synced = actor.listed, actor.synced_at
    if actor.ours is None or listed is None or synced is None or not -CLOCKS_APART <= at - synced <= DIRECTORY_AGE:
        return Refused("unverified", UNVERIFIED, f"{NOTHING} Try again in a minute.")
    return None


def _of_account(actor: ActorFacts, need: Need) -> Refused | None:
    listed = actor.listed
    assert listed is not None  # noqa: S101 - refused before
    ask = f"{NOTHING} Ask {actor.control_owner or 'the control owner'} if this is wrong."
    if listed.deleted:
        return Refused("deactivated", "Your Slack account is deactivated, so it cannot act here.", ask)
    if listed.bot:
        return Refused("bot", "Bots cannot act here; only people can.", ask)
    if need != "member" and (listed.restricted or listed.ultra_restricted):
        return Refused("guest", "Guests of the workspace cannot act here.", ask)
    if listed.invited:
        return Refused("not_joined", "You were invited but have not joined the workspace yet.", ask)
    if any(getattr(listed, flag) is None for flag in FLAGS):
        return Refused("unverified", UNVERIFIED, f"{NOTHING} Try again in a minute.")
    return None


def _of_person(actor: ActorFacts) -> Refused | None:
    if not actor.programmed:
        why = "Attester has no program yet, so there is nothing to decide."
        return Refused("no_program", why, f"{NOTHING} Whoever runs it has to run: attester program apply DIR")
    owner = actor.control_owner or "the control owner"
    if actor.person is None and actor.suspended:
        why = "The link of your Slack account is suspended: Slack or the company's directory said that you had left."
        return Refused("not_linked", why, f"{NOTHING} If you are back, link your account again, or ask {owner}.")
    if actor.person is None:
        why = "Your Slack account is not linked to a person in the company's directory."
        return Refused("not_linked", why, f"{NOTHING} Link your account, or ask {owner} to link it.")
    if actor.person.employed is not True:
        known = (
            "no longer lists you as employed"
            if actor.person.employed is False
            else "does not say that you are employed"
        )
        why = f"The company's directory {known}, so you cannot act here."
        return Refused("not_employed", why, f"{NOTHING} Ask {owner} if this is wrong.")
    return None


def _of_case(actor: ActorFacts) -> Refused | None:
    if actor.assigned is True:
        return None
    whose = f"This is for {actor.whose} to decide." if actor.whose else "This is not yours to decide."
    return Refused("not_yours", whose, f"{NOTHING} If it should be yours, ask them to hand it over.")
