"""How a case comes to be: a request at the desk, a deployment that waits. Weaknesses are in `risk`.

What nobody could approve is refused when it is asked, with the reason (CC6.1): never left to wait.
"""

from __future__ import annotations

from datetime import datetime

from workflows.approval.model import (
    Access,
    Approval,
    Deploy,
    DeployBypassed,
    DeployUnguarded,
    Entry,
    Holder,
    NoteBypass,
    NoteUnguarded,
    OpenAccess,
    OpenDeploy,
    Request,
    Settings,
)
from workflows.approval.model.effect_event import population
from workflows.approval.rules.approver import fresh
from workflows.approval.rules.asking import opened
from workflows.approval.rules.frame import asker, closed_days, framed, here, settings_of, zone
from workflows.approval.rules.plan import planned
from workflows.approval.rules.refusal import checked_reason, refused
from workflows.kernel.calendar import after
from workflows.kernel.errors import Refused
from workflows.kernel.identity import Person
from workflows.kernel.model import Actor, Event, Facts, Outcome


def open_access(command: OpenAccess, by: Actor, at: datetime, facts: Facts) -> Outcome:
    """A request for access, checked against the catalogue, the directory and what the person already has."""
    asked, settings, directory = command.asked, settings_of(facts), facts.directory
    fresh(directory, at)
    requester = asker(by.somebody().id, directory)
    subject = here(asked.subject, directory)
    entry = settings.entry(asked.entry)
    if entry is None or entry.source != asked.source:
        raise refused("not_in_catalogue")
    if asked.emergency and settings.emergency is None:
        raise refused("no_emergency")
    reason = checked_reason(asked.reason, settings.reason_min)
    until = _until(asked.length, entry, settings, at, facts, emergency=asked.emergency)
    access = _access(command, entry, settings, subject, facts)
    _no_conflict(access, settings, facts.folded.get(command.holder), subject)
    request = Request(
        kind="access",
        title=entry.title,
        plain=entry.plain,
        requester=requester,
        subject=subject,
        reason=reason,
        until=until,
        emergency=asked.emergency,
        access=access,
    )
    steps, frame = planned(request, settings, facts), framed(request, settings, at, facts)
    files = (population(command.collection),) if command.collection else ()
    return Outcome(events=opened(request, steps, frame, at, directory, files=files))


def _until(
    length: str, entry: Entry, settings: Settings, at: datetime, facts: Facts, *, emergency: bool
) -> datetime | None:
    if not length:
        if not entry.standing or emergency:
            raise refused("end_missing")
        return None
    longest = settings.emergency.longest if emergency and settings.emergency else entry.longest
    closed = closed_days(facts.company)
    try:
        until = after(at, length, zone(facts), closed)
        limit = after(at, longest, zone(facts), closed)
    except (ValueError, OverflowError):
        raise refused("end_too_far") from None
    if until <= at:
        raise refused("end_missing")
    if until > limit:
        raise refused("end_too_far", f"That is longer than {longest}, the longest time for this.")
    return until


def _access(command: OpenAccess, entry: Entry, settings: Settings, subject: Person, facts: Facts) -> Access:
    """The access as it will be judged: what the person holds comes from the newest complete pull, never from them."""
    source = facts.sources.get(entry.source)
    if source is None:
        raise refused("not_in_catalogue")
    if command.collection is None and settings.opposed(entry.id):
        # CC6.3: a pair that must not be held together cannot be ruled out without looking.
        raise refused("no_list")
    lines = [x for x in facts.population if x.account.person == subject.id]
    looked = command.collection is not None
    holds = tuple(sorted({x.entitlement.native_id for x in lines}))
    titles = {e.entitlement: e.title for e in settings.catalogue if e.source == entry.source}
    logins = [entry.granter, getattr(source, "remover", None), entry.owner]
    granters = [p for login in logins if login and (p := facts.directory.by_login(login)) and p.employed is True]
    if not granters:
        raise refused("nobody_may", "Nobody who could grant this is in the directory.")
    return Access(
        entry=entry.id,
        source=entry.source,
        system=str(getattr(source, "system", entry.source)),
        entitlement=entry.entitlement,
        privileged=entry.privileged,
        standing=entry.standing,
        granter=granters[0],
        held=tuple(titles.get(h, h) for h in holds) if looked else None,
        before=holds if looked else None,
        collection=command.collection.id if command.collection else "",
        earlier=command.earlier,
        way=entry.way,
    )


