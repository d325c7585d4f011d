"""Whatever is pulled in whatever order: the databases and plain Python agree on every snapshot and every difference."""

from __future__ import annotations

from itertools import count
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.store.database import Database
from bot.store.snapshot import Snapshots
from bot.store.snapshot_difference import changed_fields
from tests.store.world import MONDAY, account, entitlement, line, person, pull
from workflows.kernel.identity import Account, Entitlement, LastUse, Line, Person, Pull

SOURCES = count()

VERSIONS: list[dict[str, Any]] = [
    {},
    {"person": "00utom", "link": "weak"},
    {"active": None},
    {"last_used": LastUse(at=MONDAY), "mfa": True},
]
ACCOUNTS = [[account(login, **version) for version in VERSIONS] for login in ("maya", "ravi", "Dana")]
ENTITLEMENTS = [
    [entitlement(name), entitlement(name, privileged=True), entitlement(name, plain="May read", owner="00udana")]
    for name in ("admin", "read")
]
PATHS = [("direct",), ("group:a", "direct"), ("direct", "group:a"), ("role:x",)]
PEOPLE = [
    [person(login), person(login, employed=False), person(login, manager="00udana")]
    for login in ("maya", "ravi", "dana")
]


@st.composite
def states(draw: st.DrawFn) -> tuple[tuple[Person, ...], tuple[Account, ...], tuple[Line, ...]]:
    """What a system may say one day: any version of any subset of its people, accounts and lines."""
    chosen = [draw(st.sampled_from(versions)) for versions in ACCOUNTS]
    rights: list[Entitlement] = [draw(st.sampled_from(versions)) for versions in ENTITLEMENTS]
    places = [(who, what) for who in chosen for what in rights]
    lines = []
    for who, what in draw(st.lists(st.sampled_from(places), unique_by=lambda p: (p[0].native_id, p[1].native_id))):
        used = draw(st.sampled_from([LastUse(), LastUse(at=MONDAY)]))
        lines.append(line(who, what, *draw(st.sampled_from(PATHS)), last_used=used))
    people = tuple(draw(st.sampled_from(versions)) for versions in PEOPLE if draw(st.booleans()))
    alone = tuple(who for who in chosen if draw(st.booleans()))
    return people, alone, tuple(lines)


HISTORIES = st.lists(
    st.tuples(states(), st.sampled_from(["complete", "complete", "partial", "again"])), min_size=1, max_size=6
)


def pulls(history: list[tuple[Any, str]]) -> list[Pull]:
    """The pulls of a history of a source of its own; "again" loads an earlier one a second time."""
    source = f"source {next(SOURCES)}"
    made: list[Pull] = []
    for day, ((people, accounts, lines), how) in enumerate(history):
        if how == "again" and made:
            made.append(made[day // 2])
            continue
        verdict = "partial" if how == "partial" else "complete"
        made.append(pull(day, source=source, verdict=verdict, people=people, accounts=accounts, lines=lines))
    return made


def in_order(lines: tuple[Line, ...]) -> list[Line]:
    return sorted(lines, key=lambda one: one.key)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=HISTORIES)
def test_every_complete_collection_is_rebuilt_exactly(database: Database, history: list[tuple[Any, str]]) -> None:
    snapshots = Snapshots(database)
    made = pulls(history)

    saved = [snapshots.save(one) for one in made]

    first_times = list(dict.fromkeys(one.certificate_sha256 for one in made))
    assert [c.id for c in snapshots.collections(made[0].certificate.source)] == first_times[::-1]
    for one, collection in zip(made, saved, strict=True):
        assert collection.number == first_times.index(one.certificate_sha256) + 1
        if collection.verdict == "complete":
            assert list(snapshots.lines(collection.id)) == in_order(one.lines)
            assert snapshots.lines_by_key(collection.id, [o.key for o in one.lines]) == {o.key: o for o in one.lines}
            assert list(snapshots.accounts(collection.id)) == sorted(
                one.accounts, key=lambda a: (a.system, a.native_id)
            )
            assert snapshots.directory(collection.id).people == {p.id: p for p in one.people}


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(days=st.lists(states(), min_size=3, max_size=3))
def test_every_difference_is_the_one_that_plain_python_finds(database: Database, days: list[Any]) -> None:
    snapshots = Snapshots(database)
    first, second, third = made = pulls([(day, "complete") for day in days])
    for one in made:
        snapshots.save(one)

    for older, newer in ((first, second), (first, third), (third, second)):
        before, after = ({line.key: line for line in one.lines} for one in (older, newer))
        both = sorted(before.keys() & after.keys())
        differing = [key for key in both if before[key].substance() != after[key].substance()]
        found = snapshots.difference(older.certificate_sha256, newer.certificate_sha256)

        assert [line.key for line in found.new_lines()] == sorted(after.keys() - before.keys())
        assert list(found.removed_lines()) == [before[key] for key in sorted(before.keys() - after.keys())]
        changed = list(found.changed_lines())
        assert [(c.before, c.after) for c in changed] == [(before[key], after[key]) for key in differing]
        assert all(c.fields == changed_fields(c.before, c.after) != () for c in changed)
        assert (found.new, found.changed) == (len(after.keys() - before.keys()), len(differing))
        assert (found.removed, found.unchanged) == (len(before.keys() - after.keys()), len(both) - len(differing))
