"""Whatever JSON a source answers: nothing crashes, nothing is lost silently, and what is kept can be written and read again."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.sources.normalise import account_rows, line_rows, normalise
from bot.sources.okta.read import read
from bot.sources.raw import Entry
from bot.sources.reading import day, moment, text
from bot.sources.settings import OktaSettings
from tests.sources.world import NOW
from workflows.kernel.identity import Account, Line, directory_of
from workflows.kernel.program import SourceConfig

CONFIG = SourceConfig(id="okta", kind="okta", system="Okta", directory=True)
STREAMS = [
    "users",
    "groups",
    "group_users",
    "apps",
    "app_users",
    "app_groups",
    "admins",
    "admin_roles",
    "users_changed",
]
FIELDS = [
    "id",
    "status",
    "profile",
    "login",
    "type",
    "label",
    "scope",
    "created",
    "name",
    "_embedded",
    "stats",
    "usersCount",
    "role",
]
IDS = st.sampled_from(["00u1", "00u2", "00g1", "0oa1"])

letters = st.text(st.characters(exclude_categories=()), max_size=12)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | letters | IDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=5), inner, max_size=5),
    max_leaves=10,
)  # fmt: skip
rows = st.fixed_dictionaries(
    {"id": IDS | anything},
    optional={
        "status": st.sampled_from(["ACTIVE", "DEPROVISIONED"]) | anything,
        "profile": st.dictionaries(
            st.sampled_from(["login", "email", "managerId", "displayName", "name", "timezone"]), anything
        )
        | anything,
        "created": anything,
        "lastLogin": anything,
        "scope": anything,
        "type": anything,
        "_embedded": anything,
    },
)
answers = st.tuples(
    st.sampled_from(STREAMS), st.sampled_from(["", "00u1", "00g1", "0oa1"]), st.lists(rows, max_size=3) | anything
)


def entries(found: list[tuple[str, str, Any]]) -> list[Entry]:
    made = []
    for number, (stream, part, body) in enumerate(found):
        whole = {"value": body} if stream == "admins" else body
        data = json.dumps(whole).encode()
        made.append(Entry(number, stream, part, f"https://acme.okta.test/api/v1/{stream}", 200, 0, {}, data))
    return made


@settings(deadline=None, max_examples=150)
@given(st.lists(answers, max_size=8), st.booleans())
def test_no_answer_of_okta_crashes_the_reading_and_what_is_kept_can_be_written(
    found: list[tuple[str, str, Any]], expand: bool
) -> None:
    gathered = read(entries(found), OktaSettings(expand_groups=expand), "https://acme.okta.test", NOW)
    normalised = normalise(gathered, CONFIG, directory_of(gathered.people), ())

    accounts = [Account.model_validate_json(row) for row in account_rows(normalised.accounts)]
    lines = [Line.model_validate_json(row) for row in line_rows(normalised.lines)]
    assert accounts == list(normalised.accounts)
    assert lines == list(normalised.lines)
    assert len({line.key for line in lines}) == len(lines)
    assert {a.native_id for a in accounts} == {p.id for p in gathered.people}
    assert sum(s.rejected for s in gathered.streams) <= len(gathered.rejected)


@settings(deadline=None)
@given(anything)
def test_any_value_is_text_without_surrogates_or_nul(value: Any) -> None:
    found = text(value)

    assert found.encode("utf-8").decode() == found
    assert "\0" not in found


@given(st.text(max_size=30) | st.datetimes().map(lambda at: at.isoformat()) | anything)
def test_a_time_is_aware_or_unknown(value: Any) -> None:
    at = moment(value)

    assert at is None or at.utcoffset() is not None
    assert (day(value) is None) == (at is None)
