"""The whole road of a deploy: GitHub's signed webhook in, two people's cards in Slack, one answer at GitHub."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.deploy.house import LENA, MAYA, RAVI, House, house


@pytest.fixture(scope="module")
def acme(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("acme")) as made:
        yield made


def test_a_deploy_goes_from_the_webhook_to_a_yes_in_slack_to_github_and_to_its_outcome(acme: House) -> None:
    case = acme.asked("9183746")
    before = acme.state(case)

    pressed = acme.press(RAVI, case, "approve")
    acme.settle()

    assert (before.status, before.missing) == ("asked", ())
    assert [p.login for p in before.asked] == ["ravi@acme.test", "maya@acme.test"]
    assert pressed.ok
    [decision] = acme.github.decisions("9183746")
    digest = acme.state(case).decisions[0].attestation
    assert decision["state"] == "approved"
    assert digest in decision["comment"]
    assert "Ravi" not in decision["comment"]
    assert acme.state(case).status == "effective"
    assert "approvals.json" in [f.name for f in acme.state(case).files]

    acme.github.repository.statuses["91837461"].insert(0, {"state": "success"})
    acme.stage.pass_time(timedelta(minutes=3))
    acme.settle()
    assert acme.names(case)[-2:] == ["deploy_released", "deploy_outcome_seen"]
    assert acme.state(case).over
    assert acme.stage.product.log.check() == []


def test_the_card_names_commit_people_reviews_and_checks_and_links_the_change(acme: House) -> None:
    case = acme.asked("9183750")

    card = str(acme.card(RAVI, case))

    assert "acme/payments" in card
    assert "Retry payouts" in card
    assert "Lena Novak" in card
    assert "approved by Maya Chen" in card
    assert "2 passed" in card
    assert "/compare/" in card
    assert acme.card(LENA, case) == {}
    assert acme.press(MAYA, case, "approve").ok
