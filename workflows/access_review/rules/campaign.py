"""Planning a campaign, collecting its sources, and handing out their lines. CC6.1, CC6.2, CC6.3.

Evidence before question: a source opens only on a complete, fresh pull, and only once the directory is complete.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from workflows.access_review.model import (
    Campaign,
    CampaignMissed,
    CampaignPlanned,
    CollectSource,
    OpenSource,
    OwnerChanged,
    PlanCampaign,
    ScopedSource,
    SeeArrivals,
    Settings,
    SourceCollected,
    SourceRefused,
    SourceState,
)
from workflows.access_review.rules.assignment import (
    person_of,
    source_config,
)
from workflows.kernel.calendar import after
from workflows.kernel.identity import Collection, Person
from workflows.kernel.model import Addressed, Event, Facts, Outcome, Want

RETRY = timedelta(hours=1)
LATE_AFTER = timedelta(hours=1)
YEAR = timedelta(days=366)
REASON_BEFORE_OPENING = "before the opening of the access review"


def plan(command: PlanCampaign, at: datetime, facts: Facts) -> Outcome:
    """The period's campaign exists from now on, late where its time has passed; its sources are pulled."""
    settings = _with_all_systems(Settings.model_validate(facts.control.settings), facts)
    scope = tuple(s.id for s in settings.scope())
    directory_source = next((i for i in facts.sources if (c := source_config(facts, i)) and c.directory), "")
    event = CampaignPlanned(
        control=facts.control.id,
        title=facts.control.title,
        text=facts.control.text,
        period=command.period,
        starts_on=command.starts_on,
        ends_on=command.ends_on,
        opens_at=command.opens_at,
        due_at=command.due_at,
        earlier=command.earlier,
        late=at > command.opens_at + LATE_AFTER,
        owner=facts.directory.get(facts.owner),
        deputy=facts.directory.get(facts.deputy),
        directory_source=directory_source,
        sources=scope,
        time_zone=str(facts.company.get("time_zone") or "UTC"),
        closed_days=_closed_days(command, facts),
        settings=settings,
    )
    wanted = dict.fromkeys([directory_source, *scope])
    wants = tuple(Want(kind="pull", source=s, reason=REASON_BEFORE_OPENING) for s in wanted if s)
    events: tuple[Event, ...] = (event,)
    if at > command.due_at:
        events = (event, CampaignMissed(was_due_at=command.due_at))
    return Outcome(events=events, wants=wants)


def _with_all_systems(settings: Settings, facts: Facts) -> Settings:
    """The settings with every system that the program leaves out: a report that names only what was reviewed hides the rest."""
    known = {s.id for s in settings.sources}
    outside = tuple(
        ScopedSource(id=o["id"], out_of_scope=o["reason"], accepted_by=o["accepted_by"], until=o["until"])
        for o in facts.company.get("out_of_scope") or ()
        if o["id"] not in known
    )
    return settings.model_copy(update={"sources": (*settings.sources, *outside)})


def _closed_days(command: PlanCampaign, facts: Facts) -> tuple[date, ...]:
    """The closed days that can matter to this campaign: from its opening to a year after it is due."""
    last = command.due_at.date() + YEAR
    return tuple(d for d in facts.company.get("closed_days") or () if command.opens_at.date() <= d <= last)


def collect(state: Campaign, command: CollectSource, at: datetime, facts: Facts) -> Outcome:
    """A complete, fresh pull is recorded and its lines are handed out; any other is refused and pulled again in an hour."""
    pull = command.collection
    if not state.open:
        return Outcome()
    is_directory = pull.source == state.directory_source
    held = state.sources.get(pull.source)
    if held is None or held.status in ("complete", "opened", "excepted"):
        if not is_directory:
            return _arrivals(state, held, pull, at)
        if state.directory is not None:
            seen = _arrivals(state, held, pull, at)
            return seen.model_copy(update={"events": _new_owner(state, facts)})
    reasons = refusals(state, pull, at)
    owner = standing_owner(facts)
    if is_directory and owner is None:
        reasons.append(f"the control owner {facts.control.owner} is not an active person in it")
    if reasons:
        again = at + RETRY
        event = SourceRefused(collection=pull, reasons=tuple(reasons), again_at=again)
        want = Want(kind="pull", source=pull.source, reason="; ".join(reasons), not_before=again)
        return Outcome(events=(event,), wants=(want,))
    events: list[Event] = [SourceCollected(collection=pull)]
    ready: list[str] = []
    if is_directory:
        events.extend(_new_owner(state, facts))
        ready = [s.source for s in state.sources.values() if s.status == "complete"]
    if held is not None and (is_directory or state.directory is not None):
        ready.append(pull.source)
    commands = tuple(Addressed(case=state.case, command=OpenSource(source=s)) for s in dict.fromkeys(ready))
    return Outcome(events=tuple(events), commands=commands)


def _arrivals(state: Campaign, held: SourceState | None, pull: Collection, at: datetime) -> Outcome:
    """A later pull of an opened source is looked through for access that appeared since."""
    if held is None or held.status != "opened" or held.collection is None or refusals(state, pull, at):
        return Outcome()
    if pull.as_of <= held.collection.as_of:
        return Outcome()
    return Outcome(commands=(Addressed(case=state.case, command=SeeArrivals(collection=pull)),))


def refusals(state: Campaign, pull: Collection, at: datetime) -> list[str]:
    """Why a pull may not be used. Empty where it may."""
    reasons = list(pull.reasons) or ["it is partial"] if pull.verdict != "complete" else []
    limit = next((s.max_age for s in state.settings.sources if s.id == pull.source), "48h")
    if at > after(pull.as_of, limit):
        reasons.append(f"it is older than {limit}: as of {pull.as_of:%Y-%m-%d %H:%M} UTC")
    return reasons


def standing_owner(facts: Facts) -> Person | None:
    """The control owner, or the deputy where the owner is not an active person."""
    for who in (facts.owner, facts.deputy):
        person = facts.directory.get(who)
        if person is not None and person.employed is True:
            return person
    return None


def _new_owner(state: Campaign, facts: Facts) -> tuple[Event, ...]:
    owner = standing_owner(facts)
    deputy = facts.directory.get(facts.deputy)
    if owner is None or (state.owner and state.owner.id == owner.id and _id(state.deputy) == _id(deputy)):
        return ()
    return (OwnerChanged(owner=owner, deputy=deputy),)


def remover_of(source: str, facts: Facts) -> Person | None:
    """Who takes access away in this source: the remover that the program names, else the application's owner."""
    config = source_config(facts, source)
    if config is None:
        return None
    return known(config.remover, facts) or known(config.owner, facts)


def known(login: str | None, facts: Facts) -> Person | None:
    """The active person with this login."""
    found = person_of(login, facts.directory)
    person = facts.directory.get(found) if isinstance(found, str) else None
    return person if person and person.employed is True else None


def _id(person: Person | None) -> str | None:
    return person.id if person else None
