"""What somebody reads about the link of their own account, on the Home tab and where they are refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot.slack.home import home_view, refused_view
from bot.slack.home_link import link_blocks, unproven
from bot.slack.who import ActorFacts, may_act
from bot.workspace.checks import check_view
from tests.linking.office import FACTS
from workflows.kernel.blocks import texts
from workflows.kernel.linking_example import ISSUER, TEAM
from workflows.kernel.signin import SlackLink

NOW = datetime(2026, 10, 5, 9, tzinfo=UTC)
LINK = SlackLink(
    team=TEAM, user="U0MAYA", issuer=ISSUER, sub="P-maya", method="step_up", at=NOW - timedelta(days=3),
    login="maya@acme.test", attestation="7f3a" + "0" * 58 + "c1",
)  # fmt: skip
BY_TWO = LINK.model_copy(update={"method": "attested"})
HERE = "https://attester.acme.test/step-up/x"


def tab(link: SlackLink, standing: str, address: str = "") -> list[str]:
    view = home_view([], [], [], NOW, link=link_blocks(link, standing, address))
    assert check_view(view) == []
    return list(texts(view))


def test_that_all_is_well_is_one_quiet_line_at_the_end() -> None:
    *_, last = tab(LINK, "good")

    assert last.startswith("Your Slack account is linked to maya@acme.test by a sign-in · since ")
    assert last.endswith(" · 7f3a…c1")


def test_a_stale_link_is_said_first_with_the_way_out() -> None:
    first, *_ = tab(LINK, "stale", HERE)

    assert "Please link your account anew" in first
    assert f"<{HERE}|Link my account>" in first


def test_what_two_people_linked_says_how_far_it_reaches_and_asks_for_nothing() -> None:
    said = tab(BY_TWO, "stale")

    assert "by two people, for what needs no sign-in" in said[-1]
    assert not any("anew" in text for text in said)


def test_whom_only_the_directory_links_finds_the_way_to_sign_in_once() -> None:
    *_, last = texts(home_view([], [], [], NOW, link=unproven(HERE)))

    assert "For what needs a sign-in, sign in once" in last
    assert last.endswith(f"<{HERE}|Link my account>")


def test_whose_link_is_suspended_reads_why_and_how_to_link_anew() -> None:
    known = ActorFacts(installed=True, ours=True, listed=FACTS.account, synced_at=NOW, control_owner="Dana Okafor")

    refusal = may_act(known.model_copy(update={"suspended": True}), "person", NOW)
    unlinked = may_act(known, "person", NOW)

    assert refusal is not None
    assert unlinked is not None
    assert (refusal.code, unlinked.code) == ("not_linked", "not_linked")
    assert "is suspended" in refusal.why
    assert "link your account again, or ask Dana Okafor" in refusal.next_step
    assert "is suspended" not in unlinked.why
    assert any("Link my account" in text for text in texts(refused_view(refusal, "U0MAYA", HERE)))
