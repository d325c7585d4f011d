"""Adding somebody to one GitHub team, and taking them out again, as the App that the organisation installed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from bot.github.client import Answer, GitHub, GitHubFailed, path
from workflows.kernel.granting import NotNow, Said, Unwilling, said

PAUSE = 60.0
GONE = "GitHub shows the team, and not this person in it."


class GitHubTeam:
    """One team, `ORG/TEAM`. The App needs the organisation's permission "Members: read and write"."""

    def __init__(self, github: GitHub, team: str, now: Callable[[], datetime]) -> None:
        self._github = github
        self._org, _, self._team = team.partition("/")
        self._now = now
        self._name = team

    def look(self) -> str:
        """The team's name, where the App may see it. Raises NotNow, Unwilling."""
        try:
            answer = self._github.tell(self._installation(), "GET", self._where())
        except GitHubFailed as failure:
            raise _trouble(failure) from failure
        if answer.status != 200:
            raise self._unwilling(answer)
        return self._name

    def add(self, member: str) -> Said:
        """Have a login in the team. One who is in it already is left as they are. Raises NotNow, Unwilling."""
        try:
            where = self._where("memberships", member)
            installation = self._installation()
            found = self._github.tell(installation, "GET", where)
            if _state(found) == "active":
                return self._said("GET", where, found)
            answer = self._github.tell(installation, "PUT", where, {"role": "member"})
        except GitHubFailed as failure:
            raise _trouble(failure) from failure
        if answer.status != 200:
            raise self._unwilling(answer)
        if _state(answer) != "active":
            raise Unwilling(
                f"{member} is not in the organisation {self._org} at GitHub, and was invited. They are in the team once they "
                "accept."
            )
        return self._said("PUT", where, answer)

    def remove(self, member: str) -> Said:
        """Have a login out of the team. Raises NotNow, Unwilling."""
        try:
            where = self._where("memberships", member)
            installation = self._installation()
            answer = self._github.tell(installation, "DELETE", where)
            if answer.status == 404:
                # GitHub says the same of a team that we may not see: gone is only who is missing from one that it shows.
                shown = self._github.tell(installation, "GET", self._where())
                if shown.status == 200:
                    return self._said("DELETE", where, answer, GONE)
        except GitHubFailed as failure:
            raise _trouble(failure) from failure
        if answer.status != 204:
            raise self._unwilling(answer)
        return self._said("DELETE", where, answer)

    def _where(self, *rest: str) -> str:
        return path("orgs", self._org, "teams", self._team, *rest)

    def _installation(self) -> str:
        found = self._github.as_app(path("orgs", self._org, "installation"))
        number = found.said.get("id") if isinstance(found.said, dict) else None
        if not isinstance(number, int) or isinstance(number, bool):
            raise GitHubFailed("failed", f"GitHub names no installation at {self._org}")
        return str(number)

    def _said(self, method: str, where: str, answer: Answer, note: str = "") -> Said:
        words = note or (f"state: {_state(answer)}" if answer.status == 200 else "")
        return said(self._github.host, f"{method} {where}", answer.status, answer.request_id, self._now(), body=words)

    def _unwilling(self, answer: Answer) -> Unwilling:
        words = answer.said.get("message") if isinstance(answer.said, dict) else ""
        quoted = f" (“{str(words)[:200]}”)" if words else ""
        if answer.status == 403:
            return Unwilling(f"GitHub does not let the App change the team {self._name}{quoted}.", ours=True)
        if answer.status == 404:
            return Unwilling(f"GitHub shows the App no team {self._name}, or no such login{quoted}.", ours=True)
        return Unwilling(f"GitHub answered {answer.status}{quoted}.")


def _state(answer: Answer) -> str:
    """`active`, `pending`, or nothing where the answer names no membership."""
    state = answer.said.get("state") if answer.status == 200 and isinstance(answer.said, dict) else ""
    return state if state in ("active", "pending") else ""


def _trouble(failure: GitHubFailed) -> NotNow | Unwilling:
    if failure.kind == "failed":
        return Unwilling(f"{str(failure)[:400]}.", ours=True)
    return NotNow(str(failure)[:400], failure.seconds or PAUSE)
