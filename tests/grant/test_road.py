"""Granted and taken away by itself, from `/access` to the list that shows it gone; and a person where it does not go."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.packet.export import export
from bot.packet.verify import verify
from bot.store.outbox_values import Claimed
from bot.store.replay import deviations, folding
from tests.grant.house import DANA, LENA, SOFIA, House, house
from tests.sources.server import Reply, Request
from workflows.approval.model import Withdraw
from workflows.kernel.errors import Refused
from workflows.kernel.model import by_person


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("acme")) as made:
        yield made


@pytest.fixture
def acme(running: House) -> House:
    running.okta.faults.clear()
    running.okta.asked.clear()
    return running


def test_an_okta_group_is_given_and_taken_away_and_lists_decide_each_time(acme: House) -> None:
    sofia, group = acme.person("sofia").id, acme.next_group()

    case = acme.approved(group)
    state = acme.state(case)

    assert acme.members(group) == [sofia]
    assert state.status == "approved"
    assert state.grant is not None
    assert state.grant.reported_at is not None
    assert acme.card(LENA, case) == {}
    assert "It was added in Okta. It counts once a later list shows it." in json.dumps(acme.card(SOFIA, case))

    acme.pull("okta")
    assert acme.state(case).status == "effective"

    acme.stage.pass_time(timedelta(days=14))
    assert acme.state(case).status == "ending"
    assert acme.members(group) == []
    acme.pull("okta")
    assert acme.state(case).status == "ended"
    assert acme.card(LENA, case) == {}
    grant = next(e for e in acme.stage.product.record.events(case) if e.name == "task_reported")
    file = json.loads(acme.stage.product.evidence(grant.body["files"][0]["sha256"]))
    assert file["asked"] == f"PUT /api/v1/groups/00g{group}/users/{sofia}"
    assert file["status"] == 204


def test_nobody_is_guessed_where_no_account_is_known_for_sure(acme: House) -> None:
    everybody = list(acme.okta.users)
    acme.okta.users = [u for u in everybody if not u["profile"]["login"].startswith("sofia")]
    acme.pull("okta")

    case = acme.approved(acme.next_group())
    grant = acme.state(case).grant
    acme.okta.users = everybody
    acme.pull("okta")

    assert grant is not None
    assert "Sofia Rossi has no account in Okta" in grant.stopped
    assert acme.changes() == []
    assert acme.card(LENA, case) != {}


def test_a_github_team_is_given_and_taken_away(acme: House) -> None:
    case = acme.approved("platform-write")
    acme.state(case)
    added = set(acme.github.repository.teams["writers"])
    acme.pull("github")
    missing = acme.state(case)

    # The list of GitHub is a file here, and nobody exported it again: it does not show her, so a person is asked.
    assert added == {"sofia-r"}
    assert missing.grant is not None
    assert missing.grant.refuted
    assert "Not there yet" in json.dumps(acme.card(LENA, case))


def no(request: Request) -> Reply | None:
    why = {"errorSummary": "Api validation failed", "errorCauses": [{"errorSummary": "This group is ruled elsewhere"}]}
    return None if request.method == "GET" else Reply(400, json.dumps(why).encode())


def away(request: Request) -> Reply | None:
    return None if request.method == "GET" else Reply(503, b"", [("Retry-After", "1")])


def test_where_the_system_says_no_the_granter_is_asked_with_its_words(acme: House) -> None:
    group = acme.next_group()
    acme.okta.faults.append(no)

    case = acme.approved(group)
    stopped = acme.state(case).grant
    card = json.dumps(acme.card(LENA, case), ensure_ascii=False)

    assert stopped is not None
    assert not stopped.by_itself
    assert "It could not be done by itself" in card
    assert "This group is ruled elsewhere" in card
    assert acme.card(DANA, case) == {}
    acme.members(group).append(acme.person("sofia").id)
    assert acme.press(LENA, case, "done").ok
    acme.pull("okta")
    assert acme.state(case).status == "effective"


def test_a_system_that_is_away_is_asked_again_and_after_half_an_hour_a_person_is(acme: House) -> None:
    acme.okta.faults.append(away)

    case = acme.approved(acme.next_group())
    early = acme.state(case).grant
    acme.stage.pass_time(timedelta(minutes=10))
    still = acme.state(case).grant
    acme.stage.pass_time(timedelta(minutes=25))
    late = acme.state(case).grant

    assert [errand is not None and errand.by_itself for errand in (early, still, late)] == [True, True, False]
    assert "Okta answered 503, for 3" in json.dumps(acme.card(LENA, case))


def test_a_system_that_comes_back_has_it_done_without_anybody(acme: House) -> None:
    group = acme.next_group()
    acme.okta.faults.append(away)
    case = acme.approved(group)
    acme.state(case)

    acme.okta.faults.clear()
    acme.stage.pass_time(timedelta(minutes=6))
    grant = acme.state(case).grant

    assert acme.members(group) == [acme.person("sofia").id]
    assert grant is not None
    assert grant.reported_at is not None
    assert acme.card(LENA, case) == {}


def test_an_answer_that_is_lost_is_asked_for_again_and_recorded_once(acme: House) -> None:
    group, lost = acme.next_group(), []

    def cut(request: Request) -> Reply | None:
        if request.method == "GET" or lost:
            return None
        lost.append(request)
        acme.members(group).append(acme.person("sofia").id)
        return Reply(500, b"lost", cut=4)

    acme.okta.faults.append(cut)
    case = acme.approved(group)
    acme.state(case)
    acme.stage.pass_time(timedelta(minutes=2))
    acme.state(case)

    assert acme.names(case).count("task_reported") == 1
    assert acme.members(group) == [acme.person("sofia").id]


def test_a_row_that_comes_again_or_late_does_nothing(acme: House) -> None:
    case = acme.approved(acme.next_group())
    acme.state(case)
    before = (acme.names(case), acme.changes())
    now = acme.stage.clock.now()
    payload = {"source": "okta", "reason": "okta", "case": case}
    row = Claimed(1, "grant:okta", "grant", 1, None, payload, 2, True, "", now, now)

    outcomes = [acme.stage.product.granting.deliver(row).kind for _ in range(2)]

    assert outcomes == ["sent", "sent"]
    assert (acme.names(case), acme.changes()) == before


def test_what_a_list_does_not_show_is_asked_of_a_person(acme: House) -> None:
    group = acme.next_group()
    case = acme.approved(group)
    acme.state(case)
    acme.members(group).clear()  # a rule of the group took her out again

    acme.pull("okta")
    grant = acme.state(case).grant

    assert grant is not None
    assert grant.refuted
    assert "Not there yet" in json.dumps(acme.card(LENA, case))


def test_an_approved_one_cannot_be_taken_back_since_it_may_be_there(acme: House) -> None:
    case = acme.approved(acme.next_group())
    sofia = by_person(acme.person("sofia"), team="T0ACME", user=SOFIA)

    with pytest.raises(Refused, match="in effect already"):
        acme.stage.product.runtime.act(case, Withdraw(), sofia)


def test_the_doctor_says_what_can_be_granted(acme: House) -> None:
    said = list(acme.stage.product.granting.seen())

    assert said[:2] == [
        (True, "AP-01, platform-write: acme/writers is there. Whether it may be changed shows the first time."),
        (True, "AP-01, oncall0: oncall 0 is there. Whether it may be changed shows the first time."),
    ]


def test_events_and_tables_agree_and_the_packet_verifies(acme: House, tmp_path: Path) -> None:
    product, out = acme.stage.product, tmp_path / "packet.zip"
    acme.stage.settle()
    now = acme.stage.clock.now()

    export(product.packet_source(), out=out, start=now - timedelta(days=200), end=now)

    assert product.log.check() == []
    assert list(deviations(product.database, folding(product.runtime.workflows))) == []
    report = verify(out)
    assert report.fine, report.sentence


def test_without_its_token_the_doctor_says_so_and_the_granter_is_asked(tmp_path: Path) -> None:
    with house(tmp_path / "acme", token="") as acme:
        case = acme.approved(acme.next_group())
        grant = acme.state(case).grant

        assert [fine for fine, _ in acme.stage.product.granting.seen()][:2] == [True, False]
        assert grant is not None
        assert grant.stopped == "OKTA_GROUPS_TOKEN is not set, and the program grants through Okta."
        assert acme.card(LENA, case) != {}
        assert [a.name for a in acme.stage.product.queue.alarms()] == ["refused: grant"]
