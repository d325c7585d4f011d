"""Managers: one exact key, and no manager where the answer is not one living person."""

from __future__ import annotations

import pytest

from bot.sources.manager import with_managers
from bot.sources.settings import ManagerKey
from tests.sources.world import person
from workflows.kernel.identity import Person

MAYA = person("1", "maya@acme.test", email="maya.chen@acme.test")
RAVI = person("2", "ravi@acme.test", email="ravi.patel@acme.test")
DANA = person("3", "dana@acme.test", email="dana.o@acme.test")
TOM = person("4", "tom@acme.test", employed=False)
NUMBERS = {"1": "0001", "2": "0002", "3": "0003"}


def managers(people: list[Person], said: dict[str, str], by: ManagerKey = "id") -> dict[str, str | None]:
    return {p.id: p.manager for p in with_managers(people, said, by, NUMBERS)}


@pytest.mark.parametrize(
    ("by", "key"),
    [("id", "3"), ("login", "Dana@acme.test"), ("email", "dana.o@ACME.test"), ("number", "0003")],
)
def test_a_manager_is_found_by_id_login_address_or_number(by: ManagerKey, key: str) -> None:
    assert managers([MAYA, DANA], {"1": key}, by)["1"] == "3"


@pytest.mark.parametrize(
    ("said", "note"),
    [
        ({}, "The directory names no manager."),
        ({"1": "1"}, "The directory names the person as their own manager."),
        ({"1": "99"}, "The directory names 99 as manager; nobody has this id."),
        ({"1": "4"}, "The manager Tom (tom@acme.test) is no longer employed."),
        ({"1": "2", "2": "1"}, "The managers above this person form a loop."),
        ({"1": "2", "2": "3", "3": "1"}, "The managers above this person form a loop."),
    ],
    ids=["none", "self", "unknown", "departed", "loop of two", "loop of three"],
)
def test_no_manager_where_the_answer_is_not_one_living_person(said: dict[str, str], note: str) -> None:
    maya = with_managers([MAYA, RAVI, DANA, TOM], said, "id", {})[0]

    assert (maya.manager, maya.manager_note) == (None, note)


def test_two_people_with_the_key_are_no_manager() -> None:
    twin = person("5", "x@acme.test", email="dana.o@acme.test")

    maya = with_managers([MAYA, DANA, twin], {"1": "dana.o@acme.test"}, "email", {})[0]

    assert maya.manager is None
    assert maya.manager_note == "The directory names dana.o@acme.test as manager; 2 people have this email."


def test_who_stands_below_a_loop_keeps_their_manager() -> None:
    found = managers([MAYA, RAVI, DANA], {"1": "2", "2": "3", "3": "2"})

    assert found == {"1": "2", "2": None, "3": None}


def test_an_employee_number_keeps_its_zeros() -> None:
    assert managers([MAYA, DANA], {"1": "3"}, "number")["1"] is None
