"""Linking through the whole product: real Slack requests, the real pages, an issuer behind TLS that the product trusts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
from click.testing import CliRunner

from bot.cli import attester
from bot.settings import SettingsInvalid, load
from bot.web.server import Server
from tests.road.installation import Installation, installation
from tests.signin.front import running_front
from tests.signin.issuer import CLIENT, Issuer, running_issuer
from tests.signin.world import Browser
from workflows.kernel.identity import Person

MAYA = "U0ACMEMAYA"
ADDRESS = re.compile(r"<(http://127\.0\.0\.1:\d+/step-up/[A-Za-z0-9_-]{43})\|Link my account>")
PAIR = {"OKTA_OIDC_ISSUER": "https://acme.okta.test", "OKTA_OIDC_CLIENT_ID": CLIENT}
OURS = {"ATTESTER_PUBLIC_URL": "https://attester.acme.test"}


@dataclass(frozen=True)
class Acme:
    """The sample company, whose directory does not know Maya's Slack account; the web app runs in this process."""

    made: Installation
    issuer: Issuer

    def person(self, name: str) -> Person:
        """Somebody of the directory as it is now."""
        found = self.made.product.facts.directory().by_login(f"{name}@acme.test")
        assert found is not None
        return found

    def through(self, address: str, name: str) -> str:
        """Somebody opens an address of ours, confirms and signs in; what the page then says."""
        self.issuer.signs_in = self.person(name).id
        browser = Browser(self.made.url, self.issuer)
        said = browser.through(address).text
        browser.client.close()
        return said

    def command(self, *words: str) -> tuple[int, str]:
        """What a command of the operator prints, as one line, and its exit code."""
        # In a thread of its own: a browser of other tests keeps an event loop in this one.
        with ThreadPoolExecutor(1) as pool:
            done = pool.submit(CliRunner().invoke, attester, list(words), env=self.made.environment).result()
        return done.exit_code, " ".join((done.output or str(done.exception)).split())


@pytest.fixture(scope="module")
def acme(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Acme]:
    """Our issuer stands behind TLS; its certificate is the one that this process trusts."""
    folder = tmp_path_factory.mktemp("acme")
    with (
        running_issuer() as issuer,
        running_front(folder) as front,
        pytest.MonkeyPatch.context() as patch,
    ):
        front.target = int(issuer.base.rpartition(":")[2])
        issuer.url = f"https://localhost:{front.port}"
        patch.setenv("SSL_CERT_FILE", str(front.certificate))
        oidc = {"OKTA_OIDC_ISSUER": issuer.url, "OKTA_OIDC_CLIENT_ID": CLIENT}
        with installation(folder / "data", f"sqlite:///{folder}/attester.db", more=oidc) as made:
            people = folder / "data/program/data/people.csv"
            people.write_text(people.read_text(encoding="utf-8").replace(MAYA, ""), encoding="utf-8")
            made.product.puller.pull("people", "a test")
            made.product.sync_members()
            server = Server(made.product.web(), "127.0.0.1", made.product.settings.port)
            server.start()
            yield Acme(made, issuer)
            server.stop()


def test_maya_links_her_account_from_slack_may_then_act_and_the_operator_can_end_it(acme: Acme) -> None:
    before = acme.made.driver.command(MAYA, "/review").text
    acme.made.driver.open_home(MAYA)
    home = acme.made.driver.wait(
        MAYA, lambda state: str(state["home"]) if "Link my account" in str(state["home"]) else ""
    )
    address = ADDRESS.search(before)
    assert address is not None, before

    done = acme.through(address.group(1), "maya")
    after, linked = acme.made.driver.command(MAYA, "/review").text, acme.person("maya").slack_user
    ended = [acme.command("identity", "unlink", MAYA, "--why", "wrong person") for _ in range(2)]
    last = acme.made.driver.command(MAYA, "/review").text

    assert "not linked to a person" in before
    assert "good for 5 minutes" in home
    assert "Linked: what you decide in Slack counts as yours" in done
    assert "No review is waiting for you." in after
    assert (linked, acme.person("maya").slack_user) == (MAYA, None)
    assert ended[0] == (0, f"{MAYA} is not linked to maya@acme.test any more.")
    assert (ended[1][0], "attester identity links" in ended[1][1]) == (1, True)
    assert "not linked to a person" in last
    assert "wrong person" in acme.command("identity", "links", "--json")[1]


def test_tom_whom_the_directory_knows_cannot_be_linked_by_somebody_else(acme: Acme) -> None:
    sign_in, toms = acme.made.product.sign_in, acme.person("tom").slack_user
    assert sign_in is not None

    said = acme.through(sign_in.enrol("T0ACME", toms or "", "Tom"), "maya")

    assert "Somebody else is signed in at Okta" in said
    assert acme.person("tom").slack_user == toms
    assert acme.made.product.refusals.all()[-1][4] == "other_person"


def test_an_operator_proposes_whose_an_account_is_and_only_a_members_account_is_taken(acme: Acme) -> None:
    def proposes(user: str, login: str = "maya@acme.test") -> tuple[int, str]:
        why = "She lost the phone of her first account."
        return acme.command("identity", "propose-link", user, "--person", login, "--why", why)

    unknown, nobody, asked = proposes("U0NOBODY"), proposes(MAYA, "nobody@acme.test"), proposes(MAYA)

    assert (unknown[0], nobody[0]) == (1, 1)
    assert "Slack lists no such account in this workspace." in unknown[1]
    assert "The directory has nobody with the login nobody@acme.test." in nobody[1]
    assert asked == (
        0, f"Those who answer for controls are asked in Slack. Follow it with: attester case show identity/slack/T0ACME/{MAYA}",
    )  # fmt: skip
    assert "slack_link_proposed" in acme.command("case", "show", f"identity/slack/T0ACME/{MAYA}")[1]


def test_doctor_says_whether_people_can_sign_in(acme: Acme) -> None:
    well = acme.command("doctor")[1]
    acme.issuer.describes = {**acme.issuer.description(), "token_endpoint": "https://evil.test/token"}
    ill = acme.command("doctor")[1]
    acme.issuer.describes = {}

    assert "describes itself as we use it; the clocks agree." in well
    assert f"Its redirect address must be {acme.made.url}/login/callback" in well
    assert "Nobody can sign in at" in ill
    assert "token_endpoint is https://evil.test/token" in ill


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
