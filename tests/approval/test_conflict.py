"""Two duties that must not be in one hand: by what is held, by what was approved, and by two requests at once."""

from __future__ import annotations

import pytest

from tests.approval.world import office, refusal, request_refused
from workflows.approval import WORKFLOW
from workflows.approval.examples.company import LINES, line
from workflows.approval.examples.office import Office
from workflows.approval.model import Approve, Settings


def both_asked(acme: Office) -> tuple[str, str]:
    """Lena asks for both sides of a pair; each has its first yes."""
    first, second = acme.ask(), acme.ask("release-sign")
    for case in (first, second):
        acme.approve(case, "tom")
    return first, second


def test_what_the_person_holds_by_the_last_complete_pull_counts() -> None:
    acme = office()
    acme.later(hours=1)
    acme.pull([*LINES, line("lena", "release:sign")])

    found = request_refused(acme)

    assert found.code == "conflict_of_duties"
    assert "Sign releases" in found.why


def test_what_was_approved_a_moment_ago_counts() -> None:
    acme = office()
    first = acme.ask()
    for name in ("tom", "maya"):
        acme.approve(first, name)

    assert request_refused(acme, "release-sign").code == "conflict_of_duties"


def test_of_two_requests_at_once_the_second_last_yes_is_refused() -> None:
    acme = office()
    first, second = both_asked(acme)

    acme.approve(first, "maya")
    state = acme.state(second)
    found = refusal(acme, second, Approve(step=1, shown=state.stamp), "maya")

    assert found.code == "conflict_of_duties"
    assert acme.state(second).status == "asked"


def test_without_a_complete_list_of_a_pair_nothing_is_taken_for_granted() -> None:
    acme = Office(WORKFLOW)
    desk = acme.story.states[acme.desk]
    acme.story.states[acme.desk] = type(desk)(**{**vars(desk), "pulls": {}})

    assert request_refused(acme).code == "no_list"
    assert acme.state(acme.ask("web-write", length="1d")).status == "asked"


@pytest.mark.parametrize(
    ("conflicts", "words"),
    [([["payments-admin", "nothing"]], "not in the catalogue"), ([["web-write", "web-write"]], "itself")],
)
def test_a_pair_must_name_two_entries_of_the_catalogue(conflicts: list[list[str]], words: str) -> None:
    settings = {**office().story.facts.control.settings, "conflicts": conflicts}

    with pytest.raises(ValueError, match=words):
        Settings.model_validate(settings)
