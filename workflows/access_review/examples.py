"""Named histories of a small company's review, told by the rules themselves: previews, documentation and tests use these.

Dana answers for the control, Ravi is her deputy; Tom manages Maya and Lena; Jun has left. Maya owns GitHub.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from workflows.access_review import schedule
from workflows.access_review.model import (
    CannotRemove,
    MarkLine,
    NotMine,
    OpenGroup,
    PlanCampaign,
    Propose,
    ReportRemoved,
    Review,
    SignMarks,
    TurnPage,
)
from workflows.access_review.rules.grouping import offered
from workflows.kernel.approved import Approvals
from workflows.kernel.duty import Allowed, Duty, Pair
from workflows.kernel.identity import Account, Collection, Entitlement, LastUse, Line, Person, directory_of
from workflows.kernel.model import CaseId, Control, Facts, by_person, by_system, by_time
from workflows.kernel.program import SourceConfig
from workflows.kernel.story import Story
from workflows.kernel.workflow import Example

if TYPE_CHECKING:
    from workflows.kernel.workflow import Workflow

OPENS = datetime(2026, 10, 7, 7, 0, tzinfo=UTC)
SINCE = datetime(2026, 10, 1, tzinfo=UTC)
LONG = "Straße der sehr langen Namen und Titel, damit die Seite zeigt, dass nichts überläuft " * 2

CONTROL = Control(
    id="AC-04",
    title="Quarterly access review",
    text="Every quarter somebody independent decides for each access whether it is still needed.",
    workflow="access_review",
    criteria=("CC6.1", "CC6.2", "CC6.3"),
    owner="dana@acme.test",
    deputy="ravi@acme.test",
    cadence={"every": "quarter", "opens": "5th working day", "due": "14d"},
    settings={
        "sources": [{"id": "github"}],
        "reviewers": {"order": ["entitlement_owner", "manager", "app_owner"], "fallback": ["dana@acme.test"]},
    },
)
SOURCES = {
    "people": SourceConfig(id="people", kind="csv", system="Acme directory", directory=True),
    "github": SourceConfig(
        id="github", kind="csv", system="GitHub", owner="maya@acme.test", remover="lena@acme.test",
        service_accounts={"acme-ci": "tom@acme.test"},
    ),
}  # fmt: skip


def _person(name: str, full: str, manager: str | None, **more: Any) -> Person:
    known: dict[str, Any] = {
        "id": f"P-{name}", "issuer": "https://idp.acme.test", "login": f"{name}@acme.test", "name": full,
        "employed": True, "manager": f"P-{manager}" if manager else None, "slack_user": f"U0{name.upper()}",
        "time_zone": "Europe/Berlin",
    }  # fmt: skip
    return Person(**{**known, **more})


PEOPLE = (
    _person("dana", "Dana Okafor", None),
    _person("ravi", "Ravi Patel", "dana"),
    _person("tom", "Tom Fischer", "ravi"),
    _person("maya", "Maya Chen", "tom"),
    _person("lena", "Lena Novak", "tom"),
    _person("jun", "Jun Tanaka", "tom", employed=False, ended_on=date(2026, 9, 28)),
    _person("long", LONG[:80], "tom"),
    *(_person(name, f"{name.title()} Berg", "tom") for name in ("ana", "ben", "cleo", "dora", "emil")),
)


def _line(who: str | None, access: str, plain: str = "", *, privileged: bool | None = False, **more: Any) -> Line:
    account: dict[str, Any] = {
        "system": "GitHub", "native_id": f"id-{who or 'deploy-old'}", "login": who or "deploy-old",
        "kind": "human", "active": True, "mfa": True, "person": f"P-{who}" if who else None,
        "link": "certain" if who else "orphan",
    }  # fmt: skip
    return Line(
        account=Account(**{**account, **more.pop("account", {})}),
        entitlement=Entitlement(
            system="GitHub",
            native_id=access,
            resource=access.rpartition(":")[0],
            name=access,
            plain=plain,
            privileged=privileged,
        ),
        via=more.pop("via", ("group:web",)),
        granted_at=more.pop("granted_at", SINCE - timedelta(days=400)),
        last_used=more.pop("last_used", LastUse(at=SINCE)),
    )


LINES = (
    _line("jun", "web:write", "Can push to the repository web"),
    _line(
        "lena", "org:owner", "Owner of GitHub's organisation acme; can do everything", privileged=True, via=("direct",)
    ),
    _line(
        "maya",
        "web:maintain",
        "Can merge and release in the repository web",
        account={"mfa": None, "unknown": {"mfa": "not_permitted"}},
    ),
    _line("lena", "web:read", "Can read the repository web"),
    _line("lena", "web:write", "Can push to the repository web"),
    _line("long", "web:read", LONG, last_used=LastUse(none_since=date(2026, 7, 3))),
    *(_line(name, "web:read", "Can read the repository web") for name in ("ana", "ben", "cleo", "dora", "emil")),
    _line(None, "web:write", account={"mfa": False}, last_used=LastUse(), granted_at=None, via=("direct",)),
    _line(None, "web:read", account={"native_id": "id-ci", "login": "acme-ci", "kind": "service", "owner": "P-tom"}),
)

OWNS = Duty(entry="owner", source="github", entitlement="org:owner", title="Owner of the organisation")
PUSHES = Duty(entry="write", source="github", entitlement="web:write", title="Write in acme/web")
PAIR = Pair(control="AP-01", sides=(OWNS, PUSHES))


def collection(source: str, number: int, at: datetime, lines: Sequence[Line], verdict: str = "complete") -> Collection:
    """A pull as the rules see one."""
    content = hashlib.sha256(f"{source}#{number}".encode()).hexdigest()
    return Collection.model_validate(
        {
            "id": content, "source": source, "system": SOURCES[source].system, "number": number, "as_of": at, "ended_at": at,
            "verdict": verdict, "reasons": () if verdict == "complete" else ("page 3 of members was cut off",),
            "lines": len(lines), "lines_sha256": content[::-1], "raw_sha256": content,
        }
    )  # fmt: skip


def _story(workflow: Workflow) -> Story:
    company = {"name": "Acme", "time_zone": "Europe/Berlin", "effective_from": SINCE, "fiscal_year_starts": 1}
    directory = directory_of(PEOPLE, "d" * 64, SINCE)
    facts = Facts(
        directory=directory, program="a" * 64, control=CONTROL, company=company, owner="P-dana", deputy="P-ravi", sources=SOURCES
    )  # fmt: skip
    return Story(workflow, facts, pairs=(PAIR,))


def _planned(workflow: Workflow) -> tuple[Story, CaseId]:
    story = _story(workflow)
    opening = schedule.openings(CONTROL, story.facts.company, OPENS)[-1]
    if not isinstance(opening.command, PlanCampaign):
        raise TypeError("a review opens by being planned")
    story.tell(opening.case, opening.command, by_time(opening.due_at), OPENS)
    return story, opening.case


def _pull(
    story: Story, source: str, number: int, at: datetime, lines: Sequence[Line], verdict: str = "complete"
) -> None:
    found = collection(source, number, at, lines, verdict)
    story.learn(found, lines)
    story.pulled(found, by_system("identity pull"), at)


def _opened(workflow: Workflow) -> tuple[Story, CaseId]:
    story, campaign = _planned(workflow)
    _pull(story, "people", 1, OPENS, ())
    _pull(story, "github", 1, OPENS + timedelta(minutes=5), LINES)
    return story, campaign


def _reviews(story: Story) -> list[Review]:
    return [s for _, s in sorted(story.states.items()) if isinstance(s, Review)]


def _somebody(person: str) -> Person:
    return next(p for p in PEOPLE if p.id == person)


def _decide(story: Story, review: Review, at: datetime) -> None:
    """The reviewer looks, marks every line and signs; leavers and orphans go, everything else stays."""
    by = by_person(review.reviewer, team="T0ACME", user=review.reviewer.slack_user or "", role="reviewer")
    story.tell(review.case, TurnPage(page=0), by, at)
    for ref, line in review.lines.items():
        gone = line.assigned.leaver or "orphan" in line.assigned.flags
        command = MarkLine(
            ref=ref,
            verdict="revoke" if gone else "keep",
            shown=line.assigned.shown(),
            reason="Needed every week for the team.",
        )
        story.tell(review.case, command, by, at + timedelta(minutes=1))
    story.tell(review.case, SignMarks(), by, at + timedelta(minutes=2))


def _next_quarter(story: Story) -> list[Example]:
    """The review after the first: unchanged lines may be kept together, once their list was opened."""
    at = datetime(2027, 1, 11, 8, 0, tzinfo=UTC)
    opening = schedule.openings(CONTROL, story.facts.company, at)[-1]
    story.tell(opening.case, opening.command, by_time(opening.due_at), at)
    _pull(story, "people", 2, at, ())
    used = {"last_used": LastUse(at=at - timedelta(days=1))}
    _pull(story, "github", 4, at, [x.model_copy(update=used) for x in LINES if x.account.person != "P-jun"])
    review = max((r for r in _reviews(story) if r.case.startswith(opening.case)), key=lambda r: len(r.lines))
    by = by_person(review.reviewer)
    story.tell(review.case, TurnPage(page=0), by, at)
    found = [_example(story, "group_offered", review.case, at)]
    state = story.states[review.case]
    group = next(iter(offered(state)), None)
    if group is None:
        return found
    story.tell(review.case, OpenGroup(group=group.id), by, at)
    found.append(_example(story, "group_opened", review.case, at))
    for ref in group.spots:
        line = state.lines[ref].assigned
        story.tell(review.case, MarkLine(ref=ref, verdict="keep", shown=line.shown()), by, at + timedelta(seconds=9))
    return [*found, _example(story, "group_ready", review.case, at)]


def _example(story: Story, name: str, case: CaseId, at: datetime) -> Example:
    return Example(name=name, case=case, history=story.histories[case], facts=story.facts, at=at)


def histories(workflow: Workflow) -> tuple[Example, ...]:
    """Every example, made anew."""
    return (*_before(workflow), *_during(workflow), *_after(workflow), *_conflict(workflow))


def _before(workflow: Workflow) -> list[Example]:
    story, campaign = _planned(workflow)
    found = [_example(story, "planned", campaign, OPENS)]
    _pull(story, "people", 1, OPENS, ())
    _pull(story, "github", 1, OPENS + timedelta(minutes=5), (), "partial")
    return [*found, _example(story, "source_refused", campaign, OPENS + timedelta(minutes=6))]


def _during(workflow: Workflow) -> list[Example]:
    at = OPENS + timedelta(days=1)
    story, campaign = _opened(workflow)
    found = [_example(story, "opened", campaign, at)]
    found += [_example(story, f"asked_{r.reviewer.login.partition('@')[0]}", r.case, at) for r in _reviews(story)]
    review = max(_reviews(story), key=lambda r: len(r.lines))
    by = by_person(review.reviewer)
    story.tell(review.case, TurnPage(page=0), by, at)
    found.append(_example(story, "deciding", review.case, at))
    line = review.queue()[-1].assigned
    story.tell(review.case, MarkLine(ref=line.ref, verdict="revoke", shown=line.shown(), reason="Not needed."), by, at)
    found.append(_example(story, "marked", review.case, at))
    other = review.queue()[0].assigned
    story.tell(review.case, NotMine(ref=other.ref, reason="I do not know this system."), by, at)
    found += [_example(story, "passed_on", review.case, at), _example(story, "moved", campaign, at)]
    proposal = Propose(kind="cancel", second="P-ravi", reason="The company is being restructured this quarter.")
    story.tell(campaign, proposal, by_person(_somebody("P-dana")), at)
    return [*found, _example(story, "proposed", campaign, at)]


def _after(workflow: Workflow) -> list[Example]:
    story, campaign = _opened(workflow)
    at = OPENS + timedelta(days=10)
    for case, state in sorted(story.states.items()):
        for command in workflow.due(state, at, story.facts):
            story.tell(case, command, by_time(at), at)
    found = [_example(story, "reminded", _reviews(story)[0].case, at)]
    for review in _reviews(story):
        _decide(story, review, at)
    removing = next(r for r in _reviews(story) if r.follow_ups)
    found.append(_example(story, "signed", removing.case, at))
    remover, ref = by_person(next(iter(removing.follow_ups.values())).remover), next(iter(removing.follow_ups))
    story.tell(removing.case, CannotRemove(ref=ref, because="The pipeline would stop."), remover, at)
    found.append(_example(story, "stuck", removing.case, at))
    story.tell(removing.case, ReportRemoved(ref=ref), remover, at + timedelta(hours=1))
    found.append(_example(story, "reported", removing.case, at))
    later = at + timedelta(days=2)
    _pull(story, "github", 2, later, LINES)
    found.append(_example(story, "still_present", removing.case, later))
    gone = {f.ref for r in _reviews(story) for f in r.follow_ups.values()}
    _pull(story, "github", 3, later + timedelta(days=1), [x for x in LINES if x.ref not in gone])
    found += [_example(story, "verified", removing.case, later), _example(story, "removed", campaign, later)]
    return [*found, *_next_quarter(story)]


def _conflict(workflow: Workflow) -> list[Example]:
    """Lena has two accesses that one person may not have at once, by an exception."""
    story, _ = _planned(workflow)
    yes = Allowed(
        case="approval/pair/owner/write/lena@acme.test/2026-10-01", attestation="7f" * 32, control="AP-01",
        person="P-lena", entries=PAIR.entries, until=OPENS + timedelta(days=20),
    )  # fmt: skip
    story.facts = story.facts.model_copy(update={"approvals": Approvals(allowed=(yes,))})
    _pull(story, "people", 1, OPENS, ())
    _pull(story, "github", 1, OPENS + timedelta(minutes=5), LINES)
    review = next(r for r in _reviews(story) if any(x.assigned.beside for x in r.lines.values()))
    story.tell(review.case, TurnPage(page=0), by_person(review.reviewer), OPENS + timedelta(minutes=9))
    return [_example(story, "conflict_allowed", review.case, OPENS)]
