"""Everybody a program names, and who of them the directory does not know."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from bot.program.problem import Problem, quoted
from workflows.kernel.identity import Directory
from workflows.kernel.program import Program


def named_people(program: Program) -> Iterator[tuple[str, str]]:
    """(login, as what) for everybody that the program names, in its order."""
    company = program.company
    yield company.control_owner, "control owner"
    if company.deputy:
        yield company.deputy, "deputy of the control owner"
    for role, members in company.roles.items():
        yield from ((member, f"member of the role {role}") for member in members)
    for control in program.controls:
        yield control.owner, f"owner of {control.id}"
        if control.deputy:
            yield control.deputy, f"deputy of the owner of {control.id}"
        fallback = control.settings.get("reviewers", {}).get("fallback", ())
        yield from ((login, f"fallback reviewer of {control.id}") for login in fallback)
    for source in program.sources:
        for login, role in ((source.owner, "owner"), (source.remover, "remover")):
            if login:
                yield login, f"{role} of {source.id}"
        for right, login in source.entitlement_owners.items():
            yield login, f"owner of {right} in {source.id}"
        for account, login in source.service_accounts.items():
            yield login, f"owner of the account {account} in {source.id}"
    for left_out in program.out_of_scope:
        yield left_out.accepted_by, f"who accepted that {left_out.id} is out of scope"


def strangers(program: Program, directory: Directory) -> list[Problem]:
    """A problem for each person whom the program names and the directory does not know, or knows to have left.

    Asked when a program is applied and after each pull of the directory: controls-and-audit 4 and 7.
    """
    roles: dict[str, list[str]] = {}
    for login, role in named_people(program):
        roles.setdefault(login, []).append(role)
    logins = {person.login.lower(): person.login for person in directory.people.values()}
    found = []
    for login, parts in sorted(roles.items()):
        person = directory.by_login(login)
        where = ", ".join(dict.fromkeys(parts))
        if person is None:
            near = difflib.get_close_matches(login.lower(), logins, n=1, cutoff=0.7)
            guess = f"Did you mean {quoted(logins[near[0]])}? " if near else ""
            what = f"{quoted(login)} ({where}) is nobody in the directory."
            found.append(Problem("program", 0, 0, what, f"{guess}Write the login as the identity provider does."))
        elif person.employed is not True:
            state = "has left" if person.employed is False else "is not known to be employed"
            found.append(
                Problem("program", 0, 0, f"{quoted(login)} ({where}) {state}.", "Name somebody who works here.")
            )
    return found
