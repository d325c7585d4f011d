"""Collections are kept so that each complete one can be read again exactly, and two can be compared."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from bot.store.snapshot import NoSuchCollection, Snapshots
from bot.store.snapshot_load import PullInvalid
from tests.store.world import MONDAY, account, entitlement, line, person, pull
from workflows.kernel.identity import LastUse, Line

ADMIN = entitlement("admin", plain="May delete every repository", privileged=True)
READ = entitlement("read")
MAYA, RAVI, DANA = account("maya", person="00umaya", link="strong"), account("ravi"), account("dana")
LENA = account("lena")


def test_a_complete_pull_is_read_back_as_it_was(snapshots: Snapshots) -> None:
    used = LastUse(at=datetime(2026, 10, 1, 7, 30, 1, 5, tzinfo=UTC))
    never_seen = LastUse(none_since=date(2026, 7, 1))
    unknown = account("bot", kind="service", active=None, mfa=None, unknown={"mfa": "not_offered"}, owner="00udana")
    lines = (
        line(MAYA, ADMIN, "group:owners", "direct", last_used=used),
        line(RAVI, READ, granted_at=MONDAY, last_used=never_seen),
        line(unknown, READ),
    )
    people = (person("maya", employed=True, manager="00udana"), person("tom", ended_on=date(2026, 9, 30)))

    saved = snapshots.save(pull(1, people=people, accounts=(DANA,), lines=lines))

    assert sorted(snapshots.lines(saved.id), key=lambda one: one.key) == sorted(lines, key=lambda one: one.key)
    assert [one.key for one in snapshots.lines(saved.id)] == sorted(one.key for one in lines)
    assert {a.login for a in snapshots.accounts(saved.id)} == {"maya", "ravi", "dana", "bot"}
    assert next(a for a in snapshots.accounts(saved.id) if a.login == "bot") == unknown
    directory = snapshots.directory(saved.id)
    assert tuple(sorted(directory.people.values(), key=lambda p: p.id)) == people
    assert (directory.digest, directory.synced_at) == (saved.id, MONDAY + timedelta(days=1))


def test_a_pull_is_named_by_its_certificate_and_numbered_within_its_source(snapshots: Snapshots) -> None:
    first = pull(1, lines=(line(MAYA, ADMIN),))
    partial = pull(2, verdict="partial")

    one, other, two, three = (
        snapshots.save(p) for p in (first, pull(1, source="okta"), partial, pull(3, lines=(line(MAYA, ADMIN),)))
    )

    assert (one.id, one.source, one.number, one.lines) == (first.certificate_sha256, "github", 1, 1)
    assert (other.source, other.number) == ("okta", 1)
    assert (two.number, two.verdict, two.reasons) == (2, "partial", partial.certificate.reasons)
    assert [c.number for c in snapshots.collections("github")] == [3, 2, 1]
    assert snapshots.get(two.id) == two
    assert snapshots.certificate(two.id) == partial.certificate
    assert snapshots.latest("github") == three
    assert snapshots.latest("aws") is None


def test_a_partial_pull_moves_nothing_and_its_lines_are_never_used(snapshots: Snapshots) -> None:
    whole = snapshots.save(pull(1, people=(person("maya"),), lines=(line(MAYA, ADMIN), line(RAVI, READ))))

    partial = snapshots.save(pull(2, verdict="partial", people=(person("ravi"),), lines=(line(DANA, ADMIN),)))

    assert snapshots.latest("github") == whole
    assert snapshots.latest("github", complete_only=False) == partial
    assert [one.account.login for one in snapshots.lines(whole.id)] == ["maya", "ravi"]
    for read in (snapshots.lines, snapshots.accounts, snapshots.directory):
        with pytest.raises(NoSuchCollection, match="partial"):
            read(partial.id)
    with pytest.raises(NoSuchCollection, match="partial"):
        snapshots.lines_by_key(partial.id, [line(DANA, ADMIN).key])
    with pytest.raises(NoSuchCollection, match="partial"):
        snapshots.difference(whole.id, partial.id)


def test_loading_the_same_pull_twice_is_a_no_op(snapshots: Snapshots) -> None:
    once = pull(1, people=(person("maya"),), lines=(line(MAYA, ADMIN),))
    first = snapshots.save(once)

    again = snapshots.save(once)

    assert again == first
    assert snapshots.collections("github") == [first]
    assert len(list(snapshots.lines(first.id))) == 1


def test_lines_are_found_by_key_and_one_that_is_not_there_is_left_out(snapshots: Snapshots) -> None:
    everybody = [account(f"user{n:04}") for n in range(1_200)]
    saved = snapshots.save(pull(1, lines=[line(a, READ) for a in everybody]))
    stranger = ("github", "id-nobody", "repo:read")

    found = snapshots.lines_by_key(saved.id, [line(a, READ).key for a in everybody] + [stranger])

    assert len(found) == 1_200
    assert stranger not in found
    assert all(key == one.key for key, one in found.items())


def test_the_difference_counts_and_lists_what_is_new_changed_gone_and_the_same(snapshots: Snapshots) -> None:
    before = snapshots.save(
        pull(
            1,
            lines=(
                line(MAYA, ADMIN),
                line(RAVI, READ),
                line(DANA, READ),
                line(DANA, ADMIN),
                line(LENA, READ, "a", "b"),
            ),
        )
    )
    promoted = account("ravi", person="00uravi", link="strong")
    after = snapshots.save(
        pull(
            2,
            lines=(
                line(MAYA, ADMIN, "group:owners"),
                line(promoted, READ),
                line(DANA, READ, last_used=LastUse(at=MONDAY)),
                line(MAYA, READ),
                line(LENA, READ, "b", "a"),
            ),
        )
    )

    found = snapshots.difference(before.id, after.id)

    assert (found.new, found.changed, found.removed, found.unchanged) == (1, 2, 1, 2)
    assert list(found.new_lines()) == [line(MAYA, READ)]
    assert list(found.removed_lines()) == [line(DANA, ADMIN)]
    assert [(c.before.key, c.after.account.login, c.fields) for c in found.changed_lines()] == [
        (line(MAYA, ADMIN).key, "maya", ("via",)),
        (line(RAVI, READ).key, "ravi", ("person", "link")),
    ]


def test_an_entitlement_that_became_privileged_changes_every_line_to_it(snapshots: Snapshots) -> None:
    before = snapshots.save(pull(1, lines=(line(MAYA, READ), line(RAVI, READ))))
    risky = entitlement("read", privileged=True)
    after = snapshots.save(pull(2, lines=(line(MAYA, risky), line(RAVI, risky))))

    found = snapshots.difference(before.id, after.id)

    assert (found.new, found.changed, found.removed, found.unchanged) == (0, 2, 0, 0)
    assert {c.fields for c in found.changed_lines()} == {("privileged",)}


def test_collections_of_different_sources_are_not_compared(snapshots: Snapshots) -> None:
    github = snapshots.save(pull(1, lines=(line(MAYA, READ),)))
    okta = snapshots.save(pull(1, source="okta"))

    with pytest.raises(ValueError, match="cannot be compared"):
        snapshots.difference(github.id, okta.id)


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ((line(MAYA, READ), line(MAYA, READ, "group:all")), "the same line twice"),
        (
            (line(MAYA, READ), line(account("maya", active=False), ADMIN)),
            "describes the account github/id-maya in two ways",
        ),
        ((line(MAYA, READ), line(RAVI, entitlement("read", resource="umbrella"))), "describes the entitlement"),
        ((line(account("x" * 2_500), READ),), "longer than 2000 bytes"),
        ((line(account("nul", native_id="a\x00b"), READ),), "NUL character"),
    ],
    ids=["line twice", "two accounts", "two entitlements", "long id", "NUL"],
)
def test_a_pull_that_contradicts_itself_is_refused_and_nothing_of_it_is_kept(
    snapshots: Snapshots, lines: tuple[Line, ...], sentence: str
) -> None:
    earlier = snapshots.save(pull(1, lines=(line(DANA, READ),)))

    with pytest.raises(PullInvalid, match=sentence):
        snapshots.save(pull(2, accounts=(), lines=lines))

    assert snapshots.collections("github") == [earlier]
    assert snapshots.save(pull(3, lines=(line(DANA, READ),))).number == 2
    assert [one.account.login for one in snapshots.lines(earlier.id)] == ["dana"]


def test_names_that_are_hostile_elsewhere_are_plain_text_here(snapshots: Snapshots) -> None:
    hostile = [
        "Tom <!channel>",
        "=HYPERLINK(1)",
        "Robert'); DROP TABLE line;--",
        "tab\tnew\nline\\N",
        "\u202ertl",
        "é\x00x",
        "🦊" * 125,
    ]
    lines = [line(account(name, native_id=f"u{n}", name=name), READ) for n, name in enumerate(hostile)]

    saved = snapshots.save(pull(1, lines=lines))

    assert [one.account.name for one in snapshots.lines(saved.id)] == hostile


def test_keys_are_in_one_order_on_every_database(snapshots: Snapshots) -> None:
    ids = ["a", "B", "b", "Z", "_", "é", "z", "10", "9", "Ａ", "𝒜", " lead"]
    lines = [line(account(i, native_id=i), READ) for i in ids]

    saved = snapshots.save(pull(1, lines=lines))

    assert [one.account.native_id for one in snapshots.lines(saved.id)] == sorted(ids)


def test_who_has_one_of_some_entitlements_is_read_without_the_rest_and_accounts_of_nobody_are_left_out(
    snapshots: Snapshots,
) -> None:
    admin, read = ADMIN.native_id, READ.native_id
    tom = account("tom", person="00utom", link="certain")
    lines = (line(MAYA, ADMIN), line(MAYA, READ), line(tom, READ), line(RAVI, ADMIN))
    first = snapshots.save(pull(1, accounts=(DANA,), lines=lines))
    later = snapshots.save(pull(2, accounts=(DANA,), lines=(line(tom, READ), line(tom, ADMIN))))

    assert snapshots.holders(first.id, frozenset({admin})) == {(admin, "00umaya")}
    assert snapshots.holders(later.id, frozenset({admin, read})) == {(admin, "00utom"), (read, "00utom")}
    assert snapshots.holders(later.id, frozenset({"other"})) == frozenset()
    with pytest.raises(NoSuchCollection):
        snapshots.holders("f" * 64, frozenset({admin}))
