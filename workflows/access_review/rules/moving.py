"""Lines that change their reviewer: out of one review and into another, or onto the control owner's list, in one transaction.

Every move goes through the campaign, so that no two moves can make a reciprocal pair behind each other's back.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from workflows.access_review.model import (
    AssignedLine,
    AssignLine,
    Campaign,
    Cause,
    IndependenceExcepted,
    LinesMoved,
    Move,
    Proposal,
    Rehome,
    Rejected,
    Rule,
    TakeLines,
)
from workflows.access_review.rules.assignment import Candidate, Choosing, Desks, candidates, source_config
from workflows.access_review.rules.handing import head_of
from workflows.access_review.rules.refusal import not_for_them, refused
from workflows.kernel.calendar import local_day
from workflows.kernel.identity import Person, PersonId
from workflows.kernel.independence import unfit
from workflows.kernel.model import Actor, Addressed, CaseId, Facts, Outcome

NOT_MINE_LIMIT = 3
CHAIN_LIMIT = 3
NAMED: dict[str, Rule] = {"handed_over": "handed_over", "reassigned": "reassigned", "not_mine": "proposed"}


class Moving:
    """The lines of one move, each with where it goes."""

    def __init__(self, state: Campaign, at: datetime, facts: Facts, leaving: Sequence[AssignedLine]) -> None:
        self.state, self._facts = state, facts
        refs = frozenset(x.ref for x in leaving)
        self.choosing = Choosing.of(state, facts.directory, local_day(at, state.time_zone), refs)
        self._desks: dict[str, Desks] = {}
        self._lines: dict[CaseId, list[AssignedLine]] = {}
        self._moves: list[Move] = []
        self._unassigned: list[AssignedLine] = []

    def only_administrator(self, line: AssignedLine) -> PersonId | None:
        """The one administrator of the line's source, as found when it was opened."""
        return self.state.sources[line.source].only_administrator

    def to(self, line: AssignedLine, reviewer: Person, rule: Rule, origin: CaseId | None) -> None:
        """The line goes to this person."""
        desks = self._desks.setdefault(line.source, Desks.of(self.state, line.source))
        case = desks.seat(reviewer)
        moved = line.model_copy(update={"rule": rule})
        self._lines.setdefault(case, []).append(moved)
        self._record(line, origin, case, reviewer.id, rule)

    def to_owner(self, line: AssignedLine, rejected: tuple[Rejected, ...], origin: CaseId | None) -> None:
        """The line goes onto the control owner's list."""
        kept = line.model_copy(update={"rejected": rejected or line.rejected})
        self._unassigned.append(kept)
        self._record(kept, origin, None, None, None)

    def _record(
        self,
        line: AssignedLine,
        origin: CaseId | None,
        case: CaseId | None,
        reviewer: PersonId | None,
        rule: Rule | None,
    ) -> None:
        move = Move(
            ref=line.ref, subject=line.line.account.person, taken_from=origin, review=case, reviewer=reviewer,
            rule=rule, rejected=line.rejected,
        )  # fmt: skip
        self._moves.append(move)

    def outcome(self, cause: Cause, reason: str) -> Outcome:
        """The campaign's record of the move, and the lines for the reviews they enter."""
        commands = []
        for case, lines in sorted(self._lines.items()):
            source = lines[0].source
            reviewer = self._desks[source].taken[case]
            due_at = self.state.sources[source].due_at or self.state.due_at
            head = head_of(self.state, source, reviewer, due_at, self._facts, self.only_administrator(lines[0]))
            resources = {x.line.entitlement.resource for x in lines}
            choices = tuple(c for c in self.state.sources[source].choices if c.resource in resources)
            command = TakeLines(head=head, lines=tuple(lines), choices=choices, cause=cause)
            commands.append(Addressed(case=case, command=command))
        event = LinesMoved(
            cause=cause,
            reason=reason,
            moves=tuple(self._moves),
            unassigned=tuple(self._unassigned),
        )
        return Outcome(events=(event,), commands=tuple(commands))


