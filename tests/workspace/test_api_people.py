"""`users.*` and `conversations.*` answer Slack's own Python client as Slack would."""

from __future__ import annotations

import pytest

from bot.workspace.driver import WorkspaceDriver
from tests.workspace.call import ME, refused
from tests.workspace.toy import Toy


def test_the_directory_is_paged_and_has_every_flag(toy: Toy) -> None:
    members = [member for page in toy.client.users_list(limit=2) for member in page["members"]]

    by_id = {member["id"]: member for member in members}
    assert len(by_id) == 7
    assert by_id["U0TOM"]["deleted"]
    assert by_id["U0LENA"]["is_restricted"]
    assert (by_id["U0SAM"]["is_stranger"], by_id["U0SAM"]["team_id"]) == (True, "T0OTHER")
    assert by_id["U0ATTESTER"]["is_bot"]
    assert refused(lambda: toy.client.users_list(cursor="nonsense"))["error"] == "invalid_cursor"


def test_people_are_found_by_id_and_by_address(toy: Toy) -> None:
    assert toy.client.users_info(user=ME)["user"]["profile"]["email"] == "maya@acme.test"
    assert toy.client.users_lookupByEmail(email="Maya@Acme.test")["user"]["id"] == ME
    assert refused(lambda: toy.client.users_lookupByEmail(email="tom@acme.test"))["error"] == "users_not_found"
    assert refused(lambda: toy.client.users_info(user="U0"))["error"] == "user_not_found"


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("", "invalid_name_required"),
        ("Upper", "invalid_name_specials"),
        ("x" * 81, "invalid_name_maxlength"),
        ("security", "name_taken"),
    ],
)
def test_a_channel_name_that_slack_refuses_is_refused(toy: Toy, name: str, error: str) -> None:
    assert refused(lambda: toy.client.conversations_create(name=name))["error"] == error


def test_an_incident_channel_is_made_filled_and_closed(toy: Toy, driver: WorkspaceDriver) -> None:
    made = toy.client.conversations_create(name="inc-7", is_private=True)["channel"]

    toy.client.conversations_invite(channel=made["id"], users=[ME, "U0RAVI"])
    toy.client.conversations_setTopic(channel=made["id"], topic="Payments are down")
    posted = toy.client.chat_postMessage(channel=made["id"], text="Roles")
    toy.client.pins_add(channel=made["id"], timestamp=posted["ts"])
    toy.client.reactions_add(channel=made["id"], timestamp=posted["ts"], name="eyes")

    assert made["is_private"]
    assert toy.client.conversations_members(channel=made["id"])["members"] == ["U0ATTESTER", ME, "U0RAVI"]
    assert toy.client.conversations_info(channel=made["id"])["channel"]["topic"]["value"] == "Payments are down"
    assert "inc-7" in {one["name"] for one in driver.state("U0RAVI")["conversations"]}
    assert "inc-7" not in {one["name"] for one in driver.state("U0DANA")["conversations"]}
    toy.client.conversations_archive(channel=made["id"])
    assert refused(lambda: toy.client.chat_postMessage(channel=made["id"], text="x"))["error"] == "is_archived"
    assert refused(lambda: toy.client.conversations_invite(channel="C0SEC", users="U0TOM"))["error"] == "user_disabled"
