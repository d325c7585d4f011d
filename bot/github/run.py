"""What GitHub says about one run, and which commits a deployment would bring out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from bot.github.client import GitHub, GitHubFailed, Listed, of
from bot.github.payload import Account, Part, Sha

LOOKED_BACK = 10
"""So many earlier deployments are looked at for the last one that went out."""
OUT = ("success", "inactive")
"""States of a deployment that was out: `inactive` is one that a later one replaced."""
_CO_AUTHOR = re.compile(r"^co-authored-by:\s*(?P<name>[^<\n]{1,200})<(?P<address>[^<>\n]{1,254})>\s*$", re.I | re.M)
_NO_REPLY = re.compile(r"(?:[0-9]+\+)?(?P<login>[A-Za-z0-9-]+(?:\[bot\])?)@users\.noreply\.", re.I)


class Run(Part):
    """A run of a workflow. ``triggering_actor`` started this attempt, ``actor`` the first one."""

    id: int
    run_attempt: int = 1
    head_sha: Sha
    head_branch: str | None = None
    event: str = ""
    status: str | None = None
    conclusion: str | None = None
    html_url: str = ""
    actor: Account | None = None
    triggering_actor: Account | None = None

    @property
    def over(self) -> bool:
        """Whether nothing waits in it any more: it was cancelled, or has ended otherwise."""
        return self.status == "completed"


@dataclass(frozen=True)
class Wrote:
    """Somebody who wrote a commit: a login at GitHub where GitHub knows one, else the address and name in the commit."""

    login: str = ""
    address: str = ""
    name: str = ""

    @property
    def bot(self) -> bool:
        """Whether no person wrote it: an App's commits bear its login."""
        return self.login.lower().endswith("[bot]")


@dataclass(frozen=True)
class Change:
    """The commits that would come out. ``whole`` is False where not all of them could be read."""

    title: str
    authors: tuple[Wrote, ...]
    count: int
    link: str
    whole: bool
    raw: tuple[bytes, ...]


def read_run(github: GitHub, installation: str, repository: str, run: str) -> tuple[Run, bytes]:
    """The run, and the exact answer. Raises GitHubFailed."""
    answer = github.read(installation, of(repository, "actions", "runs", run))
    try:
        return Run.model_validate(answer.said), answer.raw
    except ValidationError:
        raise GitHubFailed("failed", "GitHub's answer about the run cannot be read") from None


def read_change(
    github: GitHub, installation: str, repository: str, environment: str, commit: str, proposed: Listed | None
) -> Change:
    """The commits since the last deployment that went out to this environment; ``proposed`` are those of the pull request,
    which stand in where nothing went out yet."""
    head = github.read(installation, of(repository, "commits", commit))
    raw, rows, link, whole = [head.raw], [head.said], "", True
    base = _last_out(github, installation, repository, environment, commit)
    since = _since(github, installation, repository, base, commit) if base else None
    if since is not None:
        listed, link = since
        rows, raw, whole = [*rows, *listed.rows], [*raw, *listed.raw], listed.whole
    else:
        # Nothing went out before, or what did is gone: then all of its history is new, and the pull request's part is known.
        whole = base is None
        if proposed is not None:
            rows, raw, whole = [*rows, *proposed.rows], [*raw, *proposed.raw], whole and proposed.whole
    commits = {str(row.get("sha")): row for row in rows if isinstance(row, dict)}
    if any(sha == "None" for sha in commits):
        raise GitHubFailed("failed", "GitHub's answer about the commits cannot be read")
    authors = dict.fromkeys(w for row in commits.values() for w in _wrote(row))
    title = str((head.said.get("commit") or {}).get("message") or commit).partition("\n")[0]
    return Change(title, tuple(authors), len(commits), link, whole, tuple(raw))


def _last_out(github: GitHub, installation: str, repository: str, environment: str, commit: str) -> str | None:
    asked = {"environment": environment, "per_page": "30"}
    answer = github.read(installation, of(repository, "deployments"), asked)
    rows = answer.said if isinstance(answer.said, list) else []
    others = [r for r in rows if isinstance(r, dict) and r.get("sha") not in (None, commit)]
    for row in others[:LOOKED_BACK]:
        states = github.read(installation, of(repository, "deployments", str(row.get("id")), "statuses"))
        said = states.said if isinstance(states.said, list) else []
        if any(isinstance(s, dict) and s.get("state") in OUT for s in said):
            return str(row["sha"])
    return None


def _since(github: GitHub, installation: str, repository: str, base: str, commit: str) -> tuple[Listed, str] | None:
    """The commits after ``base``, and where a person can read them; None where GitHub cannot compare them."""
    where = of(repository, "compare", f"{base}...{commit}")
    try:
        listed = github.rows(installation, where, "commits")
        first = github.read(installation, where, {"per_page": "1"})
    except GitHubFailed as failure:
        if failure.status == 404:
            return None
        raise
    total = first.said.get("total_commits")
    whole = listed.whole and isinstance(total, int) and total <= len(listed.rows)
    return Listed(listed.rows, listed.raw, whole), str(first.said.get("html_url") or "")


def _wrote(row: dict[str, Any]) -> Sequence[Wrote]:
    """Everybody whom a commit names as an author."""
    commit = row.get("commit") or {}
    author, account = commit.get("author") or {}, row.get("author") or {}
    found = [
        Wrote(
            login=str(account.get("login") or ""),
            address=str(author.get("email") or ""),
            name=str(author.get("name") or ""),
        )
    ]
    for said in _CO_AUTHOR.finditer(str(commit.get("message") or "")):
        address = said["address"].strip()
        known = _NO_REPLY.match(address)
        found.append(Wrote(login=known["login"] if known else "", address=address, name=said["name"].strip()))
    return found
