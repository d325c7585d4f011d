"""What must hold between the parts of a program. Each check yields every problem it finds and changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date

from bot.program.criterion import criteria
from bot.program.draft import Draft, Placed
from bot.program.folder import inside
from bot.program.problem import Problem, listed, meant, quoted
from workflows.kernel.model import Control

REACHABLE = ("slack",)
"""Assurance levels that can be reached without a sign-in; a control that asks for another could never be signed."""
SIGN_IN = ("slack", "slack+sso", "slack+sso+mfa")
"""Those that can be reached where people sign in at Okta."""
MOST_OPENS = {"day": 1, "week": 5, "month": 20, "quarter": 60, "half": 120, "year": 240}
DIRECTORY = "directory"


def check(draft: Draft, today: date, levels: Sequence[str] = REACHABLE) -> list[Problem]:
    """Every problem between parts that could each be read by itself. ``levels`` are those that can be reached here."""
    found = [problem for one in CHECKS for problem in one(draft)]
    return [*found, *_levels_are_reachable(draft, levels), *_lapsed(draft, today)]


def _criteria_are_known(draft: Draft) -> Iterator[Problem]:
    known = criteria()
    for control in draft.controls:
        seen: set[str] = set()
        for number, criterion in enumerate(control.value.criteria):
            if criterion not in known:
                beside = [name for name in known if name.partition(".")[0] == criterion.partition(".")[0].upper()]
                mend = (
                    f"There is {listed(beside)}." if beside else "The series are CC1 to CC9, A1, C1, PI1 and P1 to P8."
                )
                yield control.problem(f"{quoted(criterion)} is no criterion.", mend, "criteria", number)
            elif criterion in seen:
                yield control.problem(f"{quoted(criterion)} stands here twice.", "Keep one.", "criteria", number)
            seen.add(criterion)


def _ids_are_unique(draft: Draft) -> Iterator[Problem]:
    for values in (draft.controls, draft.sources, draft.out_of_scope):
        first: dict[str, str] = {}
        for placed in values:
            name = placed.value.id
            if name in first:
                what = f"The id {quoted(name)} is taken already: {first[name]}."
                yield placed.problem(what, "Give this one an id of its own.", "id")
            first.setdefault(name, placed.place("id"))


def _somebody_answers(draft: Draft) -> Iterator[Problem]:
    company = draft.company
    if company is None:
        return
    owner, deputy = company.value.control_owner, company.value.deputy
    if deputy is not None and same(owner, deputy):
        yield company.problem("The control owner cannot be their own deputy.", "Name another person.", "deputy")
    for control in draft.controls:
        if control.value.deputy is None:
            what = f"Nobody stands in for {control.value.owner}."
            yield control.problem(what, "Write `deputy:` here or in company.yaml, naming another person.", "id")
        elif same(control.value.owner, control.value.deputy) and (control.says("owner") or control.says("deputy")):
            where = "deputy" if control.says("deputy") else "owner"
            what = f"{control.value.owner} would be their own deputy."
            yield control.problem(what, "Write another person as `deputy:`.", where)


def same(login: str, other: str) -> bool:
    """Whether two logins name one person: identity providers compare them without case."""
    return login.lower() == other.lower()


def _one_source_is_the_directory(draft: Draft) -> Iterator[Problem]:
    directories = [s for s in draft.sources if s.value.directory]
    if not directories and draft.sources and draft.all_sources:
        mend = "Write `directory: true` at the identity provider, or at the file that lists the company's people."
        yield Problem(draft.sources[0].file, 0, 0, "No source is the directory of people.", mend)
    for extra in directories[1:]:
        what = f"{quoted(directories[0].value.id)} is the directory already ({directories[0].place('directory')})."
        yield extra.problem(what, "One source says who works here: keep `directory: true` at one.", "directory")
    for source in draft.sources:
        role = source.value.settings.get("role", DIRECTORY if source.value.directory else "")
        if source.value.kind == "csv" and source.value.directory and role != DIRECTORY:
            mend = "Write `role: directory` in its settings, or take `directory: true` away."
            yield source.problem("This is the directory, but its file is not read as one.", mend, "directory")
        if source.value.kind == "csv" and not source.value.directory and role == DIRECTORY:
            mend = "Write `directory: true` at this source, or `role: accounts` here."
            yield source.problem("This file is read as the directory, but the source is not.", mend, "settings", "role")


def _control_sources_exist(draft: Draft) -> Iterator[Problem]:
    for control, number, entry in draft.scopes():
        name, step = entry["id"], ("sources", number, "id")
        loc = step if control.says(*step) else step[:2]
        if not entry.get("out_of_scope") and name not in draft.source_ids:
            known = sorted(draft.source_ids)
            what = f"{quoted(name)} is no source of this program."
            near = f"{meant(name, known, 'sources.yaml has')} " if known else ""
            yield control.problem(what, f"{near}Correct the id, or describe the source in sources.yaml.", *loc)
        if any(before["id"] == name for before in control.value.settings["sources"][:number]):
            yield control.problem(f"{quoted(name)} stands here twice.", "Keep one.", *loc)


def _every_source_is_in_or_out(draft: Draft) -> Iterator[Problem]:
    inside_of: dict[str, list[Placed[Control]]] = {}
    outside = {o.value.id: o for o in (*draft.excepted, *draft.out_of_scope)}
    left_out = set(outside)
    for control, _, entry in draft.scopes():
        if not entry.get("out_of_scope"):
            inside_of.setdefault(entry["id"], []).append(control)
        else:
            left_out.add(entry["id"])
    for name, source in {s.value.id: s for s in reversed(draft.sources)}.items():
        if name in inside_of and name in outside:
            what = f"{quoted(name)} is out of scope, but {inside_of[name][0].value.id} reviews it."
            yield outside[name].problem(what, "Take one of the two away.", "id")
        if name not in inside_of and name not in left_out and not source.value.directory and draft.all_controls:
            mend = "Name it under `sources` of a control, or under `out_of_scope` with reason, accepted_by and until."
            yield source.problem(f"{quoted(name)} is in no control and not out of scope.", mend, "id")
    for name, controls in inside_of.items():
        first: dict[object, Placed[Control]] = {}
        for control in {c.value.id: c for c in controls}.values():
            every = control.value.cadence.get("every")
            if every in first:
                what = f"{quoted(name)} is reviewed by {first[every].value.id} every {every} already."
                yield control.problem(what, "A source belongs to one control of a cadence: keep it in one.", "sources")
            first.setdefault(every, control)


def _files_are_here(draft: Draft) -> Iterator[Problem]:
    for source in draft.sources:
        name = source.value.settings.get("file")
        if source.value.kind == "csv" and isinstance(name, str):
            path, why_not = inside(draft.root, name)
            if path is None:
                mend = "Write the path from the program folder, such as data/payroll.csv, and put the file there."
                yield source.problem(f"{quoted(name)}: {why_not}", mend, "settings", "file")


def _privilege_is_clear(draft: Draft) -> Iterator[Problem]:
    for source in draft.sources:
        for number, name in enumerate(source.value.ordinary):
            if name in source.value.privileged:
                what = f"{quoted(name)} is both privileged and ordinary."
                yield source.problem(what, "Keep it in one list.", "ordinary", number)


def _cadence_fits(draft: Draft) -> Iterator[Problem]:
    for control in draft.controls:
        every, opens = control.value.cadence["every"], control.value.cadence["opens"]
        if opens > MOST_OPENS[every]:
            what = f"A {every} may have no working day number {opens}."
            yield control.problem(what, f"Write at most {MOST_OPENS[every]}.", "cadence", "opens")


def _levels_are_reachable(draft: Draft, reachable: Sequence[str]) -> Iterator[Problem]:
    mend = f"Set OKTA_OIDC_ISSUER and OKTA_OIDC_CLIENT_ID, or write {quoted(REACHABLE[-1])}."
    if draft.company is not None and (level := draft.company.value.record_assurance) not in reachable:
        what = f"The level {quoted(level)} wants a sign-in, and none is set up here."
        yield draft.company.problem(what, mend, "record_assurance")
    for control in draft.controls:
        settings = control.value.settings
        wanted = settings.get("wanted")
        levels = [("assurance", settings.get("assurance")), *(wanted.items() if isinstance(wanted, dict) else ())]
        for key, level in levels:
            if isinstance(level, str) and level not in reachable:
                what = f"The level {quoted(level)} wants a sign-in, and none is set up here."
                yield control.problem(what, mend, *(("wanted", key) if key != "assurance" else (key,)))


def _environments_have_one_control(draft: Draft) -> Iterator[Problem]:
    first: dict[tuple[str, str], str] = {}
    for control in draft.controls:
        for number, entry in enumerate(control.value.settings.get("environments") or ()):
            name = (str(entry["repository"]).lower(), str(entry["environment"]).lower())
            if name in first:
                what = f"{first[name]} approves deploys to {entry['environment']} of {entry['repository']} already."
                mend = "Keep the environment in one control."
                yield control.problem(what, mend, "environments", number, "environment")
            first.setdefault(name, control.value.id)


def _accounts_are_a_source(draft: Draft) -> Iterator[Problem]:
    for control in draft.controls:
        name = control.value.settings.get("accounts")
        if control.value.workflow == "approval" and name and name not in draft.source_ids and draft.all_sources:
            what = f"{quoted(str(name))} is no source of this program."
            yield control.problem(
                what, "Write the id of a source whose accounts are those of the pipeline.", "accounts"
            )


def _ways_lead_somewhere(draft: Draft) -> Iterator[Problem]:
    """What is granted through Okta is a group of an Okta source: only there is the entitlement's id the group's."""
    kinds = {s.value.id: s.value.kind for s in draft.sources}
    for control in draft.controls:
        for number, entry in enumerate(control.value.settings.get("catalogue") or ()):
            if entry.get("through") != "okta":
                continue
            kind = kinds.get(entry["source"], "okta")
            if kind != "okta":
                what = f"{quoted(entry['source'])} is a source of kind {kind}, and through: okta grants in Okta."
                mend = "Write an Okta source, or take `through` away: the granter is asked then."
                yield control.problem(what, mend, "catalogue", number, "through")
            elif not entry["entitlement"].startswith("00g"):
                what = f"{quoted(entry['entitlement'])} is no Okta group, and only groups are granted through Okta."
                mend = "Write the group's id, which starts with 00g, or take `through` away."
                yield control.problem(what, mend, "catalogue", number, "entitlement")


def _publishers_differ(draft: Draft) -> Iterator[Problem]:
    for control in draft.controls:
        seen: set[tuple[str, str, str]] = set()
        owners: dict[str, int] = {}
        for number, one in enumerate(control.value.publishers):
            name = (one.repository.lower(), one.workflow, (one.environment or "").lower())
            if name in seen:
                what = f"{one.workflow} of {one.repository} stands here twice."
                yield control.problem(what, "Keep one.", "publishers", number)
            seen.add(name)
            owner = one.repository.partition("/")[0].lower()
            if owners.setdefault(owner, one.owner_id) != one.owner_id:
                what = f"{quoted(owner)} has two numbers here: {owners[owner]} and {one.owner_id}."
                yield control.problem(what, f"Ask: gh api users/{owner} --jq .id", "publishers", number, "owner_id")


def _lapsed(draft: Draft, today: date) -> Iterator[Problem]:
    mend = "Review the system, or have it accepted again with a later date."
    for left_out in (*draft.out_of_scope, *draft.excepted):
        if left_out.value.until < today:
            what = f"{quoted(left_out.value.id)} was out of scope until {left_out.value.until}; that has passed."
            yield left_out.problem(what, mend, "until")


CHECKS: Sequence[Callable[[Draft], Iterator[Problem]]] = (
    _criteria_are_known,
    _ids_are_unique,
    _somebody_answers,
    _one_source_is_the_directory,
    _control_sources_exist,
    _every_source_is_in_or_out,
    _files_are_here,
    _privilege_is_clear,
    _cadence_fits,
    _environments_have_one_control,
    _accounts_are_a_source,
    _ways_lead_somewhere,
    _publishers_differ,
)
