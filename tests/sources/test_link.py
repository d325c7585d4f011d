"""Whose account is it: exact rules, first match wins, two candidates are never a link."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.sources.gather import Held
from bot.sources.link import Linker, address
from tests.sources.world import DANA, MAYA, RAVI, STAFF, person
from workflows.kernel.identity import directory_of

LINKER = Linker(STAFF)


def test_the_same_id_in_the_identity_provider_is_certain_whatever_else_the_account_says() -> None:
    account = Held("1", login="ravi@acme.test", email="ravi@acme.test", email_verified=True, idp_id=MAYA.id)

    linked = LINKER.link("github", account)

    assert (linked.person, linked.rule) == (MAYA.id, "certain")


def test_an_id_set_by_provisioning_is_certain() -> None:
    linked = LINKER.link("figma", Held("1", login="m", external_id=MAYA.id))

    assert (linked.person, linked.rule) == (MAYA.id, "certain")


def test_an_address_that_the_source_verified_is_strong() -> None:
    linked = LINKER.link("slack", Held("1", login="mm", email=" Maya@Acme.TEST ", email_verified=True))

    assert (linked.person, linked.rule) == (MAYA.id, "strong")
    assert linked.note == "maya@acme.test, verified by slack"


@pytest.mark.parametrize(
    "account",
    [
        Held("1", login="maya@acme.test"),
        Held("1", login="mm", email="maya@acme.test"),
        Held("1", login="mm", addresses=("maya@acme.test",)),
    ],
    ids=["login", "unverified e-mail", "tag"],
)
def test_an_address_that_nobody_verified_is_weak(account: Held) -> None:
    linked = LINKER.link("aws", account)

    assert (linked.person, linked.rule) == (MAYA.id, "weak")


def test_an_address_that_the_source_says_is_not_verified_links_nobody() -> None:
    linked = LINKER.link("github", Held("1", login="mm", email="maya@acme.test", email_verified=False))

    assert (linked.person, linked.rule) == (None, "orphan")


def test_two_people_with_one_address_are_ambiguous_and_both_are_named() -> None:
    twins = directory_of([person("1", "office@acme.test"), person("2", "lena@acme.test", email="office@acme.test")])

    linked = Linker(twins).link("figma", Held("9", login="x", email="office@acme.test", email_verified=True))

    assert (linked.person, linked.rule, linked.note) == (None, "ambiguous", "candidates: 1, 2")


def test_a_login_of_one_person_with_the_address_of_another_is_ambiguous() -> None:
    linked = LINKER.link("aws", Held("1", login="maya@acme.test", email="ravi@acme.test"))

    assert (linked.person, linked.rule) == (None, "ambiguous")


def test_a_signed_alias_settles_what_no_rule_could_and_overrules_none() -> None:
    linker = Linker(STAFF, aliases={("github", "77"): DANA.id, ("github", "78"): DANA.id})

    unlinked = linker.link("github", Held("77", login="dana-o"))
    certain = linker.link("github", Held("78", login="x", idp_id=MAYA.id))
    elsewhere = linker.link("figma", Held("77", login="dana-o"))

    assert (unlinked.person, unlinked.rule) == (DANA.id, "signed")
    assert (certain.person, certain.rule) == (MAYA.id, "certain")
    assert elsewhere.rule == "orphan"


@pytest.mark.parametrize(
    "near",
    [
        "m.aya@acme.test", "maya+test@acme.test", "maya@acme.com", "maya@sub.acme.test", "mayа@acme.test", "ｍaya@acme.test",
        "maya@acme.test@acme.test", "maya @acme.test", "maya", "<maya@acme.test>", "maya@acme.test\nravi@acme.test",
    ],
)  # fmt: skip
def test_what_is_merely_like_an_address_links_nobody(near: str) -> None:
    linked = LINKER.link("github", Held("1", login=near, email=near, email_verified=True))

    assert linked.person is None


def test_an_address_of_another_domain_is_external_and_none_at_all_is_an_orphan() -> None:
    elsewhere = LINKER.link("figma", Held("1", login="x", email="eve@agency.example"))
    gone = LINKER.link("figma", Held("2", login="x", email="left@acme.test"))
    nameless = LINKER.link("figma", Held("3", login="ci-bot"))

    assert (elsewhere.rule, gone.rule, nameless.rule) == ("external", "orphan", "orphan")


def test_the_companys_domains_may_be_said() -> None:
    linker = Linker(STAFF, domains=["acme.test", "@Acme.Example"])

    assert linker.link("figma", Held("1", login="x", email="eve@acme.example")).rule == "orphan"


def test_an_owner_is_found_by_id_login_or_address_and_never_when_there_are_two() -> None:
    twins = directory_of([person("1", "office", email="o@acme.test"), person("2", "Office"), MAYA])
    linker = Linker(twins)

    assert [linker.person(key) for key in ("00umaya", "MAYA@acme.test", "o@acme.test", "office", "nobody")] == [
        MAYA.id, MAYA.id, "1", None, None,
    ]  # fmt: skip


@settings(deadline=None)
@given(st.text(max_size=40))
def test_an_address_is_plain_ascii_lower_case_or_nothing(text: str) -> None:
    found = address(text)

    assert found == "" or (found.isascii() and found == text.strip().lower() and found.count("@") == 1)


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(["a@acme.test", "b@acme.test", "A@acme.test", "c@acme.test"]), min_size=1, max_size=4),
    st.sampled_from(["a@acme.test", "b@acme.test", "d@acme.test", "a"]),
    st.sampled_from([True, False, None]),
)
def test_a_link_always_names_the_only_person_with_that_address(
    emails: list[str], said: str, verified: bool | None
) -> None:
    people = [person(str(n), f"p{n}@acme.test", email=email) for n, email in enumerate(emails)]

    linked = Linker(directory_of(people)).link("x", Held("1", login="x", email=said, email_verified=verified))

    owners = [p.id for p in people if (p.email or "").lower() == said]
    if linked.person is not None:
        assert owners == [linked.person]
        assert verified is not False
    if len(owners) > 1 and verified is not False:
        assert linked.rule == "ambiguous"


def test_an_address_given_to_a_new_colleague_follows_the_directory() -> None:
    account = Held("1", login="desk@acme.test")
    before = directory_of([MAYA, person("00uold", "desk@acme.test")])
    after = directory_of([MAYA, person("00unew", "desk@acme.test"), RAVI])

    assert Linker(before).link("x", account).person == "00uold"
    assert Linker(after).link("x", account).person == "00unew"
