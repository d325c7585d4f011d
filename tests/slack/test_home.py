"""The Home tab and `/review`: what waits for somebody, most urgent first, within Slack's limits, whatever the names."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.slack.command import COMMANDS
from bot.slack.home import EMPTY, acts, home_view, refused_view
from tests.slack.acme import MEMBERS, member
from tests.slack.world import World
from workflows.kernel.blocks import texts
from workflows.kernel.errors import Refused
from workflows.kernel.model import Ask, CaseSummary

NOW = datetime(2026, 10, 1, 9, tzinfo=UTC)


@dataclass(frozen=True)
class Event:
    name: str
    at: datetime
    attestation: str | None


def ask(title: str, due: timedelta | None = timedelta(days=3), detail: str = "") -> Ask:
    return Ask(key="k", person="00u-maya", title=title, detail=detail, due_at=NOW + due if due is not None else None)


def owned(title: str, status: str = "open") -> CaseSummary:
    return CaseSummary(
        case="c/1", workflow="c", control="AR-1", title=title, status=status, open=True, due_at=NOW - timedelta(days=1)
    )


def shown(view: dict[str, Any]) -> str:
    return "\n".join(texts(view))


def test_an_empty_home_says_that_nothing_is_waiting() -> None:
    view = home_view([], [], [], NOW)

    assert view["type"] == "home"
    assert EMPTY in shown(view)


def test_asks_stand_by_their_due_time_and_what_is_late_says_so() -> None:
    asks = [("c/3", ask("Later")), ("c/1", ask("Whenever", None)), ("c/2", ask("Late", timedelta(days=-1)))]

    text = shown(home_view(asks, [], [], NOW))

    assert text.index("Late") < text.index("Later") < text.index("Whenever")
    assert "Was due" in text


def test_home_shows_what_one_owns_and_did() -> None:
    done = Event("verdicts_signed", NOW, "7f3a" + "0" * 58 + "c1")

    text = shown(home_view([], [owned("Access review 2026-Q4", "partly_open")], [("access_review/2026-Q4", done)], NOW))

    assert "Access review 2026-Q4" in text
    assert "partly open" in text
    assert "verdicts signed · access_review/2026-Q4 · 1 Oct 2026, 09:00 UTC · 7f3a…c1" in text


def test_one_act_is_one_receipt_and_it_is_what_the_person_did() -> None:
    earlier = NOW - timedelta(hours=1)
    newest_first = [
        ("c/maya", Event("review_sealed", NOW, "c" * 64)),
        ("c/aisha", Event("review_sealed", NOW, "b" * 64)),
        ("c", Event("campaign_closed", NOW, "a" * 64)),
        ("c", Event("exception_proposed", earlier, "d" * 64)),
    ]

    found = acts(newest_first)

    assert [(case, event.name) for case, event in found] == [("c", "campaign_closed"), ("c", "exception_proposed")]


def test_receipts_name_the_case_by_its_title() -> None:
    done = Event("campaign_closed", NOW, "a" * 64)

    text = shown(home_view([], [], [("c/1", done)], NOW, titles={"c/1": "Quarterly access review"}))

    assert "campaign closed · Quarterly access review · 1 Oct 2026, 09:00 UTC" in text
    assert "c/1" not in text


def test_a_part_of_a_case_that_is_asked_for_above_is_not_listed_again_and_notes_are_sentences() -> None:
    part = owned("GitHub: Maya").model_copy(update={"case": "c/1/maya", "parent": "c/1"})
    whole = owned("The whole review").model_copy(update={"notes": ("half", "overdue", "aws: page 3 is missing")})

    text = shown(home_view([("c/1/maya", ask("GitHub access"))], [part, whole], [], NOW))

    assert "GitHub: Maya" not in text
    assert "It is overdue." in text
    assert "aws: page 3 is missing" in text
    assert "half" not in text


def test_an_unknown_word_is_shown_as_it_was_typed_and_stays_inert() -> None:
    said = COMMANDS["/review"].unknown("&lt;!channel&gt;")

    assert said.text == "/review knows no word “&lt;!channel&gt;”."
    assert "&amp;" not in said.text + shown({"blocks": list(said.blocks)})


@given(
    count=st.integers(0, 500),
    name=st.text(max_size=120),
    detail=st.text(max_size=3000),
)
@settings(max_examples=60, deadline=None)
def test_home_is_within_slacks_limits_and_mentions_nobody(count: int, name: str, detail: str) -> None:
    asks = [(f"c/{n}", ask(f"{name} <!channel> <@U1> *x*", detail=detail)) for n in range(count)]
    events = [("c/1 <!here>", Event("x", NOW, None))] * 20

    view = home_view(asks, [owned(f"<!everyone> {name}")] * count, events, NOW, "https://attester.acme.test/cases/{}")

    assert len(view["blocks"]) <= 100
    assert not any(mark in text for text in texts(view) for mark in ("<!channel>", "<@", "<!here>", "<!everyone>"))
    for block in view["blocks"]:
        assert len(block.get("text", {}).get("text", "")) <= 3000
        assert block.get("text", {"text": "x"})["text"]
        if "accessory" in block:
            assert len(block["accessory"]["value"]) <= 75


def test_somebody_who_is_not_linked_learns_how_to_be() -> None:
    refusal = Refused("not_linked", "Your Slack account is not linked.", "Link it.")

    with_page = shown(refused_view(refusal, "U0MAYA", "https://attester.acme.test/login"))
    without = shown(refused_view(refusal, "U0MAYA"))

    assert "<https://attester.acme.test/login|Link my account>" in with_page
    assert "U0MAYA" in without


def test_opening_the_tab_publishes_it(both: World) -> None:
    both.open_errand(title="Fetch <!channel>")
    both.press("approve", "U0MAYA", both.open_errand("errand/2026-Q4/other", "Post the letter"))

    answer = both.event({"type": "app_home_opened", "user": "U0MAYA", "tab": "home"})

    both.settle()
    text = shown(dict(both.chat.homes["U0MAYA"]))
    assert answer.status_code == 200
    assert "Fetch &lt;!channel&gt;" in text
    assert "errand approved · Post the letter" in text
    assert text.count("Post the letter") == 1


def test_the_owner_sees_the_open_cases_that_are_hers(world: World) -> None:
    world.open_errand()

    world.event({"type": "app_home_opened", "user": "U0DANA", "tab": "home"})

    world.settle()
    assert "You own" in shown(dict(world.chat.homes["U0DANA"]))


def test_somebody_new_sees_their_tab_as_soon_as_slack_told_us_who_they_are(world: World) -> None:
    world.open_errand()
    world.members.sync([m for m in MEMBERS if m.user != "U0MAYA"], world.parts.deps.clock.now())
    world.members.update(member("U0MAYA", "Maya Chen", bot=None), world.parts.deps.clock.now())

    world.event({"type": "app_home_opened", "user": "U0MAYA", "tab": "home"})

    world.settle()
    assert "Fetch the report" in shown(dict(world.chat.homes["U0MAYA"]))


def test_a_tab_that_nobody_opened_is_rendered_with_the_same_care(world: World) -> None:
    installed = world.parts.deps.installation()

    maya, lena, nobody = (shown(world.parts.events.render(u, installed)) for u in ("U0MAYA", "U0LENA", "U0SAM"))

    assert EMPTY in maya
    assert "Guests of the workspace cannot act here." in lena
    assert "could not check who you are" in nobody


def test_the_messages_tab_publishes_nothing(world: World) -> None:
    world.event({"type": "app_home_opened", "user": "U0MAYA", "tab": "messages"})

    world.settle()
    assert world.chat.homes == {}


def test_a_member_who_is_deactivated_is_refused_from_that_event_on(world: World) -> None:
    world.open_errand()
    row = {"id": "U0MAYA", "team_id": "T0ACME", "deleted": True, "name": "maya", "is_bot": False}

    world.event({"type": "user_change", "user": row})
    world.press("approve")

    assert "deactivated" in world.said()[0]
    assert world.names()[-1] != "errand_approved"


@pytest.mark.parametrize("row", [{}, {"id": 7}, "U0MAYA", {"id": "U1", "team_id": None}])
def test_a_member_row_without_ids_changes_nothing(world: World, row: object) -> None:
    assert world.event({"type": "user_change", "user": row}).status_code == 200


def test_an_uninstalled_app_stops_sending(world: World) -> None:
    world.event({"type": "app_uninstalled"})
    world.event({"type": "tokens_revoked", "tokens": {"oauth": ["U1"]}})
    world.event({"type": "tokens_revoked", "tokens": {"bot": ["U0ATT"]}})

    assert world.stops == ["app_uninstalled", "tokens_revoked"]


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_answers_help_to_every_member_in_private(world: World, command: str) -> None:
    answer = world.command(" Help ", "U0LENA", command=command)

    said = answer.json()
    assert said["response_type"] == "ephemeral"
    assert command in shown(said)


def test_review_alone_lists_open_reviews_or_says_there_are_none(world: World) -> None:
    world.open_errand()

    said = world.command().json()

    assert said["text"] == "No review is waiting for you."


@pytest.mark.parametrize("text", ["hlep", "payload", "<!channel> & co", "x" * 3000])
def test_an_unknown_word_gets_help_and_runs_nothing(world: World, text: str) -> None:
    said = world.command(text).json()

    assert "knows no word" in said["text"]
    assert "/review help" in shown(said)
    assert "<!channel>" not in shown(said)


def test_the_nearest_word_is_named(world: World) -> None:
    assert "Did you mean `/review help`?" in shown(world.command("hlep").json())


def test_a_command_of_another_version_is_answered(world: World) -> None:
    assert "does not know that command" in world.command(command="/teleport").text


def test_no_answer_carries_what_json_cannot(world: World) -> None:
    assert json.loads(world.command("ü").text)
