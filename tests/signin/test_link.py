"""A Slack user becomes a person once, by ids, through a sign-in; authority never moves by a name or an address."""

from __future__ import annotations

import base64
import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlmodel import select

from bot.signin.offline import verify_offline
from bot.signin.proof import Proof
from bot.store.database import Database
from bot.store.record import Record
from bot.store.table_case import EvidenceRow
from bot.store.table_ledger import PayloadRow
from tests.signin.issuer import MAYA, TOM
from tests.signin.world import LENA, TEAM, World, somebody
from workflows.kernel.errors import Conflict, Refused
from workflows.kernel.linking import NAME, case_of
from workflows.kernel.linking_event import LinkAccount
from workflows.kernel.model import by_person, by_system
from workflows.kernel.signin import Ticket

CASE = case_of(TEAM, "U0MAYA")


def enrol(world: World, user: str, called: str, sub: str) -> str:
    """Somebody presses `Link my account` in Slack and signs in; what the page then says."""
    world.issuer.signs_in = sub
    return world.browser().through(world.ask_link(user, called).address).text


def test_a_link_joins_two_ids_and_keeps_its_proof(world: World, database: Database) -> None:
    said = enrol(world, "U0MAYA", "Maya Chen", MAYA)

    link = world.links.of_user(TEAM, "U0MAYA")
    assert "Linked: what you decide in Slack counts as yours" in said
    assert link is not None
    assert (link.sub, link.issuer, link.method, link.login) == (MAYA, world.issuer.url, "step_up", "maya@acme.test")
    assert world.linking.person(TEAM, "U0MAYA") == world.people[MAYA]
    with database.read() as session:
        kept = session.get(EvidenceRow, link.proof)
        assert kept is not None
        assert b'"purpose":"link"' in kept.data


def test_the_page_names_the_slack_account_and_warns_of_forwarded_links(small_world: World) -> None:
    opened = small_world.ask_link("U0MAYA", "Maya <b>Chen</b>")

    page = small_world.browser().client.get(opened.address).text

    assert "Maya &lt;b&gt;Chen&lt;/b&gt; (U0MAYA)" in page
    assert f"Acme ({TEAM})" in page
    assert "Whoever sent you this link would otherwise act in your name." in page


def test_a_second_slack_user_for_one_person_is_refused(world: World) -> None:
    enrol(world, "U0MAYA", "Maya", MAYA)

    said = enrol(world, "U0COPY", "Maya (new phone)", MAYA)

    assert "linked to another Slack account of this workspace already" in said
    assert "remove its link" in said
    assert "/access link" in said
    assert world.links.of_user(TEAM, "U0COPY") is None


def test_a_slack_user_who_is_linked_stays_with_their_person(world: World) -> None:
    enrol(world, "U0MAYA", "Maya", MAYA)

    said = enrol(world, "U0MAYA", "Maya", TOM)

    assert "linked to another person already" in said
    assert world.linking.person(TEAM, "U0MAYA") == world.people[MAYA]


@pytest.mark.parametrize("sub", [LENA, "00unobody"])
def test_who_is_not_an_active_person_of_the_directory_links_nothing(sub: str, small_world: World) -> None:
    said = enrol(small_world, "U0LENA", "Lena", sub)

    assert "Nothing was recorded" in said
    assert small_world.links.of_user(TEAM, "U0LENA") is None


def test_where_the_directory_names_the_slack_user_only_that_person_can_enrol_it(small_world: World) -> None:
    world = small_world
    world.people[MAYA] = somebody(MAYA, "Maya", slack="U0MAYA")

    by_tom = enrol(world, "U0MAYA", "Maya", TOM)
    other = enrol(world, "U0OTHER", "Maya", MAYA)
    by_maya = enrol(world, "U0MAYA", "Maya", MAYA)

    assert "Somebody else is signed in" in by_tom
    assert "says something else about this Slack account" in other
    assert "Linked" in by_maya


def test_a_changed_login_makes_a_link_stale_and_gives_power_to_nobody(small_world: World) -> None:
    world = small_world
    enrol(world, "U0MAYA", "Maya", MAYA)
    before = world.linking.ceiling(TEAM, "U0MAYA")

    world.people[MAYA] = world.people[MAYA].model_copy(update={"login": "dana@acme.test"})
    after = (world.linking.standing(TEAM, "U0MAYA"), world.linking.ceiling(TEAM, "U0MAYA"))
    person = world.linking.person(TEAM, "U0MAYA")
    enrol(world, "U0MAYA", "Maya", MAYA)

    assert (before, after) == ("slack+sso+mfa", ("stale", "slack"))
    assert person is not None
    assert person.id == MAYA
    assert world.linking.standing(TEAM, "U0MAYA") == "good"
    assert [link.ended_why for link in world.links.links()] == ["linked anew", ""]


