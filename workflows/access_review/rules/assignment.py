"""Who is asked about a line: candidates in the program's order, the first independent one; every other with its reason."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from workflows.access_review.model import Campaign, Home, Rejected, Rule
from workflows.kernel.identity import Directory, Line, Person, PersonId
from workflows.kernel.independence import Access, Objection, absent, manager_of, objection
from workflows.kernel.model import CaseId, Facts, case_id, case_segments
from workflows.kernel.program import SourceConfig

LOGIN_LIMIT = 64

Candidate = tuple[Rule, PersonId | Objection]


def source_config(facts: Facts, source: str) -> SourceConfig | None:
    """The program's source with this id."""
    found = facts.sources.get(source)
    return SourceConfig.model_validate(found) if found is not None else None


def person_of(login: str | None, directory: Directory) -> PersonId | Objection:
    """The person with this login, or why there is none."""
    if not login:
        return Objection("no_candidate", "The program names nobody.")
    person = directory.by_login(login)
    return person.id if person else Objection("unknown_person", f"The directory has nobody with the login {login}.")


def access_of(line: Line, only_administrator: PersonId | None) -> Access:
    """What independence has to know of a line."""
    return Access(line.account.person, line.account.owner, None, only_administrator)


def only_administrator(lines: Sequence[Line]) -> PersonId | None:
    """The one person who holds everything privileged in a source, or None where there are several or none."""
    holders = {x.account.person or x.account.native_id for x in lines if x.entitlement.privileged is True}
    people = {x.account.person for x in lines if x.entitlement.privileged is True and x.account.person}
    return next(iter(people)) if len(holders) == 1 and len(people) == 1 else None


def candidates(
    line: Line, campaign: Campaign, source: SourceConfig | None, directory: Directory
) -> Iterator[Candidate]:
    """Who could be asked, best first.

    Accounts of nobody, of outsiders and of machines go to the application's owner: nobody manages them.
    """
    person = directory.get(line.account.person)
    reviewers = campaign.settings.reviewers
    unmanaged = person is None or line.account.kind in ("service", "shared")
    order = ("app_owner",) if unmanaged else reviewers.order
    for rule in order:
        if rule == "entitlement_owner":
            owner = line.entitlement.owner
            yield rule, owner or Objection("no_candidate", "The program names no owner of this entitlement.")
        elif rule == "app_owner":
            yield "app_owner", person_of(source.owner if source else None, directory)
        else:
            yield "manager", manager_of(person, directory)
    for login in reviewers.fallback:
        yield "fallback", person_of(login, directory)


@dataclass
class Choosing:
    """The choice of reviewers within one campaign: remembers the pairs that it makes, so that none is reciprocal."""

    campaign: Campaign
    directory: Directory
    today: date
    pairs: Counter[tuple[PersonId, PersonId]] = field(default_factory=Counter)

    @classmethod
    def of(
        cls, campaign: Campaign, directory: Directory, today: date, leaving: frozenset[str] = frozenset()
    ) -> Choosing:
        """A choice that knows what is assigned already, but for the lines that are leaving their reviewer."""
        pairs = Counter(
            _pair(h) for ref, h in campaign.homes.items() if ref not in leaving and h.reviewer and h.subject
        )
        pairs.update(campaign.second_pairs)
        return cls(campaign, directory, today, pairs)

    def against(self, judge: PersonId, line: Line, only_admin: PersonId | None) -> Objection | None:
        """Why this person may not judge this line, or None."""
        return objection(judge, access_of(line, only_admin), self.directory, self.pairs)

    def take(self, judge: PersonId, line: Line) -> None:
        """Remember that this person judges this line."""
        if line.account.person:
            self.pairs[(judge, line.account.person)] += 1

    def choose(
        self, line: Line, offered: Iterator[Candidate], only_admin: PersonId | None, asked: Sequence[PersonId] = ()
    ) -> tuple[Rule | None, PersonId | None, tuple[Rejected, ...]]:
        """The first who may, with everybody before them and why not. ``asked`` had the line already."""
        rejected: list[Rejected] = []
        for rule, candidate in offered:
            if isinstance(candidate, Objection):
                rejected.append(Rejected(rule=rule, code=candidate.code, reason=candidate.reason))
                continue
            problem = self._problem(candidate, line, only_admin, asked)
            if problem is None:
                self.take(candidate, line)
                return rule, candidate, tuple(rejected)
            rejected.append(Rejected(rule=rule, person=candidate, code=problem.code, reason=problem.reason))
        return None, None, tuple(rejected)

    def _problem(
        self, judge: PersonId, line: Line, only_admin: PersonId | None, asked: Sequence[PersonId]
    ) -> Objection | None:
        if judge in asked:
            return Objection("been_asked", "This person had the line already.")
        return self.against(judge, line, only_admin) or absent(self.directory.get(judge), self.today)


def _pair(home: Home) -> tuple[PersonId, PersonId]:
    return (home.reviewer or "", home.subject or "")


def review_case(campaign: CaseId, source: str, login: str, number: int = 1) -> CaseId:
    """The id of a review: `<campaign>/<source>/<login>`, and `/2` … where one is not enough."""
    name = login if len(login) <= LOGIN_LIMIT else f"{login[:40]}~{hashlib.sha256(login.encode()).hexdigest()[:12]}"
    segments = (*case_segments(campaign), source, name)
    return case_id(*segments) if number == 1 else case_id(*segments, str(number))


@dataclass
class Desks:
    """Which review a reviewer's next line goes to: at most so many lines each, more lines in a further review.

    Ids are names, authority is the person: an id that another person's review has is never used again.
    """

    campaign: Campaign
    source: str
    taken: dict[CaseId, Person] = field(default_factory=dict)
    held: Counter[CaseId] = field(default_factory=Counter)

    @classmethod
    def of(cls, campaign: Campaign, source: str) -> Desks:
        """The desks as the campaign has them."""
        held = Counter(h.review for h in campaign.homes.values() if h.review)
        return cls(campaign, source, dict(campaign.reviewers), Counter({k: n for k, n in held.items() if k}))

    def seat(self, reviewer: Person) -> CaseId:
        """The review that takes one more line of this reviewer."""
        number = 1
        while True:
            case = review_case(self.campaign.case, self.source, reviewer.login, number)
            holder = self.taken.get(case)
            if (holder is None or holder.id == reviewer.id) and self.held[
                case
            ] < self.campaign.settings.lines_per_review:
                self.taken[case] = reviewer
                self.held[case] += 1
                return case
            number += 1
