"""The directory as a file: people with managers, employment and Slack ids; a person without an id is no person."""

from __future__ import annotations

from datetime import date

import pytest

from tests.sources.world import World
from workflows.kernel.identity import Directory, Pull
from workflows.kernel.program import SourceConfig

HEADER = "no;login;mail;name;boss;works;left;slack;zone;dept;title;away"
COLUMNS = {
    "id": "no", "login": "login", "email": "mail", "name": "name", "manager": "boss", "employed": "works",
    "ended_on": "left", "slack_user": "slack", "time_zone": "zone", "department": "dept", "title": "title",
    "absent_until": "away",
}  # fmt: skip
DANA = "1;dana@acme.test;;Dana Okafor;;yes;;U0DANA;Africa/Lagos;Security;Head of Security;"
MAYA = "2;maya@acme.test;maya.chen@acme.test;Maya Chen;Dana@acme.test;yes;;U0MAYA;Europe/Berlin;Eng;Lead;2026-10-20"
TOM = "3;tom@acme.test;;Tom Fischer;maya@acme.test;no;2026-09-01;;;;;"


def pull(world: World, *rows: str, **settings: object) -> Pull:
    config = SourceConfig(
        id="hr",
        kind="csv",
        system="People",
        directory=True,
        settings={"file": "people.csv", "role": "directory", "columns": COLUMNS, **settings},
    )
    (world.folder / "people.csv").write_text("\n".join([HEADER, *rows]), encoding="utf-8")
    return world.pull(config, directory=Directory(people={}))


def test_people_are_read_with_their_managers(world: World) -> None:
    found = pull(world, DANA, MAYA, TOM)

    assert found.certificate.verdict == "complete", found.certificate.reasons
    dana, maya, tom = found.people
    assert (maya.id, maya.issuer, maya.login, maya.email) == ("2", "csv:hr", "maya@acme.test", "maya.chen@acme.test")
    assert (maya.manager, maya.employed, maya.slack_user, maya.time_zone) == ("1", True, "U0MAYA", "Europe/Berlin")
    assert (maya.department, maya.title, maya.absent_until) == ("Eng", "Lead", date(2026, 10, 20))
    assert (tom.employed, tom.ended_on, tom.slack_user, tom.time_zone) == (False, date(2026, 9, 1), None, "UTC")
    assert (dana.manager, dana.manager_note, dana.email) == (None, "The directory names no manager.", "dana@acme.test")
    assert found.certificate.counts["people"] == 3
    assert (found.accounts, found.lines) == ((), ())


def test_employment_that_is_not_said_is_unknown(world: World) -> None:
    (dana,) = pull(world, DANA.replace("yes", "perhaps")).people

    assert dana.employed is None


@pytest.mark.parametrize("row", [";lena@acme.test;;Lena;;yes;;;;;;", "9;;;Lena;;yes;;;;;;"])
def test_a_row_without_id_or_login_is_rejected_and_the_pull_partial(world: World, row: str) -> None:
    found = pull(world, DANA, row)

    assert len(found.people) == 1
    assert found.certificate.verdict == "partial"
    assert found.certificate.reasons[0].startswith("1 rows cannot be used: line 3 has no ")
    assert found.certificate.streams[0].rejected == 1


def test_one_id_with_two_sets_of_facts_is_partial_and_a_repeated_row_is_not(world: World) -> None:
    repeated = pull(world, DANA, DANA)
    different = pull(world, DANA, DANA.replace("Okafor", "O."))

    assert repeated.certificate.verdict == "complete"
    assert different.certificate.reasons == (
        "The id 1 stands twice with different facts, last in line 3. Mend the file.",
    )


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (TOM.replace("2026-09-01", "last week"), "line 3: ended_on is 'last week', which cannot be read."),
        (MAYA.replace("2026-10-20", "20/10"), "line 3: absent_until is '20/10', which cannot be read."),
        (MAYA.replace("Europe/Berlin", "Berlin"), "line 3: time_zone is 'Berlin', which cannot be read."),
    ],
)
def test_a_date_or_zone_that_cannot_be_read_is_partial_because_it_changes_who_is_asked(
    world: World, row: str, said: str
) -> None:
    found = pull(world, DANA, row)

    assert found.certificate.verdict == "partial"
    assert found.certificate.reasons[0].startswith(said)


def test_a_directory_that_lost_a_fifth_of_its_people_is_partial(world: World) -> None:
    staff = [f"{n};p{n}@acme.test;;P;;yes;;;;;;" for n in range(10)]
    before = pull(world, *staff)
    config = SourceConfig(
        id="hr", kind="csv", system="People", directory=True,
        settings={"file": "people.csv", "role": "directory", "columns": COLUMNS},
    )  # fmt: skip
    (world.folder / "people.csv").write_text("\n".join([HEADER, *staff[:7]]), encoding="utf-8")

    found = world.pull(config, directory=Directory(people={}), previous=before)

    assert found.certificate.reasons[0].startswith("7 people, and 10 in the last complete pull")


def test_the_issuer_may_be_said(world: World) -> None:
    (dana,) = pull(world, DANA, issuer="https://hr.acme.test").people

    assert dana.issuer == "https://hr.acme.test"