def rehome(state: Campaign, command: Rehome, at: datetime, facts: Facts) -> Outcome:
    """Each line goes to who was named, if independent, else to the next candidate, else to the control owner.

    ``strict``: the person named takes all lines or the move is refused.
    """
    if not state.open:
        raise refused("campaign_closed")
    moving = Moving(state, at, facts, command.lines)
    named: Rule = NAMED.get(command.cause, "proposed")
    for line in command.lines:
        asked = line.chain
        only = moving.only_administrator(line)
        if command.strict and command.proposed is not None:
            _strictly(moving, line, command, named, facts)
            continue
        if line.not_mine >= NOT_MINE_LIMIT:
            moving.to_owner(line, (), command.review)
            continue
        config = source_config(facts, line.source)
        offered = _offered(command.proposed, named, candidates(line.line, state, config, facts.directory))
        rule, reviewer, rejected = moving.choosing.choose(line.line, offered, only, asked)
        who = facts.directory.get(reviewer)
        if who is None or rule is None:
            moving.to_owner(line, rejected, command.review)
        else:
            moving.to(line.model_copy(update={"rejected": rejected}), who, rule, command.review)
    return moving.outcome(command.cause, command.reason)


def _offered(proposed: PersonId | None, rule: Rule, others: Iterator[Candidate]) -> Iterator[Candidate]:
    if proposed is not None:
        yield rule, proposed
    yield from others


def _strictly(moving: Moving, line: AssignedLine, command: Rehome, rule: Rule, facts: Facts) -> None:
    person = facts.directory.get(command.proposed)
    if person is None:
        raise refused("not_independent", "Nobody in the directory has this id.")
    if person.id in line.chain:
        raise refused("been_asked", f"{person.name} already had one of these lines.")
    problem = moving.choosing.against(person.id, line.line, moving.only_administrator(line))
    if problem is not None:
        raise not_for_them(problem, line)
    moving.choosing.take(person.id, line.line)
    moving.to(line, person, rule, command.review)


def give_out(state: Campaign, command: AssignLine, by: Actor, at: datetime, facts: Facts) -> Outcome:
    """The control owner gives unassigned lines to a person who is independent of each of them."""
    lines = _unassigned(state, command.refs)
    person = facts.directory.get(command.person)
    if person is None:
        raise refused("not_independent", "Nobody in the directory has this id.")
    moving = Moving(state, at, facts, lines)
    for line in lines:
        problem = moving.choosing.against(person.id, line.line, moving.only_administrator(line))
        if problem is not None:
            raise not_for_them(problem, line)
        moving.choosing.take(person.id, line.line)
        moving.to(line, person, "reassigned", None)
    return moving.outcome("reassigned", f"given out by {by.somebody().name}")


def check_excepted(state: Campaign, refs: Sequence[str], reviewer: PersonId, second: PersonId, facts: Facts) -> None:
    """Whether an independence exception may be proposed: neither signer is the subject, both are active and differ.

    CC6.3 for a small company: the best available reviewer decides and another person co-signs.
    """
    if reviewer == second:
        raise refused("second_signer_needed", "The reviewer and the second signer are the same person.")
    for who in (reviewer, second):
        if (problem := unfit(facts.directory.get(who))) is not None:
            raise refused("not_independent", problem.reason)
    for line in _unassigned(state, refs):
        a = line.line.account
        if reviewer in (a.person, a.owner) or second in (a.person, a.owner):
            name = "The reviewer" if reviewer in (a.person, a.owner) else "The second signer"
            raise refused("own_access", f"{name} holds one of these lines: {line.line.entitlement.name} of {a.login}.")


def except_independence(state: Campaign, proposal: Proposal, at: datetime, facts: Facts) -> Outcome:
    """Both signers agreed: the lines go to the reviewer, and each verdict waits for the second signer."""
    if proposal.reviewer is None:
        raise refused("no_such_proposal")
    check_excepted(state, proposal.refs, proposal.reviewer, proposal.second.id, facts)
    lines = _unassigned(state, proposal.refs)
    reviewer = facts.directory.get(proposal.reviewer)
    second = facts.directory.get(proposal.second.id)
    if reviewer is None or second is None:
        raise refused("no_such_proposal")
    moving = Moving(state, at, facts, lines)
    for line in lines:
        excepted = line.model_copy(update={"cosigner": second, "exception_reason": proposal.reason})
        moving.to(excepted, reviewer, "independence_exception", None)
    moved = moving.outcome("reassigned", proposal.reason)
    event = IndependenceExcepted(
        number=proposal.number,
        refs=proposal.refs,
        reviewer=reviewer.id,
        by=proposal.by.id,
        second=second.id,
        reason=proposal.reason,
    )
    return Outcome(events=(event, *moved.events), commands=moved.commands)


def _unassigned(state: Campaign, refs: Sequence[str]) -> list[AssignedLine]:
    unknown = [r for r in refs if r not in state.unassigned]
    if not refs or unknown:
        raise refused("no_such_line", "One of these lines is not on the control owner's list.")
    return [state.unassigned[r] for r in dict.fromkeys(refs)]
