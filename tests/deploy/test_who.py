"""Who may let a deploy go: nobody who started or wrote it, and nobody who cannot be told apart from who did."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.deploy.github import COMMIT, HEAD, RELEASED, commit_of, ordinary, user
from tests.deploy.house import LENA, RAVI, House, house
from workflows.approval.model import Approve
from workflows.kernel.errors import Refused
from workflows.kernel.model import by_person


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("acme")) as made:
        yield made


@pytest.fixture
def acme(running: House) -> House:
    """The house with the ordinary repository, and a directory of today."""
    ordinary(running.github)
    running.stage.product.puller.pull("people", "test")
    return running


def refusal(acme: House, case: str, login: str) -> str:
    """Why somebody may not approve, whatever their cards show."""
    person = acme.stage.product.facts.directory().by_login(login)
    assert person is not None
    state = acme.state(case)
    with pytest.raises(Refused) as caught:
        acme.stage.product.runtime.act(case, Approve(step=state.step, shown=state.stamp), by_person(person))
    return caught.value.code


def test_whoever_started_or_wrote_it_is_not_asked_and_is_refused_at_the_click(acme: House) -> None:
    case = acme.asked("200", actor=user("ravi-p"), triggering_actor=user("ravi-p"))

    asked = [p.login for p in acme.state(case).asked]

    assert asked == ["maya@acme.test"]
    assert refusal(acme, case, "ravi@acme.test") == "own_request"
    assert refusal(acme, case, "lena@acme.test") == "author"
    assert acme.card(LENA, case) == {}


def test_a_rerun_by_another_person_keeps_both_starters_from_approving(acme: House) -> None:
    case = acme.asked("201", actor=user("ravi-p"), triggering_actor=user("lena-novak"))

    assert acme.state(case).request.requester is not None
    assert [p.login for p in acme.state(case).asked] == ["maya@acme.test"]
    assert refusal(acme, case, "ravi@acme.test") == "own_request"


@pytest.mark.parametrize("login", ["octocat", "Lena-Novak-2"])
def test_an_unlinked_starter_makes_it_refusable_only(acme: House, login: str) -> None:
    number = {"octocat": "202", "Lena-Novak-2": "203"}[login]
    case = acme.asked(number, actor=user(login), triggering_actor=user(login))

    code = refusal(acme, case, "ravi@acme.test")
    said = acme.refuse(RAVI, case, "Nobody knows who this is.")
    acme.settle()

    assert code == "unknown_author"
    assert login in acme.state(case).request.deploy.unknown  # type: ignore[union-attr]
    assert said.ok
    assert [d["state"] for d in acme.github.decisions(number)] == ["rejected"]


def test_an_unlinked_author_makes_it_refusable_only_whatever_address_the_commit_bears(acme: House) -> None:
    stranger = commit_of("d" * 40, "octocat", "Help", email="maya@acme.test")
    acme.github.repository.compared[f"{RELEASED}...{COMMIT}"].append(stranger)
    acme.github.repository.reviews = [{"user": user("ravi-p"), "state": "APPROVED", "commit_id": HEAD}]

    case = acme.asked("204")

    assert refusal(acme, case, "ravi@acme.test") == "unknown_author"
    # Her address stands in it, so she is kept from it as well.
    assert [p.login for p in acme.state(case).asked] == ["ravi@acme.test"]


def test_a_schedule_or_a_bot_starts_it_and_the_authors_are_kept_from_it_all_the_same(acme: House) -> None:
    bot = user("renovate[bot]", "Bot")
    case = acme.asked("205", event="schedule", actor=bot, triggering_actor=bot)

    assert acme.state(case).request.requester is None
    assert acme.state(case).request.deploy.unknown == ()  # type: ignore[union-attr]
    assert refusal(acme, case, "lena@acme.test") == "author"
    assert acme.press(RAVI, case, "approve").ok


def test_hostile_names_and_titles_are_inert_and_keep_nothing_from_being_asked(acme: House) -> None:
    nasty = "Fix <!channel> <https://evil.test|Approve> \u202eevorppA\x00 \ud800 " + "x" * 5_000
    here = acme.github.repository
    for commit in (here.commits[COMMIT], *here.compared[f"{RELEASED}...{COMMIT}"]):
        commit["commit"] = {**commit["commit"], "message": nasty}
    here.pulls[0]["title"] = nasty
    here.checks[0].update(name=nasty, conclusion="failure")

    case = acme.asked("209", head_branch=nasty, event=nasty)

    card = str(acme.card(RAVI, case))
    assert acme.state(case).status == "asked"
    assert not any(bad in card for bad in ("<!channel>", "<https://evil", "\u202e", "\x00", "\ud800"))
    assert acme.press(RAVI, case, "approve").ok