def test_a_person_who_leaves_is_suspended_at_once_and_a_link_can_be_taken_back(world: World) -> None:
    enrol(world, "U0MAYA", "Maya", MAYA)
    world.people[MAYA] = world.people[MAYA].model_copy(update={"employed": False})
    left = (world.linking.standing(TEAM, "U0MAYA"), world.linking.ceiling(TEAM, "U0MAYA"))
    world.people[MAYA] = world.people[MAYA].model_copy(update={"employed": True})

    cli = by_system("attester identity unlink")
    ended = [world.linking.end(TEAM, "U0MAYA", cli, "asked by the control owner") for _ in range(2)]

    assert (left, ended) == (("none", "slack"), [True, False])
    assert world.linking.person(TEAM, "U0MAYA") is None
    (link,) = world.links.links()
    assert (link.ended_by, link.ended_why) == (cli.id, "asked by the control owner")


def test_a_link_of_another_issuer_says_nothing_here(small_world: World) -> None:
    elsewhere = LinkAccount(
        team=TEAM, user="U0MAYA", issuer="https://old.okta.test", login="maya@acme.test", proof="a" * 64
    )
    maya = by_person(small_world.people[MAYA], "slack+sso", TEAM, "U0MAYA")
    small_world.runtime.act(CASE, elsewhere, maya, control=NAME)
    small_world.links.settle(CASE)

    said = small_world.linking.standing(TEAM, "U0MAYA"), small_world.linking.ceiling(TEAM, "U0MAYA")

    assert said == ("none", "slack")
    assert small_world.linking.person(TEAM, "U0MAYA") is None
    assert small_world.links.of_user(TEAM, "U0MAYA") is not None


def test_of_two_enrolments_at_the_same_moment_one_stands(world: World) -> None:
    tickets = [world.ask_link(user, "Maya").ticket for user in ("U0MAYA", "U0COPY", "U0THIRD", "U0FOURTH")]
    proof = Proof(MAYA, "slack+sso", (), "a" * 64)

    def enrolled(ticket: Ticket) -> str:
        try:
            return world.linking.decide(ticket, proof)
        except (Refused, Conflict) as refused:
            return refused.code if isinstance(refused, Refused) else "conflict"

    with ThreadPoolExecutor(4) as pool:
        said = list(pool.map(enrolled, tickets))

    assert sum(one.startswith("Linked") for one in said) == 1
    assert {one for one in said if not one.startswith("Linked")} <= {"person_taken", "link_taken", "conflict"}
    assert len(world.links.of_person(world.issuer.url, MAYA)) == 1
    assert sum(world.runtime.state(case_of(TEAM, ticket.user))[1] for ticket in tickets) == 1


def test_the_attestation_of_a_link_carries_the_sign_in_that_proves_it(world: World, database: Database) -> None:
    enrol(world, "U0MAYA", "Maya Chen", MAYA)

    (event,) = Record(database).events(CASE)
    with database.read() as session:
        statement = json.loads(session.exec(select(PayloadRow.payload)).one())
    kinds = {subject["annotations"]["kind"]: subject["digest"]["sha256"] for subject in statement["subject"]}
    told = {kind: Record(database).evidence(sha256) or b"" for kind, sha256 in kinds.items()}
    summary = json.loads(told["attester.signin"])
    claims = verify_offline(
        told["attester.signin.token"].decode(), json.loads(told["attester.signin.jwk"]),
        base64.b64decode(summary["salt"]), kinds["attester.signin.decision"],
    )  # fmt: skip

    link = world.links.of_user(TEAM, "U0MAYA")
    assert link is not None
    assert statement["predicateType"] == "urn:attester:identity/slack_linked/v1"
    assert (link.attestation, link.proof) == (event.attestation, kinds["attester.signin"])
    assert (
        claims["sub"] == MAYA == statement["predicate"]["body"]["sub"] == statement["predicate"]["by"]["person"]["sub"]
    )
    assert json.loads(told["attester.signin.decision"])["case"] == CASE == statement["predicate"]["case"]
    assert "maya@acme.test" not in json.dumps(statement)
