"""Whoever a program names has to work here; a name that nobody has is found when the program is applied."""

from __future__ import annotations

from pathlib import Path

from bot.program.people import named_people, strangers
from tests.program.world import good_program, loaded
from workflows.kernel.identity import Person, directory_of


def person(login: str, employed: bool | None = True) -> Person:
    return Person(id=login, issuer="idp", login=login, name=login.partition("@")[0].title(), employed=employed)


def test_everybody_named_is_found_with_their_part(tmp_path: Path) -> None:
    program = loaded(good_program(tmp_path / "program")).program

    assert list(named_people(program)) == [
        ("dana@acme.test", "control owner"),
        ("ravi@acme.test", "deputy of the control owner"),
        ("dana@acme.test", "member of the role security"),
        ("dana@acme.test", "owner of AC-04"),
        ("ravi@acme.test", "deputy of the owner of AC-04"),
        ("dana@acme.test", "fallback reviewer of AC-04"),
        ("ravi@acme.test", "fallback reviewer of AC-04"),
        ("maya@acme.test", "owner of payroll"),
        ("dana@acme.test", "who accepted that figma is out of scope"),
    ]


def test_where_everybody_works_here_there_is_no_problem(tmp_path: Path) -> None:
    program = loaded(good_program(tmp_path / "program")).program
    everybody = directory_of(person(login) for login in ("Dana@acme.test", "ravi@acme.test", "maya@acme.test"))

    assert strangers(program, everybody) == []


def test_a_stranger_and_a_leaver_are_named_with_what_they_were_to_do(tmp_path: Path) -> None:
    program = loaded(good_program(tmp_path / "program")).program
    directory = directory_of([person("dana@acme.test"), person("ravi@acme.test", False), person("mayac@acme.test")])

    said = [str(problem) for problem in strangers(program, directory)]

    assert said == [
        "program: `maya@acme.test` (owner of payroll) is nobody in the directory. Did you mean `mayac@acme.test`? "
        "Write the login as the identity provider does.",
        "program: `ravi@acme.test` (deputy of the control owner, deputy of the owner of AC-04, fallback reviewer of "
        "AC-04) has left. Name somebody who works here.",
    ]


def test_somebody_of_whom_employment_is_unknown_is_not_taken_for_an_employee(tmp_path: Path) -> None:
    program = loaded(good_program(tmp_path / "program")).program
    directory = directory_of([person("dana@acme.test"), person("ravi@acme.test"), person("maya@acme.test", None)])

    (problem,) = strangers(program, directory)

    assert problem.what == "`maya@acme.test` (owner of payroll) is not known to be employed."
