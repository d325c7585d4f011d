"""Everything that people need to decide about a deployment, for exactly its commit, each answer kept as it came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from urllib.parse import urlsplit

from bot.github.client import GitHub
from bot.github.payload import Account
from bot.github.review import Checks, Proposal, read_checks, read_proposal
from bot.github.run import Change, Run, Wrote, read_change
from workflows.approval.model import Deploy
from workflows.kernel.identity import Person, PersonId
from workflows.kernel.model import EvidenceRef
from workflows.kernel.ports import Clock, Vault
from workflows.kernel.text import clean

PULL_REQUEST, REVIEWS, CHECKS = "pull_request.json", "reviews.json", "checks.json"
MOST_NAMES = 100
WHOLE = "commits that could not all be read"


def foreign(wanted: Sequence[str]) -> tuple[str, ...]:
    """The names of evidence that others bring. What we read ourselves is never taken from anybody else."""
    return tuple(name for name in wanted if name not in (PULL_REQUEST, REVIEWS, CHECKS))


class People(Protocol):
    """Who a person is in the directory, by what GitHub says."""

    def by_account(self, login: str) -> Person | None:
        """By a login at GitHub, as the program or a source links it."""
        ...

    def by_address(self, address: str) -> Person | None:
        """By an address that a commit names. It proves nothing, so it only ever keeps somebody from approving."""
        ...


@dataclass(frozen=True)
class Gathered:
    """A deployment with its evidence. ``files`` are in the vault; what the program wants and is not fit yet is not among
    them."""

    deploy: Deploy
    title: str
    requester: PersonId | None
    files: tuple[EvidenceRef, ...]


@dataclass(frozen=True)
class Place:
    """What is asked about. ``environment`` is spelt as the program does it, ``wanted`` names its evidence."""

    installation: str
    repository: str
    environment: str
    wanted: tuple[str, ...]


class Collector:
    """Reads GitHub and keeps what it said in the vault."""

    def __init__(self, github: GitHub, vault: Vault, clock: Clock) -> None:
        self._github = github
        self._vault = vault
        self._clock = clock

    def gather(self, place: Place, run: Run, raw_run: bytes, people: People, sender: str = "") -> Gathered:
        """The deployment of a run with its evidence. Raises GitHubFailed, OSError."""
        where, commit = (place.installation, place.repository), run.head_sha
        proposal = read_proposal(self._github, *where, commit)
        checks = read_checks(self._github, *where, commit, str(run.id))
        commits = proposal.commits if proposal else None
        change = read_change(self._github, *where, place.environment, commit, commits)
        # An address in a commit can be anybody's; who opened the pull request had to sign in.
        opened = (Wrote(login=proposal.author),) if proposal and proposal.author else ()
        authors, unknown = _authors((*change.authors, *opened), people, whole=change.whole)
        requester, starters, started_by, strange = _starters(run, people, sender)
        approved = _independent(proposal, authors, people)
        facts = _facts(run, change, proposal, approved, checks)
        title = clean(change.title)[:200].strip() or commit[:12]
        link = change.link or (proposal.link if proposal else "")
        deploy = Deploy(
            repository=place.repository,
            environment=place.environment,
            run=str(run.id),
            attempt=run.run_attempt,
            commit=commit,
            subject=title,
            authors=tuple(p.id for p in authors),
            author_names=tuple(p.name for p in authors),
            unknown=_few([*unknown, *strange]),
            facts=tuple(clean(fact) for fact in facts),
            system="github",
            starters=starters,
            started_by=clean(started_by),
            link=link if _readable(link) else "",
        )
        files = self._files(place, raw_run, change, proposal, checks, approved=bool(approved))
        return Gathered(deploy, title, requester, files)

    def _files(
        self,
        place: Place,
        raw_run: bytes,
        change: Change,
        proposal: Proposal | None,
        checks: Checks,
        *,
        approved: bool,
    ) -> tuple[EvidenceRef, ...]:
        now = self._clock.now()
        files = [*self._kept("run.json", [raw_run], now), *self._kept("commits.json", change.raw, now)]
        if proposal is not None:
            files += self._kept(PULL_REQUEST, [proposal.raw], now)
            if approved or REVIEWS not in place.wanted:
                files += self._kept(REVIEWS, proposal.reviews.raw, now)
        if checks.done or CHECKS not in place.wanted:
            files += self._kept(CHECKS, checks.raw, now)
        return tuple(files)

    def _kept(self, name: str, parts: Sequence[bytes], now: datetime) -> list[EvidenceRef]:
        return [self.keep(name if n == 1 else f"{n}-{name}", part, now) for n, part in enumerate(parts, 1)]

    def keep(self, name: str, data: bytes, now: datetime) -> EvidenceRef:
        """Keep an answer as evidence. Raises OSError."""
        kind = "github." + name.removesuffix(".json").rpartition("-")[2]
        sha256, source = self._vault.put(data), f"github:{self._github.host}"
        return EvidenceRef(name=name, sha256=sha256, kind=kind, source=source, collected_at=now)


def _few(names: Sequence[str]) -> tuple[str, ...]:
    """Names as they can be kept and read; of very many, so many that it is plain that there are more."""
    plain = dict.fromkeys(clean(name) or "a name that cannot be written down" for name in names)
    return tuple(plain)[:MOST_NAMES]


def _readable(link: str) -> bool:
    where = urlsplit(link)
    return where.scheme == "https" or where.hostname in ("127.0.0.1", "localhost")


def _authors(wrote_it: Sequence[Wrote], people: People, *, whole: bool) -> tuple[list[Person], list[str]]:
    """Who wrote it, and whom nobody here can be linked to. A login that is not linked is unknown, whatever its address says:
    anybody may write any address into a commit."""
    known: dict[PersonId, Person] = {}
    unknown: list[str] = []
    for wrote in wrote_it:
        by_login = people.by_account(wrote.login) if wrote.login and not wrote.bot else None
        by_address = people.by_address(wrote.address) if wrote.address else None
        for person in (by_login, by_address):
            if person is not None:
                known[person.id] = person
        if not wrote.bot and by_login is None and (wrote.login or by_address is None):
            unknown.append(_called(wrote))
    if not whole:
        unknown.append(WHOLE)
    return list(known.values()), unknown


def _called(wrote: Wrote) -> str:
    return (wrote.login or wrote.name or wrote.address or "a commit without an author")[:100]


def _starters(run: Run, people: People, sender: str) -> tuple[PersonId | None, tuple[PersonId, ...], str, list[str]]:
    """Who started it: (requester, all who had a part in it, what the card says, logins that nobody is linked to).

    Behind a schedule or a bot there is no person; the authors of the commits are kept from approving all the same.
    """
    first = run.triggering_actor or run.actor
    actors = [a for a in (first, run.actor, Account(login=sender) if sender else None) if a is not None]
    people_here = [a for a in actors if a.type != "Bot" and not a.login.lower().endswith("[bot]")]
    found = {a.login: people.by_account(a.login) for a in people_here}
    starters = tuple(dict.fromkeys(p.id for p in found.values() if p is not None))
    if run.event == "schedule":
        return None, starters, "a schedule", []
    if first is None or first not in people_here:
        return None, starters, f"{first.login}, a bot" if first else "nobody whom GitHub names", []
    requester = found[first.login]
    strange = [login for login, person in found.items() if person is None]
    return requester.id if requester else None, starters, first.login, strange


def _independent(proposal: Proposal | None, authors: Sequence[Person], people: People) -> tuple[str, ...]:
    """The names of those who approved exactly this and wrote nothing of it; a login that is not linked counts by itself."""
    wrote = {p.id for p in authors}
    found = []
    for login in proposal.approved if proposal else ():
        person = people.by_account(login)
        if person is None or person.id not in wrote:
            found.append(person.name if person else login)
    return tuple(found)


def _facts(
    run: Run, change: Change, proposal: Proposal | None, approved: tuple[str, ...], checks: Checks
) -> tuple[str, ...]:
    if proposal is None:
        reviewed = "No pull request brought this commit in"
    else:
        who = f"approved by {', '.join(approved[:5])}" if approved else "nobody else approved exactly this commit"
        reviewed = f"Pull request #{proposal.number} “{proposal.title[:80]}”: {who}"
    branch = f"Branch {run.head_branch or 'unknown'}, started by {run.event or 'an unknown event'}"
    counted = f"{change.count} commit{'' if change.count == 1 else 's'} to bring out"
    return (reviewed, checks.sentence, counted, branch)