def _no_conflict(access: Access, settings: Settings, held: object, subject: Person) -> None:
    # CC6.3: segregation of duties, by what is held and by what was just approved.
    opposed = settings.opposed(access.entry)
    theirs = {e.id: e for e in settings.catalogue if e.id in opposed}
    for entry in theirs.values():
        if entry.source == access.source and access.before is not None and entry.entitlement in access.before:
            raise conflict(subject.name, entry.title)
    if isinstance(held, Holder):
        for reserved in held.held.values():
            if reserved.entry in opposed:
                raise conflict(subject.name, theirs[reserved.entry].title)


def conflict(name: str, title: str) -> Refused:
    """The refusal of what would put two conflicting duties into one hand."""
    return refused("conflict_of_duties", f"{name} has “{title}”, and one person may not hold both.")


def open_deploy(command: OpenDeploy, at: datetime, facts: Facts) -> Outcome:
    """A deployment that waits for us. Nobody is asked before its evidence is here, for exactly this commit."""
    settings = settings_of(facts)
    fresh(facts.directory, at)
    deploy = command.deploy
    found = settings.environment(deploy.repository, deploy.environment)
    if found is None:
        raise refused("no_such_environment")
    if found.decided == "github":
        raise refused("no_such_environment", "The program leaves this environment to GitHub's own reviewers.")
    # Each environment has one way in: the secret of one pipeline never speaks for another.
    if (deploy.system.removeprefix("hook:") if deploy.system.startswith("hook:") else None) != found.hook:
        raise refused("no_such_environment", "The program lets another pipeline ask about this environment.")
    requester = facts.directory.get(command.requester)
    unknown = deploy.unknown
    if command.requester and requester is None:
        unknown = (*unknown, command.requester)
    request = Request(
        kind="deploy",
        title=command.title,
        plain=f"Deploy {deploy.repository} to {deploy.environment}",
        requester=requester,
        deploy=deploy.model_copy(update={"unknown": unknown}),
    )
    steps, frame = planned(request, settings, facts), framed(request, settings, at, facts)
    there = {e.name for e in command.evidence}
    missing = tuple(dict.fromkeys([*command.missing, *(n for n in found.evidence if n not in there)]))
    events = opened(request, steps, frame, at, facts.directory, files=command.evidence, missing=missing)
    return Outcome(events=events)


def note_bypass(state: Approval | None, command: NoteBypass, at: datetime, facts: Facts) -> Outcome:
    """A deployment went out without our approval: the control owner is asked how."""
    deploy = command.deploy
    request = Request(
        kind="deploy",
        title=command.title,
        plain=f"Deploy {deploy.repository} to {deploy.environment}",
        deploy=deploy,
    )
    if state is not None and (state.approved_at is not None or state.status == "bypassed"):
        raise refused("already_exists")
    frame = framed(request, settings_of(facts), at, facts)
    event: Event = DeployBypassed(
        repository=deploy.repository,
        environment=deploy.environment,
        run=deploy.run,
        attempt=deploy.attempt,
        commit=deploy.commit,
        request=request,
        frame=frame,
        files=command.evidence,
    )
    return Outcome(events=(event,))


def note_unguarded(command: NoteUnguarded, at: datetime, facts: Facts) -> Outcome:
    """A protected environment has another way in: the control owner is asked to close it, or to say why it is open."""
    settings = settings_of(facts)
    if settings.environment(command.repository, command.environment) is None:
        raise refused("no_such_environment")
    deploy = Deploy(
        repository=command.repository,
        environment=command.environment,
        run="",
        attempt=0,
        commit="",
        facts=command.doors,
    )
    request = Request(
        kind="deploy",
        title=f"{command.environment} is not closed",
        plain=f"{command.repository} can be deployed to {command.environment} around this approval",
        deploy=deploy,
    )
    event: Event = DeployUnguarded(
        repository=command.repository,
        environment=command.environment,
        doors=command.doors,
        request=request,
        frame=framed(request, settings, at, facts),
        files=command.evidence,
    )
    return Outcome(events=(event,))
