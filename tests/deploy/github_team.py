"""The part of the stand-in that knows an organisation's teams."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Teams:
    """Who is in each team, and who is in the organisation at all."""

    teams: dict[str, set[str]] = field(default_factory=dict)
    organisation: set[str] = field(default_factory=set)


def answer(here: Teams, method: str, team: str, login: list[str], fault: int | str) -> tuple[int, Any, bool]:
    """A team, or somebody's membership; who is not in the organisation is invited, and is not in the team yet.

    Gives status, answer, and whether the connection ends without it.
    """
    if isinstance(fault, int) and fault:
        return fault, {"message": "Server Error" if fault >= 500 else "Forbidden"}, False
    members = here.teams.get(team)
    if members is None:
        return 404, {"message": "Not Found"}, False
    if not login:
        return 200, {"slug": team}, False
    there = login[0] in members
    if method == "PUT" and login[0] in here.organisation:
        members.add(login[0])
        return 200, {"state": "active", "role": "member"}, fault == "cut"
    if method == "PUT":
        return 200, {"state": "pending", "role": "member"}, fault == "cut"
    if method == "DELETE" and there:
        members.discard(login[0])
        return 204, None, fault == "cut"
    return (200, {"state": "active", "role": "member"}, False) if there else (404, {"message": "Not Found"}, False)
