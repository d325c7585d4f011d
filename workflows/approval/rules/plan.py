"""Which steps a request takes and who can be asked in each: planned when it is made, so that nobody waits in vain.

An empty or unresolvable list of approvers means nobody, never everybody (CC6.1).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from workflows.approval.model import SEVERITIES, Passed, Request, Role, Settings, Severity, Step
from workflows.approval.rules.approver import AT_ONCE, SHORT, feasible, fit_for, passed
from workflows.approval.rules.refusal import refused
from workflows.kernel.identity import Directory, Person, PersonId
from workflows.kernel.independence import Objection, manager_of
from workflows.kernel.model import Facts

MOST = 12
"""So many people of a step are kept at most: the order says who is asked first."""
TWO_PEOPLE: tuple[Severity, ...] = ("high", "critical")
RENEWALS_UP = 2
"""The third exception for one weakness (two renewals before) goes one level up."""


def planned(request: Request, settings: Settings, facts: Facts) -> tuple[Step, ...]:
    """The steps of a request. Refused where a step could be decided by nobody, with the reasons."""
    if request.kind == "access":
        steps = _access(request, settings, facts)
    elif request.kind == "deploy":
        steps = _deploy(request, settings, facts)
    else:
        steps = _exception(request, settings, facts)
    for step in steps:
        if len(step.people) < step.needed:
            raise refused("nobody_may", _nobody(step, facts.directory))
    if not feasible(steps):
        why = "Every step needs another person, and there are not enough who are independent."
        raise refused("nobody_may", why)
    return steps


def _nobody(step: Step, directory: Directory) -> str:
    reasons = []
    for each in step.passed[:3]:
        person = directory.get(each.person)
        reasons.append(f"{person.name if person else each.person}: {SHORT.get(each.code, each.reason)}")
    why = f" ({'; '.join(reasons)})" if reasons else ""
    return f"Nobody can be asked as {ROLES[step.role]}{why}."


ROLES: dict[Role, str] = {
    "manager": "manager",
    "entitlement_owner": "owner of this access",
    "emergency": "approver of emergencies",
    "release": "release approver",
    "risk": "approver of this risk",
    "second": "second approver",
    "control_owner": "control owner",
}


def _access(request: Request, settings: Settings, facts: Facts) -> tuple[Step, ...]:
    last = _last(settings, facts)
    if request.emergency and settings.emergency:
        logins = settings.emergency.approvers
        step = _step("emergency", request, facts, _people(logins, facts.directory), group=True)
        return (_with_reviewer(step, request, facts),)
    entry = settings.entry(request.access.entry) if request.access else None
    managers = _managers(request.subject, facts.directory)
    owners = _people([entry.owner] if entry else [], facts.directory)
    return (
        _step("manager", request, facts, [*managers, *last]),
        _step("entitlement_owner", request, facts, [*owners, *last]),
    )


def _with_reviewer(step: Step, request: Request, facts: Facts) -> Step:
    """Only those after whom somebody else is left to review the emergency."""
    involved = {p.id for p in (request.requester, request.subject) if p}
    reviewers = [r for r in (facts.owner, facts.deputy) if r and r not in involved]
    alone = [p for p in step.people if not [r for r in reviewers if r != p.id]]
    reason = "Nobody else would be left to review the emergency."
    more = tuple(Passed(person=p.id, code="no_reviewer", reason=reason) for p in alone)
    kept = tuple(p for p in step.people if p not in alone)
    return step.model_copy(update={"people": kept, "passed": (*step.passed, *more)})


def _deploy(request: Request, settings: Settings, facts: Facts) -> tuple[Step, ...]:
    deploy = request.deploy
    found = settings.environment(deploy.repository, deploy.environment) if deploy else None
    if found is None:
        raise refused("no_such_environment")
    people = _people(found.approvers, facts.directory)
    return (_step("release", request, facts, people, needed=found.needed, group=True),)


def _exception(request: Request, settings: Settings, facts: Facts) -> tuple[Step, ...]:
    if request.pair is not None:
        # CC6.3: whoever answers for the control, or stands in for them, and nobody else.
        return (_step("control_owner", request, facts, [p for p in (facts.owner, facts.deputy) if p]),)
    if settings.risks is None:
        raise refused("no_risks")
    severity = request.severity or "critical"
    level = SEVERITIES.index(severity)
    if request.finding and request.finding.renewals >= RENEWALS_UP:
        level = min(level + 1, len(SEVERITIES) - 1)
    people = _people(settings.risks.approvers[SEVERITIES[level]], facts.directory)
    first = _step("risk", request, facts, people)
    if severity not in TWO_PEOPLE:
        return (first,)
    # CC3.2: what is severe takes two people, one of them outside the owner's line.
    second = _step("second", request, facts, [*people, *_last(settings, facts)], outside=True)
    return (first, second)


def _step(
    role: Role,
    request: Request,
    facts: Facts,
    candidates: Iterable[Person | PersonId],
    *,
    needed: int = 1,
    group: bool = False,
    outside: bool = False,
) -> Step:
    blank = Step(role=role, people=(), outside=outside)
    people: list[Person] = []
    out: list[Passed] = []
    seen: set[PersonId] = set()
    for candidate in candidates:
        key = candidate.id if isinstance(candidate, Person) else candidate
        if key in seen:
            continue
        seen.add(key)
        person = facts.directory.get(key)
        found = fit_for(person, blank, request, facts.directory)
        if found is not None or person is None:
            out.append(passed(key, found or refused("unknown_person")))
        else:
            people.append(person)
    first = min(AT_ONCE, len(people)) if group else min(AT_ONCE, max(1, needed))
    return Step(
        role=role,
        people=tuple(people[:MOST]),
        passed=tuple(out),
        needed=needed,
        first=max(1, first),
        outside=outside,
    )


def _managers(subject: Person | None, directory: Directory) -> list[Person]:
    """The manager, then the managers above; a gap, a loop or somebody who left leads on to the program's list."""
    if subject is None or isinstance(manager_of(directory.get(subject.id), directory), Objection):
        return []
    return [p for m in directory.chain(subject.id) if (p := directory.get(m)) is not None][:1]


def _people(logins: Sequence[str], directory: Directory) -> list[Person | PersonId]:
    return [directory.by_login(login) or login for login in logins]


def _last(settings: Settings, facts: Facts) -> list[Person | PersonId]:
    """Who is asked where nobody before them can: the program's list, then the control owner and the deputy."""
    found: list[Person | PersonId] = list(_people(settings.fallback, facts.directory))
    found += [p for p in (facts.owner, facts.deputy) if p]
    return found
