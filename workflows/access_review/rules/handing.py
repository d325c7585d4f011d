"""Handing out the lines of a source: each to its first independent reviewer, or onto the control owner's list."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime

from workflows.access_review.model import (
    AssignedLine,
    Assignment,
    Campaign,
    CampaignOpened,
    Choice,
    LinesArrived,
    LinesAssigned,
    OpenSource,
    ReviewHead,
    SeeArrivals,
    SourceState,
    StopWatching,
    TakeLines,
)
from workflows.access_review.rules.assignment import Choosing, Desks, candidates, only_administrator, source_config
from workflows.access_review.rules.campaign import LATE_AFTER, known, remover_of, standing_owner
from workflows.access_review.rules.classify import Baseline, flags_of, tier_of
from workflows.access_review.rules.refusal import refused
from workflows.kernel.calendar import after, local_day, period_words, working_days_between
from workflows.kernel.identity import Line, Person, PersonId
from workflows.kernel.model import Addressed, CaseId, Event, Facts, Outcome


def open_source(state: Campaign, command: OpenSource, at: datetime, facts: Facts) -> Outcome:
    """Every line of the source gets its first independent reviewer, or stands on the control owner's list."""
    held = state.sources.get(command.source)
    if held is None or held.collection is None:
        raise refused("source_not_complete")
    if held.status == "opened" or not state.open:
        return Outcome()
    given = Handing(state, held, at, facts)
    for line in sorted(facts.population, key=lambda x: (x.entitlement.resource, x.key)):
        given.hand(line)
    events: list[Event] = []
    if state.opened_at is None:
        events.append(CampaignOpened(was_due_at=state.opens_at, late=at > state.opens_at + LATE_AFTER))
    events.append(given.assigned())
    return Outcome(events=tuple(events), commands=given.commands())


def see_arrivals(state: Campaign, command: SeeArrivals, at: datetime, facts: Facts) -> Outcome:
    """Access that appeared after the list was made: privileged lines are asked now, others with the next campaign."""
    held = state.sources.get(command.collection.source)
    if held is None or held.status != "opened" or not state.open:
        return Outcome()
    fresh = [x for x in facts.population if x.ref not in state.homes and x.ref not in state.arrived]
    if not fresh:
        return Outcome()
    given = Handing(state, replace(held, collection=command.collection), at, facts)
    for line in sorted(fresh, key=lambda x: (x.entitlement.resource, x.key)):
        if line.entitlement.privileged is True:
            given.hand(line)
    later = tuple(sorted(x.ref for x in fresh if x.entitlement.privileged is not True))
    return Outcome(events=(given.arrived(later),), commands=given.reviews())


