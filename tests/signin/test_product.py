"""Linking through the whole product: real Slack requests, the real pages, an issuer behind TLS that the product trusts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.settings import SettingsInvalid, load
from bot.web.server import Server
from tests.road.installation import Installation, installation
from tests.signin.front import running_front
from tests.signin.issuer import CLIENT, Issuer, running_issuer
from tests.signin.world import Browser
from workflows.kernel.signin import SlackLink

MAYA = "U0ACMEMAYA"
ADDRESS = re.compile(r"<(http://127\.0\.0\.1:\d+/step-up/[A-Za-z0-9_-]{43})\|Link my account>")
PAIR = {"OKTA_OIDC_ISSUER": "https://acme.okta.test", "OKTA_OIDC_CLIENT_ID": CLIENT}
OURS = {"ATTESTER_PUBLIC_URL": "https://attester.acme.test"}


@contextmanager
def acme(data: Path, database_url: str, issuer: Issuer) -> Iterator[Installation]:
    """The sample company, whose directory does not know Maya's Slack account; the web app runs in this process."""
    oidc = {"OKTA_OIDC_ISSUER": issuer.url, "OKTA_OIDC_CLIENT_ID": CLIENT}
    with installation(data, database_url, more=oidc) as made:
        people = data / "program/data/people.csv"
        people.write_text(people.read_text(encoding="utf-8").replace(MAYA, ""), encoding="utf-8")
        made.product.puller.pull("people", "a test")
        made.product.sync_members()
        server = Server(made.product.web(), "127.0.0.1", made.product.settings.port)
        server.start()
        try:
            yield made
        finally:
            server.stop()


@pytest.fixture
def issuer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Issuer]:
    """Our issuer behind TLS; its certificate is the one that this process trusts."""
    with running_issuer() as mine, running_front(tmp_path) as front:
        front.target = int(mine.base.rpartition(":")[2])
        mine.url = f"https://localhost:{front.port}"
        monkeypatch.setenv("SSL_CERT_FILE", str(front.certificate))
        yield mine


def test_maya_links_her_account_from_slack_and_may_then_act(tmp_path: Path, sqlite_url: str, issuer: Issuer) -> None:
    with acme(tmp_path / "data", sqlite_url, issuer) as made:
        maya = made.product.facts.directory().by_login("maya@acme.test")
        assert maya is not None
        before = made.driver.command(MAYA, "/review")
        issuer.signs_in = maya.id
        browser = Browser(made.url, issuer)

        found = ADDRESS.search(before.text)
        assert found is not None, before.text
        done = browser.through(found.group(1))
        after = made.driver.command(MAYA, "/review")
        browser.client.close()

        assert "not linked to a person" in before.text
        assert "Linked: what you decide in Slack counts as yours" in done.text
        assert "No review is waiting for you." in after.text
        known = made.product.facts.directory()
        assert known.people[maya.id].slack_user == MAYA
        links, installed = made.product.links, made.product.installed()
        assert links is not None
        assert installed is not None
        assert links.end(installed.team, MAYA, "system: a test", "taken back")
        assert "not linked to a person" in made.driver.command(MAYA, "/review").text


def test_tom_whom_the_directory_knows_cannot_be_linked_by_somebody_else(
    tmp_path: Path, sqlite_url: str, issuer: Issuer
) -> None:
    with acme(tmp_path / "data", sqlite_url, issuer) as made:
        sign_in = made.product.sign_in
        maya, tom = (made.product.facts.directory().by_login(f"{name}@acme.test") for name in ("maya", "tom"))
        assert sign_in is not None
        assert maya is not None
        assert tom is not None
        issuer.signs_in = maya.id
        browser = Browser(made.url, issuer)

        done = browser.through(sign_in.enrol("T0ACME", tom.slack_user or "", "Tom"))
        browser.client.close()

        assert "Somebody else is signed in at Okta" in done.text
        assert made.product.facts.directory().people[tom.id].slack_user == tom.slack_user
        assert made.product.refusals.all()[-1][4] == "other_person"


def test_doctor_says_whether_people_can_sign_in_and_the_operator_can_end_a_link(
    tmp_path: Path, sqlite_url: str, issuer: Issuer
) -> None:
    oidc = {"OKTA_OIDC_ISSUER": issuer.url, "OKTA_OIDC_CLIENT_ID": CLIENT}
    with installation(tmp_path / "data", sqlite_url, more=oidc) as made:
        link = SlackLink(team="T1", user=MAYA, issuer=issuer.url, sub="P-1", method="step_up", at=datetime.now(UTC))
        made.product.sign_ins.link(link, [])

        well = made.attester("doctor").stdout
        issuer.describes = {**issuer.description(), "token_endpoint": "https://evil.test/token"}
        ill = made.attester("doctor").stdout
        ended = [made.attester("identity", "unlink", MAYA, "--why", "wrong person") for _ in range(2)]
        listed = made.attester("identity", "links", "--json").stdout

    flat, bad = " ".join(well.split()), " ".join(ill.split())
    assert "describes itself as we use it; the clocks agree. " in flat
    assert f"Its redirect address must be {made.url}/login/callback" in flat
    assert "Nobody can sign in at" in bad
    assert "token_endpoint is https://evil.test/token" in bad
    assert [e.returncode for e in ended] == [0, 1]
    assert "List them with: attester identity links" in ended[1].stderr
    assert [row["why"] for row in json.loads(listed)] == ["wrong person"]


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"OKTA_OIDC_CLIENT_ID": ""}, "go together"),
        ({"OKTA_OIDC_ISSUER": ""}, "go together"),
        ({"OKTA_OIDC_ISSUER": "http://acme.okta.test"}, "Write https://YOUR.okta.com"),
        ({"OKTA_OIDC_ISSUER": "https://acme.okta.test/"}, "without a slash at its end"),
        ({"OKTA_OIDC_ISSUER": "https://acme-admin.okta.com"}, "without -admin"),
        ({"ATTESTER_PUBLIC_URL": ""}, "for people to sign in"),
        ({"ATTESTER_PUBLIC_URL": "http://attester.acme.test"}, "for people to sign in"),
        ({"ATTESTER_PUBLIC_URL": "https://acme.test/attester"}, "for people to sign in"),
    ],
)
def test_settings_with_which_nobody_could_sign_in_stop_the_start(changed: dict[str, str], sentence: str) -> None:
    with pytest.raises(SettingsInvalid, match=sentence):
        load(PAIR | OURS | changed)


def test_without_an_issuer_there_is_no_sign_in_and_with_one_there_is() -> None:
    assert load({}).okta_oidc_issuer == ""
    assert load(PAIR | OURS).okta_oidc_client_id == CLIENT
    assert load(PAIR | {"ATTESTER_PUBLIC_URL": "http://127.0.0.1:3000"}).okta_oidc_issuer == "https://acme.okta.test"
