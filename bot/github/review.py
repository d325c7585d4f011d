"""The pull request behind a commit, who approved exactly it, and which checks ran on it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from bot.github.client import GitHub, Listed, of

PASSED = ("success", "neutral", "skipped")


@dataclass(frozen=True)
class Proposal:
    """The pull request that brought a commit in, with its reviews and commits. ``approved`` are the logins whose newest word
    is a yes to the head that was merged, its author left out."""

    number: int
    title: str
    author: str
    link: str
    approved: tuple[str, ...]
    raw: bytes
    reviews: Listed
    commits: Listed


@dataclass(frozen=True)
class Checks:
    """The checks on a commit, those of the waiting run itself left out. ``done``: there are some, and none is still running."""

    sentence: str
    done: bool
    raw: tuple[bytes, ...]


def read_proposal(github: GitHub, installation: str, repository: str, commit: str) -> Proposal | None:
    """The pull request of a commit; None where it came in without one."""
    found = github.rows(installation, of(repository, "commits", commit, "pulls"))
    one = _chosen(found, commit)
    if one is None:
        return None
    number = int(one["number"])
    place = of(repository, "pulls", str(number))
    reviews = github.rows(installation, f"{place}/reviews")
    commits = github.rows(installation, f"{place}/commits")
    author = _login(one.get("user"))
    head = str((one.get("head") or {}).get("sha") or "")
    return Proposal(
        number=number,
        title=str(one.get("title") or ""),
        author=author,
        link=str(one.get("html_url") or ""),
        approved=_approved(reviews, author, head),
        raw=b"\n".join(found.raw),
        reviews=reviews,
        commits=commits,
    )


def _chosen(found: Listed, commit: str) -> dict[str, Any] | None:
    """The merged one whose merge made this commit, else the one whose head it is."""
    rows = [r for r in found.rows if isinstance(r.get("number"), int)]
    merged = [r for r in rows if r.get("merged_at") and r.get("merge_commit_sha") == commit]
    heads = [r for r in rows if (r.get("head") or {}).get("sha") == commit]
    return next(iter([*merged, *heads]), None)


def _approved(reviews: Listed, author: str, head: str) -> tuple[str, ...]:
    # CC8.1: a review counts for exactly the commit that it was given for, and nobody reviews their own.
    newest: dict[str, bool] = {}
    for row in reviews.rows:
        who, state = _login(row.get("user")), row.get("state")
        if state in ("APPROVED", "CHANGES_REQUESTED", "DISMISSED"):
            newest[who] = state == "APPROVED" and bool(head) and row.get("commit_id") == head
    return tuple(who for who, yes in newest.items() if yes and who and who.lower() != author.lower())


def _login(account: Any) -> str:
    return str(account.get("login") or "") if isinstance(account, dict) else ""


def read_checks(github: GitHub, installation: str, repository: str, commit: str, run: str) -> Checks:
    """What the checks on exactly this commit say."""
    listed = github.rows(installation, of(repository, "commits", commit, "check-runs"), "check_runs")
    ended: Counter[bool] = Counter()
    failed: list[str] = []
    running = 0
    for row in listed.rows:
        if row.get("head_sha") != commit:
            continue
        if row.get("status") != "completed":
            # The job that waits for us is a check on the same commit; it would be awaited for ever.
            running += f"/actions/runs/{run}/" not in str(row.get("details_url") or row.get("html_url") or "")
            continue
        fine = row.get("conclusion") in PASSED
        ended[fine] += 1
        if not fine:
            failed.append(str(row.get("name") or "unnamed"))
    parts = [f"{ended[True]} passed"]
    if failed:
        parts.append(f"{len(failed)} failed ({', '.join(failed[:3])})")
    if running:
        parts.append(f"{running} still running")
    if not listed.whole:
        parts.append("and more than could be read")
    return Checks(f"Checks: {', '.join(parts)}", bool(ended) and not running and listed.whole, tuple(listed.raw))
