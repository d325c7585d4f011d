"""Who may judge an access: one rule, used wherever somebody is chosen, asked, decides or signs.

CC6.3 asks for segregation of duties: the holder of an access is never its judge, nor is anybody who depends on the holder.
"""

from __future__ import annotations

from collections.abc import Container
from datetime import date
from typing import Literal, NamedTuple

from workflows.kernel.identity import Directory, Person, PersonId

Code = Literal[
    "unknown_person", "not_employed", "not_linked", "own_access", "account_owner", "subordinate", "reciprocal",
    "only_administrator", "requester", "absent", "no_candidate", "been_asked",
]  # fmt: skip


class Objection(NamedTuple):
    """Why somebody may not judge: a stable code and the reason as a sentence."""

    code: Code
    reason: str


class Access(NamedTuple):
    """What matters of an access for the choice of its judge.

    ``subject`` holds it; ``owner`` answers for it where it is a service account; ``requester`` asked for it on the
    subject's behalf; ``only_administrator`` is the one person who administers its source, where there is just one.
    """

    subject: PersonId | None
    owner: PersonId | None = None
    requester: PersonId | None = None
    only_administrator: PersonId | None = None


def unfit(person: Person | None) -> Objection | None:
    """Why this is not an active employee whom we can ask, or None. What is unknown does not count as yes."""
    if person is None:
        return Objection("unknown_person", "Nobody in the directory has this id.")
    if person.employed is not True:
        word = "has left" if person.employed is False else "is not known to be employed"
        return Objection("not_employed", f"{person.name} {word}.")
    if not person.slack_user:
        return Objection("not_linked", f"{person.name} is not linked to a Slack account.")
    return None


def objection(
    judge: PersonId,
    access: Access,
    directory: Directory,
    pairs: Container[tuple[PersonId, PersonId]] = (),
) -> Objection | None:
    """Why ``judge`` may not judge ``access``, or None where they are independent.

    ``pairs`` holds (judge, subject) of what is already assigned in the same campaign.
    """
    person = directory.get(judge)
    if (problem := unfit(person)) is not None:
        return problem
    name = person.name if person else judge
    # CC6.3: the holder of an access is never its judge.
    if judge == access.subject:
        return Objection("own_access", f"It is {name}'s own access.")
    if judge == access.owner:
        return Objection("account_owner", f"{name} answers for this account.")
    # A person cannot freely judge somebody to whom they report.
    if access.subject and directory.reports_to(judge, access.subject):
        boss = directory.get(access.subject)
        return Objection("subordinate", f"{name} reports to {boss.name if boss else 'the holder'}.")
    if access.subject and (access.subject, judge) in pairs:
        return Objection("reciprocal", f"The holder already reviews access of {name} in this campaign.")
    if judge == access.only_administrator:
        return Objection("only_administrator", f"{name} is the only administrator of this system.")
    if judge == access.requester:
        return Objection("requester", f"{name} asked for this access.")
    return None


def manager_of(person: Person | None, directory: Directory) -> PersonId | Objection:
    """The manager of a person, or why there is none: missing, unknown, self, in a loop, or departed."""
    if person is None:
        return Objection("no_candidate", "The account has no person, so there is no manager.")
    if not person.manager:
        note = f" ({person.manager_note})" if person.manager_note else ""
        return Objection("no_candidate", f"The directory names no manager of {person.name}{note}.")
    if person.manager == person.id:
        return Objection("no_candidate", f"The directory names {person.name} as their own manager.")
    manager = directory.get(person.manager)
    if manager is None:
        return Objection("no_candidate", f"The manager of {person.name} is not in the directory.")
    if directory.reports_to(manager.id, person.id):
        return Objection("no_candidate", f"{person.name} and {manager.name} report to each other in the directory.")
    return manager.id


def absent(person: Person | None, day: date) -> Objection | None:
    """Why somebody cannot be asked on this day, or None."""
    if person and person.absent_until and person.absent_until >= day:
        return Objection("absent", f"{person.name} is away until {person.absent_until.isoformat()}.")
    return None