class Handing:
    """The handing out of one source's lines."""

    def __init__(self, state: Campaign, held: SourceState, at: datetime, facts: Facts) -> None:
        self._state, self._at, self._facts = state, at, facts
        self._source = held.source
        if held.collection is None:
            raise refused("source_not_complete")
        self._pull = held.collection
        self._config = source_config(facts, held.source)
        self._baseline = Baseline(facts.folded, held.source)
        self._only = only_administrator(facts.population)
        self._approvals = facts.approvals.indexed()
        self.due_at = held.due_at or asked_until(state, at)
        today = local_day(at, state.time_zone)
        self._choosing = Choosing.of(state, facts.directory, today)
        self._desks = Desks.of(state, held.source)
        self._lines: dict[CaseId, list[AssignedLine]] = {}
        self._assignments: list[Assignment] = []
        self._unassigned: list[AssignedLine] = []

    def hand(self, line: Line) -> None:
        """Give one line to its reviewer."""
        directory = self._facts.directory
        person = directory.get(line.account.person)
        wanted = line.entitlement.native_id
        approved = self._approvals.behind(self._source, wanted, line.account.person)
        # At the first review of a source nothing was signed yet: what is old there is not unexplained.
        unexplained = (
            approved is None
            and self._approvals.offered(self._source, wanted)
            and not self._baseline.first
            and not self._baseline.signed(line)
        )
        flags = flags_of(line, person, self._state.settings.unused_days, self._at, unexplained=unexplained)
        delta, changes, earlier = self._baseline.of(line, person, flags)
        offered = candidates(line, self._state, self._config, directory)
        rule, reviewer, rejected = self._choosing.choose(line, offered, self._only)
        assigned = AssignedLine(
            line=line, source=self._source, collection=self._pull.id, as_of=self._pull.as_of,
            person=person, owner=directory.get(line.account.owner), tier=tier_of(line, flags), flags=flags,
            delta=delta, changes=changes, earlier=earlier, rule=rule or "fallback", rejected=rejected, approved=approved,
        )  # fmt: skip
        who = directory.get(reviewer)
        case = self._desks.seat(who) if who else None
        if case:
            self._lines.setdefault(case, []).append(assigned)
        else:
            self._unassigned.append(assigned)
        given = Assignment(
            ref=line.ref, key=line.key, subject=line.account.person, review=case, reviewer=reviewer,
            rule=rule, rejected=rejected, tier=assigned.tier, delta=delta,
        )  # fmt: skip
        self._assignments.append(given)

    def assigned(self) -> LinesAssigned:
        """What the campaign records of it."""
        counts = Counter(f"tier_{a.tier}" for a in self._assignments)
        counts.update(f"delta_{a.delta}" for a in self._assignments)
        counts["lines"] = len(self._assignments)
        counts["unassigned"] = len(self._unassigned)
        counts["reviews"] = len(self._lines)
        return LinesAssigned(
            source=self._source,
            collection=self._pull,
            only_administrator=self._only,
            counts=dict(sorted(counts.items())),
            assignments=tuple(self._assignments),
            unassigned=tuple(self._unassigned),
            choices=self._choices(),
            due_at=self.due_at,
            removed=self._baseline.removed(x.ref for x in self._facts.population),
        )

    def arrived(self, later: tuple[str, ...]) -> LinesArrived:
        """What the campaign records of access that appeared after its list was made."""
        return LinesArrived(
            source=self._source,
            collection=self._pull,
            assignments=tuple(self._assignments),
            unassigned=tuple(self._unassigned),
            later=later,
        )

    def commands(self) -> tuple[Addressed, ...]:
        """The lines, each to its review; and reviews of earlier campaigns stop watching what was removed there."""
        stop = StopWatching(campaign=self._state.case)
        ended = tuple(Addressed(case=case, command=stop) for case in self._baseline.watching())
        return (*self.reviews(), *ended)

    def reviews(self) -> tuple[Addressed, ...]:
        """The lines, each to its review."""
        choices = self._choices()
        found = []
        for case, lines in sorted(self._lines.items()):
            reviewer = self._desks.taken[case]
            head = head_of(self._state, self._source, reviewer, self.due_at, self._facts, self._only)
            resources = {x.line.entitlement.resource for x in lines}
            fitting = tuple(c for c in choices if c.resource in resources)
            found.append(Addressed(case=case, command=TakeLines(head=head, lines=tuple(lines), choices=fitting)))
        return tuple(found)

    def _choices(self) -> tuple[Choice, ...]:
        held = {x.entitlement.native_id: Choice.of(x.entitlement) for x in self._facts.population}
        return tuple(held[i] for i in sorted(held))


def head_of(
    state: Campaign, source: str, reviewer: Person, due_at: datetime, facts: Facts, only: PersonId | None
) -> ReviewHead:
    """What a review of this source knows of its campaign."""
    config = source_config(facts, source)
    owner = standing_owner(facts) or state.owner
    if owner is None:
        raise refused("source_not_complete", f"The control owner {facts.control.owner} is not an active person.")
    app_owner = known(config.owner if config else None, facts) or owner
    remover = remover_of(source, facts) or owner
    settings = state.settings
    system = config.system if config else source
    return ReviewHead(
        campaign=state.case, control=state.control, period=state.period, source=source, system=system,
        title=f"{system} access, {period_words(state.period)}",
        reviewer=reviewer, manager=reviewer.manager, owner=owner, remover=remover, app_owner=app_owner,
        due_at=due_at, time_zone=state.time_zone, closed_days=state.closed_days,
        directory_source=state.directory_source, only_administrator=only,
        removal_privileged=settings.removal_due.privileged, removal_other=settings.removal_due.other,
        reason_min=settings.reason_min, unused_days=settings.unused_days, lines_per_signature=settings.lines_per_signature,
        assurance=settings.assurance, assurance_privileged=settings.level_privileged,
        assurance_closing=settings.level_closing, grace=settings.grace, care=settings.care,
        on_silence_privileged=settings.no_response.privileged, on_silence_plain=settings.no_response.plain,
    )  # fmt: skip


def asked_until(state: Campaign, at: datetime) -> datetime:
    """When a review that opens now is due: as many working days later as it opens late. The campaign's own date stays."""
    zone, closed = state.time_zone, state.closed_days
    days = working_days_between(local_day(state.opens_at, zone), local_day(at, zone), closed)
    return after(state.due_at, f"{days}wd", zone, closed) if days > 0 else state.due_at
