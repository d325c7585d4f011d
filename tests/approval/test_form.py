"""What people press and type: the catalogue's choices, errors under their fields, and nothing hostile that gets through."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.workspace.checks import check_message, check_view
from tests.approval.world import asked, office, ruled
from workflows.approval import WORKFLOW
from workflows.approval.examples.office import Office
from workflows.approval.forms.field import token
from workflows.approval.model import Approve, AskAccess, DeclareRisk, HandOver, Shorten
from workflows.kernel.blocks import fits
from workflows.kernel.errors import FieldErrors, Refused
from workflows.kernel.link import Link, case_ref
from workflows.kernel.workflow import Do, Interaction, OpenForm

HOSTILE = "Tom <!channel> <https://evil.example|Approve> \u202egnp.exe " + "x" * 900
REQUEST = {"what": "payments-admin", "length": "usual", "person": token("P-lena"), "reason": "The payout job is mine."}


def desk(acme: Office, act: str = "access", kind: str = "submit", item: str = "", **values: str) -> Do | OpenForm:
    link = Link(act=act, ref=case_ref(acme.desk), item=item)
    seen = Interaction.model_validate({"kind": kind, "link": link, "values": values})
    return WORKFLOW.forms(seen, acme.story.states[acme.desk], acme.story.facts, acme.at)


def card(acme: Office, case: str, act: str, kind: str = "submit", item: str = "0", **values: str) -> Do | OpenForm:
    link = Link(act=act, ref=case_ref(case), item=item, stamp=acme.state(case).stamp)
    seen = Interaction.model_validate({"kind": kind, "link": link, "values": values})
    return WORKFLOW.forms(seen, acme.story.states[case], acme.story.facts, acme.at)


def errors(acme: Office, act: str = "access", **values: str) -> set[str]:
    with pytest.raises(FieldErrors) as wrong:
        desk(acme, act, **values)
    return set(wrong.value.errors)


def test_whoever_asks_stands_in_the_form_and_the_choices_are_the_catalogues() -> None:
    acme = office()

    form = desk(acme, kind="action", item=token("P-lena"))

    assert isinstance(form, OpenForm)
    assert form.need == "person"
    assert check_view(form.view) == []
    fields = {b["block_id"]: b["element"] for b in form.view["blocks"] if b["type"] == "input"}
    assert fields["person"]["initial_option"]["text"]["text"] == "Lena Novak (lena@acme.test)"
    assert [o["value"] for o in fields["what"]["options"]] == [
        "payments-admin",
        "web-write",
        "release-sign",
        "billing-write",
    ]
    assert {"usual", "standing", "90d"} <= {o["value"] for o in fields["length"]["options"]}
    assert "365d" not in {o["value"] for o in fields["length"]["options"]}


def test_a_filled_form_is_a_request_and_a_wrong_one_says_everything_that_is_wrong() -> None:
    acme = office()

    good = desk(acme, **REQUEST)

    assert isinstance(good, Do)
    assert isinstance(good.command, AskAccess)
    assert (good.command.length, good.command.subject) == ("14d", "P-lena")
    assert errors(acme) == {"what", "length", "person", "reason"}
    assert errors(acme, **{**REQUEST, "what": "root"}) == {"what"}
    assert errors(acme, **{**REQUEST, "length": "31 years"}) == {"length"}
    assert errors(acme, **{**REQUEST, "length": "standing"}) == {"length"}
    assert errors(acme, **{**REQUEST, "length": "90d"}) == {"length"}
    assert errors(acme, **{**REQUEST, "person": "nobody@acme.test"}) == {"person"}
    assert errors(acme, **{**REQUEST, "reason": "x" * 1001}) == {"reason"}
    assert errors(acme, **{**REQUEST, "urgency": "emergency", "length": "1d"}) == {"length"}


def test_an_emergency_is_as_long_as_its_policy_says_where_nothing_else_is_chosen() -> None:
    acme = office()

    form = desk(acme, **{**REQUEST, "urgency": "emergency"})

    assert isinstance(form, Do)
    assert form.command.model_dump()["length"] == "4h"


def test_a_risk_needs_all_that_somebody_must_know_to_accept_it() -> None:
    acme = office()
    whole = {
        "title": "One person knows billing", "text": "Nobody else can run it.", "person": token("P-omar"),
        "instead": "It is written down.", "until": "2026-12-31", "reason": "Somebody starts in March.",
    }  # fmt: skip

    good = desk(acme, "risk", **whole)

    assert isinstance(good, Do)
    assert isinstance(good.command, DeclareRisk)
    assert errors(acme, "risk") == set(whole)
    for wrong in ("yesterday", "2026-13-01", "2026-11-01", "31.12.2026", "9999-99-99"):
        assert errors(acme, "risk", **{**whole, "until": wrong}) == {"until"}


def test_where_nothing_can_be_asked_for_the_form_says_so() -> None:
    acme = office(ruled(catalogue=[], conflicts=[], risks=None))

    for act, code in (("access", "not_in_catalogue"), ("risk", "no_risks"), ("other", "outdated")):
        with pytest.raises(Refused) as found:
            desk(acme, act, kind="action")
        assert found.value.code == code


def test_a_shorter_end_may_be_a_day_or_a_time_in_the_companys_zone() -> None:
    acme = office()
    case = acme.ask()

    day = card(acme, case, "shorten", until="2026-11-27", reason="Four days are enough.")
    hour = card(acme, case, "shorten", until="2026-11-24 14:00", reason="One day is enough.")

    assert isinstance(day, Do)
    assert isinstance(hour, Do)
    assert isinstance(day.command, Shorten)
    assert isinstance(hour.command, Shorten)
    assert day.command.until == datetime.fromisoformat("2026-11-27T22:59:59+00:00")
    assert hour.command.until == datetime.fromisoformat("2026-11-24T13:00:00+00:00")


def test_a_handover_offers_nobody_who_is_part_of_it() -> None:
    acme = office()
    case = acme.ask()

    form = card(acme, case, "hand_over", kind="action")
    sent = card(acme, case, "hand_over", person=token("P-omar"), until="2026-11-30", reason="I am away.")

    assert isinstance(form, OpenForm)
    offered = {o["value"] for o in form.view["blocks"][0]["element"]["options"]}
    assert not offered & {token("P-lena"), token("P-tom"), token("P-jun")}
    assert isinstance(sent, Do)
    assert isinstance(sent.command, HandOver)


@pytest.mark.parametrize("item", ["", "x", "-1", "999999", "0:0", "ffffffffffffffff"])
def test_a_forged_pointer_means_nothing(item: str) -> None:
    acme = office()
    case = acme.ask()

    for act in ("approve", "refuse", "shorten", "hand_over"):
        with pytest.raises(Refused):
            card(acme, case, act, kind="action", item=item)
    for act in ("done", "cannot"):
        with pytest.raises(Refused):
            card(acme, case, act, kind="action", item=item)


def test_a_pointer_to_a_step_that_is_not_asked_is_refused_by_the_rule() -> None:
    acme = office()
    case = acme.ask()

    press = card(acme, case, "approve", kind="action", item="1")

    assert isinstance(press, Do)
    assert isinstance(press.command, Approve)
    with pytest.raises(Refused) as found:
        acme.tell(case, press.command, "tom")
    assert found.value.code == "changed_since_shown"


def test_a_request_of_a_thousand_hostile_characters_fits_every_card_and_stays_text() -> None:
    acme = office()
    case = acme.ask(reason=HOSTILE)
    acme.approve(case, "tom", HOSTILE)
    acme.approve(case, "maya", HOSTILE)

    for shown in WORKFLOW.cards(acme.story.states[case]):
        assert fits(shown.blocks)
        assert check_message(list(shown.blocks), shown.text) == []
        assert "<!channel>" not in str(shown.blocks) + shown.text
        assert "\u202e" not in str(shown.blocks) + shown.text
    assert asked(acme, case) == ["maya"]


TYPED = st.one_of(
    st.text(max_size=40),
    st.sampled_from(["payments-admin", "web-write", "usual", "standing", "emergency", "14d", "1h", "P-lena"]),
    st.sampled_from(
        [token("P-lena"), token("P-jun"), "lena@acme.test", "2026-12-31", "2026-12-31 14:00", "0001-01-01"]
    ),
    st.sampled_from(["9999-12-31 23:59", "high", "grant", "2026-12-31T99:00", " "]),
    st.sampled_from(["\u0663", "\u00b2", "\ud800 is half a sign", "\x00", "\u202e"]),
)
FIELDS = ("what", "length", "person", "reason", "urgency", "title", "text", "instead", "until", "severity")


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from(FIELDS), TYPED), st.sampled_from(["access", "risk"]))
def test_whatever_is_typed_at_the_desk_is_a_request_or_a_sentence_and_a_request_a_case_or_a_refusal(
    values: dict[str, str], act: str
) -> None:
    acme = office()

    try:
        made = desk(acme, act, **values)
        assert isinstance(made, Do)
        case = acme.tell(acme.desk, made.command, "lena")
    except (FieldErrors, Refused) as no:
        said = [*no.errors.values()] if isinstance(no, FieldErrors) else [no.why, no.next_step]
    else:
        said = [acme.state(case).status]

    assert all(said)


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(st.sampled_from(FIELDS), TYPED),
    st.sampled_from(["approve", "refuse", "shorten", "hand_over", "withdraw", "done", "cannot", "rate", "explain"]),
    st.sampled_from(["", "0", "1", "grant", "remove", "\u0663", "00"]),
)
def test_whatever_is_sent_from_a_card_is_a_decision_or_a_sentence(values: dict[str, str], act: str, item: str) -> None:
    acme = office()
    case = acme.ask()

    try:
        made = card(acme, case, act, item=item, **values)
        assert isinstance(made, Do)
        acme.tell(case, made.command, "tom")
    except (FieldErrors, Refused) as no:
        said = [*no.errors.values()] if isinstance(no, FieldErrors) else [no.why, no.next_step]
    else:
        said = [acme.state(case).status]

    assert all(said)
