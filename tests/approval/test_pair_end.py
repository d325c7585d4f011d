"""What comes of an exception for a pair at its end, over two systems, and on the screens of those who have to do with it."""

from __future__ import annotations

import pytest

from bot.workspace.checks import check_message, check_view
from tests.approval.test_form import HOSTILE, desk, errors
from tests.approval.test_pair import last_yes_refused, shown, signing, waiting
from tests.approval.world import as_person, asked, buttons, names, office, refusal, request_refused, ruled
from workflows.approval import WORKFLOW
from workflows.approval.examples.company import CONTROL, LINES, SOURCES, collection, line
from workflows.approval.examples.office import Office
from workflows.approval.examples.pair import ADMIN, SIGNS, allowed
from workflows.approval.forms.field import token
from workflows.approval.model import (
    Approve,
    AskPair,
    EndException,
    ReportDone,
    Settings,
    Withdraw,
)
from workflows.kernel.duty import duties_in
from workflows.kernel.errors import Refused
from workflows.kernel.model import CaseId, by_time
from workflows.kernel.workflow import Do, OpenForm


def granted(acme: Office) -> tuple[CaseId, CaseId]:
    """Both in Lena's hand under an exception of ten days: its case and the access'."""
    case = allowed(acme)
    access = waiting(acme)
    acme.approve(access, "maya")
    acme.tell(access, ReportDone(task="grant"), "omar")
    acme.later(hours=1)
    acme.pull([*LINES, SIGNS, ADMIN])
    return case, access


def test_at_its_end_with_both_still_held_the_control_owner_hears_until_a_list_shows_one_gone() -> None:
    acme = signing()
    case, access = granted(acme)

    acme.later(days=11)
    acme.tick()
    over, told = acme.state(case), shown(acme, case, "dana")
    acme.pull([*LINES, SIGNS, ADMIN])
    still = acme.state(case).status
    acme.pull([*LINES, SIGNS])

    assert (over.status, over.over, WORKFLOW.summary(over).watches) == ("not_ended", False, ("github",))
    assert "No list shows that *Lena Novak* (lena@acme.test) has only one of the two." in told
    assert acme.state(access).request.until is not None
    assert names(acme, access).count("end_announced") >= 1
    assert still == "not_ended"
    assert names(acme, case)[-2:] == ["pair_exception_ended", "pair_settled"]
    assert acme.state(case).status == "ended"


def test_of_two_exceptions_the_one_that_is_left_must_last_as_long_as_the_access() -> None:
    acme = signing()
    allowed(acme, days=3)
    longer = allowed(acme, days=10)
    access = waiting(acme)
    acme.tell(longer, Withdraw(), "dana")

    assert last_yes_refused(acme, access).code == "end_too_far"


def test_where_a_working_day_brings_no_answer_the_deputy_is_asked_as_well_and_silence_allows_nothing() -> None:
    acme = office()
    case = acme.ask_pair(days=20)

    acme.later(days=1, hours=1)
    acme.tick()
    more = asked(acme, case)
    acme.later(days=8)
    acme.tick()

    assert more == ["dana", "ravi"]
    assert acme.state(case).status == "lapsed"
    assert "approval/holder/P-lena" not in acme.story.states


def test_it_takes_the_sign_in_that_the_program_wants_for_exceptions() -> None:
    acme = office(ruled(wanted={"exception": "slack+sso+mfa"}))
    case = acme.ask_pair()
    surely = as_person("dana").model_copy(update={"assurance": "slack+sso+mfa"})

    yes = Approve(step=0, shown=acme.state(case).stamp)
    weak = refusal(acme, case, yes, "dana")
    acme.tell(case, yes, surely)

    assert weak.code == "step_up_needed"
    assert acme.state(case).status == "effective"


def test_an_emergency_needs_the_exception_too() -> None:
    acme = signing()
    urgent = {"length": "4h", "emergency": True}

    without = request_refused(acme, **urgent)
    allowed(acme)

    assert without.code == "conflict_of_duties"
    assert acme.state(acme.ask(**urgent)).status == "asked"


def test_at_its_end_with_one_of_the_two_gone_nobody_is_troubled() -> None:
    acme = signing()
    case = allowed(acme, days=2)

    acme.later(days=3)
    acme.tick()

    assert acme.state(case).status == "ended"
    assert names(acme, case)[-1] == "pair_exception_ended"
    assert not [c for c in WORKFLOW.cards(acme.state(case)) if c.key.startswith("trouble")]


def test_without_a_list_at_its_end_nothing_is_taken_for_granted() -> None:
    acme = signing()
    case = allowed(acme, days=2)
    acme.later(days=3)
    facts = acme.story.facts.model_copy(update={"duties": duties_in(WORKFLOW.pairs(CONTROL), {})})  # type: ignore[arg-type]

    (event,) = WORKFLOW.decide(acme.state(case), EndException(), by_time(acme.at), acme.at, facts).events

    assert event.model_dump()["still_held"] is True


