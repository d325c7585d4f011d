"""Ways around the approval are seen once a day: an environment that is open, and what went out without a yes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from zipfile import ZipFile

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from bot.main import Product
from bot.packet.export import export
from bot.packet.verify import verify
from bot.store.replay import deviations, folding
from bot.store.restate import unfaithful
from tests.deploy.github import COMMIT, ordinary, user
from tests.deploy.house import DANA, RAVI, House, house
from workflows.approval.model import Approval


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("acme")) as made:
        yield made


@pytest.fixture
def acme(running: House) -> House:
    """The house with the ordinary repository, on a new day."""
    running.stage.pass_time(timedelta(days=1))
    running.stage.product.puller.pull("people", "test")
    ordinary(running.github)
    return running


def cases(acme: House, status: str) -> dict[str, Approval]:
    """The deploys that stand so, by case."""
    found = {}
    for summary in acme.stage.product.record.summaries():
        if summary.case.startswith("approval/deploy/") and summary.status == status:
            found[summary.case] = acme.state(summary.case)
    return found


def look(acme: House) -> None:
    """The daily job."""
    acme.stage.product.deploys.watch()
    acme.settle()


def explain(acme: House, case: str) -> None:
    form = acme.press(DANA, case, "explain")
    assert form.view is not None, form.text
    acme.stage.driver.submit(form.view["id"], {"reason": "We close it with the platform team this week."}, DANA)
    acme.settle()


def test_where_everything_is_closed_and_was_approved_nobody_is_asked(acme: House) -> None:
    case = acme.asked("700")
    acme.press(RAVI, case, "approve")
    acme.settle()
    acme.github.repository.statuses["7001"].insert(0, {"state": "success"})

    look(acme)

    assert cases(acme, "unguarded") == {}
    assert cases(acme, "bypassed") == {}
    assert [seen.fine for seen in acme.stage.product.deploys.seen()] == [True] * 3


def test_an_environment_with_the_bypass_on_or_without_our_rule_is_seen_and_the_control_owner_is_asked_once(
    acme: House,
) -> None:
    acme.github.repository.environments["production"]["can_admins_bypass"] = True
    acme.github.repository.rules["production"][0]["enabled"] = False

    look(acme)
    [(case, state)] = cases(acme, "unguarded").items()
    acme.stage.pass_time(timedelta(days=1))
    acme.stage.product.puller.pull("people", "test")
    look(acme)
    again = cases(acme, "unguarded")
    card = str(acme.card(DANA, case))
    found = [seen.said for seen in acme.stage.product.deploys.seen() if not seen.fine]
    explain(acme, case)

    assert state.request.deploy is not None
    assert len(state.request.deploy.facts) == 2
    assert list(again) == [case]
    assert "Administrators may bypass" in card
    assert "not enabled here" in card
    assert len(found) == 2
    assert acme.state(case).over
    assert {f.name for f in state.files} == {"environment.json", "protection_rules.json"}


def test_an_explained_door_is_asked_about_again_after_a_month(acme: House) -> None:
    acme.github.repository.environments["production"]["can_admins_bypass"] = True
    acme.github.repository.rules["production"][0]["enabled"] = False

    look(acme)
    soon = len(cases(acme, "unguarded"))
    acme.stage.pass_time(timedelta(days=31))
    acme.stage.product.puller.pull("people", "test")
    look(acme)

    assert len(cases(acme, "unguarded")) == soon + 1


@pytest.mark.parametrize("shown", [{}, {"deployment_branch_policy": None, "can_admins_bypass": False}])
def test_what_github_does_not_say_is_no_closed_door(acme: House, shown: dict[str, object]) -> None:
    acme.github.repository.environments["production"] = {"name": "production", **shown}

    found = [seen.said for seen in acme.stage.product.deploys.seen() if not seen.fine]

    assert found
    assert all("production of acme/payments" in said for said in found)


def test_an_environment_that_github_does_not_have_is_found(acme: House) -> None:
    acme.github.repository.environments = {}

    found = [seen.said for seen in acme.stage.product.deploys.seen() if not seen.fine]

    assert any("GitHub has no environment of this name" in said for said in found)


def test_a_deploy_that_succeeded_without_an_approval_is_recorded_and_its_control_owner_explains_it(
    acme: House, tmp_path: Path
) -> None:
    here = acme.github.repository
    acme.github.run("710", status="completed", conclusion="success")
    address = f"{acme.github.url}/acme/payments/actions/runs/710/job/5"
    here.statuses["7101"] = [{"state": "success", "log_url": address}]
    here.deployments.insert(0, {"id": 88, "sha": COMMIT, "environment": "production", "creator": user("octocat")})
    here.statuses["88"] = [{"state": "success", "target_url": "https://ci.example.test/1"}]

    look(acme)
    found = sorted(cases(acme, "bypassed"))
    card = str(acme.card(DANA, found[0]))
    for case in found:
        explain(acme, case)
    acme.stage.pass_time(timedelta(days=1))
    look(acme)

    assert found == [
        "approval/deploy/acme/payments/production/710/1",
        "approval/deploy/acme/payments/production/deployment-88/1",
    ]
    assert "Went out without an approval" in card
    assert sorted(cases(acme, "bypassed")) == found
    assert all(acme.state(case).over for case in found)

    product, out = acme.stage.product, tmp_path / "packet.zip"
    acme.settle()
    now = acme.stage.clock.now()
    export(product.packet_source(), out=out, start=now - timedelta(days=200), end=now)
    report = verify(out)
    assert report.fine, report.sentence
    with ZipFile(out) as packet:
        page = "".join(packet.read(n).decode() for n in packet.namelist() if n.endswith((".csv", "index.html")))
    assert list(deviations(product.database, folding(product.runtime.workflows))) == []
    assert list(unfaithful(product.database, product.evidence)) == []
    assert "deployment-88" in page
    assert "guard" in page


def test_a_waiting_deploy_that_went_out_all_the_same_is_a_bypass_of_its_own_case(acme: House) -> None:
    case = acme.asked("720")
    address = f"{acme.github.url}/acme/payments/actions/runs/720/job/5"
    acme.github.repository.statuses["7201"].insert(0, {"state": "success", "log_url": address})

    look(acme)

    assert acme.state(case).status == "bypassed"
    assert "attester:approve" not in str(acme.card(RAVI, case))


def test_doctor_says_what_is_wrong_with_the_app_and_with_hooks_without_a_secret(acme: House) -> None:
    product = acme.stage.product
    acme.github.public = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
    bare = Product(replace(product.settings, hook_secrets={"other": "s" * 32}), product.clock)

    found = [seen.said for seen in bare.deploys.seen() if not seen.fine]
    bare.close()

    assert any("The hook other may ask about 0 environment(s)" in said for said in found)
    assert any("ATTESTER_HOOK_SECRET_JENKINS is not set" in said for said in found)
    assert any("cannot sign in" in said for said in found)
