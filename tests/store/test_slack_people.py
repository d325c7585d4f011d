"""Slack's directory as last synced, refused attempts, and the program in force."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from bot.store.database import Database
from bot.store.people import Refusals, SlackPeople
from bot.store.programs import Programs
from tests.store.decision import AT, MAYAS
from workflows.kernel.ports import ChatFailure, ChatUser

MAYA = ChatUser(
    user="U0MAYA", team="T1", name="Maya", email="maya@acme.test", deleted=False, bot=False, restricted=None
)
TOM = ChatUser(user="U0TOM", team="T1", name="Tom <!channel>", time_zone="Europe/Paris", deleted=False, stranger=True)


def test_flags_that_slack_did_not_send_stay_unknown_and_no_address_is_kept(database: Database) -> None:
    people = SlackPeople(database)

    assert people.sync([MAYA, TOM], AT) == 2

    assert people.find("T1", "U0MAYA") == MAYA.model_copy(update={"email": None})
    assert people.find("T1", "U0TOM") == TOM
    assert people.find("T2", "U0TOM") is None
    assert people.synced_at() == AT


def test_somebody_slack_no_longer_lists_is_kept_as_deleted(database: Database) -> None:
    people = SlackPeople(database)
    people.sync([MAYA, TOM], AT)

    people.sync([MAYA, MAYA.model_copy(update={"name": "Maya Chen"})], AT + timedelta(hours=6))

    tom, maya = people.find("T1", "U0TOM"), people.find("T1", "U0MAYA")
    assert tom is not None
    assert tom.deleted is True
    assert maya is not None
    assert maya.name == "Maya Chen"
    assert people.synced_at() == AT + timedelta(hours=6)


def test_a_list_that_breaks_off_or_is_empty_changes_nothing(database: Database) -> None:
    people = SlackPeople(database)
    people.sync([MAYA, TOM], AT)

    def breaks_off() -> Iterator[ChatUser]:
        yield MAYA.model_copy(update={"deleted": True})
        raise ChatFailure("later", "ratelimited", 30)

    with pytest.raises(ChatFailure):
        people.sync(breaks_off(), AT + timedelta(hours=6))
    with pytest.raises(ValueError, match="Slack listed nobody"):
        people.sync([], AT + timedelta(hours=6))

    assert people.find("T1", "U0TOM") == TOM
    assert people.synced_at() == AT


def test_one_person_is_updated_or_added_between_two_syncs(database: Database) -> None:
    people = SlackPeople(database)
    people.update(MAYA, AT - timedelta(days=9))
    before = people.synced_at()
    people.sync([MAYA], AT)

    people.update(MAYA.model_copy(update={"deleted": True}), AT + timedelta(minutes=1))
    people.update(TOM, AT + timedelta(minutes=1))

    maya = people.find("T1", "U0MAYA")
    assert maya is not None
    assert maya.deleted is True
    assert people.find("T1", "U0TOM") == TOM
    assert (before, people.synced_at()) == (None, AT)


def test_the_same_attempt_within_the_hour_is_counted_not_listed_again(database: Database) -> None:
    refusals = Refusals(database)
    attempt = ("T1", "U0TOM", None, MAYAS, "keep", "not_yours", "This line is not yours to decide.")

    first = [refusals.add(AT + timedelta(minutes=m), *attempt) for m in (0, 10, 59)]
    other = refusals.add(AT, "T1", "U0TOM", None, None, "k" * 100, "not_yours", "No.")
    next_hour = refusals.add(AT + timedelta(minutes=61), *attempt)

    assert (first, other, next_hour) == ([True, False, False], True, True)
    assert [(user, case, act, count) for _, user, case, act, _, count in refusals.all()] == [
        ("U0TOM", MAYAS, "keep", 3),
        ("U0TOM", None, "k" * 64, 1),
        ("U0TOM", MAYAS, "keep", 1),
    ]


def test_the_newest_program_is_in_force_and_all_before_it_stay_readable(database: Database) -> None:
    programs = Programs(database)
    before = programs.current()

    applied = [
        programs.apply("a" * 64, b"first", {"quarterly": AT}, AT),
        programs.apply("a" * 64, b"first", {"quarterly": AT + timedelta(days=1)}, AT + timedelta(days=1)),
        programs.apply(
            "b" * 64, b"second", dict.fromkeys(["quarterly", "vendors"], AT + timedelta(days=2)), AT + timedelta(days=2)
        ),
    ]

    assert (before, applied) == (None, [True, False, True])
    assert programs.current() == ("b" * 64, b"second")
    assert programs.document("a" * 64) == b"first"
    assert programs.document("c" * 64) is None
    assert programs.effective_from("quarterly") == AT
    assert programs.effective_from("vendors") == AT + timedelta(days=2)
    assert programs.effective_from("unknown") is None


def test_a_program_that_another_process_applies_is_seen_at_once(database: Database) -> None:
    here, elsewhere = Programs(database), Programs(database)
    elsewhere.apply("a" * 64, b"first", {}, AT)
    seen = [here.current()]

    elsewhere.apply("b" * 64, b"second", {}, AT)
    seen.append(here.current())
    elsewhere.apply("a" * 64, b"first", {}, AT)
    seen.append(here.current())

    assert seen == [("a" * 64, b"first"), ("b" * 64, b"second"), ("a" * 64, b"first")]