def test_another_exception_takes_its_place() -> None:
    acme = signing()
    case, _ = granted(acme)
    acme.later(days=11)
    acme.tick()
    allowed(acme)

    acme.pull([*LINES, SIGNS, ADMIN])

    assert acme.story.histories[case][-1].event.model_dump()["because"] == "allowed"


def test_a_pair_that_the_program_lists_no_longer_needs_no_exception() -> None:
    acme = signing()
    case, _ = granted(acme)
    acme.later(days=11)
    acme.tick()
    acme.story.facts = acme.story.facts.model_copy(update={"control": ruled(conflicts=[])})

    acme.pull([*LINES, SIGNS, ADMIN])

    assert acme.story.histories[case][-1].event.model_dump()["because"] == "unlisted"


def test_while_it_is_asked_a_pair_that_leaves_the_program_supersedes_it() -> None:
    acme = office()
    case = acme.ask_pair()
    acme.story.facts = acme.story.facts.model_copy(update={"control": ruled(conflicts=[])})

    acme.approve(case, "dana")

    assert acme.state(case).status == "superseded"


def test_a_pair_over_two_systems_is_seen_in_both_lists_and_one_list_missing_refuses() -> None:
    other = {**CONTROL.settings["catalogue"][2], "source": "signer", "entitlement": "signer:sign"}
    catalogue = [*CONTROL.settings["catalogue"][:2], other, CONTROL.settings["catalogue"][3]]
    acme = office(ruled(catalogue=catalogue))
    acme.story.facts = acme.story.facts.model_copy(
        update={"sources": {**SOURCES, "signer": SOURCES["github"].model_copy(update={"id": "signer"})}}
    )
    missing = request_refused(acme)
    signs = line("lena", "signer:sign")
    pull = collection(90, acme.at, [signs]).model_copy(update={"source": "signer"})
    acme.story.learn(pull, [signs])

    assert missing.code == "no_list"
    assert request_refused(acme).code == "conflict_of_duties"
    allowed(acme)
    access = acme.ask(length="7d")
    assert [f.name for f in acme.state(access).files] == ["github/population.json", "signer/population.json"]


def test_the_form_offers_the_pairs_and_says_everything_that_is_wrong() -> None:
    acme = office()
    opened = desk(acme, "conflict", kind="action", item=token("P-lena"))
    filled = {
        "pair": token("payments-admin/release-sign"), "person": token("P-lena"), "instead": "Ravi reads the log.",
        "until": "2026-12-10", "reason": "Omar is away until the release.",
    }  # fmt: skip

    good = desk(acme, "conflict", **filled)

    assert isinstance(opened, OpenForm)
    assert check_view(opened.view) == []
    fields = {b["block_id"]: b["element"] for b in opened.view["blocks"] if b["type"] == "input"}
    assert [o["text"]["text"] for o in fields["pair"]["options"]] == ["Admin of acme/payments + Sign releases"]
    assert isinstance(good, Do)
    assert isinstance(good.command, AskPair)
    assert (good.command.one, good.command.other, good.command.subject) == ("payments-admin", "release-sign", "P-lena")
    assert errors(acme, "conflict") == set(filled)
    assert errors(acme, "conflict", **{**filled, "pair": "root"}) == {"pair"}
    assert errors(acme, "conflict", **{**filled, "until": "2027-01-10"}) == {"until"}
    with pytest.raises(Refused) as none:
        desk(office(ruled(conflicts=[])), "conflict", kind="action")
    assert none.value.code == "no_such_pair"


def test_whoever_asked_or_decided_sees_the_button_to_take_it_back_and_nobody_else() -> None:
    acme = signing()
    case = allowed(acme)

    assert {n: buttons(acme, case, n) for n in ("tom", "dana", "lena", "ravi")} == {
        "tom": {"withdraw"}, "dana": {"withdraw"}, "lena": set(), "ravi": set(),
    }  # fmt: skip
    assert refusal(acme, case, Withdraw(), "lena").code == "not_yours"


def test_hostile_texts_stay_text_and_the_cards_fit() -> None:
    acme = office()

    case = acme.ask_pair(compensating=HOSTILE[:1000], reason=HOSTILE[:1000])

    cards = WORKFLOW.cards(acme.story.states[case])
    assert "<!channel>" not in shown(acme, case, "dana")
    assert [check_message(list(c.blocks), c.text) for c in cards] == [[] for _ in cards]


def test_a_longest_time_is_a_span() -> None:
    with pytest.raises(ValueError, match="conflict_longest"):
        Settings.model_validate({**CONTROL.settings, "conflict_longest": "for ever"})
